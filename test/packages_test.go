// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	serviceUnit   = "otelcol-adobetarget.service"
	serviceConfig = "/etc/otelcol-adobetarget/config.yaml"
	serviceConf   = "/etc/otelcol-adobetarget/otelcol-adobetarget.conf"
	serviceToken  = "/etc/otelcol-adobetarget/token" //nolint:gosec // a path
	serviceState  = "/var/lib/otelcol-adobetarget"
	emulatorPort  = "127.0.0.1:8089"
)

// packager is how a machine installs a kind of packages. Debian's rpm asks to be told that it is to be used here.
type packager struct {
	format, ending           string
	install, upgrade, remove []string
	version                  []string
}

var packagers = []packager{
	{
		format: "deb", ending: ".deb", install: []string{"dpkg", "--install"}, upgrade: []string{"dpkg", "--force-confold", "--install"},
		remove:  []string{"dpkg", "--remove", "otelcol-adobetarget"},
		version: []string{"dpkg-query", "--showformat", "${Version}", "--show", "otelcol-adobetarget"},
	},
	{
		format: "rpm", ending: ".rpm", install: []string{"rpm", "--force-debian", "--nodeps", "--install"},
		upgrade: []string{"rpm", "--force-debian", "--nodeps", "--upgrade"},
		remove:  []string{"rpm", "--force-debian", "--nodeps", "--erase", "otelcol-adobetarget"},
		version: []string{"rpm", "--query", "--queryformat", "%{VERSION}", "otelcol-adobetarget"},
	},
}

// checkout is a copy of what the packages are made of, for tests that change a part of it.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"packaging", "scripts", "LICENSE", "README.md", "examples", "testdata"} {
		require.NoError(t, command("cp", "-r", filepath.Join("..", name), dir))
	}
	tools, err := filepath.Abs("../.tools")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(tools, filepath.Join(dir, ".tools")))
	return dir
}

// pack makes packages of a checkout and returns their folder.
func pack(t *testing.T, checkout, binaries, version, formats string) string {
	t.Helper()
	require.FileExists(t, filepath.Join(checkout, ".tools", "nfpm"), "run 'make .tools/nfpm' first")
	out := t.TempDir()
	c := exec.CommandContext(t.Context(), //nolint:gosec // our own script
		filepath.Join(checkout, "scripts", "packages.sh"), runtime.GOARCH, binaries, out)
	c.Env = append(os.Environ(), "VERSION="+version, "FORMATS="+formats, "SOURCE_DATE_EPOCH=1700000000")
	said, err := c.CombinedOutput()
	require.NoError(t, err, string(said))
	return out
}

// service is an installed one, with an emulator beside it.
type service struct {
	*guest
	packager
}

// put installs or upgrades by a package of a folder.
func (s *service) put(t *testing.T, how []string, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"+s.ending))
	require.NoError(t, err)
	require.Len(t, files, 1)
	file, err := os.Open(files[0])
	require.NoError(t, err)
	defer file.Close()
	there := "/run/packages/" + filepath.Base(files[0])
	s.write(t, there, file)
	t.Log(s.run(t, append(append([]string{}, how...), there)...))
}

// shows returns a property of the unit.
func (s *service) shows(t *testing.T, property string) string {
	t.Helper()
	return s.run(t, "systemctl", "show", "--value", "--property", property, serviceUnit)
}

// log returns what the unit said.
func (s *service) log(t *testing.T) string {
	t.Helper()
	return s.run(t, "journalctl", "--no-pager", "--output=cat", "--unit="+serviceUnit)
}

// set changes the emulator.
func (s *service) set(t *testing.T, what, body string) {
	t.Helper()
	_, err := s.call("PUT", emulatorPort, "/_emulator/"+what, body)
	require.NoError(t, err)
}

