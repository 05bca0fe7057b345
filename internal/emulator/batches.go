// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"math"
	"net/http"
	"slices"
	"time"
)

// current is the world of now: every batch has taken effect whose time has come.
func (e *Emulator) current() *world {
	world := e.world.Load()
	world.uploads.settle(e.settings.Now, func(u *upload) { e.finish(world, u) })
	return world
}

// judge counts a call of a visitor who stands in a batch that is not complete yet.
func (world *world) judge(key storeKey) {
	if world.uploads.hold(key) {
		world.counters.overlaps.Add(1)
	}
}

// finish applies the rows of a batch at its time. One that gets stuck applies none.
func (e *Emulator) finish(world *world, u *upload) {
	bulk := e.bulk.Load()
	if bulk.Rows == RowsAll {
		u.ended = u.rows
	}
	if u.getsStuck {
		u.status = batchStuck
		world.counters.stuck.Add(1)
		return
	}
	u.status = batchComplete
	for _, row := range u.rows {
		key := u.key(row)
		switch {
		case u.fails(row.id):
			u.failed = append(u.failed, row.id)
			continue
		case u.version == bulkV1 && !e.exists(world, key):
			u.notFound++
			continue
		case u.version == bulkV2 && bulk.Override == OverrideLostProperties:
			world.store.override(key, u.namesOf(row))
		}
		u.updated++
		world.write(call{client: u.client, at: u.due}, update{visitor: key.visitor, parameters: row.values}, u.told)
	}
	world.counters.failedRows.Add(int64(len(u.failed)))
	world.counters.unknownVisitors.Add(int64(u.notFound))
}

// namesOf returns the columns in which a row has a value. Most rows have them all, and share them.
func (u *upload) namesOf(row batchRow) []string {
	if len(row.values) == len(u.names) {
		return u.names
	}
	names := make([]string, 0, len(row.values))
	for _, p := range row.values {
		names = append(names, p.name)
	}
	return names
}

// override takes the attributes of the visitor's previous batch away that the next one lacks, and remembers those of the next.
func (s *store) override(key storeKey, names []string) {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	held := s.hold(sh, key, len(names))
	before := len(held.attributes)
	for _, name := range held.batch {
		if !slices.Contains(names, name) {
			delete(held.attributes, name)
		}
	}
	held.batch = names
	s.parameters.Add(int64(len(held.attributes) - before))
}

// visited forgets the previous batch of a visitor.
func (s *store) visited(key storeKey) {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if held := sh.records[key]; held != nil {
		held.batch = nil
	}
}

// Upload is a batch that was taken, without its ids and values.
type Upload struct {
	ID      string `json:"id"`
	Client  string `json:"client"`
	Version string `json:"version"`
	// Parameter is that of updates for the ids of the batch.
	Parameter string   `json:"parameter"`
	Rows      int      `json:"rows"`
	Bytes     int      `json:"bytes"`
	Names     []string `json:"names"`
	// Status is incomplete, complete or stuck.
	Status string `json:"status"`
	// Updated, NotFound and Failed count rows, once the batch is complete.
	Updated     int       `json:"updated"`
	NotFound    int       `json:"not_found"`
	Failed      int       `json:"failed"`
	SubmittedAt time.Time `json:"submitted_at"`
	// CompletedAt is when it became complete, or got stuck.
	CompletedAt time.Time `json:"completed_at,omitzero"`
}

// Uploads returns the batches that were taken, in their order.
func (e *Emulator) Uploads() []Upload { return e.newestUploads(math.MaxInt) }

func (e *Emulator) newestUploads(most int) []Upload {
	u := e.current().uploads
	u.mu.Lock()
	defer u.mu.Unlock()
	newest := u.all[max(0, len(u.all)-most):]
	shown := make([]Upload, 0, len(newest))
	for _, one := range newest {
		s := Upload{
			ID: one.id, Client: one.client, Version: one.version, Parameter: one.parameter, Rows: one.lines, Bytes: one.size,
			Names: slices.Clone(one.names), Status: one.status, Updated: one.updated, NotFound: one.notFound, Failed: len(one.failed),
			SubmittedAt: one.submitted,
		}
		if one.status != batchIncomplete {
			s.CompletedAt = one.due
		}
		shown = append(shown, s)
	}
	return shown
}

func (e *Emulator) showUploads(*http.Request) answer {
	return jsonAnswer(http.StatusOK, e.Uploads())
}
