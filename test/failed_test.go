// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failedFolder gets all that the processes of tests that failed have said, for CI to keep.
var failedFolder = filepath.Join("..", "dist", "failed")

// tell writes to a file all that the process has said and, where it runs, what each goroutine does,
// after which it has ended. It logs one line of that, none when the test had ended it: the assertion
// that failed stands above it, and has to be seen at the end of a long log.
func (p *process) tell(t *testing.T) {
	t.Helper()
	running, last := !p.ended(), lastWords(p.output.String())
	if running {
		p.showStacks()
	}
	said := p.output.String()
	file, err := keep(t.Name(), fmt.Sprintf("%s.%d.log", p.name, p.cmd.Process.Pid), said)
	switch {
	case err != nil:
		t.Logf("what %s said cannot be kept: %v", p.name, err)
	case running:
		t.Logf("%s was running, %s; its last words, in %s: %s", p.name, goroutines(said), file, last)
	case !p.asked.Load():
		t.Logf("%s had ended by itself, %s; its last words, in %s: %s", p.name, p.cmd.ProcessState, file, last)
	}
}

// showStacks lets the process say what each of its goroutines is doing, and end.
func (p *process) showStacks() {
	_ = p.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-p.done:
	case <-time.After(patience):
	}
}

func keep(test, name, said string) (file string, err error) {
	folder := filepath.Join(failedFolder, filepath.FromSlash(test))
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return "", err
	}
	file = filepath.Join(folder, name)
	return strings.TrimPrefix(file, ".."+string(filepath.Separator)), os.WriteFile(file, []byte(said), 0o600)
}

// lastWords returns the last line of a text, of a long one its beginning.
func lastWords(text string) string {
	const most = 200
	text = strings.TrimSpace(text)
	text = strings.TrimSpace(text[strings.LastIndex(text, "\n")+1:])
	return text[:min(len(text), most)]
}

// tail returns the end of a text, which is where a failure shows.
func tail(text string) string {
	const most = 100_000
	return text[max(0, len(text)-most):]
}

var (
	goroutineBegins = regexp.MustCompile(`(?m)^goroutine [1-9]\d* .*\[(.+)\]:$`)
	ownLine         = regexp.MustCompile(`(?m)^\tgithub\.com/otelcol-adobetarget/adobetargetexporter/(\S+)`)
)

// goroutines counts what those goroutines do that are in the code of this project, by its line and
// what they wait for, from the words of a process at SIGQUIT.
func goroutines(said string) string {
	begins := goroutineBegins.FindAllStringSubmatchIndex(said, -1)
	count := map[string]int{}
	for i, at := range begins {
		end := len(said)
		if i+1 < len(begins) {
			end = begins[i+1][0]
		}
		if own := ownLine.FindStringSubmatch(said[at[1]:end]); own != nil {
			count[own[1]+" ["+said[at[2]:at[3]]+"]"]++
		}
	}
	groups := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], strings.Compare(a, b))
	})
	for i, group := range groups {
		groups[i] = fmt.Sprintf("%d at %s", count[group], group)
	}
	return fmt.Sprintf("%d goroutines, %s", len(begins), strings.Join(groups[:min(len(groups), 8)], ", "))
}

func TestWhatAProcessSaysAtAFailureIsShort(t *testing.T) {
	target := startTarget(t)
	target.showStacks()
	said := target.output.String()
	require.Contains(t, said, "SIGQUIT")
	short := goroutines(said)
	assert.Contains(t, short, "1 at cmd/adobetarget/emulator_serve.go:")
	assert.Less(t, len(short), 1000)
	assert.NotContains(t, short, "\n")
	assert.Equal(t, "Error: no port", lastWords("first\nError: no port\n\n"))
}
