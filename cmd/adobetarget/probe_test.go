// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const probeVisitor = "mbox3rdPartyId=crm-secret"

func probed(t *testing.T, e *emulator.Emulator) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(func() {
		e.Close()
		server.Close()
	})
	return server
}

func newProbed(t *testing.T, settings emulator.Settings) (*emulator.Emulator, *httptest.Server) {
	t.Helper()
	settings.ClientCode = "acme"
	e, err := emulator.New(settings)
	require.NoError(t, err)
	return e, probed(t, e)
}

func probeConfig(t *testing.T, endpoint, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "collector.yaml")
	text := "exporters:\n  adobe_target/sandbox:\n    client_code: acme\n    endpoint: " + endpoint + "\n" + more
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// runProbe runs the command with two questions, which take two seconds.
func runProbe(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(ctx, append([]string{"probe", "--visitor", probeVisitor, "--only", "visitor,path", "--wait", "0s"}, args...), stdin, &out, &err)
	return code, out.String(), err.String()
}

func TestProbe_SaysWhetherTheConfigurationFits(t *testing.T) {
	for _, test := range []struct {
		name   string
		target emulator.Settings
		more   string
		code   int
		says   string
	}{
		{"it fits", emulator.Settings{}, "", exitOK, "fits     path"},
		{
			"it differs",
			emulator.Settings{Single: emulator.Single{Segment: emulator.SegmentLiteral}},
			"", exitFailure,
			"exporters:\n  adobe_target/sandbox:\n    api:\n      path: /m2/client/profile/update\n",
		},
		{"a token is asked for", emulator.Settings{Token: "s3cret"}, "", exitFailure, "a token is asked for"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, server := newProbed(t, test.target)
			code, stdout, stderr := runProbe(t.Context(), t, nil, "--config", probeConfig(t, server.URL, test.more), "--yes")

			assert.Equal(t, test.code, code, stderr)
			assert.Contains(t, stdout, test.says)
			assert.Contains(t, stderr, "never for production")
			assert.NotContains(t, stdout+stderr, "crm-secret")
		})
	}
}

func TestProbe_WritesJSONForMachines(t *testing.T) {
	_, server := newProbed(t, emulator.Settings{})
	code, stdout, _ := runProbe(t.Context(), t, nil, "--config", probeConfig(t, server.URL, ""), "--yes", "--json")

	assert.Equal(t, exitOK, code)
	var report struct {
		Exporter string `json:"exporter"`
		Calls    int    `json:"calls"`
		Findings []any  `json:"findings"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	assert.Equal(t, "adobe_target/sandbox", report.Exporter)
	assert.Equal(t, 3, report.Calls)
	assert.Len(t, report.Findings, 2)
}

func TestProbe_SendsTheTokenOfTheFileOrTheVariable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte("s3cret\n"), 0o600))
	for _, byFile := range []bool{true, false} {
		_, server := newProbed(t, emulator.Settings{Token: "s3cret"})
		args := []string{"--config", probeConfig(t, server.URL, "    auth: {authenticator: bearertokenauth}\n"), "--yes"}
		if byFile {
			args = append(args, "--token-file", file)
		} else {
			t.Setenv(probeTokenVariable, "s3cret")
		}
		code, stdout, stderr := runProbe(t.Context(), t, nil, args...)
		assert.Equal(t, exitOK, code, stderr)
		assert.NotContains(t, stdout+stderr, "s3cret")
	}
}

func TestProbe_RefusesAQuestionWithoutAName(t *testing.T) {
	code, stdout, stderr := shown(t, "", "probe", "--config", probeConfig(t, "http://127.0.0.1:1", ""), "--visitor", probeVisitor, "--yes", "--only", "")

	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--only: names no question")
	assert.Empty(t, stdout)
}

func TestProbe_RefusesAVariableThatHoldsMoreThanAToken(t *testing.T) {
	t.Setenv(probeTokenVariable, "s3cret\nand more")
	config := probeConfig(t, "http://127.0.0.1:1", "    auth: {authenticator: bearertokenauth}\n")

	code, stdout, stderr := runProbe(t.Context(), t, nil, "--config", config, "--yes")

	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "ADOBE_TARGET_TOKEN: must hold the token and nothing else")
	assert.NotContains(t, stdout+stderr, "s3cret")
}

func TestProbe_AsksNothingUnlessItIsTold(t *testing.T) {
	e, server := newProbed(t, emulator.Settings{RecordCalls: 1})
	config := probeConfig(t, server.URL, "")

	code, _, stderr := runProbe(t.Context(), t, strings.NewReader("y\n"), "--config", config)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "there is no terminal to ask on: say --yes")
	assert.Contains(t, stderr, "never for production", "the plan is there all the same")
	assert.Empty(t, e.Calls())
}

func TestProbe_GoesOnByYesAlone(t *testing.T) {
	for answer, goesOn := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "yesterday\n": false} {
		var stderr bytes.Buffer
		assert.Equal(t, goesOn, question(t.Context(), strings.NewReader(answer), &stderr), answer)
		assert.Contains(t, stderr.String(), "[y/N]")
	}
}

func TestProbe_DoesNotWaitForAnAnswerWhenItIsInterrupted(t *testing.T) {
	reader, writer := io.Pipe()
	assert.False(t, question(ended(t), reader, io.Discard))
	require.NoError(t, writer.Close())
}

func TestProbe_ThePlanComesBeforeAnyCall(t *testing.T) {
	var stderr bytes.Buffer
	planned := make(chan bool, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		planned <- strings.Contains(stderr.String(), "at most")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	var stdout bytes.Buffer
	code := run(t.Context(), []string{"probe", "--visitor", probeVisitor, "--config", probeConfig(t, server.URL, ""), "--yes"}, nil, &stdout, &stderr)

	assert.Equal(t, exitFailure, code)
	require.Len(t, planned, 1)
	assert.True(t, <-planned)
}

func TestProbe_RefusesWhatCannotBeAsked(t *testing.T) {
	config := probeConfig(t, "http://127.0.0.1:1", "")
	withAuth := probeConfig(t, "http://127.0.0.1:1", "    auth: {authenticator: bearertokenauth}\n")
	invalid := probeConfig(t, "http://127.0.0.1:1", "    route: post\n")
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"no configuration", nil, "--config: required"},
		{"a configuration that is not there", []string{"--config", "nowhere.yaml"}, "nowhere.yaml"},
		{"a configuration that is invalid", []string{"--config", invalid}, "route"},
		{"an exporter that is not there", []string{"--config", config, "--exporter", "adobe_target/production"}, "adobe_target/production"},
		{"a visitor that is none", []string{"--config", config, "--visitor", "crm-secret"}, "--visitor: must be"},
		{"an id that is none", []string{"--config", config, "--visitor", "mbox3rdPartyId=crm-secret/1"}, "--visitor: the mbox3rdPartyId"},
		{"a question that is none", []string{"--config", config, "--only", "everything"}, "--only"},
		{"a wait in the past", []string{"--config", config, "--wait", "-1s"}, "--wait"},
		{"auth without a token", []string{"--config", withAuth}, "--token-file"},
		{"a token file that is not there", []string{"--config", withAuth, "--token-file", "nowhere"}, "--token-file"},
		{"a token file that is empty", []string{"--config", withAuth, "--token-file", empty}, "--token-file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := runProbe(t.Context(), t, nil, append(test.args, "--yes")...)
			assert.Equal(t, exitUsage, code, stderr)
			assert.Contains(t, stderr, test.says)
			assert.Empty(t, stdout)
			assert.NotContains(t, stderr, "crm-secret")
		})
	}
}
