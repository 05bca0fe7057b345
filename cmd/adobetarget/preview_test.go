// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	previewConfig  = "testdata/preview.yaml"
	previewRecords = "testdata/records.jsonl"
)

// shown runs a command and returns what it wrote.
func shown(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// golden compares with a file. UPDATE_GOLDEN=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
	}
	assert.Equal(t, fileText(t, path), got)
}

func fileText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path) //nolint:gosec // of this test
	require.NoError(t, err)
	return string(text)
}

func TestPreview_Writes(t *testing.T) {
	for _, test := range []struct {
		golden string
		args   []string
	}{
		{"single.golden", nil},
		{"each.golden", []string{"--no-merge", "--show-ids"}},
		{"delivery.golden", []string{"--set", "exporters.adobe_target.route=delivery"}},
		{"bulk.golden", []string{"--config", "yaml:exporters::adobe_target::route: bulk"}},
		{"floats.golden", []string{"--floats"}},
		{"pretty.golden", []string{"--pretty"}},
		{"pretty-bulk.golden", []string{"--pretty", "--show-ids", "--set", "exporters.adobe_target.route=bulk"}},
	} {
		t.Run(test.golden, func(t *testing.T) {
			t.Setenv("COLUMNS", "100")
			code, stdout, stderr := shown(t, "", append([]string{"preview", "--config", previewConfig, "--records", previewRecords}, test.args...)...)

			assert.Equal(t, exitOK, code, stderr)
			assert.Empty(t, stderr)
			golden(t, test.golden, stdout)
			assert.NotContains(t, stdout, "secret-header")
			if strings.Contains(strings.Join(test.args, " "), "--show-ids") {
				assert.Contains(t, stdout, "customer-zoe")
			} else {
				assert.NotContains(t, stdout, "customer-zoe")
				assert.NotContains(t, stdout, "1368007744041")
				assert.NotContains(t, stdout, "amy")
				assert.NotContains(t, stdout, "slashes")
			}
		})
	}
}

func TestPreview_Ends(t *testing.T) {
	const record = `{"attributes":{"customer.id":"secret-id","loyalty.tier":"gold"}}`
	for _, test := range []struct {
		name, stdin string
		args        []string
		code        int
		says        string
	}{
		{"as expected", record, nil, exitOK, ""},
		{"with an outcome that is allowed", record, []string{"--fail-on", "no_visitor,skipped"}, exitOK, ""},
		{"with a record that is skipped", record + `{"body":{"a":1}}`, []string{"--fail-on", "skipped"}, exitFailure, "--fail-on: skipped 1"},
		{"with a reason", record + `{"body":{"a":1}}`, []string{"--fail-on", "too_large", "--fail-on", "no_visitor"}, exitFailure, "--fail-on: no_visitor 1"},
		{"with a parameter that is left out", `{"attributes":{"customer.id":"secret-id","loyalty.tier":""}}`, []string{"--fail-on", "dropped"}, exitFailure, "--fail-on: dropped 2"},
		{"without records", "\n \r\n", nil, exitFailure, "there were no records"},
		{"without any input", "", nil, exitFailure, "there were no records"},
		{"with OTLP without records", `{"resourceLogs":[]}`, nil, exitFailure, "there were no records"},
		{"with a broken record", record + "\n{\"attributes\":{\"customer.id\":\"secret-id\",", nil, exitUsage, "--records: line 2: is no JSON object"},
		{"with lines of text", "secret-id bought something", nil, exitUsage, "--as text"},
		{"with OTLP that is none", `{"resourceLogs":[{"scopeLogs":"secret-id"}]}`, nil, exitUsage, "line 1: has resourceLogs and cannot be read"},
		{"with another record after the first", record + "\n" + `{"secret-id":1}`, nil, exitUsage, "line 2: a record has the keys attributes, body"},
		{"with a file that is not there", "", []string{"--records", "nowhere"}, exitUsage, "--records: open nowhere"},
		{"with a file that is a folder", "", []string{"--records", "testdata"}, exitUsage, "--records:"},
		{"with an outcome without a name", record, []string{"--fail-on", ""}, exitUsage, "--fail-on: names no outcome"},
		{"with an unknown outcome", record, []string{"--fail-on", "lost"}, exitUsage, `--fail-on: "lost" is unknown, use some of skipped, dropped, condition`},
		{"with an unknown form", record, []string{"--as", "xml"}, exitUsage, `--as: "xml" is unknown, use one of auto, record`},
		{"with a set that is none", record, []string{"--set", "secret-id"}, exitUsage, "--set: must be key=value"},
		{"with another exporter", record, []string{"--exporter", "adobe_target/x"}, exitUsage, `no exporter "adobe_target/x", it has adobe_target`},
		{"with several exporters", record, []string{"--set", "exporters.adobe_target/second.client_code=acme"}, exitUsage, "choose one with --exporter: adobe_target, adobe_target/second"},
		{"with one of several exporters", record, []string{"--set", "exporters.adobe_target/second.client_code=acme", "--exporter", "adobe_target"}, exitOK, ""},
		{"with uploads of each record", record, []string{"--set", "exporters.adobe_target.route=bulk", "--no-merge"}, exitUsage, "route bulk merges"},
		{"with an unknown setting", record, []string{"--set", "exporters.adobe_target.rout=bulk"}, exitUsage, `exporters::adobe_target: unknown key "rout"`},
		{"with a wrong setting", record, []string{"--set", "exporters.adobe_target.concurrency=0"}, exitUsage, "exporters::adobe_target: concurrency: must be at least 1, got 0"},
		{"with a wrong entry", record, []string{"--set", "exporters.adobe_target.visitor=[{parameter: mboxPC}]"}, exitUsage, "exporters::adobe_target::visitor::0: set exactly one of"},
		{"with a configuration that is not there", record, []string{"--config", "nowhere.yaml"}, exitUsage, "nowhere.yaml"},
		{"with a scheme that is unknown", record, []string{"--config", "https://example.com/config"}, exitUsage, "unsupported scheme"},
		{"with an account in Redis, which is not asked", record, []string{"--set", "exporters.adobe_target.quota.redis.endpoint=127.0.0.1:1"}, exitOK, ""},
		{"with an argument", record, []string{"more"}, exitUsage, "unknown command"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, stdout, stderr := shown(t, test.stdin, append([]string{"preview", "--config", previewConfig}, test.args...)...)

			assert.Equal(t, test.code, code, stderr)
			if test.says == "" {
				assert.Empty(t, stderr)
			} else {
				assert.Contains(t, stderr, test.says)
			}
			assert.NotContains(t, stdout+stderr, "secret-id")
			assert.NotContains(t, stdout+stderr, "secret-header")
		})
	}
}

