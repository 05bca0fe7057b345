// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// adobe is the built emulator in its own process.
type adobe struct {
	*process
	url string
}

func startTarget(t *testing.T, args ...string) *adobe {
	t.Helper()
	p := run(t, "adobetarget", append([]string{"emulator", "--listen", "127.0.0.1:0", "--page=false"}, args...)...)
	a := &adobe{process: p}
	require.Eventually(t, func() bool {
		for line := range strings.Lines(p.output.String()) {
			if url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on "); found {
				a.url = url
				return true
			}
		}
		return false
	}, patience, 10*time.Millisecond, "the emulator does not say where it listens")
	return a
}

func (a *adobe) stats(t *testing.T) (s emulator.Stats) {
	t.Helper()
	a.read(t, "/_emulator/stats", &s)
	return s
}

// startSequenced starts an emulator that checks the order of every parameter of a
// sender's records.
func startSequenced(t *testing.T, args ...string) *adobe {
	t.Helper()
	for _, name := range parameters {
		args = append(args, "--sequence", name)
	}
	a := startTarget(t, args...)
	a.set(t, "receipts", map[string]string{"prefix": receiptPrefix})
	return a
}

// accepts waits until more than so many calls got through, for as long as they do: how fast they
// are is the machine's.
func (a *adobe) accepts(t *testing.T, calls int, s *sender) {
	t.Helper()
	accepted, end := -1, time.Time{}
	for now := a.stats(t).Accepted; now <= calls; now = a.stats(t).Accepted {
		if now != accepted {
			accepted, end = now, time.Now().Add(patience)
		}
		require.True(t, time.Now().Before(end), "no call got through for %s: %d of %d did before, and the sender's figures are %+v",
			patience, accepted, calls, s.sent())
		time.Sleep(5 * time.Millisecond)
	}
}

// becomes waits until the profiles are what the model says, for as long as calls get through,
// and then for so long. It does
// not fail when the time is up: what is missing then is for the scenario to count.
func (a *adobe) becomes(t *testing.T, model map[string]map[string]string, most time.Duration) {
	t.Helper()
	accepted := 0
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(2 * tick) {
		if now := a.stats(t).Accepted; now != accepted {
			accepted, end = now, time.Now().Add(most)
		}
		if reflect.DeepEqual(model, a.profiles(t)) {
			return
		}
	}
	t.Logf("%s after the last call the profiles are not what was sent", most)
}

// receipts returns those that arrived, by the parameter that names the visitor.
func (a *adobe) receipts(t *testing.T) (all map[string]emulator.Receipts) {
	t.Helper()
	a.read(t, "/_emulator/receipts", &all)
	return all
}

// profiles returns the attributes of every profile by the visitor's id, which
// stands behind mboxPC where it is one.
func (a *adobe) profiles(t *testing.T) map[string]map[string]string {
	t.Helper()
	var page struct {
		Profiles []emulator.Profile `json:"profiles"`
	}
	a.read(t, "/_emulator/profiles", &page)
	all := make(map[string]map[string]string)
	for _, p := range page.Profiles {
		attributes := make(map[string]string)
		for name, attribute := range p.Attributes {
			attributes[name] = attribute.Value
		}
		if p.Parameter == emulator.MboxPC {
			p.ID = emulator.MboxPC + " " + p.ID
		}
		all[p.ID] = attributes
	}
	return all
}

func (a *adobe) read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := get(a.url + path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(text), into))
}

// set changes a part of the emulator by its control endpoint.
func (a *adobe) set(t *testing.T, part string, value any) {
	t.Helper()
	body, err := json.Marshal(value)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, a.url+"/_emulator/"+part, bytes.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusNoContent, resp.StatusCode)
}
