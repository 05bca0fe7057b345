// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var crashSeeds = flag.Uint64("crash-seeds", 12, "how many lives of an exporter the crash model goes through")

const (
	crashPersons    = 24
	crashProducers  = 2
	crashQuota      = 100
	crashQuotaTime  = time.Minute
	crashLongestRun = 20 * time.Second
)

// TestExporter_KeepsTheLatestValuesOverAnyCrashes lets processes be killed one after another,
// at any operation of their storage and at any call, and holds what Target has seen against
// what the exporter had accepted.
func TestExporter_KeepsTheLatestValuesOverAnyCrashes(t *testing.T) {
	for seed := range *crashSeeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newCrashModel(t, seed).lives(6) })
		})
	}
}

// crashModel is what processes, one after another, have accepted.
type crashModel struct {
	t       *testing.T
	random  *crashRandom
	target  *crashTarget
	folder  string
	remaps  bool          // the visitor is found elsewhere in some runs
	faulty  bool          // the storage fails at times
	cuts    bool          // a kill may cut a batch of the storage
	crowded bool          // the outbox has room for a few visitors only
	bulky   bool          // an update may be more than a call carries
	scarce  bool          // the quota is used up again and again
	commas  bool          // an update may hold what no upload carries
	longest time.Duration // of a process
	// parameters is how many there are of a visitor.
	parameters int
	// uploads are how updates go by uploads, nil where they do not.
	uploads *crashByUploads
	// counted is whether the storage has always been as the exporter believes.
	counted  bool
	rejected int64 // of all processes

	mu       sync.Mutex
	last     int
	accepted map[string]map[string]int // by person and parameter
}

func newCrashModel(t *testing.T, seed uint64) *crashModel {
	t.Helper()
	m := &crashModel{
		t: t, random: newCrashRandom(seed), folder: t.TempDir(), accepted: make(map[string]map[string]int), counted: true, longest: crashLongestRun, parameters: 3,
		remaps: seed%4 == 1, faulty: seed%4 == 2, cuts: seed%4 == 3, crowded: seed%3 == 1, bulky: seed%5 == 4, scarce: seed%6 == 0,
	}
	m.target = newCrashTarget(m.random)
	m.target.status, m.target.failing = http.StatusServiceUnavailable, 6
	if m.crowded {
		// A visitor who fails alone would be given up for another.
		m.target.status = http.StatusTooManyRequests
	} else {
		m.target.poison = map[string]bool{"p0": true, "h0": true}
	}
	return m
}

// lives goes through so many processes and a last one, and compares.
func (m *crashModel) lives(processes int) {
	for range processes {
		m.run()
	}
	m.drain()
	m.compare()
}

// start starts the next process.
func (m *crashModel) start(moments int) (*crashRun, error) {
	cfg := crashConfig()
	cfg.Quota.Window, cfg.Quota.Reservation = crashQuotaTime, 1+m.random.IntN(10)
	if m.scarce {
		cfg.Quota.Calls = crashQuota
	}
	cfg.Concurrency = 1 + m.random.IntN(4)
	cfg.QueueConfig.Get().QueueSize = 60
	cfg.Outbox.GiveUpAfter = 0
	cfg.Outbox.MergeWindow = time.Duration(m.random.IntN(2)) * time.Second
	if m.crowded {
		cfg.Outbox.MaxVisitors = 2
	}
	cfg.Visitor = []mapping.VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Attribute: "person"}}
	if m.remaps && m.random.chance(2) {
		cfg.Visitor[0].Attribute = "household"
	}
	if m.uploads != nil {
		m.uploads.configure(cfg)
	}
	process := newCrashProcess(m.t, m.random, m.folder, moments)
	process.cuts = m.cuts
	return startCrashRun(process, m.target, cfg)
}

// run is one process, killed at one of its moments or shut down.
func (m *crashModel) run() {
	moments := 400
	switch {
	case m.uploads != nil:
		moments = 1500 // an upload takes its time
	case m.crowded:
		moments = 150 // less happens
	}
	r, err := m.start(1 + m.random.IntN(moments))
	if err == nil {
		m.live(r)
	} else {
		require.True(m.t, r.process.killed(), "%v", err)
	}
	m.folder = m.end(r)
	m.counted = m.counted && (!m.cuts || !r.process.killed())
}

