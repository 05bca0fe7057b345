// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

	// sent are the records that the collector took.
	sent                               int
	delivered, skipped, rejected, held int
	lost, disorders, overQuota         int
	calls, restarts                    int
	took                               time.Duration
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

// compare counts the values that are not what the model says, and takes over what
// the emulator counted. What was not lost, skipped, rejected or held was delivered.
func (r *row) compare(t *testing.T, target *adobe, model map[string]map[string]string) {
	t.Helper()
	stats := target.stats(t)
	r.calls += stats.Attempts
	r.disorders += stats.Disorders + stats.NotNumbers
	r.overQuota += stats.OverQuota
	profiles := target.profiles(t)
	for visitor, values := range model {
		for name, value := range values {
			if profiles[visitor][name] != value {
				r.lost++
			}
		}
	}
	r.delivered = r.sent - r.skipped - r.rejected - r.held - r.lost
	assert.Zero(t, r.lost, "values that the collector took and that never arrived")
	assert.Zero(t, r.disorders, "older values after newer ones")
	assert.Zero(t, r.overQuota, "calls over the quota")
	t.Logf("%s: %s", r.proves, r)
}

func (r *row) String() string {
	return fmt.Sprintf("%d records sent, %d delivered, %d skipped, %d rejected, %d held, %d lost, %d out of order, %d over quota, %d calls, %d restarts",
		r.sent, r.delivered, r.skipped, r.rejected, r.held, r.lost, r.disorders, r.overQuota, r.calls, r.restarts)
}

func (s *table) broken() bool {
	for _, r := range s.rows {
		if r.lost != 0 || r.disorders != 0 || r.overQuota != 0 {
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
	text.WriteString("| scenario | sent | delivered | skipped | rejected | held | lost | out of order | over quota | calls | restarts | took |\n")
	text.WriteString("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
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
	r.lost += o.lost
	r.disorders += o.disorders
	r.overQuota += o.overQuota
	r.calls += o.calls
	r.restarts += o.restarts
	r.took += o.took
}

func (r *row) write(text *strings.Builder) {
	fmt.Fprintf(text, "| %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s |\n", r.proves, r.sent, r.delivered, r.skipped,
		r.rejected, r.held, r.lost, r.disorders, r.overQuota, r.calls, r.restarts, r.took.Round(time.Second))
}

// machine says where the table was made.
func machine() string {
	return fmt.Sprintf("%d cores, %s %s/%s, %s", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().UTC().Format(time.DateOnly))
}

// account holds the last counters of runs that ended gracefully against what was
// sent. Every record ends once; but for those of the batch that was being sent when
// a run ended, which the next run recovers and which may be sent, and then counted,
// twice.
func (r *row) account(t *testing.T, sender *sender, runs ...finalCounts) {
	t.Helper()
	var all finalCounts
	for _, run := range runs {
		all = all.plus(run)
	}
	sent := sender.sent()
	assert.Equal(t, sent.records, all.read, "records that the collector took")
	assert.GreaterOrEqual(t, all.ended(), all.read, "records without an outcome")
	assert.LessOrEqual(t, all.ended(), all.read+all.recovered, "records with two outcomes")
	r.sent += sent.records
	r.skipped += sent.withoutVisitor
	r.rejected += all.rejected
}
