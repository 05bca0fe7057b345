// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemoTellsWhatBecameOfTheRecordsAndLeavesNothingBehind(t *testing.T) {
	o, folder := demoOf(t, "")
	o.once = true
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, o, &out))

	assert.Contains(t, out.String(), "  read                          3  from "+o.data+"\n")
	assert.Contains(t, out.String(), "  delivered                     3  ")
	assert.Contains(t, out.String(), "  made                          3  3 seen by the emulator\n")
	assert.Contains(t, out.String(), "  mbox3rdPartyId crm-0\n    text                          one\n")
	assert.NotContains(t, out.String(), "Where to look")
	assertEmpty(t, folder)
}

func TestTheDemoOfUploadsTakesSecondsAndTellsTheirRows(t *testing.T) {
	o, folder := demoOf(t, "")
	o.once, o.route = true, routeBulk
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, o, &out))

	assert.Contains(t, out.String(), "  uploads                       1  3 rows in all, a visitor each\n")
	assert.Contains(t, out.String(), "  visitors                      3  updated\n")
	assert.Contains(t, out.String(), "  mbox3rdPartyId crm-0\n    text                          one\n")
	assertEmpty(t, folder)
}

func TestTheDemoStaysUntilItIsEnded(t *testing.T) {
	o, folder := demoOf(t, "")
	ctx, end := context.WithCancel(t.Context())
	defer end()
	out := &watched{text: "Ctrl-C ends it.", seen: end}
	require.NoError(t, run(ctx, nil, o, out))

	assert.Contains(t, out.String(), "/rest/v1/profiles/thirdPartyId/crm-0?client=demo\n")
	assert.Contains(t, out.String(), "/metrics\n")
	assert.Contains(t, out.String(), "/records.jsonl\n")
	assert.Contains(t, out.String(), "Ctrl-C again does not wait", "as a fault may be on")
	assertEmpty(t, folder)
}

func TestWhileTheDemoStaysTheRecordsComeAgain(t *testing.T) {
	d := demo{options: options{data: filepath.Join(t.TempDir(), "records")}, folder: t.TempDir()}
	require.NoError(t, os.WriteFile(d.data, []byte("one\n\ntwo"), 0o600))
	path, err := d.records()
	require.NoError(t, err)
	read := func() string {
		text, err := os.ReadFile(path) //nolint:gosec // G304: the test's own file
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, "one\n\ntwo\n", read())

	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.feed(ctx) }()
	require.Eventually(t, func() bool { return strings.HasSuffix(read(), "two\none\ntwo\none\n") }, time.Minute, 10*time.Millisecond)
	end()
	require.NoError(t, <-ended)
}

func TestAnAddressThatIsTakenIsLeftToWhoHasIt(t *testing.T) {
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	wanted := taken.Addr().String()
	assert.Equal(t, "other", freeOr(t.Context(), wanted, "other"))
	require.NoError(t, taken.Close())
	assert.Equal(t, wanted, freeOr(t.Context(), wanted, "other"))
}

func TestASignalThatComesTwiceEndsTheDemoInOrder(t *testing.T) {
	o, folder := demoOf(t, "")
	p := played(t, "demo", o.data)
	require.NoError(t, p.until(t.Context(), func() bool { return strings.Contains(p.tail(), "Ctrl-C ends it.") }))
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
	require.NoError(t, p.stop(nil))
	assert.Contains(t, p.tail(), "ended in order")
	assertEmpty(t, folder)
}

func TestTheDemoEndsInOrderWhenNobodyReadsItsOutput(t *testing.T) {
	o, folder := demoOf(t, "")
	reader, writer, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.Command(self, "-play", "demo", o.data) //nolint:gosec // G204: the test starts itself
	child.Stdout = writer
	require.NoError(t, child.Start())
	require.NoError(t, writer.Close())
	require.NoError(t, child.Wait())
	assertEmpty(t, folder)
}

func TestTheDemoEndsWhenItIsEndedBeforeAnythingRuns(t *testing.T) {
	o, folder := demoOf(t, "")
	ctx, end := context.WithCancel(t.Context())
	end()
	require.NoError(t, run(ctx, nil, o, io.Discard))
	assertEmpty(t, folder)
}

func TestWhatGoesWrongIsSaidWithTheEndOfTheLog(t *testing.T) {
	for behaves, want := range map[string][]string{
		"collector does not start": {"the collector has ended; the end of its log:", "Error: failed to build pipelines"},
		"collector holds a record": {"the collector has records left after 2s: 1; the end of its log:"},
		"emulator says something else": {
			"the emulator does not say where it listens; the end of its log:", "hello",
		},
	} {
		t.Run(behaves, func(t *testing.T) {
			o, folder := demoOf(t, behaves)
			o.wait = 2 * time.Second
			err := run(t.Context(), nil, o, io.Discard)
			for _, text := range want {
				require.ErrorContains(t, err, text)
			}
			assertEmpty(t, folder)
		})
	}
}

func TestMissingFilesAreNamedWithWhatMakesThem(t *testing.T) {
	o, err := parseOptions([]string{"-data", "no/such/file", "-once"}, io.Discard)
	require.NoError(t, err)
	assert.True(t, o.once)

	o.collector, o.emulator, o.config = t.TempDir(), os.Args[0], os.Args[0]
	err = o.check()
	require.ErrorContains(t, err, "-collector: "+o.collector+" is no file; make build makes it")
	require.ErrorContains(t, err, "-data: no/such/file is no file; run the demo from the root of the repository")
	assert.NotContains(t, err.Error(), "-emulator")
}

func TestOnlyFlagsAreTaken(t *testing.T) {
	_, err := parseOptions([]string{"something"}, io.Discard)
	require.ErrorContains(t, err, "only flags are taken")
	_, err = parseOptions([]string{"-nonsense"}, io.Discard)
	assert.Error(t, err)
}

func TestLinesWithoutContentAreNotCounted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	require.NoError(t, os.WriteFile(path, []byte("one\n\n  \ntwo\nthree"), 0o600))
	n, err := countLines(path)
	require.NoError(t, err)
	assert.Equal(t, 3, n)
}

// demoOf returns options whose programs are stand-ins, and the folder in which
// the demo makes its own.
func demoOf(t *testing.T, behaves string) (options, string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	data := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.WriteFile(data, []byte("one\ntwo\nthree\n"), 0o600))
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv(behavior, behaves)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or the race detector holds up the end of each stand-in
	return options{collector: self, emulator: self, config: "demo.yaml", data: data, listen: "127.0.0.1:0", wait: time.Minute}, folder
}

func assertEmpty(t *testing.T, folder string) {
	t.Helper()
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// watched is an output that calls seen once the text has been written.
type watched struct {
	bytes.Buffer
	text string
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.text) {
		w.seen()
	}
	return n, err
}
