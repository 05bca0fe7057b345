// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	faultBegins = "Target refuses all calls"
	faultEnds   = "Target takes calls again"

	componentStatus = "--feature-gates=extension.healthcheck.useComponentStatus"
)

// guarded is a collector with a persistent queue and a health check that shows the
// status of components.
type guarded struct {
	*visits
	*collector
	healthURL string
}

// startGuarded starts it with further settings of the exporter, each line indented
// by four spaces, and further extensions.
func startGuarded(t *testing.T, folder, endpoint, exporter string) *guarded {
	t.Helper()
	port, health := freePort(t), freePort(t)
	config := storageConfig(port, folder, endpoint)
	config = strings.Replace(config, "    client_code: acme\n", "    client_code: acme\n"+exporter, 1)
	config = strings.Replace(config, "extensions:\n", fmt.Sprintf("extensions:\n  health_check: {endpoint: \"127.0.0.1:%d\"}\n", health), 1)
	config = strings.Replace(config, "extensions: [", "extensions: [health_check, ", 1)
	g := &guarded{
		visits:    newVisits(port, 10),
		collector: startCollector(t, config, componentStatus),
		healthURL: fmt.Sprintf("http://127.0.0.1:%d", health),
	}
	return g
}

// shows waits until the health check shows a status.
func (g *guarded) shows(t *testing.T, status string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		page, err := get(g.healthURL)
		require.NoError(c, err)
		assert.Contains(c, page, status)
	}, patience, tick)
}

func TestAFaultOfTheSetUpHoldsTheDataAndShowsInTheHealthCheck(t *testing.T) {
	elsewhere := startTarget(t)
	for name, fault := range map[string]map[string]any{
		"status_401": {"kind": "status", "status": 401},
		"status_403": {"kind": "status", "status": 403},
		"status_404": {"kind": "status", "status": 404},
		"status_407": {"kind": "status", "status": 407},
		// What Target may say of one update it does not say of all.
		"status_400":     {"kind": "status", "status": 400},
		"status_405":     {"kind": "status", "status": 405},
		"status_410":     {"kind": "status", "status": 410},
		"status_421":     {"kind": "status", "status": 421},
		"status_426":     {"kind": "status", "status": 426},
		"refused":        {"kind": "refuse"},
		"foreign_answer": {"kind": "garbage"},
		"an empty body":  {"kind": "status", "status": 204},
		"status_302":     {"kind": "redirect", "status": 302, "location": strings.Replace(elsewhere.url, "127.0.0.1", "localhost", 1) + "/m2/acme/profile/update"},
		"status_308":     {"kind": "redirect", "status": 308, "location": elsewhere.url + "/m2/acme/profile/update"},
	} {
		t.Run(name, func(t *testing.T) {
			target := startTarget(t)
			target.set(t, "faults", []map[string]any{fault})
			g := startGuarded(t, t.TempDir(), target.url, "")
			g.ready(t)
			g.shows(t, "StatusRecoverableError")
			g.shows(t, name)
			for range 3 {
				g.send(t, 10)
			}
			before := target.stats(t).Faulted
			require.Eventually(t, func() bool { return target.stats(t).Faulted >= before+5 }, patience, tick)
			assert.Zero(t, target.stats(t).Accepted)
			assertOnceEach(t, g.output.String(), faultBegins)
			assert.NotContains(t, g.output.String(), faultEnds)

			target.set(t, "faults", []map[string]any{})
			g.arrive(t, target)
			g.shows(t, "StatusOK")
			g.end(t)
			assertOnceEach(t, g.output.String(), faultBegins, faultEnds)
			assert.Zero(t, g.refused, "all was taken meanwhile")
			assert.NotContains(t, g.output.String(), "Log records rejected")
			assert.NotContains(t, g.output.String(), "exporter/sender.(*", "no stack trace")
		})
	}
	assert.Zero(t, elsewhere.stats(t).Attempts, "a redirect is never followed")
}

func TestAFaultOfTheSetUpFailsTheSecondHealthCheckUntilItIsMended(t *testing.T) {
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 403}})
	port, health := freePort(t), freePort(t)
	config := storageConfig(port, t.TempDir(), target.url)
	config = strings.Replace(config, "extensions:\n", fmt.Sprintf(`extensions:
  healthcheckv2:
    use_v2: true
    http: {endpoint: "127.0.0.1:%d"}
    component_health: {include_recoverable_errors: true, recovery_duration: 100ms}
`, health), 1)
	config = strings.Replace(config, "extensions: [", "extensions: [healthcheckv2, ", 1)
	c, v := startCollector(t, config), newVisits(port, 10)
	answers := func(status int) {
		require.EventuallyWithT(t, func(col *assert.CollectT) {
			resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/status", health)) //nolint:noctx // a loopback address of this test
			require.NoError(col, err)
			defer resp.Body.Close()
			assert.Equal(col, status, resp.StatusCode)
		}, patience, tick)
	}
	answers(http.StatusOK)
	v.ready(t)
	answers(http.StatusInternalServerError)
	target.set(t, "faults", []map[string]any{})
	answers(http.StatusOK)
	c.end(t)
}

