// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package test // import "github.com/otelcol-adobetarget/adobetargetexporter/test"

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// taken is what the exporters of a scenario took together.
type taken struct {
	// records are all of them; withoutVisitor have to be skipped.
	records, withoutVisitor int
	// receipts are how many of them have one, counted from 1, by the parameter that
	// names the visitor. Where none has one, the last values tell that they arrived.
	receipts map[string]int
	// again are how many of them, at most, a receiver may have handed on once more.
	again int
	// rejects tells that some have to be rejected. In any other scenario none may be.
	rejects bool
	// model is what the profiles have to become.
	model map[string]map[string]string
}

// account holds what the collectors counted against what was sent, and against what
// one emulator saw.
type account struct {
	row    *row
	target *adobe
	// exporters get a copy of each record.
	exporters int
	// runs are those that have ended, in their order.
	runs []ended
}

// ended is a run that has ended, with its last counters. Of one that was killed only what it
// recovered is known.
type ended struct {
	finalCounts
	killed bool
}

// account opens one. It is for scenarios with a persistent queue and one target, of
// which a row may have several.
func (r *row) account(target *adobe) *account {
	return &account{row: r, target: target, exporters: 1}
}

// end ends a run gracefully and keeps its last counters.
func (a *account) end(t *testing.T, c *collector) time.Duration {
	t.Helper()
	took := c.end(t)
	assert.NotContains(t, tail(c.output.String()), "Dropping data", "the storage keeps all")
	a.runs = append(a.runs, ended{finalCounts: c.finals(t)})
	return took
}

// kill ends a run that leaves no counters.
func (a *account) kill(t *testing.T, c *collector) {
	t.Helper()
	recovered := c.metric("otelcol_adobe_target_records_recovered")
	require.GreaterOrEqual(t, recovered, 0, "what the run has recovered")
	c.kill(t)
	a.runs = append(a.runs, ended{finalCounts{recovered: recovered}, true})
}

// close waits until the profiles are what was sent and the last run holds nothing,
// ends that run, and adds to the row what became of the records.
func (a *account) close(t *testing.T, c *collector, s taken) {
	t.Helper()
	a.closeWithin(t, c, s, max(patience, lasts(0, 0.1)))
}

func (a *account) closeWithin(t *testing.T, c *collector, s taken, most time.Duration) {
	t.Helper()
	a.target.becomes(t, s.model, most)
	held := c.drained(t, most)
	a.end(t, c)
	assert.Zero(t, held, "records that are still held")
	seen := a.compare(t, s)
	all := a.total()
	a.row.sent += s.records
	a.row.held += held
	a.row.rejected += all.rejected
	if a.killed() { // what they counted is gone
		a.row.killed = true
		a.row.delivered += seen
		a.row.skipped += s.withoutVisitor
	} else {
		a.row.delivered += all.delivered
		a.row.skipped += all.skipped
		twice := all.ended() + held - s.records
		a.row.twice += twice
		a.row.again += s.again
		assert.GreaterOrEqual(t, twice, 0, "outcomes of all runs over one for each record")
		assert.LessOrEqual(t, twice, s.again, "outcomes of all runs over one for each record")
		assert.Equal(t, s.withoutVisitor, all.skipped, "records without a visitor")
	}
	a.balance(t, held)
	assert.Equal(t, s.rejects, all.rejected > 0, "%d records are rejected", all.rejected)
	a.answered(t, all.delivered, s)
	t.Logf("%s: %s", a.row.proves, a.row)
}

func (a *account) total() (all finalCounts) {
	for _, run := range a.runs {
		all = all.plus(run.finalCounts)
	}
	return all
}

func (a *account) killed() bool {
	return slices.ContainsFunc(a.runs, func(run ended) bool { return run.killed })
}

// balance looks at the counters of each run, also where others were killed: what it has left
// is what the next one recovers, to the record.
func (a *account) balance(t *testing.T, held int) {
	t.Helper()
	for i, run := range a.runs {
		if run.killed {
			continue
		}
		assert.Equal(t, a.exporters*run.read, run.received, "records that the exporters of run %d took", i)
		if i == len(a.runs)-1 {
			assert.Equal(t, held, run.left(), "records that the last run has left")
		} else {
			assert.Equal(t, a.runs[i+1].recovered, run.left(), "records that run %d has left, and what the next one has recovered", i)
		}
	}
	assert.Zero(t, a.runs[0].recovered, "records that the first run has recovered")
}

// answered holds what was counted as delivered against the calls that Target answered
// with success: a record was in one of them for each time that it was counted, but for one
// that was handed on again and merged with itself.
func (a *account) answered(t *testing.T, delivered int, s taken) {
	t.Helper()
	answered, withReceipt := 0, 0
	for parameter, kept := range a.target.receipts(t) {
		answered += kept.Accepted
		withReceipt += s.receipts[parameter]
	}
	without := s.records - s.withoutVisitor - withReceipt
	assert.LessOrEqual(t, delivered, answered+without+s.again, "records counted as delivered that Target did not take")
}

// compare holds what the emulator saw against what was sent: every record by its
// receipt, and every visitor's last values. It returns how many records arrived.
func (a *account) compare(t *testing.T, s taken) (seen int) {
	t.Helper()
	stats := a.target.stats(t)
	a.row.calls += stats.Attempts + stats.Deliveries + stats.Uploads + stats.Statuses
	a.row.disorders += stats.Disorders + stats.NotNumbers + max(0, stats.Overlaps-a.target.remade(t))
	a.row.overQuota += stats.OverQuota + stats.OverRate
	receipts := a.target.receipts(t)
	for parameter, n := range s.receipts {
		found := within(receipts[parameter], n)
		seen += found
		a.row.lost += n - found
		assert.Equal(t, n, found, "records that took effect, by their receipts: %v", receipts[parameter].Numbers)
	}
	profiles := a.target.profiles(t)
	wrong := 0
	for visitor, values := range s.model {
		for name, value := range values {
			if profiles[visitor][name] != value {
				wrong++
			}
		}
	}
	a.row.lost += wrong
	if len(s.receipts) == 0 {
		seen = max(0, s.records-s.withoutVisitor-wrong)
	}
	assert.Zero(t, wrong, "last values that the collector took and that never arrived")
	assert.Zero(t, a.row.disorders, "older values after newer ones, or before it was sure that the others took effect")
	assert.Zero(t, a.row.overQuota, "calls over the quota, or over the calls of a minute")
	return seen
}

// within counts the receipts from 1 to n.
func within(r emulator.Receipts, n int) (found int) {
	for _, numbers := range r.Numbers {
		found += max(0, min(numbers[1], n)-max(numbers[0], 1)+1)
	}
	return found
}
