// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// seeds is how many lives of an outbox the model test goes through.
var seeds = flag.Int("seeds", 20, "seeds of the model tests")

// life is an outbox, the model it is held against, and the queue that gives it records.
type life struct {
	*fixture
	model  *model
	random *rand.Rand
	cfg    outbox.Config
	// visitors is how many there are.
	visitors int
	// most is how many records a batch has at most.
	most    int
	collide bool
	// queued are the records whose item the queue has not let go of, and writing those of
	// them that a write under way lets go of.
	queued, writing []record
	// stored is what is stored, as the model has it.
	stored image
	// value is the last value, each of which is greater than the one before.
	value int
	// latest are the last values of the visitors' parameters, carried those that calls have carried.
	latest, carried map[profile.Visitor]map[string]string

	writeOver func(ok bool) // nil when no write is under way
	// calls are those that are out.
	calls []*outbox.Entry
}

// TestOutbox_AgreesWithTheModel has an outbox live through random records, calls, writes, of
// which some fail, and crashes, and holds all that can be seen of it against a map.
func TestOutbox_AgreesWithTheModel(t *testing.T) {
	for seed := range uint64(*seeds) { //nolint:gosec // a few
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			l := newLife(t, seed)
			for range 1_000 {
				l.step()
				l.model.check(t, l.fixture)
			}
			l.drain()
			require.Equal(t, l.latest, l.carried, "no value is lost")
		})
	}
}

func newLife(t *testing.T, seed uint64) *life {
	l := &life{
		random: rand.New(rand.NewPCG(seed, 3)), cfg: testConfig(), visitors: []int{3, 30, 150}[seed%3], collide: seed%4 == 3,
		most:   []int{5, 1}[seed/2%2],
		stored: newImage(), latest: map[profile.Visitor]map[string]string{}, carried: map[profile.Visitor]map[string]string{},
	}
	if seed%7 < 6 {
		l.cfg.Remember = remember
	}
	if seed%2 == 1 { // too few for all who are remembered
		l.cfg.MaxVisitors = 1 + l.visitors/2
	}
	if seed%10 == 4 { // the same in memory
		l.cfg.MaxBytes = 60 * int64(l.visitors)
	}
	l.model = newModel(l.cfg, seed%5 == 4)
	l.fixture = &fixture{tb: t, now: start().Truncate(time.Millisecond)}
	if !l.model.memory {
		l.disk = newDisk()
	}
	l.open()
	return l
}

// open begins a run of the process: it loads what is stored, and puts what the queue held.
func (l *life) open() {
	l.Outbox = newOutbox(l.tb, l.cfg)
	if l.collide {
		l.SetHash(modelHash)
	}
	if l.disk == nil {
		return
	}
	_, damaged, err := l.Load(l.tb.Context(), l.disk, l.now)
	require.NoError(l.tb, err)
	require.Zero(l.tb, damaged)
}

// step does one thing.
func (l *life) step() {
	l.waits(time.Duration(l.random.IntN(1_000)) * time.Millisecond)
	switch n := l.random.IntN(130); {
	case n < 20:
		l.arrive()
	case n < 50:
		l.takeOne()
	case n < 80:
		l.settleOne()
	case n < 100:
		l.stepUpload()
	case l.disk == nil:
	case n < 113:
		l.beginWrite()
	case n < 127:
		l.endWrite()
	case n == 127:
		l.crash()
	default:
		l.crashWithin()
	}
}

// arrive puts a batch, and has the queue keep its records until they are written.
func (l *life) arrive() {
	records := make([]record, 1+l.random.IntN(l.most))
	for i := range records {
		r := &records[i]
		r.visitor = visitor("v" + strconv.Itoa(l.random.IntN(l.visitors)))
		if l.random.IntN(4) == 0 {
			r.visitor.Parameter = profile.MboxPC
		}
		for range l.random.IntN(4) {
			l.value++
			at := l.random.IntN(5)
			name, value := "abcde"[at:at+1], fmt.Sprintf("%09d", l.value)
			r.parameters = append(r.parameters, profile.Parameter{Name: name, Value: value})
			set(l.latest, r.visitor, name, value)
		}
	}
	l.puts(records...)
	l.queued = append(l.queued, records...)
}

