// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/queue"

import (
	"errors"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/xpdata/request"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// asideKey begins the keys of damaged items, of which the helper knows nothing.
const asideKey = "damaged"

// placeholder is an item without records, for the helper to hand on in the place of another.
var placeholder = []byte{}

// isItem reports whether a key is that of an item: the helper numbers them.
func isItem(key string) bool {
	_, err := strconv.ParseUint(key, 10, 64)
	return err == nil
}

func itemKey(number uint64) string { return strconv.FormatUint(number, 10) }

// unpackItem returns the item that was stored, or an error when it is damaged. One that a
// helper without a guard has stored is returned as it is.
func unpackItem(packer *journal.Packer, stored []byte) ([]byte, error) {
	if journal.Packed(stored) {
		return packer.Unpack(stored)
	}
	if len(stored) == 0 {
		return nil, journal.ErrDamaged
	}
	// The helper would drop what it cannot read.
	if _, err := decodeItem(stored); err != nil {
		return nil, err
	}
	return stored, nil
}

// decodeItem returns the records of an item, as the helper reads it.
func decodeItem(item []byte) (plog.Logs, error) {
	_, ld, err := request.UnmarshalLogs(item)
	if errors.Is(err, request.ErrInvalidFormat) {
		unmarshaler := plog.ProtoUnmarshaler{}
		ld, err = unmarshaler.UnmarshalLogs(item)
	}
	if err != nil {
		return plog.Logs{}, journal.ErrDamaged // the error itself might show what is in a record
	}
	return ld, nil
}

// earlierNumber is the resource attribute by which earlier builds numbered what arrived.
const earlierNumber = "adobe_target.arrival"

// strip takes off what an earlier build has put on the records.
func strip(ld plog.Logs) {
	for _, resource := range ld.ResourceLogs().All() {
		resource.Resource().Attributes().Remove(earlierNumber)
	}
}

func has(ops []*storage.Operation, kind storage.OpType) bool {
	for _, op := range ops {
		if op.Type == kind {
			return true
		}
	}
	return false
}
