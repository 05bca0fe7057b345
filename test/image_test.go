// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// imageConfig is the configuration that the image has.
const imageConfig = "../deploy/docker/config.yaml"

// theImage is a container with a port for OTLP that is free here, and what sends to it.
type theImage struct {
	*container
	*visits
	metrics string
	args    []string
}

func newImage(t *testing.T, certificates string) *theImage {
	t.Helper()
	c := newContainer(t, certificates)
	port, health, metrics, grpc := freePort(t), freePort(t), freePort(t), freePort(t)
	return &theImage{
		container: c, visits: newVisits(port, 10),
		metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics),
		args: append(slices.Clone(c.image.cmd),
			fmt.Sprintf("--set=receivers.otlp.protocols.http.endpoint=127.0.0.1:%d", port),
			fmt.Sprintf("--set=receivers.otlp.protocols.grpc.endpoint=127.0.0.1:%d", grpc),
			fmt.Sprintf("--set=extensions.healthcheckv2.http.endpoint=127.0.0.1:%d", health),
			fmt.Sprintf("--config=yaml:service::telemetry::metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: %d, "+
				"without_type_suffix: true}}}}]}", metrics),
			"--set=exporters.adobe_target.outbox.merge_window=100ms"),
	}
}

// serves starts it in reach of this machine, and waits until it takes records.
func (i *theImage) serves(t *testing.T, env ...string) *process {
	t.Helper()
	p := i.start(t, false, env, i.args...)
	isReady(t, p)
	return p
}

func isReady(t *testing.T, p *process) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(p.output.String(), "Everything is ready") }, patience, tick)
}

// noCertificates is a bundle of none.
func noCertificates(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "none.crt")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	return file
}

func TestTheImageHoldsWhatTheReleasesPutThere(t *testing.T) {
	image := readDockerfile(t, "../deploy/docker/Dockerfile", map[string]string{"VERSION": "0.1.0", "REVISION": "abc"})
	var files []string
	for _, c := range image.copies {
		files = append(files, fmt.Sprintf("%s %s %s", c.source, c.target, c.owner))
	}
	assert.Equal(t, []string{
		"/etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt 0:0",
		"/state /var/lib/otelcol-adobetarget 10001:10001",
		"dist/linux_" + runtime.GOARCH + "/otelcol-adobetarget /otelcol-adobetarget 0:0",
		"deploy/docker/config.yaml /etc/otelcol-adobetarget/config.yaml 0:0",
	}, files)
	assert.Equal(t, "10001:10001", image.user)
	for label, want := range map[string]string{"version": "0.1.0", "revision": "abc", "licenses": "Apache-2.0"} {
		assert.Equal(t, want, image.labels["org.opencontainers.image."+label])
	}
	assert.ElementsMatch(t, portsOf(t, readYAML(t, imageConfig)), image.ports, "what is exposed is what listens")
}

func TestTheImageStartsWithoutArgumentsAndSaysWhatToSet(t *testing.T) {
	t.Parallel()
	c := newContainer(t, noCertificates(t))
	p := c.start(t, true, nil)
	isReady(t, p)
	assert.Contains(t, p.output.String(), "records are refused until the variable TARGET_CLIENT_CODE is set")
	p.end(t)
}

func TestTheImageRefusesRecordsUntilItKnowsWhoseTheyAre(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	i := newImage(t, noCertificates(t))
	p := i.serves(t, "TARGET_ENDPOINT="+target.url)
	status, said := i.offer(t)
	assert.Equal(t, http.StatusServiceUnavailable, status, "which is to be sent again")
	assert.Contains(t, said, "TARGET_CLIENT_CODE is not set")
	p.end(t)
	assert.Zero(t, target.stats(t).Attempts)

	p = i.serves(t, "TARGET_ENDPOINT="+target.url, "TARGET_CLIENT_CODE=acme")
	status, said = i.offer(t)
	assert.Equal(t, http.StatusOK, status, said)
	i.taken["v0"] = true
	i.arrive(t, target)
	p.end(t)
}