// live lets records come until the process ends.
func (m *crashModel) live(r *crashRun) {
	ctx, cancel := context.WithCancel(m.t.Context())
	var producers sync.WaitGroup
	for n := range crashProducers {
		producers.Go(func() { m.produce(ctx, r, n) })
	}
	end := time.Now().Add(m.longest)
	for time.Now().Before(end) && !r.process.killed() {
		m.target.change(func(s *crashTarget) { s.outage, s.uploads.refusing = m.random.chance(4), m.random.chance(20) })
		if m.faulty && m.random.chance(3) {
			m.counted = false // an offer that fails leaves its size in the helper's index
			r.process.fault(crashFaults[m.random.IntN(len(crashFaults))])
		} else {
			r.process.fault(nil)
		}
		select {
		case <-time.After(time.Duration(m.random.IntN(3000)) * time.Millisecond):
		case <-r.process.dead:
		}
		m.balance(r)
	}
	r.process.fault(nil)
	cancel()
	producers.Wait()
}

// balance holds what came against what became of it.
func (m *crashModel) balance(r *crashRun) {
	synctest.Wait()
	if c := r.counts(); m.counted && !r.process.killed() {
		assert.Equal(m.t, c.queue+c.outbox, c.held(), "%+v", c)
	}
}

// drain runs a last process, with a Target that takes everything, until nothing waits.
func (m *crashModel) drain() {
	m.target.change(func(s *crashTarget) {
		s.failing, s.poison, s.outage = 0, nil, false
		s.uploads.refusing, s.uploads.rowFails, s.uploads.stuck = false, 0, 0
	})
	r, err := m.start(0)
	require.NoError(m.t, err)
	for range 1000 {
		time.Sleep(5 * time.Minute)
		m.balance(r)
		if c := r.counts(); c.queue+c.outbox == 0 {
			break
		}
	}
	c := r.counts()
	assert.Zero(m.t, c.queue, "the queue")
	assert.Zero(m.t, c.outbox, "the outbox")
	assert.Zero(m.t, c.uploads, "uploads")
	time.Sleep(longestUpload)
	m.folder = m.end(r)
}

// end ends a process, and counts what it has rejected.
func (m *crashModel) end(r *crashRun) (folder string) {
	m.rejected += r.counts().rejected
	m.target.change((*crashTarget).forgets)
	return r.end()
}

// compare holds Target against what was accepted. A request that was not accepted, because
// the process was killed meanwhile, may have arrived all the same.
func (m *crashModel) compare() {
	assert.Empty(m.t, m.target.order, "older values after newer ones")
	if m.scarce {
		assert.LessOrEqual(m.t, mostWithin(m.target.calls, crashQuotaTime), crashQuota, "calls within the window")
	}
	if m.uploads != nil {
		m.compareUploads()
	}
	require.NotEmpty(m.t, m.accepted)
	for person, parameters := range m.accepted {
		for parameter, value := range parameters {
			got, left := m.got(person, m.target.value, parameter), m.got(person, m.target.leftValue, parameter)
			if m.givesUp(person) {
				assert.True(m.t, got >= value || m.rejected > 0, "%s of %s: %d, and none is rejected", parameter, person, got)
				continue
			}
			assert.GreaterOrEqual(m.t, got, value, "%s of %s", parameter, person)
			if !m.crowded { // where there is no room, nobody is remembered
				assert.GreaterOrEqual(m.t, left, value, "%s of %s, where an upload overrides the one before", parameter, person)
			}
		}
	}
}

// got returns what has arrived of a person.
func (m *crashModel) got(person string, value func(visitor, parameter string) int, parameter string) int {
	got := value(person, parameter)
	if m.remaps {
		got = max(got, value(m.household(person), parameter))
	}
	return got
}

// household returns the one that a person belongs to.
func (m *crashModel) household(person string) string {
	n, err := strconv.Atoi(person[1:])
	require.NoError(m.t, err)
	return "h" + strconv.Itoa(n/2)
}