// take gives the collector a record of a visitor, once it listens.
func (s *service) take(t *testing.T, visitor string) {
	t.Helper()
	body := fmt.Sprintf(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[`+
		`{"key":"mbox3rdPartyId","value":{"stringValue":%q}},{"key":"profile.tier","value":{"stringValue":"gold"}}]}]}]}]}`, visitor)
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		_, err := s.call("POST", "127.0.0.1:4318", "/v1/logs", body)
		assert.NoError(c, err)
	}, patience, 4*tick)
}

// arrives waits until a visitor is in Target.
func (s *service) arrives(t *testing.T, visitor string) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		profiles, err := s.call("GET", emulatorPort, "/_emulator/profiles", "")
		require.NoError(c, err)
		assert.Contains(c, profiles, `"`+visitor+`"`)
	}, patience, 4*tick)
}

// attempts returns how many calls Target has seen.
func (s *service) attempts(t *testing.T) (seen int) {
	t.Helper()
	var stats struct{ Attempts int }
	answer, err := s.call("GET", emulatorPort, "/_emulator/stats", "")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(answer), &stats), answer)
	return stats.Attempts
}

func TestAPackageIsInstalledUpgradedAndRemoved(t *testing.T) {
	need(t, "dpkg", "rpm")
	first := checkout(t)
	second := checkout(t)
	config := filepath.Join(second, "packaging", "config.yaml")
	text := readFile(t, config) + "# What the next version says otherwise.\n"
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	binaries, err := filepath.Abs("../dist")
	require.NoError(t, err)
	binary(t, "otelcol-adobetarget")

	for _, p := range packagers {
		t.Run(p.format, func(t *testing.T) {
			s := &service{guest: bootGuest(t), packager: p}
			t.Cleanup(func() {
				if t.Failed() {
					said, _ := s.try("journalctl", "--no-pager", "--output=cat")
					t.Logf("the journal:\n%s", tail(said))
				}
			})
			s.put(t, p.install, pack(t, first, binaries, "0.1.0~dev.7", p.format))
			s.isInstalled(t)
			s.startsOnlyWithAClientCode(t)
			s.delivers(t)
			s.asksForTheToken(t)
			s.reloadsOnlyWhatIsValid(t)
			s.upgrades(t, pack(t, second, binaries, "0.1.0", p.format))
			s.goes(t)
		})
	}
}

func (s *service) isInstalled(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{
		"/usr/bin/otelcol-adobetarget":                 "755 root:root",
		"/usr/bin/adobetarget":                         "755 root:root",
		"/usr/lib/systemd/system/" + serviceUnit:       "644 root:root",
		serviceConfig:                                  "640 root:otelcol-adobetarget",
		serviceConf:                                    "640 root:otelcol-adobetarget",
		serviceState:                                   "750 otelcol-adobetarget:otelcol-adobetarget",
		"/usr/share/doc/otelcol-adobetarget/copyright": "644 root:root",
	} {
		assert.Equal(t, want, s.run(t, "stat", "--format", "%a %U:%G", path), path)
	}
	user := strings.Split(s.run(t, "getent", "passwd", "otelcol-adobetarget"), ":")
	assert.Equal(t, []string{serviceState, "/usr/sbin/nologin"}, user[5:])

	assert.Empty(t, s.run(t, "systemd-analyze", "verify", serviceUnit))
	// It goes from 0 to 100. What is left is that it reads files of this machine and talks over the network.
	s.run(t, "systemd-analyze", "security", "--offline=yes", "--threshold=12", "/usr/lib/systemd/system/"+serviceUnit)
}

func (s *service) startsOnlyWithAClientCode(t *testing.T) {
	t.Helper()
	said, err := s.try("systemctl", "is-enabled", serviceUnit)
	require.Error(t, err)
	assert.Equal(t, "disabled", said)
	assert.Equal(t, "inactive", s.shows(t, "ActiveState"))
	_, err = s.try("systemctl", "start", serviceUnit)
	require.Error(t, err)
	s.run(t, "systemctl", "stop", serviceUnit)
	assert.Contains(t, s.log(t), "client_code: required")
}

// delivers configures the service for an emulator, and sees a record through. There is no token yet.
func (s *service) delivers(t *testing.T) {
	t.Helper()
	s.run(t, "systemd-run", "--unit=emulator", "/usr/bin/adobetarget", "emulator", "--listen", emulatorPort)
	s.edit(t, serviceConf, "TARGET_CLIENT_CODE=\n", "TARGET_CLIENT_CODE=acme\n")
	s.edit(t, serviceConfig, "    visitor:", "    endpoint: http://"+emulatorPort+"\n    outbox: {merge_window: 100ms}\n    visitor:")
	s.run(t, "systemctl", "enable", "--now", serviceUnit)
	s.take(t, "v-first")
	s.arrives(t, "v-first")
	assert.Equal(t, "750 otelcol-adobetarget:otelcol-adobetarget", s.run(t, "stat", "--format", "%a %U:%G", serviceState))
	user := s.run(t, "stat", "--format", "%U", "/proc/"+s.shows(t, "MainPID"))
	assert.Equal(t, "otelcol-adobetarget", user)
}

func (s *service) asksForTheToken(t *testing.T) {
	t.Helper()
	s.set(t, "token", `{"token":"the-token"}`)
	s.edit(t, serviceConfig, "  # bearertokenauth:", "  bearertokenauth:")
	s.edit(t, serviceConfig, "    # auth:", "    auth:")
	s.edit(t, serviceConfig, "[file_storage/queue, file_storage/quota]", "[file_storage/queue, file_storage/quota, bearertokenauth]")
	s.run(t, "systemctl", "restart", serviceUnit)
	s.take(t, "v-token")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Contains(c, s.log(t), faultBegins)
	}, patience, 4*tick)

	s.write(t, serviceToken, strings.NewReader("the-token\n"))
	s.run(t, "chmod", "600", serviceToken)
	s.run(t, "systemctl", "restart", serviceUnit)
	s.arrives(t, "v-token")
	assert.NotContains(t, s.log(t), "the-token")
}

func (s *service) reloadsOnlyWhatIsValid(t *testing.T) {
	t.Helper()
	process := s.shows(t, "MainPID")
	s.edit(t, serviceConfig, "calls: 1000000", "calls: many")
	_, err := s.try("systemctl", "reload", serviceUnit)
	require.Error(t, err)
	s.edit(t, serviceConfig, "calls: many", "calls: 900000")
	s.run(t, "systemctl", "reload", serviceUnit)
	s.take(t, "v-reload")
	s.arrives(t, "v-reload")
	assert.Equal(t, process, s.shows(t, "MainPID"), "it is the process from before")
	assert.Equal(t, 900_000, s.metric(t, "otelcol_adobe_target_quota_limit"))
}

func (s *service) metric(t *testing.T, name string) int {
	t.Helper()
	text, err := s.call("GET", "127.0.0.1:8888", "/metrics", "")
	require.NoError(t, err)
	return page(text).sum(name)
}

// upgrades holds a record up, changes the version, and sees the record through. The calls of before count.
func (s *service) upgrades(t *testing.T, folder string) {
	t.Helper()
	s.set(t, "faults", `[{"kind":"status","status":503}]`)
	seen := s.attempts(t)
	s.take(t, "v-held")
	require.Eventually(t, func() bool { return s.attempts(t) > seen }, patience, 4*tick)
	config, environment := s.run(t, "cat", serviceConfig), s.run(t, "cat", serviceConf)
	process := s.shows(t, "MainPID")

	s.put(t, s.upgrade, folder)
	assert.Equal(t, "0.1.0", s.run(t, s.version...), "it is newer than the development version")
	assert.Equal(t, config, s.run(t, "cat", serviceConfig))
	assert.Equal(t, environment, s.run(t, "cat", serviceConf))
	assert.NotEqual(t, process, s.shows(t, "MainPID"), "the new version runs")
	s.set(t, "faults", `[]`)
	s.arrives(t, "v-held")
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		assert.Equal(c, s.attempts(t), s.metric(t, "otelcol_adobe_target_quota_used"), "every call counts, of each version")
	}, patience, 4*tick)

	s.run(t, "systemctl", "kill", "--kill-who=main", "--signal=KILL", serviceUnit)
	s.take(t, "v-killed")
	s.arrives(t, "v-killed")
}

// goes removes the package, and what it left.
func (s *service) goes(t *testing.T) {
	t.Helper()
	s.run(t, s.remove...)
	assert.Equal(t, "success", s.shows(t, "Result"), "it ended in time")
	_, err := s.try("systemctl", "cat", serviceUnit)
	require.Error(t, err, "the unit is gone")
	_, err = s.try("ls", "/etc/systemd/system/multi-user.target.wants/"+serviceUnit)
	require.Error(t, err, "and is not enabled")
	s.run(t, "ls", serviceState+"/queue/exporter_adobe_target__logs")
	if s.format != "deb" {
		assert.Contains(t, s.run(t, "cat", serviceConfig+".rpmsave"), emulatorPort)
		return
	}
	assert.Contains(t, s.run(t, "cat", serviceConfig), emulatorPort)
	s.run(t, "mount", "--bind", serviceState, serviceState) // a disk of its own can be emptied, and not be deleted
	s.run(t, "dpkg", "--purge", "otelcol-adobetarget")
	for _, gone := range []string{serviceConfig, serviceConf, serviceToken} {
		_, err := s.try("ls", "-d", gone)
		require.Error(t, err, gone)
	}
	assert.Empty(t, s.run(t, "ls", "-A", serviceState))
}
