// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type foundVisitors struct {
	Total, Found int
	Visitors     []FoundVisitor
}

func (f foundVisitors) ids() []string {
	ids := []string{}
	for _, v := range f.Visitors {
		ids = append(ids, v.ID)
	}
	return ids
}

func TestVisitorsAreSearchedByAPartOfTheirID(t *testing.T) {
	c := newClock()
	e := newEmulator(t, Settings{Now: c.now})
	for _, id := range []string{"CRM-2", "crm-1", "Zoe", "crm-3", "%C3%9Cmit"} {
		serve(t, e, postForm(t, "mbox3rdPartyId="+id+"&profile.tier=gold"))
		c.advance(time.Second)
	}
	serve(t, e, postForm(t, "mbox3rdPartyId=crm-1&profile.store=Oslo"))
	for _, test := range []struct {
		name, query string
		found       int
		ids         []string
	}{
		{"all stand by id", "", 5, []string{"CRM-2", "Zoe", "crm-1", "crm-3", "Ümit"}},
		{"a part is found whatever its case", "search=RM-", 3, []string{"CRM-2", "crm-1", "crm-3"}},
		{"so is a letter beyond ASCII", "search=%C3%BCM", 1, []string{"Ümit"}},
		{"nobody is found", "search=nobody", 0, []string{}},
		{"the first page", "limit=2", 5, []string{"CRM-2", "Zoe"}},
		{"the second page", "limit=2&offset=2", 5, []string{"crm-1", "crm-3"}},
		{"the last page", "limit=2&offset=4", 5, []string{"Ümit"}},
		{"past the last page", "limit=2&offset=6", 5, []string{}},
		{"past any page", "offset=9223372036854775807", 5, []string{}},
		{"the last that changed", "order=changed&limit=3", 5, []string{"crm-1", "Ümit", "crm-3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := shown[foundVisitors](t, e, "visitors?"+test.query)
			assert.Equal(t, 5, got.Total)
			assert.Equal(t, test.found, got.Found)
			assert.Equal(t, test.ids, got.ids())
		})
	}
	assert.Equal(t, FoundVisitor{"acme", Mbox3rdPartyID, "crm-1", c.t, 2}, shown[foundVisitors](t, e, "visitors?search=crm-1").Visitors[0])
	for _, query := range []string{"limit=-1", "offset=x", "order=name"} {
		status, _ := serve(t, e, newControlRequest(t, "visitors?"+query))
		assert.Equal(t, http.StatusBadRequest, status, query)
	}
}

// BenchmarkFind is a look at a page of 100,000 visitors.
func BenchmarkFind(b *testing.B) {
	e, err := New(Settings{})
	require.NoError(b, err)
	for n := range 100_000 {
		key := storeKey{client: "acme", visitor: Visitor{Parameter: Mbox3rdPartyID, ID: fmt.Sprintf("CRM-%06d", n)}}
		e.world.Load().store.apply(key, []pair{{name: "tier", value: "gold"}}, time.Unix(int64(n%1000), 0))
	}
	for name, wanted := range map[string]search{
		"one":          {part: "crm-099999", limit: defaultFound},
		"first":        {limit: defaultFound},
		"last changed": {limit: defaultFound, newest: true},
		"last page":    {limit: defaultFound, offset: 99_950},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.world.Load().store.find(wanted)
			}
		})
	}
}
