// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is that of the repository.
const root = "../../../.."

// runDemo runs what make run runs, and returns the address of the page that it tells of.
func runDemo(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"otelcol-adobetarget", "adobetarget"} {
		_, err := os.Stat(filepath.Join(root, "dist", program))
		require.NoError(t, err, "make build makes it")
	}
	demo := filepath.Join(t.TempDir(), "demo")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-C", root, "-trimpath", "-o", demo, "./cmd/demo").CombinedOutput() //nolint:gosec // a folder of the test's own
	require.NoError(t, err, string(built))

	run := exec.CommandContext(t.Context(), demo, "-listen", "127.0.0.1:0") //nolint:gosec // it was built a line above
	run.Dir = root
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	run.WaitDelay = waitFor
	output, err := run.StdoutPipe()
	require.NoError(t, err)
	run.Stderr = run.Stdout
	require.NoError(t, run.Start())
	t.Cleanup(func() { _ = run.Wait() }) // its context ends before
	var said strings.Builder
	address := ""
	for lines := bufio.NewScanner(output); lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C ends it."); {
		said.WriteString(lines.Text() + "\n")
		if _, where, found := strings.Cut(lines.Text(), "the page "); found {
			address = strings.TrimSuffix(strings.TrimSpace(where), "/")
		}
	}
	require.NotEmpty(t, address, said.String())
	return address
}

// The way of a newcomer: make run, the page, a fault, a mapping.
func TestNewcomer_WatchesAFaultHoldUpCallsAndChangesAMapping(t *testing.T) {
	p := open(t, runDemo(t))
	p.waitText("#connection", "Live")
	p.waitText("#visitors td", "CRM-")
	p.waitText("#calls td", "200 accepted")

	p.fill(`#faults-form [name="count"]`, "1")
	p.clickOn("503, Retry-After 10 s")
	p.waitText("#calls td", "503 fault")
	// Behind the call that met the fault, and the few that were under way with it, come the ten seconds that the answer
	// asked for, and then calls again.
	p.wait(`(() => {
		const rows = [...document.querySelectorAll('#calls tbody tr')].reverse(); // the oldest first
		const at = (row) => { const [h, m, s] = row.cells[0].textContent.trim().split(':').map(Number); return (h * 60 + m) * 60 + s; };
		const met = rows.findIndex((row) => row.textContent.includes('503 fault'));
		return met >= 0 && rows.slice(met, met + 5).some((row, i, few) => i > 0 &&
			row.textContent.includes('200 accepted') && (at(row) - at(few[i - 1]) + 86400) % 86400 >= 9.9);
	})()`)
	p.waitText("#faults-none", "None is active")

	p.click("#to-try")
	p.waitText("#made td", "profile.loyaltyTier")
	config := eval[string](p, `document.querySelector('#config').value`)
	require.Contains(t, config, "parameter: loyaltyTier")
	p.fill("#config", strings.Replace(config, "parameter: loyaltyTier", "parameter: tierInStore", 1))
	p.waitText("#made td", "profile.tierInStore")
}
