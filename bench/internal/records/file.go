// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
)

// Write writes a file of records, one JSON object a line: that which of makes of each of the
// visitors.
func Write[R any](path string, visitors Visitors, of func(visitor int) R) (err error) {
	file, err := os.Create(path) //nolint:gosec // G304: a file of the harness
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	buffered := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	for _, visitor := range visitors {
		if err := encoder.Encode(of(visitor)); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
