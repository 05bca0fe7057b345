// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ballast takes so many bytes of a disk, or what is left of it.
func ballast(t *testing.T, disk, name string, size int) {
	t.Helper()
	file, err := os.Create(filepath.Join(disk, name)) //nolint:gosec // in a folder of the test
	require.NoError(t, err)
	defer file.Close()
	block := make([]byte, 4096)
	for range size / len(block) {
		if _, err := file.Write(block); err != nil {
			assert.ErrorContains(t, err, "no space left on device")
			return
		}
	}
}

// fill sends requests until the disk is full to the last byte, and some more.
func fill(t *testing.T, v *visits, disk string) {
	t.Helper()
	for v.refused < 5 {
		v.send(t, 10)
		require.Less(t, v.next, 5000, "the disk does not get full")
	}
	ballast(t, disk, "rest", 1<<30)
	for range 5 {
		v.send(t, 10)
	}
	t.Logf("%d records taken before the disk was full, %d requests refused", len(v.taken), v.refused)
}

// unfill gives the disk its space back.
func unfill(t *testing.T, disk string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(disk, "ballast")))
	require.NoError(t, os.Remove(filepath.Join(disk, "rest")))
}

// post sends a request in JSON and tells whether it was taken.
func post(t *testing.T, url, body string) bool {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Post(url, "application/json", strings.NewReader(body)) //nolint:noctx // the client has a timeout
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// assertOnceEach asserts that each message stands in one line of the output.
func assertOnceEach(t *testing.T, output string, messages ...string) {
	t.Helper()
	for _, message := range messages {
		assert.Equal(t, 1, strings.Count(output, message), message)
	}
}

// assertDoesNotStart waits for the collector to end by itself, with an error that
// says why.
func assertDoesNotStart(t *testing.T, c *collector, why string) {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(patience):
		require.Fail(t, "the collector starts")
	}
	assert.NotZero(t, c.cmd.ProcessState.ExitCode())
	assert.Contains(t, c.output.String(), why)
	assert.NotContains(t, c.output.String(), "goroutine ", "a panic explains nothing")
}
