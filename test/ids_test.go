// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// idsConfig reads JSON lines as most would, and leaves numbers to the parser's own way.
const idsConfig = `
receivers:
  file_log:
    include: ["%s/*.jsonl"]
    start_at: beginning
    poll_interval: 50ms
    operators:
      - {type: json_parser, parse_to: attributes%s}
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    visitor:
      - {parameter: mbox3rdPartyId, attribute: card}
      - {parameter: mbox3rdPartyId, attribute: customer.id}
      - {parameter: mbox3rdPartyId, value: 'ParseJSON(log.attributes["raw"])["id"]'}
    profile:
      - prefix: profile.
      - {parameter: store, attribute: store.id, default: "${env:STORE}"}
      - {parameter: day, value: 'FormatTime(log.time, "%%Y-%%m-%%d")', default: never}
    outbox: {merge_window: 200ms}
service:
  pipelines:
    logs: {receivers: [file_log], exporters: [adobe_target]}
`

// idsLines are records by what becomes of them.
var idsLines = map[string][]string{
	"invalid_visitor": {
		`{"customer": {"id": "M` + "\xfc" + `ller-1"}, "profile": {"n": 1}}`, // Latin-1
		`{"customer": {"id": "M` + "\xf6" + `ller-1"}, "profile": {"n": 2}}`,
		`{"customer": {"id": "NULL"}, "profile": {"n": 3}}`,
		`{"customer": {"id": "[object Object]"}, "profile": {"n": 4}}`,
		`{"customer": {"id": "store-<nil>"}, "profile": {"n": 5}}`,
		`{"raw": "{\"id\": 6331101999990016023}", "profile": {"n": 6}}`,
	},
	"visitor_failed": {`{"raw": "no JSON", "profile": {"n": 7}}`},
	"": {
		`{"customer": {"id": "Nandini"}, "profile": {"n": 8, "store": {"city": "Bern"}}, "store": {"id": "017"}}`,
		`{"customer.id": "null-island@example.com", "customer": {"id": "other"}, "profile": {"n": 9}}`,
	},
}

// cards are two numbers that are one as floating-point numbers.
var cards = []string{`{"card": 6331101999990016023, "profile.n": 10}`, `{"card": 6331101999990016024, "profile.n": 11}`}

func TestAnIDThatStandsForNobodyOrForSeveralIsNone(t *testing.T) {
	t.Setenv("STORE", "0017")
	profiles := map[string]map[string]string{
		"Nandini":                 {"n": "8", "store.city": "Bern", "store": "017", "day": "never"},
		"null-island@example.com": {"n": "9", "store": "0017", "day": "never"},
	}
	for name, tt := range map[string]struct {
		parseInts string
		invalid   int
		more      map[string]map[string]string
	}{
		"large numbers are rounded": {"", len(cards), nil},
		"large numbers are read as integers": {", parse_ints: true", 0, map[string]map[string]string{
			"6331101999990016023": {"n": "10", "store": "0017", "day": "never"},
			"6331101999990016024": {"n": "11", "store": "0017", "day": "never"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir, lines := t.TempDir(), cards
			for _, of := range idsLines {
				lines = append(slices.Clip(lines), of...)
			}
			require.NoError(t, os.WriteFile(filepath.Join(dir, "actions.jsonl"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
			target := startTarget(t)
			c := startCollector(t, fmt.Sprintf(idsConfig, dir, tt.parseInts, target.url))
			c.settled(t, len(lines))

			for reason, of := range idsLines {
				want := len(of)
				if reason == "invalid_visitor" {
					want += tt.invalid
				}
				labels := []string{`outcome="skipped"`, `reason="` + reason + `"`}
				if reason == "" {
					want, labels = len(profiles)+len(tt.more), []string{`outcome="delivered"`}
				}
				assert.Equal(t, want, c.metric("otelcol_adobe_target_records", labels...), "%q", reason)
			}
			want := maps.Clone(profiles)
			maps.Copy(want, tt.more)
			assert.Equal(t, want, target.profiles(t))
			c.end(t)
			assert.Equal(t, 1, strings.Count(c.output.String(), `"failed": "visitor::2::value"`), "once a reason, by its place")
		})
	}
}

// TestTheDryRunExampleKnowsNoDayOfARecordWithoutATime shows a record with a time and one without.
func TestTheDryRunExampleKnowsNoDayOfARecordWithoutATime(t *testing.T) {
	actions := filepath.Join(t.TempDir(), "actions.jsonl")
	t.Setenv("ACTIONS_FILES", actions)
	require.NoError(t, os.WriteFile(actions, []byte(`{"channel": "offline", "customer.id": "timed", "action": "a", "time": "2026-01-05T08:00:04.129Z"}
{"channel": "offline", "customer.id": "timeless", "action": "b"}
`), 0o600))
	p := run(t, "otelcol-adobetarget", "--config", filepath.Join("..", "examples", "dry-run.yaml"), "--set=service.telemetry.metrics.level=none")
	const timed, timeless = "mbox3rdPartyId=timed", "mbox3rdPartyId=timeless"
	require.Eventually(t, func() bool { return hasAll(p.output.String(), []string{timed, timeless}) }, patience, tick)
	p.terminate(t)
	for line := range strings.Lines(p.output.String()) {
		if strings.Contains(line, timed) || strings.Contains(line, timeless) {
			assert.Equal(t, strings.Contains(line, timed), strings.Contains(line, "lastOfflineDay=2026-01-05"), line)
		}
	}
	assert.NotContains(t, p.output.String(), "lastOfflineDay=1970")
}
