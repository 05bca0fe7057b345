// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	// mostColumns is how many columns a sheet may get from rows that have others, while there are
	// fewer than mostSheets: each empty field is a byte in each row behind it.
	mostColumns = 64
	mostSheets  = 8
)

// Divide divides what is said of a visitor into what an upload can carry and what it cannot.
func Divide(v profile.Visitor, parameters []profile.Parameter) (row, rest []profile.Parameter) {
	if !BulkNames(v) {
		return nil, parameters
	}
	if !slices.ContainsFunc(parameters, uncarriable) {
		return parameters, nil
	}
	for _, p := range parameters {
		if uncarriable(p) {
			rest = append(rest, p)
		} else {
			row = append(row, p)
		}
	}
	return row, rest
}

func uncarriable(p profile.Parameter) bool { return !BulkCarries(&p) }

// Choose returns the file that a row goes with: of those with room the one in which it needs the
// fewest further columns, or empty, which is a new one. It returns nil when the row is too large
// for any. Those in full are for the same visitors and have no room for the row.
func Choose(open []*Sheet, empty *Sheet, v profile.Visitor, row []profile.Parameter, most Size) (chosen *Sheet, full []*Sheet) {
	fewest := 0
	for _, sheet := range open {
		if sheet.Of != empty.Of || sheet.Creates != empty.Creates {
			continue
		}
		if !sheet.hasRoom(v, row, most) {
			full = append(full, sheet)
			continue
		}
		if missing := sheet.Missing(row); chosen == nil || missing < fewest {
			chosen, fewest = sheet, missing
		}
	}
	if chosen != nil && (fewest == 0 || len(chosen.Names)+fewest <= mostColumns || len(open)-len(full) >= mostSheets) {
		return chosen, full
	}
	if !empty.hasRoom(v, row, most) {
		return nil, full
	}
	return empty, full
}

func (s *Sheet) hasRoom(v profile.Visitor, row []profile.Parameter, most Size) bool {
	return s.Bytes+s.Size(v, row) <= int64(most)
}
