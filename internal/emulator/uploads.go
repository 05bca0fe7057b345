// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// The words for how far a batch is.
const (
	batchIncomplete = "incomplete"
	batchComplete   = "complete"
	batchStuck      = "stuck"
	// batchUnknown stands for batchIncomplete where [Bulk] says so.
	batchUnknown = "unknown"
)

// firstBatch makes batches look like Adobe's, of eight digits.
const firstBatch = 10_000_000

// upload is a batch that was taken.
type upload struct {
	batch
	id, client, version string
	// number counts the batches of the client code.
	number         int
	size           int
	submitted, due time.Time
	status         string
	// told is set when the answer said that the batch was taken.
	told bool
	// What faults have in store for it.
	getsStuck bool
	allFail   bool
	failing   map[string]struct{}
	// What became of the rows.
	updated, notFound int
	failed            []string
	// ended are the rows after its time, where its status is to name them all.
	ended []batchRow
}

// meet has a fault of a batch await its time.
func (u *upload) meet(f Fault) {
	switch {
	case f.Kind == FaultStuck:
		u.getsStuck = true
	case f.Visitor == "":
		u.allFail = true
	default:
		if u.failing == nil {
			u.failing = map[string]struct{}{}
		}
		u.failing[f.Visitor] = struct{}{}
	}
}

// fails reports whether a fault has the row of the id fail.
func (u *upload) fails(id string) bool {
	_, failing := u.failing[id]
	return u.allFail || failing
}

// uploads are the batches that were taken. They keep the rows of those whose time has not come, to judge whether a client
// keeps the order of a visitor's updates: nothing of Adobe's says that a batch cannot be overtaken.
type uploads struct {
	// waits counts those whose time has not come, so that other calls need no lock without any.
	waits   atomic.Int64
	last    atomic.Int64
	mu      sync.Mutex
	all     []*upload
	byID    map[string]*upload
	clients map[string]int
	pending []*upload // in the order of their time
	rows    map[storeKey]pendingRow
}

type pendingRow struct {
	of     *upload
	values []pair
}

func newUploads() *uploads {
	return &uploads{byID: map[string]*upload{}, clients: map[string]int{}, rows: map[storeKey]pendingRow{}}
}

// name gives a batch its id.
func (u *uploads) name(one *upload) {
	one.id = one.client + "-" + strconv.FormatInt(one.submitted.UnixMilli(), 10) + "-" + strconv.FormatInt(firstBatch+u.last.Add(1), 10)
}

// add has a batch wait, and returns how many of its visitors stand in a batch that still does.
func (u *uploads) add(one *upload) (overlaps int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	one.status = batchIncomplete
	u.clients[one.client]++
	one.number = u.clients[one.client]
	u.all = append(u.all, one)
	u.byID[one.id] = one
	at, _ := slices.BinarySearchFunc(u.pending, one.due, func(p *upload, due time.Time) int {
		if p.due.After(due) {
			return 1
		}
		return -1 // behind those of the same time
	})
	u.pending = slices.Insert(u.pending, at, one)
	for _, row := range one.rows {
		key := one.key(row)
		earlier, is := u.rows[key]
		if is && (earlier.of.told || !sameValues(earlier.values, row.values)) {
			overlaps++
		}
		if !is || !earlier.of.due.After(one.due) {
			u.rows[key] = pendingRow{one, row.values}
		}
	}
	u.waits.Add(1)
	return overlaps
}

func (u *upload) key(row batchRow) storeKey {
	return storeKey{client: u.client, visitor: Visitor{Parameter: u.parameter, ID: row.id}}
}

// sameValues reports whether two rows say the same, in whatever order of columns.
func sameValues(a, b []pair) bool {
	values := func(pairs []pair) map[string]string {
		m := make(map[string]string, len(pairs))
		for _, p := range pairs {
			m[p.name] = p.value
		}
		return m
	}
	return maps.Equal(values(a), values(b))
}

// tell notes that the answer said that the batch was taken.
func (u *uploads) tell(one *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	one.told = true
}

// hold reports whether a visitor stands in a batch that still waits.
func (u *uploads) hold(key storeKey) bool {
	if u.waits.Load() == 0 {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	_, is := u.rows[key]
	return is
}

// settle finishes, in their order, the batches whose time has come.
func (u *uploads) settle(now func() time.Time, finish func(*upload)) {
	if u.waits.Load() == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for at := now(); len(u.pending) > 0 && !u.pending[0].due.After(at); u.waits.Add(-1) {
		one := u.pending[0]
		u.pending = u.pending[1:]
		finish(one)
		for _, row := range one.rows {
			if key := one.key(row); u.rows[key].of == one {
				delete(u.rows, key)
			}
		}
		one.rows, one.failing = nil, nil
	}
}

// find returns a copy of a batch of the client code that is among the newest, of which keep have a status.
func (u *uploads) find(client, id string, keep int) (upload, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	one := u.byID[id]
	if one == nil || one.client != client || keep > 0 && one.number <= u.clients[client]-keep {
		return upload{}, false
	}
	return *one, true
}
