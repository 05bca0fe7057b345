// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/url"
	"slices"
	"strings"
)

// Rows is which rows of a batch its status names. Adobe's pages and those who call it have all three.
type Rows string

const (
	// RowsFailed names those that failed, by the word failed. It is the default.
	RowsFailed Rows = "failed"
	// RowsAll names every row that has a value, by the words success, error and pending. One without a profile is a
	// success, as profilesNotFound counts it. Of a batch that ended before this was set none is named.
	RowsAll Rows = "all"
	// RowsNone names none. With details they are counted.
	RowsNone Rows = "none"
)

// rowStatus is what the status of a batch says of a row.
type rowStatus struct {
	ID     string `xml:"id"`
	Status string `xml:"status"`
}

// rowsOf returns what the status of a batch says of its rows.
func (b *Bulk) rowsOf(u *upload) (named []rowStatus) {
	add := func(id, word string) {
		if b.EncodedIDs {
			id = encodeID(id)
		}
		named = append(named, rowStatus{ID: id, Status: word})
	}
	switch b.Rows {
	case RowsNone:
	case RowsAll:
		failed := make(map[string]struct{}, len(u.failed))
		for _, id := range u.failed {
			failed[id] = struct{}{}
		}
		for _, row := range slices.Concat(u.rows, u.ended) { // one of them is empty
			add(row.id, wordOf(u, failed, row.id))
		}
	default:
		for _, id := range u.failed {
			add(id, "failed")
		}
	}
	return named
}

// wordOf is what a status that names every row says of one.
func wordOf(u *upload, failed map[string]struct{}, id string) string {
	if u.status != batchComplete {
		return "pending"
	}
	if _, is := failed[id]; is {
		return "error"
	}
	return "success"
}

// encodeID writes an id as a batch has to.
func encodeID(id string) string { return strings.ReplaceAll(url.QueryEscape(id), "+", "%20") }