func TestPreview_NeedsAConfiguration(t *testing.T) {
	code, _, stderr := shown(t, "", "preview")

	assert.Equal(t, exitUsage, code)
	assert.Contains(t, stderr, "--config: required")
}

func TestPreview_WarnsOfAVariableThatIsNotSet(t *testing.T) {
	config := "yaml:{exporters: {adobe_target: {client_code: acme, headers: {Authorization: 'Bearer ${env:NOT_SET_ANYWHERE}'}}}}"
	code, _, stderr := shown(t, `{"attributes":{"mboxPC":"1","profile.a":1}}`, "preview", "--config", config)

	assert.Equal(t, exitOK, code, stderr)
	assert.Contains(t, stderr, "unset environment variable")
	assert.Contains(t, stderr, "NOT_SET_ANYWHERE")
}

// The commands of the documentation, and the sample of the repository, must do by themselves.
func TestPreview_ReadsTheSample(t *testing.T) {
	for _, route := range []string{"single", "delivery", "bulk"} {
		t.Run(route, func(t *testing.T) {
			t.Setenv("DEMO_ROUTE", route)
			code, stdout, stderr := shown(t, "", "preview", "--config", "../../examples/demo.yaml", "--records", "../../testdata/actions.jsonl")

			assert.Equal(t, exitOK, code, stderr)
			lines := strings.Split(strings.TrimSpace(stdout), "\n")
			var last struct {
				Summary struct {
					Records, Visitors, Calls int
					As, Route                string
					Skipped                  map[string]int
				}
			}
			require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &last))
			assert.Equal(t, 400, last.Summary.Records)
			assert.Equal(t, 103, last.Summary.Visitors)
			assert.Equal(t, "attributes", last.Summary.As)
			assert.Equal(t, route, last.Summary.Route)
			assert.Equal(t, map[string]int{"condition": 2, "invalid_visitor": 8, "no_parameters": 4, "no_visitor": 4}, last.Summary.Skipped)
			assert.Len(t, lines, 400+last.Summary.Calls+1)
		})
	}
}

func TestPreview_EndsQuietlyWhereNobodyReadsOn(t *testing.T) {
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"preview", "--config", previewConfig, "--records", previewRecords}, nil, brokenPipe{}, &stderr)

	assert.Equal(t, exitOK, code)
	assert.Empty(t, stderr.String())
}

// A signal must not end the process before it can say how: head, for one, closes the pipe.
func TestPreview_TheProcessEndsAsItSaysWhereNobodyReadsOn(t *testing.T) {
	preview := exec.CommandContext(t.Context(), built(t), "preview", "--config", previewConfig, "--records", previewRecords) //nolint:gosec // G204: it was just built
	reads, writes, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reads.Close())
	defer writes.Close()
	preview.Stdout = writes

	require.NoError(t, preview.Run())
}

// What was not written was not looked at either, so nothing says that all is as expected.
func TestPreview_FailsWhereTheOutputEndsBeforeWhatIsExpectedIsKnown(t *testing.T) {
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"preview", "--config", previewConfig, "--records", previewRecords, "--fail-on", "skipped"}, nil, brokenPipe{}, &stderr)

	assert.Equal(t, exitFailure, code)
	assert.Contains(t, stderr.String(), "the output ends before the records")
}

func TestPreview_FailsWhereTheOutputHasNoRoom(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer full.Close()
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"preview", "--config", previewConfig, "--records", previewRecords}, nil, full, &stderr)

	assert.Equal(t, exitFailure, code)
	assert.Contains(t, stderr.String(), "the output ends before the records")
	assert.NotContains(t, stderr.String(), "--records")
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

func TestPreview_EndsWithAnInterruptWhileItWaitsForRecords(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	stdin, records := io.Pipe()
	defer records.Close()
	var stdout, stderr bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"preview", "--config", previewConfig}, stdin, &stdout, &stderr)
	}()
	_, err := io.WriteString(records, `{"attributes":{"customer.id":"amy","loyalty.tier":"gold"}}`)
	require.NoError(t, err)
	interrupt()

	assert.Equal(t, exitFailure, <-ended)
	assert.Contains(t, stderr.String(), "interrupted")
}