// offer sends a record of the visitor v0, and returns what is answered.
func (i *theImage) offer(t *testing.T) (status int, said string) {
	t.Helper()
	body := fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"mbox3rdPartyId","value":{"stringValue":"v0"}},`+
		`{"key":"profile.n","value":{"stringValue":%q}}]}]}]}]}`, i.value("v0"))
	resp, err := http.Post(i.url, "application/json", strings.NewReader(body)) //nolint:noctx // a loopback address of this test
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(text)
}

func TestTheImageTrustsItsOwnCertificatesAndNoOthers(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	target := startTarget(t, "--tls-cert", cert, "--tls-key", key)
	env := []string{"TARGET_ENDPOINT=" + target.url, "TARGET_CLIENT_CODE=acme"}

	i := newImage(t, noCertificates(t))
	p := i.serves(t, env...)
	require.True(t, i.send(t, 1))
	require.Eventually(t, func() bool { return strings.Contains(p.output.String(), faultBegins) }, patience, tick)
	p.end(t)
	assert.Contains(t, p.output.String(), "tls")

	i = newImage(t, cert)
	p = i.serves(t, env...)
	require.True(t, i.send(t, 1))
	require.Eventually(t, func() bool {
		text, err := get(i.metrics)
		return err == nil && page(text).sum("otelcol_adobe_target_records", `outcome="delivered"`) == 1
	}, patience, tick)
	p.end(t)
}

// TestTheImageKeepsOnItsVolumeWhatTargetDoesNotTake ends a container in an outage, and starts another one on its volume.
func TestTheImageKeepsOnItsVolumeWhatTargetDoesNotTake(t *testing.T) {
	t.Parallel()
	target := startTarget(t)
	target.set(t, "faults", []map[string]any{{"kind": "status", "status": 503}})
	env := []string{"TARGET_ENDPOINT=" + target.url, "TARGET_CLIENT_CODE=acme"}
	i := newImage(t, noCertificates(t))
	p := i.serves(t, env...)
	for range 5 {
		require.True(t, i.send(t, 10))
	}
	require.Eventually(t, func() bool { return target.stats(t).Faulted > 0 }, patience, tick)
	p.end(t)
	assert.Zero(t, target.stats(t).Accepted)

	target.set(t, "faults", []map[string]any{})
	next := newImage(t, noCertificates(t))
	next.volume, next.taken = i.volume, i.taken
	p = next.serves(t, env...)
	next.arrive(t, target)
	p.end(t)
}

// portsOf returns the ports that a configuration listens on.
func portsOf(t *testing.T, config map[string]any) (ports []string) {
	t.Helper()
	add := func(endpoint string) {
		at := strings.LastIndex(endpoint, ":")
		require.GreaterOrEqual(t, at, 0, endpoint)
		assert.Equal(t, "0.0.0.0", endpoint[:at], "from outside of the container it is reached by no other")
		ports = append(ports, endpoint[at+1:])
	}
	receivers, ok := config["receivers"].(map[string]any)
	require.True(t, ok)
	for _, receiver := range receivers {
		protocols, found := receiver.(map[string]any)["protocols"].(map[string]any)
		require.True(t, found)
		for name := range protocols {
			add(textOf(protocols, name, "endpoint"))
		}
	}
	extensions, ok := config["extensions"].(map[string]any)
	require.True(t, ok)
	add(textOf(extensions, "healthcheckv2", "http", "endpoint"))
	telemetry := config["service"].(map[string]any)["telemetry"].(map[string]any)
	for _, reader := range mapsOf(telemetry["metrics"].(map[string]any)["readers"]) {
		prometheus := reader["pull"].(map[string]any)["exporter"].(map[string]any)["prometheus"].(map[string]any)
		add(fmt.Sprintf("%s:%v", prometheus["host"], prometheus["port"]))
		for _, without := range []string{"scope_info", "type_suffix", "units"} {
			assert.Equal(t, true, prometheus["without_"+without], "the names that the alerts know")
		}
	}
	return ports
}