func TestAnUnknownCertificateHoldsTheData(t *testing.T) {
	cert, key := certificate(t)
	target := startTarget(t, "--tls-cert", cert, "--tls-key", key)
	folder := t.TempDir()
	g := startGuarded(t, folder, target.url, "")
	g.ready(t)
	g.shows(t, "StatusRecoverableError")
	g.shows(t, "tls")
	g.send(t, 10)
	g.end(t)
	assertOnceEach(t, g.output.String(), faultBegins)
	assert.NotContains(t, g.output.String(), faultEnds)
	taken := g.taken

	g = startGuarded(t, folder, target.url, "    tls: {ca_file: "+cert+"}\n")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, len(taken), g.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	}, patience, tick)
	g.shows(t, "StatusOK")
	g.end(t)
	assert.NotContains(t, g.output.String(), faultBegins)
}

// A port that speaks TLS answers 400 to a call in the clear.
func TestACallInTheClearToAPortWithTLSHoldsTheData(t *testing.T) {
	cert, key := certificate(t)
	target := startTarget(t, "--tls-cert", cert, "--tls-key", key)
	folder := t.TempDir()
	g := startGuarded(t, folder, strings.Replace(target.url, "https://", "http://", 1), "")
	g.ready(t)
	for range 10 {
		g.send(t, 10)
	}
	g.shows(t, "StatusRecoverableError")
	g.shows(t, "status_400")
	g.end(t)
	assertOnceEach(t, g.output.String(), faultBegins)
	assert.NotContains(t, g.output.String(), "Log records rejected")
	taken := g.taken

	g = startGuarded(t, folder, target.url, "    tls: {ca_file: "+cert+"}\n")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, len(taken), g.metric("otelcol_adobe_target_records", `outcome="delivered"`))
	}, patience, tick)
	g.end(t)
}

func TestAProxyThatRefusesHoldsTheDataAndIsNamed(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	g := startGuarded(t, t.TempDir(), "https://acme.invalid", "    proxy_url: "+proxy.URL+"\n")
	g.ready(t)
	g.shows(t, "the proxy, see proxy_url, answers CONNECT with 407")
	g.end(t)
	assertOnceEach(t, g.output.String(), faultBegins)
}

func TestAUsedUpQuotaIsSaidWithItsEnd(t *testing.T) {
	target := startTarget(t)
	g := startGuarded(t, t.TempDir(), target.url, "    quota: {calls: 5, window: 1m}\n")
	g.ready(t)
	for range 3 {
		g.send(t, 10)
	}
	g.shows(t, "The quota is used up: the next call may leave at 20")
	g.end(t)
	assertOnceEach(t, g.output.String(), "The quota is used up: updates wait and merge")
	assert.Equal(t, 5, target.stats(t).Accepted)
}

func TestAHostThatDoesNotExistHoldsTheData(t *testing.T) {
	const host = "target.does-not-exist.invalid"
	target := startTarget(t)
	folder := t.TempDir()
	g := startGuarded(t, folder, "http://"+host, "")
	g.ready(t)
	g.send(t, 10)
	require.Eventually(t, func() bool { return g.metric("otelcol_adobe_target_calls", `error_type="dns"`) > 3 }, patience, tick)
	if noSuchHost(t, host) {
		g.shows(t, "StatusRecoverableError")
		assertOnceEach(t, g.output.String(), faultBegins)
	} else {
		t.Log("the resolver here does not say that the name does not exist, so it is an outage")
	}
	g.end(t)
	taken := g.taken

	// It was a misspelled one, so what waits for it is for the right one.
	require.NoError(t, os.Remove(filepath.Join(folder, "exporter_adobe_target__begun")))
	g = startGuarded(t, folder, target.url, "")
	g.taken = taken
	g.arrive(t, target)
	g.end(t)
}

// noSuchHost tells whether the resolver says for sure that a name does not exist.
func noSuchHost(t *testing.T, host string) bool {
	t.Helper()
	_, err := net.DefaultResolver.LookupHost(context.WithoutCancel(t.Context()), host)
	var dns *net.DNSError
	require.ErrorAs(t, err, &dns)
	return !dns.IsTemporary && !dns.IsTimeout
}
