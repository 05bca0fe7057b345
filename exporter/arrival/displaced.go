// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/sealed"
)

const keySize = 8

// mixed is the mapping of visitors that several mappings have given.
const mixed = 1

// displaced are the visitors of whom older records may come behind newer ones.
type displaced struct {
	mapping  uint64 // what gave the visitors
	visitors map[uint64]struct{}
}

// has tells whether a visitor is one of them. Those that another mapping gave can not be
// told from others, so all are then.
func (d displaced) has(v profile.Visitor) bool {
	if d.mapping == mixed {
		return true
	}
	if len(d.visitors) == 0 {
		return false
	}
	_, found := d.visitors[visitorKey(v)]
	return found
}

func visitorKey(v profile.Visitor) uint64 { return hash(string(v.Parameter), v.ID) }

// readDisplaced returns whose records were displaced in earlier runs, for a run with that
// mapping.
func (j *journal) readDisplaced(ctx context.Context, mapping uint64) (displaced, error) {
	d := displaced{mapping: mapping, visitors: make(map[uint64]struct{})}
	data, err := j.sealed(ctx, displacedKey)
	switch {
	case err != nil:
		return d, err
	case len(data) == 0:
		return d, nil
	case len(data)%keySize != 0:
		return d, damaged(displacedKey, len(data))
	}
	j.displaced = true
	if binary.BigEndian.Uint64(data) != mapping {
		d.mapping = mixed
	}
	for data = data[keySize:]; len(data) > 0; data = data[keySize:] {
		d.visitors[binary.BigEndian.Uint64(data)] = struct{}{}
	}
	return d, nil
}

// writeDisplaced writes down whose records are displaced.
func (j *journal) writeDisplaced(ctx context.Context, d displaced) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	data := make([]byte, 0, (1+len(d.visitors))*keySize)
	data = binary.BigEndian.AppendUint64(data, d.mapping)
	for visitor := range d.visitors {
		data = binary.BigEndian.AppendUint64(data, visitor)
	}
	if err := j.client.Set(ctx, displacedKey, sealed.Seal(data)); err != nil {
		return fmt.Errorf("writing the order of arrival: %w", err)
	}
	j.displaced = true
	return nil
}