// puts puts records, and holds whom that has forgotten against the model.
func (l *life) puts(records ...record) {
	visitors := map[profile.Visitor]bool{}
	for _, r := range records {
		visitors[r.visitor] = true
	}
	over, eligible := l.model.over(visitors)
	l.put(records...)
	l.model.put(l.now, records...)
	l.model.makeRoom(l.tb, l.fixture, over, eligible)
	l.model.fit(l.tb, l.fixture)
}

func set(values map[profile.Visitor]map[string]string, v profile.Visitor, name, value string) {
	if values[v] == nil {
		values[v] = map[string]string{}
	}
	values[v][name] = value
}

// takeOne takes an entry, if one is due, and holds it against the model.
func (l *life) takeOne() {
	lane := outbox.Lane(max(0, l.random.IntN(7)-4)) // mostly the first
	due, _ := l.Due(l.now)
	e, err := l.Take(l.tb.Context(), lane)
	if lane == outbox.FailingAlone && l.random.IntN(3) == 0 && e == nil {
		if e, err = l.TakeFailing(l.tb.Context()); e != nil {
			due[lane]++
			require.Greater(l.tb, e.Attempts, 1, "one failure does not tell")
			l.model.of(e.Visitor).whole.due = l.now
		}
	}
	require.NoError(l.tb, err)
	if e == nil {
		return
	}
	require.Positive(l.tb, due[lane])
	of := l.model.of(e.Visitor)
	require.True(l.tb, of.takeable(), "it is written, and no call of the visitor is out")
	require.Equal(l.tb, lane, of.whole.lane())
	require.Equal(l.tb, of.whole.content(e.Visitor), contentOf(e))
	require.Equal(l.tb, of.whole.oneWay, e.OneWay)
	of.out = true
	l.calls = append(l.calls, e)
}

// settleOne ends a call that is out, or puts its entry off.
func (l *life) settleOne() {
	if len(l.calls) == 0 {
		return
	}
	i := l.random.IntN(len(l.calls))
	e := l.calls[i]
	l.calls = slices.Delete(l.calls, i, i+1)
	switch l.random.IntN(6) {
	case 0: // it has failed
		e.Attempts = l.random.IntN(3)
		e.Failing += time.Duration(l.random.IntN(5_000)) * time.Millisecond
	case 1: // a part was carried
		n := l.random.IntN(len(e.Parameters) + 1)
		l.carry(e, n)
		e.Parameters = e.Parameters[n:]
		e.OneWay = l.random.IntN(2) == 0
	case 2, 3:
		l.enlist(e)
		return
	default:
		l.end(e)
		return
	}
	due := l.now.Add(time.Duration(l.random.IntN(20_000)) * time.Millisecond)
	l.model.keep(e, due)
	l.Retry(e, due)
	l.model.fit(l.tb, l.fixture)
}

// end ends a call that has carried all.
func (l *life) end(e *outbox.Entry) {
	l.carry(e, len(e.Parameters))
	l.model.end(e)
	l.End(e)
	l.model.fit(l.tb, l.fixture)
}

// carry notes what a call has carried.
func (l *life) carry(e *outbox.Entry, n int) {
	l.arrives(e.Visitor, e.Parameters[:n])
	newer := valuesOf(e.Parameters[:n])
	for i, p := range e.Sent { // a further upload must not bring it back
		if value, is := newer[p.Name]; is {
			e.Sent[i].Value = value
		}
	}
}

// arrives notes what has arrived at Target. An older value never follows a newer one.
func (l *life) arrives(v profile.Visitor, parameters []profile.Parameter) {
	for _, p := range parameters {
		require.GreaterOrEqual(l.tb, p.Value, l.carried[v][p.Name], "an older value after a newer one")
		set(l.carried, v, p.Name, p.Value)
	}
}
