// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	adobetarget "github.com/otelcol-adobetarget/adobetargetexporter"
)

// need skips a test that needs programs of Linux, and fails it in CI, where scripts/debian.sh installs them.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			require.NotEqual(t, "true", os.Getenv("CI"), "%s is missing", program)
			t.Skipf("%s is missing", program)
		}
	}
}

// programs returns a folder of two files with the names of the programs, of some age and of a user's mode.
func programs(t *testing.T, age time.Duration, mode os.FileMode) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"otelcol-adobetarget", "adobetarget"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"), mode))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	return dir
}

func TestTheSameFilesGiveTheSamePackages(t *testing.T) {
	need(t, "dpkg", "rpm")
	const version = "0.1.0"
	one := pack(t, checkout(t), programs(t, 0, 0o700), version, "deb rpm tar.gz")
	later := checkout(t)
	require.NoError(t, command("find", later, "-exec", "touch", "--no-dereference", "--date=1 hour ago", "{}", "+"))
	other := pack(t, later, programs(t, time.Hour, 0o755), version, "deb rpm tar.gz")

	made, err := filepath.Glob(filepath.Join(one, "*"))
	require.NoError(t, err)
	require.Len(t, made, 4)
	for _, path := range made {
		name := filepath.Base(path)
		assert.True(t, readFile(t, path) == readFile(t, filepath.Join(other, name)), "%s differs from run to run", name) //nolint:testifylint // not to show them
	}
}

func TestAnArchiveHoldsAProgramAndWhatItsUserReads(t *testing.T) {
	need(t, "dpkg", "rpm") // beside them is the tar of GNU
	out := pack(t, checkout(t), programs(t, 0, 0o700), "0.1.0", "tar.gz")
	for _, program := range []string{"otelcol-adobetarget", "adobetarget"} {
		modes := listed(t, filepath.Join(out, fmt.Sprintf("%s_0.1.0_linux_%s.tar.gz", program, runtime.GOARCH)))
		for name, want := range map[string]int64{
			program: 0o755, "LICENSE": 0o644, "README.md": 0o644, "examples/demo.yaml": 0o644, "testdata/actions.jsonl": 0o644,
		} {
			assert.Equal(t, want, modes[name], "%s in the archive of %s", name, program)
		}
	}
}

// listed returns the modes of the files in an archive, which all belong to root.
func listed(t *testing.T, archive string) map[string]int64 {
	t.Helper()
	file, err := os.Open(archive) //nolint:gosec // made by this test
	require.NoError(t, err)
	defer file.Close()
	plain, err := gzip.NewReader(file)
	require.NoError(t, err)
	modes := map[string]int64{}
	for entries := tar.NewReader(plain); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return modes
		}
		require.NoError(t, err)
		assert.Zero(t, entry.Uid+entry.Gid, entry.Name)
		modes[entry.Name] = entry.Mode
	}
}

// TestVersionsSortInTheOrderOfTheirCommits follows a history over two releases, and asks those who sort.
func TestVersionsSortInTheOrderOfTheirCommits(t *testing.T) {
	need(t, "dpkg", "rpm", "git")
	dir := t.TempDir()
	require.NoError(t, command("cp", "-r", "../scripts", dir))
	git := func(args ...string) {
		require.NoError(t, command(append([]string{
			"git", "-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false",
		}, args...)...))
	}
	next := func(version string) {
		manifest := "dist:\n  version: " + version + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "builder-config.yaml"), []byte(manifest), 0o600))
	}
	var versions []string
	says := func() {
		said, err := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts", "version.sh")).Output() //nolint:gosec // our own script
		require.NoError(t, err)
		versions = append(versions, strings.TrimSpace(string(said)))
	}
	commit := func() {
		git("commit", "--quiet", "--allow-empty", "--message", "A change")
		says()
	}
	tag := func(name string) {
		git("tag", name)
		says()
	}
	git("init", "--quiet")
	next("0.1.0")
	commit()
	commit()
	tag("v0.1.0-rc.1")
	commit()
	tag("v0.1.0")
	commit()
	next("0.2.0")
	commit()
	tag("v0.2.0")

	forms := []string{
		`0\.1\.0~dev\.1\.g\w+`, `0\.1\.0~dev\.2\.g\w+`, `0\.1\.0~rc\.1`, `0\.1\.0~rc\.1\+1\.g\w+`, `0\.1\.0`,
		`0\.1\.0\+1\.g\w+`, `0\.2\.0~dev\.2\.g\w+`, `0\.2\.0`,
	}
	require.Len(t, versions, len(forms))
	for i, form := range forms {
		assert.Regexp(t, "^"+form+"$", versions[i])
		if i == 0 {
			continue
		}
		require.NoError(t, command("dpkg", "--compare-versions", versions[i-1], "lt", versions[i]))
		compared, err := exec.CommandContext(t.Context(), "rpm", "--eval", //nolint:gosec // versions of this test
			fmt.Sprintf(`%%{lua:print(rpm.vercmp(%q, %q))}`, versions[i-1], versions[i])).Output()
		require.NoError(t, err)
		assert.Equal(t, "-1", strings.TrimSpace(string(compared)), "%s and %s by rpm", versions[i-1], versions[i])
	}
}

func TestTheServiceHasTimeToEnd(t *testing.T) {
	unit := readFile(t, "../packaging/otelcol-adobetarget.service")
	found := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	require.NotNil(t, found)
	seconds, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	defaults, isOurs := adobetarget.NewFactory().CreateDefaultConfig().(*adobetarget.Config)
	require.True(t, isOurs)
	// What docs/service.md says of the grace period, and what a busy disk may take.
	takes := defaults.DrainTimeout + defaults.ClientConfig.Timeout + time.Second
	assert.GreaterOrEqual(t, time.Duration(seconds)*time.Second, takes+10*time.Second)
	assert.True(t, strings.Contains(readFile(t, "../docs/service.md"), fmt.Sprintf("allows %d s", seconds)), "docs/service.md says otherwise") //nolint:testifylint // not to show the page
}
