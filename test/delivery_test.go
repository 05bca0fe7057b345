// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quickDelivery is a route that waits for no pace.
const quickDelivery = "    route: delivery\n    delivery: {calls_per_second: 5000}\n"

// TestOrderOfDeliveryCallsHoldsThroughCrashesAndFaults kills the distribution again and again
// while records come in and Target fails in every way. Each value that the collector took has to
// arrive, no visitor may see an older value after a newer one, and none may have two calls at once.
func TestOrderOfDeliveryCallsHoldsThroughCrashesAndFaults(t *testing.T) {
	for _, form := range []string{"execute", "notification"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			crashDeliveries(t, form)
		})
	}
}

func crashDeliveries(t *testing.T, form string) {
	t.Helper()
	r := begin(t, "route delivery, "+form+": kill -9 and faults under load")
	target := startSequenced(t, "--latency", "1ms", "--jitter", "5ms")
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 503, "probability": 0.03},
		{"kind": "reset", "probability": 0.02, "applied": true},
		{"kind": "silent", "probability": 0.02},
		{"kind": "silent", "probability": 0.02, "applied": true},
		{"kind": "truncate", "probability": 0.02, "applied": true},
		{"kind": "garbage", "probability": 0.01},
	})
	s := newSetup(t, target)
	s.exporter = "    concurrency: 8\n" + strings.Replace(quickDelivery, "5000", "5000, form: "+form, 1)
	sender := newSender(overHTTP(s.port), 61)
	sender.visitors, sender.pause = 60, 10*time.Millisecond
	r.crash(t, s, target, sender, crashes{
		seed: 6, least: 8, lasts: lasts(0, 0.1), calls: 100, spread: 300, gracefulEvery: 3,
	})

	stats := target.stats(t)
	assert.Positive(t, stats.FaultedApplied, "calls that failed although they were applied")
	assert.Equal(t, stats.Accepted+stats.FaultedApplied, stats.Billed, "each call that took effect is billed once")
	assert.LessOrEqual(t, stats.Sessions, sender.visitors, "a session a visitor, over all restarts")
	assert.Empty(t, stats.Malformed)
	assert.Zero(t, stats.Attempts, "and none of the calls is a single update")
}

func TestFaultsOfTheSetUpOfDeliveryHoldTheData(t *testing.T) {
	for name, fault := range map[string]map[string]any{
		"403":            {"kind": "status", "status": 403},
		"400":            {"kind": "refuse"}, // a message under 200, as of a property token that is none
		"foreign_answer": {"kind": "garbage"},
		"420":            {"kind": "status", "status": 420},
		"not_echoed":     {"kind": "silent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := startTarget(t)
			target.set(t, "faults", []map[string]any{fault})
			port := freePort(t)
			config := strings.Replace(storageConfig(port, t.TempDir(), target.url), "    rate_limit: {enabled: false}\n", quickDelivery, 1)
			g := &guarded{visits: newVisits(port, 10), collector: startCollector(t, config)}
			g.ready(t)
			for range 3 {
				g.send(t, 10)
			}
			require.Eventually(t, func() bool { return g.metric("otelcol_adobe_target_calls", `error_type="`+name+`"`) > 5 }, patience, tick)
			assert.Zero(t, target.stats(t).Billed)
			target.set(t, "faults", []map[string]any{})
			g.arrive(t, target)
			g.end(t)
			assert.NotContains(t, g.output.String(), "Log records rejected")
			assert.Equal(t, 1, target.stats(t).MaxInSession)
		})
	}
}

// TestNoSecretIsSaidOfDeliveryCalls puts marked ids and values through all that may come back.
func TestNoSecretIsSaidOfDeliveryCalls(t *testing.T) {
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{
		{"kind": "status", "status": 400, "count": 3},
		{"kind": "status", "status": 420, "retry_after": "1s", "count": 1},
		{"kind": "refuse", "count": 3},
		{"kind": "silent", "count": 3},
		{"kind": "garbage", "count": 3},
		{"kind": "truncate", "count": 2},
		{"kind": "reset", "count": 2},
		{"kind": "redirect", "status": 307, "count": 1},
	})
	port := freePort(t)
	config := strings.Replace(storageConfig(port, t.TempDir(), target.url), "    rate_limit: {enabled: false}\n",
		"    route: delivery\n    delivery: {property_token: SECRET-token, session_key: SECRET-key}\n    headers: {X-Secret: SECRET-header}\n", 1)
	config += "  telemetry: {logs: {level: debug}, traces: {processors: [{simple: {exporter: {console: {}}}}]}}\n"
	c := &talkative{newVisits(port, 0), startCollector(t, config)}
	c.prefix, c.mark = "SECRET-id-", "SECRET-value"
	c.ready(t)
	for range 3 {
		c.send(t, 10)
	}
	c.arrive(t, target)
	assert.Equal(t, 18, target.stats(t).Faulted, "every fault was acted out")
	c.says(t, `error_type="400"`, "not_echoed", "foreign_answer")
}
