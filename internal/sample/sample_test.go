// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheCommittedSampleIsWhatTheDefaultSettingsWrite(t *testing.T) {
	committed, err := os.ReadFile(filepath.Join("..", "..", "testdata", "actions.jsonl"))
	require.NoError(t, err)
	assert.True(t, bytes.Equal(committed, written(t, NewDefaultSettings())),
		"run: go run ./cmd/sample > testdata/actions.jsonl")
}

func TestTheSameSettingsWriteTheSameBytesAndAnotherSeedOthers(t *testing.T) {
	settings := NewDefaultSettings()
	first := written(t, settings)
	assert.Equal(t, first, written(t, settings))
	settings.Seed++
	assert.NotEqual(t, first, written(t, settings))
}

func TestEveryLineIsAnObjectWithAnAscendingTimeAndValidUTF8(t *testing.T) {
	before := time.Time{}
	for number, r := range records(t, NewDefaultSettings()) {
		at, err := time.Parse(time.RFC3339, text(r, "time"))
		require.NoError(t, err, "record %d", number)
		assert.True(t, at.After(before), "record %d", number)
		before = at
		assert.Contains(t, []string{"offline", "online"}, r["channel"])
	}
	assert.True(t, utf8.Valid(written(t, NewDefaultSettings())))
}

func TestEveryKindOfActionAppears(t *testing.T) {
	seen := map[string]int{}
	for _, r := range records(t, NewDefaultSettings()) {
		seen[text(r, "action")]++
	}
	for _, action := range []string{
		CallCenterReached, LoanFunded, LoyaltyCardUsed, KioskAccessed, BranchAppointmentKept,
	} {
		assert.GreaterOrEqual(t, seen[action], 20, action)
	}
}

func TestLaterRecordsOfAVisitorTellOfALaterState(t *testing.T) {
	settings := NewDefaultSettings()
	settings.OddEvery = 0
	last := map[string]float64{}
	for number, r := range records(t, settings) {
		who := text(r, "customer.id") + " " + text(r, "target.pcId")
		nested, ok := r["profile"].(map[string]any)
		require.True(t, ok, "record %d", number)
		count, ok := nested["actionCount"].(float64)
		require.True(t, ok, "record %d", number)
		assert.InDelta(t, last[who]+1, count, 0, "record %d", number)
		last[who] = count
	}
}

func TestTheSkewGivesAFewVisitorsManyOfTheRecords(t *testing.T) {
	perVisitor := func(zipf float64) (most, visitors int) {
		counts := map[string]int{}
		for _, r := range records(t, Settings{Records: 20_000, Visitors: 1_000, Seed: 7, Zipf: zipf}) {
			who := text(r, "customer.id") + " " + text(r, "target.pcId")
			counts[who]++
			most = max(most, counts[who])
		}
		return most, len(counts)
	}
	most, visitors := perVisitor(0)
	assert.Less(t, most, 60)
	assert.Equal(t, 1_000, visitors)

	most, visitors = perVisitor(1.2)
	assert.Greater(t, most, 4_000)
	assert.Less(t, visitors, 1_000)
}

func TestOneRecordHasAValueThatNoCallCanCarry(t *testing.T) {
	tooLong := 0
	for line := range strings.Lines(string(written(t, NewDefaultSettings()))) {
		if len(line) > 60_000 {
			tooLong++
		}
	}
	assert.Equal(t, 1, tooLong)
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Settings)
		want   string
	}{
		"a negative number of records": {func(s *Settings) { s.Records = -1 }, "records: must not be negative, is -1"},
		"no visitors":                  {func(s *Settings) { s.Visitors = 0 }, "visitors: must be at least 1, is 0"},
		"a negative skew":              {func(s *Settings) { s.Zipf = -0.5 }, "zipf: must be a number of at least 0, is -0.5"},
		"a negative share of odd ones": {func(s *Settings) { s.OddEvery = -2 }, "odd: must not be negative, is -2"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := NewDefaultSettings()
			tt.change(&settings)
			assert.ErrorContains(t, Write(&bytes.Buffer{}, settings), tt.want)
		})
	}
}

func TestAFailingWriterEndsTheSample(t *testing.T) {
	assert.ErrorIs(t, Write(full{}, NewDefaultSettings()), errFull)
}

var errFull = errors.New("no space left")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func written(t *testing.T, s Settings) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, Write(&out, s))
	return out.Bytes()
}

func records(t *testing.T, s Settings) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(string(written(t, s))) {
		var r map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		all = append(all, r)
	}
	require.Len(t, all, s.Records)
	return all
}

// text returns the member as text, or "" when it is missing or no string.
func text(r map[string]any, key string) string {
	s, _ := r[key].(string)
	return s
}
