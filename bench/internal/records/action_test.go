// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package records // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"

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
	require.NoError(t, Write(path, Distinct(0, 2), Of))
	text, err := os.ReadFile(path) //nolint:gosec // G304: a file of this test
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.Len(t, lines, 2)
	assert.JSONEq(t,
		`{"channel":"offline","customer.id":"CRM-00000001","action":"loan-funded","store.id":"R&D/11","city":"München","loyalty.tier":"gold","loyalty.points":1001}`, lines[1])
}

func TestTheFormOfAnActionHasAVisitorAndFiveParameters(t *testing.T) {
	form, err := url.ParseQuery(string(Of(7).Form()))
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
		assert.Len(t, Of(visitor).Form(), len(Of(0).Form()))
	}
}

func TestLogsHaveOneRecordAVisitor(t *testing.T) {
	logs := Logs(Distinct(7, 3))
	assert.Equal(t, 3, logs.LogRecordCount())
	customer, _ := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(2).Attributes().Get("customer.id")
	assert.Equal(t, Of(9).Customer, customer.Str())
}

func TestZipfVisitorsAreTheSameAtEachRunAndInRange(t *testing.T) {
	visitors := Zipf(1_000, 50, 1.2)
	assert.Equal(t, visitors, Zipf(1_000, 50, 1.2))
	counts := make(map[int]int)
	for _, visitor := range visitors {
		require.GreaterOrEqual(t, visitor, 0)
		require.Less(t, visitor, 50)
		counts[visitor]++
	}
	assert.Greater(t, counts[0], counts[10])
	assert.Len(t, counts, visitors.Different())
}

func TestDistinctVisitorsComeOnce(t *testing.T) {
	assert.Equal(t, Visitors{5, 6, 7}, Distinct(5, 3))
	assert.Equal(t, 3, Distinct(5, 3).Different())
}
