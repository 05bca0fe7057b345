// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// ReadKnown reads visitors for [Settings].Known, one a line as mboxPC=<id> or mbox3rdPartyId=<id>, the id as it is and not
// encoded. Empty lines and lines that begin with # are skipped. Its errors name the line and never the id.
func ReadKnown(r io.Reader) ([]Visitor, error) {
	known := []Visitor{}
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parameter, id, _ := strings.Cut(line, "=")
		v := Visitor{Parameter: parameter, ID: id}
		if err := v.validate(maxThirdPartyIDLength); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		known = append(known, v)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read the known visitors: %w", err)
	}
	return known, nil
}
