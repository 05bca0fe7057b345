// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// debian runs a copy of scripts/debian.sh for a program, with no commands but those that are linked, and these scripts. It
// returns what it says and where its copy is.
func debian(t *testing.T, program string, scripts map[string]string) (said, dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	bin := filepath.Join(dir, "bin")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "scripts"), 0o700))
	require.NoError(t, os.Mkdir(bin, 0o700))
	copied := filepath.Join(dir, "scripts", "debian.sh")
	require.NoError(t, os.WriteFile(copied, []byte(readFile(t, "../scripts/debian.sh")), 0o600))
	for _, name := range []string{"dirname", "id", "ln", "mkdir", "mktemp", "mv", "rm", "tar"} {
		if scripts[name] != "" {
			continue
		}
		path, missing := exec.LookPath(name)
		require.NoError(t, missing)
		require.NoError(t, os.Symlink(path, filepath.Join(bin, name)))
	}
	for name, script := range scripts {
		//nolint:gosec // a script has to be executable
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+script), 0o700))
	}
	c := exec.CommandContext(t.Context(), "/bin/sh", copied, program) //nolint:gosec // our own script
	c.Dir = dir
	c.Env = []string{"PATH=" + bin, "ASKED=" + filepath.Join(dir, "asked")}
	output, err := c.CombinedOutput()
	return string(output), dir, err
}

// To install prometheus starts a server and takes rights that a test has no business with.
func TestPromtoolIsTakenOutOfItsPackageAndNothingIsInstalled(t *testing.T) {
	said, dir, err := debian(t, "promtool", map[string]string{
		"apt-get":  `echo "$*" >> "$ASKED"; case " $* " in *" download prometheus "*) : > prometheus.deb ;; *) exit 100 ;; esac`,
		"dpkg-deb": `mkdir -p usr/bin; echo it > usr/bin/promtool; tar -cf - ./usr/bin/promtool`,
		"sudo":     `echo "sudo $*" >> "$ASKED"; exit 1`,
	})
	require.NoError(t, err, said)
	assert.FileExists(t, filepath.Join(dir, ".tools", "promtool"))
	asked := readFile(t, filepath.Join(dir, "asked"))
	assert.NotContains(t, asked, "install")
	assert.NotContains(t, asked, "sudo")
}

func TestWherePromtoolCannotBeHadItIsSaidHowToGetIt(t *testing.T) {
	for name, scripts := range map[string]map[string]string{
		"without apt":       {},
		"without a network": {"apt-get": "exit 100", "dpkg-deb": "exit 1"},
	} {
		said, dir, err := debian(t, "promtool", scripts)
		require.Error(t, err, name)
		assert.Contains(t, said, "brew install prometheus", name)
		assert.NoDirExists(t, filepath.Join(dir, ".tools"), name)
	}
}

func TestPromtoolThatIsThereIsLeftAlone(t *testing.T) {
	said, dir, err := debian(t, "promtool", map[string]string{"promtool": "exit", "apt-get": `echo "$*" >> "$ASKED"`})
	require.NoError(t, err, said)
	assert.Empty(t, said)
	assert.NoFileExists(t, filepath.Join(dir, "asked"))
}

// The program of the server is in the package of the tools, which starts none.
func TestRedisIsLinkedFromItsToolsAndNoServerIsInstalled(t *testing.T) {
	said, dir, err := debian(t, "redis-server", map[string]string{
		"id": "echo 0",
		"apt-get": `echo "$*" >> "$ASKED"
case " $* " in *" install "*" redis-tools "*) ln -s "$0" "${ASKED%asked}bin/redis-check-rdb" ;; *) exit 100 ;; esac`,
	})
	require.NoError(t, err, said)
	to, err := os.Readlink(filepath.Join(dir, ".tools", "redis-server"))
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(dir, "bin", "redis-check-rdb"), to)
	assert.NotContains(t, readFile(t, filepath.Join(dir, "asked")), "redis-server")
}
