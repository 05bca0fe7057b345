// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// tokenFile is a file that holds a token, and a way in which it gets a new one.
type tokenFile struct {
	path    string
	replace func(t *testing.T, token string)
}

// rewritten is a file that is written again where it is.
func rewritten(t *testing.T, first string) tokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	f := tokenFile{path: path, replace: func(t *testing.T, token string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(token+"\n"), 0o600))
	}}
	f.replace(t, first)
	return f
}

// renamed is a file in whose place another one is moved.
func renamed(t *testing.T, first string) tokenFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	f := tokenFile{path: path, replace: func(t *testing.T, token string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".new", []byte(token), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}}
	f.replace(t, first)
	return f
}

// mounted is a file of a Kubernetes secret: a link into a folder that is itself a
// link, which is moved in one step to the folder of the new version.
func mounted(t *testing.T, first string) tokenFile {
	t.Helper()
	dir := t.TempDir()
	version := 0
	f := tokenFile{path: filepath.Join(dir, "token"), replace: func(t *testing.T, token string) {
		t.Helper()
		version++
		folder, before := fmt.Sprintf("..version-%d", version), filepath.Join(dir, fmt.Sprintf("..version-%d", version-1))
		require.NoError(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, folder, "token"), []byte(token), 0o600))
		require.NoError(t, os.Symlink(folder, filepath.Join(dir, "..data.new")))
		require.NoError(t, os.Rename(filepath.Join(dir, "..data.new"), filepath.Join(dir, "..data")))
		require.NoError(t, os.RemoveAll(before))
	}}
	f.replace(t, first)
	require.NoError(t, os.Symlink(filepath.Join("..data", "token"), f.path))
	return f
}

// TestATokenIsReplacedUnderLoad changes the token that Target wants, and a moment
// later or before it the file, again and again while records come in.
func TestATokenIsReplacedUnderLoad(t *testing.T) {
	const swaps = 6
	for name, create := range map[string]func(*testing.T, string) tokenFile{
		"rewritten in place": rewritten, "renamed": renamed, "mounted by Kubernetes": mounted,
	} {
		t.Run(name, func(t *testing.T) {
			target := startSequenced(t, "--token", "token-0", "--latency", "2ms")
			file := create(t, "token-0")
			port := freePort(t)
			c := startCollector(t, fmt.Sprintf(`
extensions:
  bearertokenauth: {filename: %s}
receivers:
  otlp: {protocols: {http: {endpoint: "127.0.0.1:%d"}}}
exporters:
  adobe_target:
    client_code: acme
    endpoint: %s
    auth: {authenticator: bearertokenauth}
    rate_limit: {enabled: false}
    outbox: {%s}
    retry_on_failure: %s
service:
  extensions: [bearertokenauth]
  pipelines:
    logs: {receivers: [otlp], exporters: [adobe_target]}
`, file.path, port, target.url, quickOutbox, quickRetry))
			s := newSender(overHTTP(port), 5)
			stop := s.start(t)
			defer stop()
			goesOn := func() {
				before := target.stats(t).Accepted
				require.Eventually(t, func() bool { return target.stats(t).Accepted > before+200 }, patience, tick)
			}
			isRefused := func() {
				before := target.stats(t).Unauthorized
				require.Eventually(t, func() bool { return target.stats(t).Unauthorized > before }, patience, tick)
			}
			goesOn()
			for swap := 1; swap <= swaps; swap++ {
				token := fmt.Sprintf("token-%d", swap)
				if swap%2 == 0 {
					file.replace(t, token)
					isRefused()
					target.set(t, "token", map[string]string{"token": token})
				} else {
					target.set(t, "token", map[string]string{"token": token})
					isRefused()
					file.replace(t, token)
				}
				goesOn()
			}
			stop()
			require.EventuallyWithT(t, func(col *assert.CollectT) {
				assert.Equal(col, s.model(), target.profiles(t))
			}, patience, tick)
			stats := target.stats(t)
			sent := s.sent()
			t.Logf("%d swaps, %d records, %d calls, %d unauthorized", swaps, sent.records, stats.Attempts, stats.Unauthorized)
			assert.Zero(t, stats.Disorders)
			c.settled(t, sent.records)
			assert.Equal(t, sent.records-sent.withoutVisitor, c.metric("otelcol_adobe_target_records", `outcome="delivered"`))
			c.end(t)
			assert.NotContains(t, c.output.String(), "token-", "no token is said")
		})
	}
}
