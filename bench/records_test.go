// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestALineIsAJSONObject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "actions.jsonl")
	require.NoError(t, writeLines(path, 2, distinct))
	text, err := os.ReadFile(path) //nolint:gosec // G304: a file of this test
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 2)
	assert.JSONEq(t, `{"channel":"offline","customer.id":"CRM-00000001","action":"loan-funded","store.id":"R&D/11","city":"München","loyalty.tier":"gold","loyalty.points":1001}`, lines[1])
}

func TestTheFormOfAnActionHasAVisitorAndFiveParameters(t *testing.T) {
	form, err := url.ParseQuery(string(actionOf(7).form()))
	require.NoError(t, err)
	assert.Equal(t, url.Values{
		"mbox3rdPartyId":            {"CRM-00000007"},
		"profile.lastOfflineAction": {"loan-funded"},
		"profile.lastOfflineStore":  {"R&D/17"},
		"profile.homeCity":          {"München"},
		"profile.loyaltyTier":       {"gold"},
		"profile.loyaltyPoints":     {"1007"},
	}, form)
}

func TestAllFormsHaveTheSameLength(t *testing.T) {
	for _, visitor := range []int{0, 99, 8_999, 9_000, 199_999} {
		assert.Len(t, actionOf(visitor).form(), len(actionOf(0).form()))
	}
}

func TestABatchHasOneRecordAVisitor(t *testing.T) {
	ld := logs(3)
	assert.Equal(t, 3, ld.LogRecordCount())
	customer, _ := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(2).Attributes().Get("customer.id")
	assert.Equal(t, actionOf(2).Customer, customer.Str())
}

func TestZipfVisitorsAreTheSameAtEachRunAndInRange(t *testing.T) {
	a, b := zipf(50, 1.2), zipf(50, 1.2)
	counts := make(map[int]int)
	for line := range 1_000 {
		visitor := a(line)
		require.Equal(t, visitor, b(line))
		require.GreaterOrEqual(t, visitor, 0)
		require.Less(t, visitor, 50)
		counts[visitor]++
	}
	assert.Greater(t, counts[0], counts[10])
}

func TestPairsAreCountedByWindow(t *testing.T) {
	p := pairs{window: 3}
	for _, visitor := range []int{1, 1, 2 /* */, 1, 1, 1 /* */, 5} {
		p.add(visitor)
	}
	assert.Equal(t, 2+1+1, p.count)
}
