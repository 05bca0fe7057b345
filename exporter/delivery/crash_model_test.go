// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/deferred"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

var testRetry = configretry.BackOffConfig{
	Enabled: true, InitialInterval: time.Second, MaxInterval: 8 * time.Second, Multiplier: 2,
}

// seeds is how many lives of an exporter the models go through.
var seeds = flag.Uint64("seeds", 15, "seeds of the model tests")

// TestAfterAnyCrashesAndFailuresEveryVisitorHasItsLatestValues runs the delivery as a
// persistent queue does, kills it at random moments (before any write or call), and
// holds what Target has seen of each visitor against a naive model: no older value
// ever follows a newer one, and in the end the latest values are there.
func TestAfterAnyCrashesAndFailuresEveryVisitorHasItsLatestValues(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newCrashModel(t, seed)
				for range 8 {
					m.run(400)
				}
				m.calm()
				m.run(0)
				assert.Equal(t, m.want, m.seen.profile)
				assert.Empty(t, m.seen.disorders)
			})
		})
	}
}

// crashModel is a persistent queue, a disk and a Target around a Delivery.
type crashModel struct {
	t      *testing.T
	random *lockedRandom
	disk   *disk
	seen   *seenTarget
	want   map[string]map[string]string

	queue    []plog.Logs // what the queue holds on disk
	inFlight []plog.Logs
	seq      int
	visitors int
}

func newCrashModel(t *testing.T, seed uint64) *crashModel {
	random := &lockedRandom{random: rand.New(rand.NewPCG(seed, 7))}
	return &crashModel{
		t: t, random: random, disk: newDisk(), want: make(map[string]map[string]string),
		visitors: []int{5, 40}[seed%2],
		seen:     &seenTarget{random: random, failing: 4, poison: "v0", profile: make(map[string]map[string]string)},
	}
}

// calm lets everything succeed from now on.
func (m *crashModel) calm() {
	m.seen.mu.Lock()
	defer m.seen.mu.Unlock()
	m.seen.failing, m.seen.poison = 0, ""
}

// run is one run of the process. With moments it is killed at one of so many writes
// and calls; without it goes on until all is delivered.
func (m *crashModel) run(moments int) {
	m.disk = m.disk.rebooted()
	life := 1 << 30
	if moments > 0 {
		life = 1 + m.random.IntN(moments)
	}
	m.seen.live(life, m.disk)
	m.disk.written = m.seen.moment
	watch, err := arrival.Open(m.t.Context(), m.disk, storageID, component.MustNewID("adobe_target"), "a mapping")
	require.NoError(m.t, err)
	f := newFixture(m.t, func(set *Settings) {
		client, err := m.disk.GetClient(m.t.Context(), component.KindExporter, component.ID{}, "deferred")
		require.NoError(m.t, err)
		set.Deferred, err = deferred.Open(m.t.Context(), client, testRetry, time.Now(), func(ld plog.Logs) profile.Visitor {
			return VisitorOf(m.t.Context(), set.Mapper, ld)
		})
		require.NoError(m.t, err)
		set.Watch, set.Consumers, set.Concurrency, set.Sender = watch, 1, 1+m.random.IntN(4), m.seen
		set.Retry, set.MaxForm = testRetry, 200
	})
	defer f.Close(context.WithoutCancel(m.t.Context()))
	defer f.Stop()
	if !m.requeue(f) {
		return
	}
	counter := watch.Counter()
	busy := 1 + m.random.IntN(4) // of a busy run a backlog stays behind what was in flight
	for !m.seen.dead() && (moments > 0 || len(m.queue) > 0 || f.Deferred.Records() > 0) {
		if moments > 0 {
			for range m.random.IntN(1 + busy) {
				m.arrive(counter)
			}
		}
		m.consume(f, moments > 0)
		m.disk.fill(false)
		time.Sleep(time.Duration(m.random.IntN(2000)) * time.Millisecond)
	}
}

// requeue puts what was in flight behind the rest of the queue, after the watch was told,
// unless the process is killed before.
func (m *crashModel) requeue(f *fixture) bool {
	if len(m.inFlight) == 0 {
		return true
	}
	require.NoError(m.t, f.Watch.Displaced(m.t.Context(), visitorsOf(m.t, f, m.inFlight...)))
	if m.seen.dead() {
		return false
	}
	m.queue, m.inFlight = append(m.queue, m.inFlight...), nil
	return true
}

