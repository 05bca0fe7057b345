// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
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
	of := u.at(number)
	if of.rows == 0 {
		of.first, of.last = slot, slot
	}
	of.rows++
	of.first, of.last = min(of.first, slot), max(of.last, slot)
}

// at returns an upload, also one that was not known.
func (u *uploads) at(number uint32) *upload {
	if u.open[number] == nil {
		u.open[number] = &upload{}
		u.last = max(u.last, number)
	}
	return u.open[number]
}

// Begin begins an upload and returns its number.
func (o *Outbox) Begin(note string) (number uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	u := &o.uploads
	u.last++
	for u.last == 0 || u.open[u.last] != nil {
		u.last++
	}
	u.open[u.last] = &upload{note: note}
	o.noted(u.last)
	return u.last
}

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
	open := slices.Sorted(maps.Keys(u.open))
	named := open
	for _, number := range slices.Sorted(maps.Keys(u.dirty)) {
		if of := u.open[number]; of != nil {
			before = append(before, storage.SetOperation(uploadKey(number), journal.Seal([]byte(of.note))))
		} else {
			behind = append(behind, storage.DeleteOperation(uploadKey(number)))
			named = append(slices.Clip(named), number)
		}
	}
	// All are named as long as anything may be stored of them; one of which nothing is is gone.
	if len(before) > 0 {
		before = slices.Insert(before, 0, indexOperation(named))
	}
	if len(behind) > 0 {
		behind = append(behind, indexOperation(open))
	}
	u.writing, u.dirty = u.dirty, make(map[uint32]struct{})
	return before, behind
}

// indexOperation returns the operation that stores which uploads there are.
func indexOperation(numbers []uint32) *storage.Operation {
	var text []byte
	for _, number := range numbers {
		text = binary.BigEndian.AppendUint32(text, number)
	}
	return storage.SetOperation(uploadsKey, journal.Seal(text))
}

// wrote ends a write.
func (u *uploads) wrote(ok bool) {
	if !ok {
		maps.Copy(u.dirty, u.writing)
	}
	u.writing = nil
}

// load takes up the uploads that an earlier run has left, of which the rows are known.
func (u *uploads) load(ctx context.Context, client storage.Client) error {
	stored, err := client.Get(ctx, uploadsKey)
	if err != nil {
		return fmt.Errorf("sending_queue::storage: reading the uploads: %w", err)
	}
	for index := whole(stored); len(index) >= 4; index = index[4:] { // without it those are known that have rows
		u.at(binary.BigEndian.Uint32(index))
	}
	for number, of := range u.open {
		stored, err := client.Get(ctx, uploadKey(number))
		if err != nil {
			return fmt.Errorf("sending_queue::storage: reading an upload: %w", err)
		}
		of.note = string(whole(stored))
		if stored == nil && of.rows == 0 { // it had not begun, or had ended
			delete(u.open, number)
			u.dirty[number] = struct{}{}
		}
	}
	return nil
}

// whole returns a text that was stored, none when it is damaged.
func whole(stored []byte) []byte {
	text, is := journal.Unseal(stored)
	if !is {
		return nil
	}
	return text
}
