// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func newDryRun(t *testing.T, cfg Config) (*DryRun, *observer.ObservedLogs) {
	t.Helper()
	api, err := NewSingle(cfg, "https://acme.tt.omtrdc.net", "acme")
	require.NoError(t, err)
	core, logs := observer.New(zap.InfoLevel)
	return NewDryRun(api, zap.New(core)), logs
}

func TestDryRunShowsTheCallAsItWouldLeave(t *testing.T) {
	const address = "https://acme.tt.omtrdc.net/m2/acme/profile/update"
	tests := map[string]struct {
		cfg  Config
		want map[string]any
	}{
		"a POST with its body":  {postBody, map[string]any{"method": "POST", "url": address, "body": form}},
		"a POST with its query": {postQuery, map[string]any{"method": "POST", "url": address + "?" + form, "body": ""}},
		"a GET with its query":  {get, map[string]any{"method": "GET", "url": address + "?" + form, "body": ""}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, logs := newDryRun(t, tt.cfg)
			assert.Equal(t, Answer{Verdict: NotSent}, send(t.Context(), t, d))
			require.Equal(t, 1, logs.Len())
			entry := logs.All()[0]
			assert.Equal(t, zap.InfoLevel, entry.Level)
			assert.Equal(t, "Dry run, not sent: call 1", entry.Message)
			assert.Equal(t, tt.want, entry.ContextMap())
		})
	}
}

func TestDryRunKeepsWhatIsEncoded(t *testing.T) {
	d, logs := newDryRun(t, get)
	const form = "mboxPC=a%26b%20%2B%C3%A4&profile.x=%25"
	visitor := profile.Visitor{Parameter: profile.MboxPC, ID: "a&b +ä"}
	carried, _ := d.Send(t.Context(), visitor, []profile.Parameter{{Name: "x", Value: "%"}})
	assert.Equal(t, 1, carried)
	u, err := url.Parse(logs.All()[0].ContextMap()["url"].(string))
	require.NoError(t, err)
	assert.Equal(t, form, u.RawQuery)
}

func TestDryRunShowsEachCallOnce(t *testing.T) {
	const callers, callsOfEach = 16, 100
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			d, logs := newDryRun(t, way)
			var running sync.WaitGroup
			for i := range callers {
				running.Go(func() {
					for j := range callsOfEach {
						v, p := numbered(i*callsOfEach + j)
						d.Send(t.Context(), v, []profile.Parameter{p})
					}
				})
			}
			running.Wait()

			calls, messages := make(map[string]int), make(map[string]int)
			for _, entry := range logs.All() {
				fields := entry.ContextMap()
				_, query, _ := strings.Cut(fields["url"].(string), "?")
				calls[query+fields["body"].(string)]++
				messages[entry.Message]++
			}
			assert.Equal(t, callers*callsOfEach, logs.Len())
			assert.Len(t, messages, callers*callsOfEach, "sampling goes by the message")
			for n := range callers * callsOfEach {
				assert.Equal(t, 1, calls[numberedForm(n)], "call %d", n)
			}
		})
	}
}