// arrive puts a request into the queue.
func (m *crashModel) arrive(counter *arrival.Counter) {
	records := make([]record, 1+m.random.IntN(5))
	for i := range records {
		m.seq++
		visitor := "v" + strconv.Itoa(m.random.IntN(m.visitors))
		records[i] = record{visitor, make(map[string]string)}
		if m.want[visitor] == nil {
			m.want[visitor] = make(map[string]string)
		}
		for range 1 + m.random.IntN(2) {
			name, value := "p"+strconv.Itoa(m.random.IntN(3)), strconv.Itoa(m.seq)+strings.Repeat("&", m.random.IntN(20))
			records[i].parameters[name], m.want[visitor][name] = value, value
		}
	}
	ld := logs(records...)
	counter.Stamp(ld)
	m.queue = append(m.queue, ld)
}

// consume sends the next requests as one batch, and again what is held, until the
// queue may let go of them. The disk may be full at any attempt, if it fills.
func (m *crashModel) consume(f *fixture, fills bool) {
	n := min(len(m.queue), 1+m.random.IntN(3))
	if n == 0 {
		return
	}
	m.inFlight, m.queue = m.queue[:n:n], m.queue[n:]
	ld := batch(m.inFlight...)
	for {
		m.disk.fill(fills && m.random.IntN(5) == 0)
		err := f.Consume(m.t.Context(), ld)
		if m.seen.dead() {
			return
		}
		if err == nil {
			m.inFlight = nil
			return
		}
		if carried, ok := errors.AsType[consumererror.Logs](err); ok {
			ld = carried.Data()
		}
		time.Sleep(time.Duration(m.random.IntN(3000)) * time.Millisecond)
	}
}

// seenTarget fails at random, and knows of each visitor which values came when. Once
// the process is dead it sees nothing any more.
type seenTarget struct {
	random *lockedRandom

	mu        sync.Mutex
	failing   int // one call of so many fails, 0 for none
	poison    string
	moments   int
	disk      *disk
	profile   map[string]map[string]string
	disorders []string
}

func (s *seenTarget) live(moments int, d *disk) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moments, s.disk = moments, d
}

func (s *seenTarget) dead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moments <= 0
}

// moment passes one moment of the life of the process.
func (s *seenTarget) moment() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moments--
	if s.moments <= 0 {
		s.disk.mu.Lock()
		defer s.disk.mu.Unlock()
		s.disk.killed = true
	}
}

func (s *seenTarget) Send(_ context.Context, v profile.Visitor, parameters []profile.Parameter) (int, route.Answer) {
	form, carried := profile.AppendForm(nil, v, parameters, 200) // as MaxForm
	s.moment()
	time.Sleep(time.Duration(s.random.IntN(500)) * time.Millisecond)
	values, err := url.ParseQuery(string(form))
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	visitor := values.Get("mbox3rdPartyId")
	fails := visitor == s.poison || (s.failing > 0 && s.random.IntN(s.failing) == 0)
	if s.moments <= 0 || (fails && s.random.IntN(2) == 0) {
		return carried, down
	}
	s.apply(visitor, values)
	if fails {
		return carried, down // and took effect all the same
	}
	return carried, delivered
}

func (s *seenTarget) apply(visitor string, values url.Values) {
	if s.profile[visitor] == nil {
		s.profile[visitor] = make(map[string]string)
	}
	for name := range values {
		attribute, ok := strings.CutPrefix(name, "profile.")
		if !ok {
			continue
		}
		before, after := s.profile[visitor][attribute], values.Get(name)
		if number(after) < number(before) {
			s.disorders = append(s.disorders, fmt.Sprintf("%s.%s: %d after %d", visitor, attribute, number(after), number(before)))
		}
		s.profile[visitor][attribute] = after
	}
}

func number(value string) int {
	n, _ := strconv.Atoi(strings.TrimRight(value, "&"))
	return n
}

type lockedRandom struct {
	mu     sync.Mutex
	random *rand.Rand
}

func (r *lockedRandom) IntN(n int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.random.IntN(n)
}
