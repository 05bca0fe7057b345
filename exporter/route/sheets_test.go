// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func TestDivide_SetsAsideWhatNoUploadCanCarry(t *testing.T) {
	tier, list, city := profile.Parameter{Name: "tier", Value: "gold"}, profile.Parameter{Name: "list", Value: "a,b"}, profile.Parameter{Name: "city", Value: "Oslo"}
	all := []profile.Parameter{city, list, tier}

	row, rest := Divide(profile.Visitor{Parameter: profile.MboxPC, ID: "1"}, all)
	assert.Equal(t, []profile.Parameter{city, tier}, row)
	assert.Equal(t, []profile.Parameter{list}, rest)

	row, rest = Divide(profile.Visitor{Parameter: profile.MboxPC, ID: "1,2"}, all)
	assert.Empty(t, row, "no row can name the visitor")
	assert.Equal(t, all, rest)

	assert.Equal(t, []profile.Parameter{city, list, tier}, all, "what is given stays as it is")
}

func TestChoose_TakesTheFileThatNeedsTheFewestColumns(t *testing.T) {
	v := profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "zoe"}
	columns := func(names ...string) (row []profile.Parameter) {
		for _, name := range names {
			row = append(row, profile.Parameter{Name: name, Value: "x"})
		}
		return row
	}
	file := func(names ...string) *Sheet {
		s := NewSheet(v.Parameter)
		s.Add(v, columns(names...))
		return s
	}
	var wide []string
	for i := range mostColumns {
		wide = append(wide, fmt.Sprintf("w%d", i))
	}
	near, far, other := file("a", "b"), file("c"), NewSheet(profile.MboxPC)
	created := file("a", "b", "c")
	created.Creates = true
	full, broad := file("a", "b", "c"), file(wide...)
	full.Bytes = 995
	for _, test := range []struct {
		name   string
		open   []*Sheet
		row    []profile.Parameter
		chosen *Sheet // nil for a new one
		full   []*Sheet
	}{
		{"there is none", nil, columns("a"), nil, nil},
		{"of two", []*Sheet{far, near}, columns("a", "b", "c"), near, nil},
		{"of those that are for these visitors, by this version", []*Sheet{other, created, far}, columns("a"), far, nil},
		{"of those with room", []*Sheet{full, near}, columns("a", "b", "c"), near, []*Sheet{full}},
		{"one would get too wide", []*Sheet{broad}, columns("a"), nil, nil},
		{"it is wide enough already", []*Sheet{broad}, columns("w7"), broad, nil},
		{"there are as many as may be", []*Sheet{broad, broad, broad, broad, broad, broad, broad, broad}, columns("a"), broad, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			empty := NewSheet(v.Parameter)
			chosen, full := Choose(test.open, empty, v, test.row, 1000)

			if test.chosen == nil {
				test.chosen = empty
			}
			assert.Same(t, test.chosen, chosen)
			assert.Equal(t, test.full, full)
		})
	}
	chosen, _ := Choose(nil, NewSheet(v.Parameter), v, columns(strings.Repeat("a", 1000)), 1000)
	assert.Nil(t, chosen, "the row is too large for any")
}
