// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAReleaseThatIsNotToldOfEverywhereIsRefused runs scripts/release.sh in a small repository of version 0.2.0.
func TestAReleaseThatIsNotToldOfEverywhereIsRefused(t *testing.T) {
	const changelog = "# Changelog\n\n## v0.2.0\n\n### Bug fixes\n\n- `all`: Mend it. (#2)\n\n## v0.1.0\n\n- `all`: Begin. (#1)\n"
	for name, row := range map[string]struct{ tag, commit, entry, changelog, want string }{
		"the tag is of another version":          {"v0.3.0", "0.2.0", "", changelog, "the tag is v0.3.0, and builder-config.yaml has version 0.2.0"},
		"the commit is not the one of the tag":   {"v0.2.0", "0.2.0+1.gabc", "", changelog, "this commit is 0.2.0+1.gabc"},
		"an entry is not in the changelog":       {"v0.2.0", "0.2.0", "more.yaml", changelog, "make chlog-update VERSION=v0.2.0"},
		"the changelog has no section of it":     {"v0.2.0", "0.2.0", "", "## v0.1.0\n\n- `all`: Begin. (#1)\n", "CHANGELOG.md has nothing under '## v0.2.0'"},
		"a file is not as it was committed":      {"v0.2.0", "0.2.0", "", "", "files are not as they were committed"},
		"it is told of, and nothing is packaged": {"v0.2.0", "0.2.0", "", changelog, "dist/packages"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{
				"scripts/release.sh":    readFile(t, "../scripts/release.sh"),
				"scripts/version.sh":    "#!/bin/sh\necho " + row.commit + "\n",
				"builder-config.yaml":   "dist:\n  version: 0.2.0\n",
				"CHANGELOG.md":          row.changelog,
				".chloggen/config.yaml": "", ".chloggen/TEMPLATE.yaml": "", ".chloggen/" + row.entry: "",
			} {
				path := filepath.Join(dir, file)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
				if !strings.HasSuffix(file, "/") { // no entry
					require.NoError(t, os.WriteFile(path, []byte(text), 0o700)) //nolint:gosec // scripts have to be executable
				}
			}
			for _, args := range [][]string{{"init", "--quiet"}, {"add", "."}, {"commit", "--quiet", "--message", "A change"}} {
				require.NoError(t, command(append([]string{
					"git", "-C", dir, "-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false",
				}, args...)...))
			}
			if row.changelog == "" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "CHANGELOG.md"), []byte(changelog), 0o600))
			}
			c := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts", "release.sh")) //nolint:gosec // our own script
			c.Env = append(os.Environ(), "TAG="+row.tag)
			said, err := c.CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(said), row.want)
			if row.want == "dist/packages" {
				assert.Equal(t, "### Bug fixes\n\n- `all`: Mend it. (#2)\n\n", readFile(t, filepath.Join(dir, "dist", "release", "notes.md")))
			}
		})
	}
}
