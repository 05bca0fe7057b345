// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"
)

const settingsOfSample = `
visitor:
  - {parameter: mbox3rdPartyId, attribute: customer.id}
  - {parameter: mboxPC, attribute: target.pcId}
profile:
  - {parameter: lastOfflineAction, attribute: action}
  - {parameter: loyaltyTier, attribute: loyalty.tier, default: none}
  - {parameter: interests, attribute: interests}
  - value: log.attributes["profile"]
conditions: ['log.attributes["channel"] == "offline"']
`

// A preview must show what the exporter does, so here the exporter does it: each way of making calls, with records of
// every odd kind, and with more of them than one call can carry.
func TestPreview_ShowsTheCallsThatTheExporterMakes(t *testing.T) {
	for _, test := range []struct {
		name, settings string
	}{
		{"route single", settingsOfSample},
		{"a GET", settingsOfSample + "api: {method: GET}"},
		{"parameters in the query", settingsOfSample + "api: {parameters: query}"},
		{"values of 100 characters", settingsOfSample + "max_value_length: 100"},
		{"route delivery", settingsOfSample + "route: delivery"},
		{"notifications of route delivery", settingsOfSample + "route: delivery\ndelivery: {form: notification}"},
		{"route bulk", settingsOfSample + "route: bulk\nbulk: {max_rows: 7}"},
		{"small files of route bulk", settingsOfSample + "route: bulk\nbulk: {max_bytes: 100000}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := LoadText(t.Context(), test.settings, "")
			require.NoError(t, err)
			for seed := range uint64(4) {
				requests := records(t, seed)
				synctest.Test(t, func(t *testing.T) {
					want := inOrder(exported(t, e.Config, requests, time.Millisecond))
					require.NotEmpty(t, want)
					assert.Equal(t, want, inOrder(previewed(t, e, requests, false)))
				})
			}
		})
	}
}

func TestPreview_OfEachRecordIsThatOfAnExporterInWhichNothingWaits(t *testing.T) {
	for _, settings := range []string{"sending_queue: {enabled: false}", "outbox: {merge_window: 0s}"} {
		t.Run(settings, func(t *testing.T) {
			e, err := LoadText(t.Context(), settingsOfSample+settings, "")
			require.NoError(t, err)
			requests := records(t, 9)
			synctest.Test(t, func(t *testing.T) {
				want := exported(t, e.Config, requests, time.Minute)
				require.NotEmpty(t, want)
				assert.Equal(t, want, previewed(t, e, requests, true))
			})
		})
	}
}

// records are samples of every odd kind, and some that need several calls.
func records(t *testing.T, seed uint64) []plog.Logs {
	t.Helper()
	s := sample.NewDefaultSettings()
	s.Records, s.Visitors, s.Seed, s.OddEvery = 150, 40, seed, 2
	var lines bytes.Buffer
	require.NoError(t, sample.Write(&lines, s))
	numbers := rand.New(rand.NewPCG(seed, seed))
	for n := range 5 {
		fmt.Fprintf(&lines, `{"channel":"offline","customer.id":"large-%d","profile":{`, numbers.IntN(3))
		for i := range 20 + numbers.IntN(60) {
			fmt.Fprintf(&lines, `"p%d":%q,`, i, strings.Repeat(string(rune('a'+n)), numbers.IntN(3000)))
		}
		fmt.Fprintln(&lines, `"last":[1,2]}}`)
	}
	return read(t, lines.Bytes())
}
