// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// The keys under which an outbox is stored. They may not change: an earlier run has used them.
const (
	headerKey = "outbox"
	firstPage = "outbox0"
	asideKey  = "damagedoutbox"

	uploadsKey = "uploads"
)

func uploadKey(number uint32) string { return "upload" + strconv.FormatUint(uint64(number), 10) }

// start returns when the tests' time begins, behind the beginning of all that they make.
func start() time.Time { return time.Now().Add(time.Hour) }

// window is the merge window of the tests' outbox.
const window = 5 * time.Second

// fixture is an outbox and its time.
type fixture struct {
	*outbox.Outbox
	tb   testing.TB
	disk *disk // nil in memory
	now  time.Time
}

func testConfig() outbox.Config {
	cfg := outbox.NewDefaultConfig()
	cfg.MergeWindow = window
	return cfg
}

// newPacker returns the packer of all tests, for one takes a while to make.
var newPacker = sync.OnceValues(journal.NewPacker)

func newOutbox(tb testing.TB, cfg outbox.Config) *outbox.Outbox {
	tb.Helper()
	packer, err := newPacker()
	require.NoError(tb, err)
	return outbox.New(cfg, packer)
}

func inMemory(tb testing.TB, cfg outbox.Config) *fixture {
	tb.Helper()
	return &fixture{Outbox: newOutbox(tb, cfg), tb: tb, now: start()}
}

// stored returns an outbox that takes up what the disk holds.
func stored(tb testing.TB, cfg outbox.Config, d *disk) *fixture {
	tb.Helper()
	return storedAt(tb, cfg, d, start())
}

func storedAt(tb testing.TB, cfg outbox.Config, d *disk, now time.Time) *fixture {
	tb.Helper()
	f := &fixture{Outbox: newOutbox(tb, cfg), tb: tb, disk: d, now: now}
	_, damaged, err := f.Load(tb.Context(), d, now)
	require.NoError(tb, err)
	require.Zero(tb, damaged)
	return f
}

// inMemoryAndStored runs a test with both kinds of outbox.
func inMemoryAndStored(t *testing.T, cfg outbox.Config, test func(t *testing.T, f *fixture)) {
	t.Helper()
	t.Run("in memory", func(t *testing.T) { test(t, inMemory(t, cfg)) })
	t.Run("with a storage", func(t *testing.T) { test(t, stored(t, cfg, newDisk())) })
}

// restarted returns an outbox that takes up what was stored of this one.
func (f *fixture) restarted() *fixture {
	f.tb.Helper()
	return storedAt(f.tb, testConfig(), f.disk, f.now)
}

// record is what one log record says.
type record struct {
	visitor    profile.Visitor
	parameters []profile.Parameter
}

func visitor(id string) profile.Visitor {
	return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: id}
}

// says returns a record, given the names and values of its parameters.
func says(id string, namesAndValues ...string) record {
	return record{visitor: visitor(id), parameters: parameters(namesAndValues...)}
}

func parameters(namesAndValues ...string) []profile.Parameter {
	var all []profile.Parameter
	for pair := range slices.Chunk(namesAndValues, 2) {
		all = append(all, profile.Parameter{Name: pair[0], Value: pair[1]})
	}
	return all
}

// visitors returns a record of each of so many visitors.
func visitors(n int) []record {
	all := make([]record, n)
	for i := range all {
		all[i] = says("v"+strconv.Itoa(i), "n", strconv.Itoa(i))
	}
	return all
}

func batchOf(records ...record) *profile.Batch {
	batch := profile.NewBatch(len(records))
	for i, r := range records {
		batch.Add(i, r.visitor, r.parameters)
	}
	return batch
}

func (f *fixture) put(records ...record) {
	f.tb.Helper()
	require.NoError(f.tb, f.Put(f.tb.Context(), batchOf(records...), f.now))
}

// write writes what is owed. Without a storage there is nothing to write.
func (f *fixture) write() {
	f.tb.Helper()
	if f.disk == nil {
		return
	}
	ops, written := f.Owed()
	if len(ops) > 0 {
		err := f.disk.Batch(f.tb.Context(), ops...)
		written(err == nil)
	}
}

// waits lets time pass.
func (f *fixture) waits(d time.Duration) { f.now = f.now.Add(d) }

// ready returns how many entries of a lane are due.
func (f *fixture) ready(lane outbox.Lane) int {
	due, _ := f.Due(f.now)
	return due[lane]
}

// take takes the entry of a lane that is due first.
func (f *fixture) take(lane outbox.Lane) *outbox.Entry {
	f.tb.Helper()
	require.Positive(f.tb, f.ready(lane), "an entry is due")
	e, err := f.Take(f.tb.Context(), lane)
	require.NoError(f.tb, err)
	require.NotNil(f.tb, e)
	return e
}

// takeNothing holds that nothing is due.
func (f *fixture) takeNothing() {
	f.tb.Helper()
	due, _ := f.Due(f.now)
	require.Zero(f.tb, due)
	for lane := range due {
		e, err := f.Take(f.tb.Context(), outbox.Lane(lane))
		require.NoError(f.tb, err)
		require.Nil(f.tb, e)
	}
}

// takeAll takes all that waits, however long it would.
func (f *fixture) takeAll() map[profile.Visitor]*outbox.Entry {
	f.tb.Helper()
	f.waits(outbox.MaxMergeWindow)
	all := make(map[profile.Visitor]*outbox.Entry)
	due, _ := f.Due(f.now)
	for lane, n := range due {
		for range n {
			e := f.take(outbox.Lane(lane))
			require.Nil(f.tb, all[e.Visitor], "a visitor stands once")
			all[e.Visitor] = e
		}
	}
	f.takeNothing()
	return all
}

// content is what an entry holds, but for what it was given by the outbox.
type content struct {
	Visitor    profile.Visitor
	Parameters []profile.Parameter
	Records    int
	First      int64
	Attempts   int
	Failing    time.Duration
	Sent       []profile.Parameter // nil for none
	Upload     uint32
	Row        []profile.Parameter // nil for none
	Uploaded   int
}

func contentOf(e *outbox.Entry) content {
	c := content{e.Visitor, e.Parameters, e.Records, e.First.UnixMilli(), e.Attempts, e.Failing, e.Sent, e.Upload, e.Row, e.Uploaded}
	if len(c.Sent) == 0 {
		c.Sent = nil
	}
	if len(c.Row) == 0 {
		c.Row = nil
	}
	return c
}

// valuesOf returns the values of parameters, by their names.
func valuesOf(parameters []profile.Parameter) map[string]string {
	values := make(map[string]string, len(parameters))
	for _, p := range parameters {
		values[p.Name] = p.Value
	}
	return values
}
