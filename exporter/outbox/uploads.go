// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"go.opentelemetry.io/collector/extension/xextension/storage"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// uploadsKey holds the numbers of all uploads.
const uploadsKey = "uploads"

func uploadKey(number uint32) string { return "upload" + strconv.FormatUint(uint64(number), 10) }

// Upload is a file of rows, one of each visitor in it, which is made or has been. The outbox knows
// which visitors stand in it, and keeps a note of it.
type Upload struct {
	Number uint32
	// Note is what its maker knows of it, "" when that is lost.
	Note string
	// Rows is how many visitors stand in it.
	Rows int
}

// uploads are those that have not ended.
type uploads struct {
	open map[uint32]*upload
	last uint32
	// dirty are the notes to be written, or deleted, and writing those for which that is under way.
	dirty, writing map[uint32]struct{}
}

type upload struct {
	note        string
	rows        int
	unwritten   int    // rows
	first, last uint32 // the slots between which its rows stand
}

// enlist notes that a slot stands in an upload.
func (u *uploads) enlist(number, slot uint32) {
	of := u.open[number]
	if of == nil {
		of = &upload{}
		u.open[number] = of
	}
	if of.rows == 0 {
		of.first, of.last = slot, slot
	}
	of.rows++
	of.first, of.last = min(of.first, slot), max(of.last, slot)
	u.last = max(u.last, number)
}

// Begin begins an upload and returns its number.
func (o *Outbox) Begin(note string) (upload uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := &o.uploads
	for u.last++; u.last == 0 || u.open[u.last] != nil; u.last++ {
	}
	u.open[u.last] = newUpload(note)
	o.noted(u.last)
	return u.last
}

func newUpload(note string) *upload { return &upload{note: note} }

// Note changes the note of an upload.
func (o *Outbox) Note(upload uint32, note string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.uploads.open[upload].note = note
	o.noted(upload)
}

// Close ends an upload in which no visitor stands any more.
func (o *Outbox) Close(upload uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.uploads.open, upload)
	o.noted(upload)
}

// noted has the note of an upload written, if notes are.
func (o *Outbox) noted(upload uint32) {
	if o.pages.client != nil {
		o.uploads.dirty[upload] = struct{}{}
	}
}

// Uploads returns those that have not ended, the first one first.
func (o *Outbox) Uploads() []Upload {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := make([]Upload, 0, len(o.uploads.open))
	for _, number := range slices.Sorted(maps.Keys(o.uploads.open)) {
		u := o.uploads.open[number]
		all = append(all, Upload{Number: number, Note: u.note, Rows: u.rows})
	}
	return all
}

// owed returns the operations that write notes, those to come before the pages and those behind.
func (u *uploads) owed() (before, behind []*storage.Operation) {
	open := slices.Collect(maps.Keys(u.open))
	named := open
	for _, number := range slices.Sorted(maps.Keys(u.dirty)) {
		if of := u.open[number]; of != nil {
			before = append(before, storage.SetOperation(uploadKey(number), journal.Seal([]byte(of.note))))
		} else {
			behind = append(behind, storage.DeleteOperation(uploadKey(number)))
			named = append(named, number) // until the pages are written it has rows
		}
	}
	// One that the index names and that is gone has no rows; one that has rows must be named.
	if len(before) > 0 {
		before = append(before, storage.SetOperation(uploadsKey, indexOf(named)))
	}
	if len(behind) > 0 {
		behind = append(behind, storage.SetOperation(uploadsKey, indexOf(open)))
	}
	u.writing, u.dirty = u.dirty, make(map[uint32]struct{})
	return before, behind
}

// wrote ends a write.
func (u *uploads) wrote(ok bool) {
	if !ok {
		maps.Copy(u.dirty, u.writing)
	}
	u.writing = nil
}

// indexOf returns the index of uploads of these numbers.
func indexOf(numbers []uint32) []byte {
	var text []byte
	for _, number := range numbers {
		text = binary.BigEndian.AppendUint32(text, number)
	}
	return journal.Seal(text)
}

// load takes up the uploads that an earlier run has left.
func (u *uploads) load(ctx context.Context, client storage.Client) error {
	stored, err := client.Get(ctx, uploadsKey)
	if err != nil {
		return fmt.Errorf("sending_queue::storage: reading the uploads: %w", err)
	}
	text, whole := journal.Unseal(stored)
	if !whole {
		return nil // there were none, or their rows name them
	}
	for numbers := range slices.Chunk(text, 4) {
		if len(numbers) < 4 {
			break
		}
		number := binary.BigEndian.Uint32(numbers)
		note, err := client.Get(ctx, uploadKey(number))
		if err != nil {
			return fmt.Errorf("sending_queue::storage: reading an upload: %w", err)
		}
		text, _ := journal.Unseal(note)
		u.open[number] = newUpload(string(text))
		u.last = max(u.last, number)
	}
	if u.last == math.MaxUint32 {
		u.last = 0
	}
	return nil
}
