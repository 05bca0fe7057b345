// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	soakTime   = flag.Duration("soak", 0, "how long the scenarios run together; 0 runs the short version of each")
	soakReport = flag.String("soak-report", "", "the file that gets the scenarios' table as markdown")
)

// TestMain shows the table of the scenarios when all of them have come to their end.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if err := scenarios.show(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if scenarios.broken() {
		code = 1
	}
	os.Exit(code)
}

// scenarios are the rows of the table, one of each scenario that has ended.
var scenarios table

type table struct {
	mu   sync.Mutex
	rows []row
}

// row is what became of the records of a scenario.
type row struct {
	name string
	// proves is what the scenario shows, in a few words.
	proves string

	// sent are the records that the exporters took.
	sent int
	// delivered, skipped and rejected are what the collectors counted in the end. Where
	// runs were killed nobody knows what those had counted: then delivered are the
	// records that the emulator saw, and skipped those without a visitor.
	delivered, skipped, rejected int
	killed                       bool
	// held are the records that the last run left, as its metrics said before its end.
	held int
	// twice are the outcomes over one for each record, and again those that are a receiver's, at
	// most. A row with killed runs has none.
	twice, again int
	// lost are the records that the emulator did not see, and the last values of a
	// visitor that it does not have.
	lost, disorders, overQuota int
	calls, restarts            int
	took                       time.Duration
}

// begin starts a scenario. Its row is shown when it has ended, also when it failed.
func begin(t *testing.T, proves string) *row {
	t.Helper()
	r := &row{name: strings.TrimPrefix(t.Name(), "Test"), proves: proves}
	began := time.Now()
	t.Cleanup(func() {
		r.took = time.Since(began)
		scenarios.mu.Lock()
		defer scenarios.mu.Unlock()
		scenarios.rows = append(scenarios.rows, *r)
	})
	return r
}

// lasts returns how long a scenario goes on: its share of the soak, or the short
// time.
func lasts(short time.Duration, share float64) time.Duration {
	if *soakTime == 0 {
		return short
	}
	return max(short, time.Duration(share*float64(*soakTime)))
}

func (r *row) String() string {
	return fmt.Sprintf("%d records sent, %d delivered, %d skipped, %d rejected, %d held, %s counted twice, %d lost, %d out of order, %d over quota, %d calls, %d restarts",
		r.sent, r.delivered, r.skipped, r.rejected, r.held, r.countedTwice(), r.lost, r.disorders, r.overQuota, r.calls, r.restarts)
}

func (r *row) countedTwice() string {
	if r.killed {
		return "?"
	}
	return strconv.Itoa(r.twice)
}

func (s *table) broken() bool {
	for _, r := range s.rows {
		if r.lost != 0 || r.held != 0 || r.twice < 0 || r.twice > r.again || r.disorders != 0 || r.overQuota != 0 {
			return true
		}
	}
	return false
}

// show prints the table of a soak, and writes it to the file if one is named.
func (s *table) show() error {
	if *soakTime == 0 || len(s.rows) == 0 {
		return nil
	}
	fmt.Print("\n" + s.markdown() + "\n")
	if *soakReport == "" {
		return nil
	}
	return os.WriteFile(*soakReport, []byte(s.markdown()), 0o600)
}

func (s *table) markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "`make soak DURATION=%s`, %s.\n\n", *soakTime, machine())
	text.WriteString("| scenario | sent | delivered | skipped | rejected | held | counted twice | lost | out of order | over quota | calls | restarts | took |\n")
	text.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	total := row{proves: "total"}
	for _, r := range s.rows {
		r.write(&text)
		total.add(r)
	}
	total.write(&text)
	return text.String()
}

func (r *row) add(o row) {
	r.sent += o.sent
	r.delivered += o.delivered
	r.skipped += o.skipped
	r.rejected += o.rejected
	r.held += o.held
	r.twice += o.twice
	r.lost += o.lost
	r.disorders += o.disorders
	r.overQuota += o.overQuota
	r.calls += o.calls
	r.restarts += o.restarts
	r.took += o.took
}

func (r *row) write(text *strings.Builder) {
	fmt.Fprintf(text, "| %s | %d | %d | %d | %d | %d | %s | %d | %d | %d | %d | %d | %s |\n", r.proves, r.sent, r.delivered, r.skipped,
		r.rejected, r.held, r.countedTwice(), r.lost, r.disorders, r.overQuota, r.calls, r.restarts, r.took.Round(time.Second))
}

// machine says where the table was made.
func machine() string {
	return fmt.Sprintf("%d cores, %s %s/%s, %s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.DateOnly))
}
