// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// podConfig is the configuration of a pod, as the plain manifests have it.
const podConfig = "../deploy/kubernetes/manifests/collector.yaml"

func TestTheValuesAndTheManifestsHaveOneConfiguration(t *testing.T) {
	const values = "../deploy/kubernetes/values.yaml"
	assert.Equal(t, readYAML(t, podConfig), readYAML(t, values)["alternateConfig"])
	assert.Equal(t, readYAML(t, inRedis(t, podConfig)), readYAML(t, inRedis(t, values))["alternateConfig"], "with the quota in Redis")
}

// inRedis returns the file with the quota in Redis, as its comments say.
func inRedis(t *testing.T, file string) string {
	t.Helper()
	other := filepath.Join(t.TempDir(), filepath.Base(file))
	require.NoError(t, os.WriteFile(other, []byte(swapped(t, readFile(t, file))), 0o600))
	return other
}

func TestThePodsConfigurationIsValidAndNamesTheClientCodeThatIsMissing(t *testing.T) {
	for _, file := range []string{podConfig, inRedis(t, podConfig)} {
		output, err := validate(t, []string{"TARGET_CLIENT_CODE=acme"}, file)
		require.NoError(t, err, output)
	}
	quota := readYAML(t, inRedis(t, podConfig))["exporters"].(map[string]any)["adobe_target"].(map[string]any)["quota"]
	assert.Contains(t, quota, "redis")
	assert.NotContains(t, quota, "instances")
	output, err := validate(t, []string{"TARGET_CLIENT_CODE="}, podConfig)
	require.Error(t, err)
	assert.Contains(t, output, "exporters::adobe_target: client_code: required")
}

// pod is the distribution with the configuration of a pod, which is its own only owner.
type pod struct {
	*process
	*visits
	probe string
}

func startPod(t *testing.T, endpoint string) pod {
	t.Helper()
	state := t.TempDir()
	token := filepath.Join(state, "token")
	require.NoError(t, os.WriteFile(token, []byte("a-token"), 0o600))
	front, owner, health := freePort(t), freePort(t), freePort(t)
	sets := map[string]string{
		"receivers.otlp/front.protocols.http.endpoint":       fmt.Sprintf("127.0.0.1:%d", front),
		"receivers.otlp/front.protocols.grpc.endpoint":       fmt.Sprintf("127.0.0.1:%d", freePort(t)),
		"receivers.otlp/owner.protocols.grpc.endpoint":       fmt.Sprintf("127.0.0.1:%d", owner),
		"exporters.load_balancing.resolver.static.hostnames": fmt.Sprintf("[127.0.0.1:%d]", owner),
		"extensions.healthcheckv2.http.endpoint":             fmt.Sprintf("127.0.0.1:%d", health),
		"extensions.bearertokenauth.filename":                token,
		"extensions.file_storage/queue.directory":            state + "/queue",
		"extensions.file_storage/queue.compaction.directory": state + "/queue",
		"extensions.file_storage/quota.directory":            state + "/quota",
		"exporters.adobe_target.client_code":                 "acme",
		"exporters.adobe_target.endpoint":                    endpoint,
		"exporters.adobe_target.outbox.merge_window":         "100ms",
		"exporters.adobe_target.retry_on_failure":            quickRetry,
		"service.telemetry.metrics.level":                    "none",
		"exporters.adobe_target.visitor":                     "[{parameter: mbox3rdPartyId, attribute: mbox3rdPartyId}]",
		"exporters.load_balancing.routing_attributes":        "[mbox3rdPartyId]",
	}
	args := []string{"--config", podConfig}
	for key, value := range sets {
		args = append(args, "--set="+key+"="+value)
	}
	p := pod{
		process: run(t, "otelcol-adobetarget", args...), visits: newVisits(front, 10),
		probe: fmt.Sprintf("http://127.0.0.1:%d/status", health),
	}
	isReady(t, p.process)
	return p
}

// answers returns what a probe is answered, and the component's own status.
func (p pod) answers(t require.TestingT) (code int, status string) {
	resp, err := http.Get(p.probe + "?verbose") //nolint:noctx // a loopback address of this test
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	type part struct {
		Status     string
		Components map[string]part
	}
	var whole part
	require.NoError(t, json.Unmarshal(text, &whole))
	return resp.StatusCode, whole.Components["pipeline:logs/owner"].Components["exporter:adobe_target"].Status
}

// TestAnOutageOfTargetLeavesTheProbesAlone has every way in which Target can be away last until the exporter reports it. A
// probe that then failed would restart all pods at once, for nothing.
func TestAnOutageOfTargetLeavesTheProbesAlone(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]map[string]any{
		"it answers 503":              {"kind": "status", "status": 503},
		"it refuses the token":        {"kind": "status", "status": 401},
		"it closes connections":       {"kind": "reset"},
		"nothing listens where it is": nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := startTarget(t)
			endpoint := target.url
			if fault == nil {
				endpoint = fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
			} else {
				target.set(t, "faults", []map[string]any{fault})
			}
			p := startPod(t, endpoint)
			p.answersSoon(t, "StatusOK")
			p.ready(t) // front and owner have found each other
			for range 5 {
				require.True(t, p.send(t, 10), "front and owner take records meanwhile")
			}
			p.answersSoon(t, "StatusRecoverableError")
			for range 20 { // it stays so, over several calls that fail
				code, _ := p.answers(t)
				require.Equal(t, http.StatusOK, code)
				require.True(t, p.send(t, 1))
			}
			if fault != nil {
				target.set(t, "faults", []map[string]any{})
				p.arrive(t, target)
				p.answersSoon(t, "StatusOK")
			}
			p.end(t)
			assert.NotContains(t, p.output.String(), "Log records rejected")
		})
	}
}

// answersSoon waits until the exporter has a status, and sees that the probe is answered 200 all the time.
func (p pod) answersSoon(t *testing.T, want string) {
	t.Helper()
	require.Eventually(t, func() bool {
		code, status := p.answers(t)
		require.Equal(t, http.StatusOK, code, status)
		return status == want
	}, patience, tick, want)
}

func TestTheProbesAreThoseOfTheConfiguration(t *testing.T) {
	for _, file := range []string{"../deploy/kubernetes/values.yaml", "../deploy/kubernetes/manifests/statefulset.yaml"} {
		assert.Equal(t, 3, strings.Count(readFile(t, file), "/status"), file)
	}
	health := readYAML(t, podConfig)["extensions"].(map[string]any)["healthcheckv2"].(map[string]any)
	assert.NotContains(t, health, "component_health", "with it an outage of Target would restart pods")
	assert.Equal(t, true, health["use_v2"])
}
