// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// named returns what the status at an address says, and of which rows.
func named(t *testing.T, e *Emulator, address string) (word string, rows []string) {
	t.Helper()
	_, body := ask(t, e, address, "&showDetails=true")
	before, after, _ := strings.Cut(body, "<profile>")
	_, word, _ = strings.Cut(before, "<status>")
	word, _, _ = strings.Cut(word, "</status>")
	for row := range strings.SplitSeq(after, "<profile>") {
		if id, rest, found := strings.Cut(row, "</id><status>"); found {
			rowWord, _, _ := strings.Cut(rest, "</status>")
			rows = append(rows, strings.TrimPrefix(id, "<id>")+" "+rowWord)
		}
	}
	return word, rows
}

func TestBulk_NamesRowsInItsStatusAsItIsTold(t *testing.T) {
	const body = "batch=thirdPartyId,tier\ncrm-1,gold\na%20b%262,silver\ncrm-3,gold"
	fails := Fault{Kind: FaultFailRows, Visitor: "a b&2"}
	for name, tt := range map[string]struct {
		bulk          Bulk
		fault         Fault
		word          string
		before, after []string
	}{
		"by default": {Bulk{}, fails, "incomplete", nil, []string{"a b&amp;2 failed"}},
		"failed":     {Bulk{Rows: RowsFailed, EncodedIDs: true}, fails, "incomplete", nil, []string{"a%20b%262 failed"}},
		"none":       {Bulk{Rows: RowsNone, UnknownWord: true}, fails, "unknown", nil, nil},
		"all": {
			Bulk{Rows: RowsAll},
			fails, "incomplete",
			[]string{"crm-1 pending", "a b&amp;2 pending", "crm-3 pending"},
			[]string{"crm-1 success", "a b&amp;2 error", "crm-3 success"},
		},
		"all of one that is stuck": {
			Bulk{Rows: RowsAll, EncodedIDs: true, UnknownWord: true},
			Fault{Kind: FaultStuck},
			"unknown",
			[]string{"crm-1 pending", "a%20b%262 pending", "crm-3 pending"},
			[]string{"crm-1 pending", "a%20b%262 pending", "crm-3 pending"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			tt.bulk.Processing = time.Minute
			e := newEmulator(t, Settings{Now: c.now, Bulk: tt.bulk, Faults: []Fault{tt.fault}})
			address := submit(t, e, v2URL, body)
			word, rows := named(t, e, address)
			assert.Equal(t, tt.word, word)
			assert.Equal(t, tt.before, rows)
			c.advance(time.Minute)
			word, rows = named(t, e, address)
			assert.NotEqual(t, tt.word, word)
			assert.Equal(t, tt.after, rows)
			assert.Equal(t, tt.fault == fails, e.Stats().FailedRows == 1, "it is counted whatever is named")
		})
	}
}

func TestBulk_NamesAllRowsOfBatchesThatEndFromThenOn(t *testing.T) {
	e := newEmulator(t, Settings{Known: []Visitor{}, Bulk: Bulk{V1ThirdParty: true}})
	address := submit(t, e, v1URL, goldBatch)
	e.Stats() // it ends
	require.NoError(t, e.SetBulk(Bulk{Rows: RowsAll, V1ThirdParty: true}))
	_, rows := named(t, e, address)
	assert.Empty(t, rows)
	_, rows = named(t, e, submit(t, e, v1URL, goldBatch))
	assert.Equal(t, []string{"crm-1 success"}, rows, "who has no profile")
}
