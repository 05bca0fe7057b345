// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func newDryRun(t *testing.T, cfg Config) (*DryRun, *observer.ObservedLogs) {
	t.Helper()
	api, err := NewAPI(cfg, "https://acme.tt.omtrdc.net", "acme")
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
			assert.Equal(t, Answer{Verdict: NotSent}, d.Send(t.Context(), []byte(form)))
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
	d.Send(t.Context(), []byte(form))
	u, err := url.Parse(logs.All()[0].ContextMap()["url"].(string))
	require.NoError(t, err)
	assert.Equal(t, form, u.RawQuery)
}

func TestDryRunShowsEachCallOnce(t *testing.T) {
	const calls = 64
	d, logs := newDryRun(t, postBody)
	var callers sync.WaitGroup
	for i := range calls {
		callers.Go(func() { d.Send(t.Context(), []byte(strconv.Itoa(i))) })
	}
	callers.Wait()

	bodies, messages := make(map[any]int), make(map[string]int)
	for _, entry := range logs.All() {
		bodies[entry.ContextMap()["body"]]++
		messages[entry.Message]++
	}
	assert.Equal(t, calls, logs.Len())
	assert.Len(t, bodies, calls, "each call is shown")
	assert.Len(t, messages, calls, "sampling goes by the message")
}
