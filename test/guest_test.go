// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// guest is a machine with a systemd, a root file system and a network of its own, which ends with the test. It sees
// what is on the root file system of this one, and changes nothing of it.
type guest struct {
	enter []string // the command by which others run in it
}

// bootGuest starts one, which only root may. In CI who is not root becomes it by sudo; elsewhere the test is skipped.
func bootGuest(t *testing.T) *guest {
	t.Helper()
	var asRoot []string
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "true" {
			t.Skip("only root can start a machine of its own")
		}
		asRoot = []string{"sudo", "-n"}
	}
	need(t, "unshare", "nsenter", "systemctl")
	script, err := filepath.Abs("guest.sh")
	require.NoError(t, err)
	args := append(asRoot, "sh", script, t.TempDir())                                        //nolint:gocritic // a new list
	systemd := exec.CommandContext(context.WithoutCancel(t.Context()), args[0], args[1:]...) //nolint:gosec // our own script
	said := &lockedBuffer{}
	systemd.Stderr = said
	in, err := systemd.StdinPipe()
	require.NoError(t, err)
	out, err := systemd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, systemd.Start())
	t.Cleanup(func() {
		_ = in.Close() // which ends the machine
		_ = systemd.Wait()
		if t.Failed() {
			t.Logf("the machine said:\n%s", tail(said.String()))
		}
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	leader, found := strings.CutPrefix(strings.TrimSpace(line), "leader ")
	require.True(t, found, "no machine of its own could be made: %s", said)
	g := &guest{
		enter: append(asRoot, "nsenter", "--target", leader, "--mount", "--pid", "--cgroup", "--net", "--uts", "--ipc", "--root", "--wd"),
	}
	require.Eventually(t, func() bool {
		said, _ := g.try("systemctl", "is-system-running")
		return said == "running" || said == "degraded"
	}, patience, tick, "systemd does not start")
	return g
}

// command returns one that runs in the machine.
func (g *guest) command(args ...string) *exec.Cmd {
	all := append(append([]string{}, g.enter...), args...)
	return exec.Command(all[0], all[1:]...) //nolint:gosec,noctx // commands of the tests
}

// try runs a command in the machine and returns what it says.
func (g *guest) try(args ...string) (string, error) {
	said, err := g.command(args...).CombinedOutput()
	return strings.TrimSpace(string(said)), err
}

// run runs a command in the machine that succeeds.
func (g *guest) run(t *testing.T, args ...string) string {
	t.Helper()
	said, err := g.try(args...)
	require.NoError(t, err, "%s: %s", strings.Join(args, " "), said)
	return said
}

// write writes a file as root, and makes its folder.
func (g *guest) write(t *testing.T, path string, content io.Reader) {
	t.Helper()
	c := g.command("sh", "-c", `mkdir -p "$(dirname "$0")" && cat >"$0"`, path)
	c.Stdin = content
	said, err := c.CombinedOutput()
	require.NoError(t, err, string(said))
}

// edit replaces what stands once in a file.
func (g *guest) edit(t *testing.T, path, before, after string) {
	t.Helper()
	text := g.run(t, "cat", path)
	require.Equal(t, 1, strings.Count(text, before), "%q in %s", before, path)
	g.write(t, path, strings.NewReader(strings.Replace(text, before, after, 1)+"\n"))
}

// call makes a request to a port of the machine, and returns the body of a good answer. Bash connects, as every
// machine has it.
func (g *guest) call(method, address, path, body string) (string, error) {
	request, err := http.NewRequest(method, "http://"+address+path, strings.NewReader(body)) //nolint:noctx // it is only written
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Close = true
	var in bytes.Buffer
	if unwritten := request.Write(&in); unwritten != nil {
		return "", unwritten
	}
	c := g.command("timeout", "20", "bash", "-c", `exec 3<>"/dev/tcp/${0%:*}/${0#*:}" && cat >&3 && cat <&3`, address)
	c.Stdin = &in
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", method, path, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(out)), request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return string(answer), err
}
