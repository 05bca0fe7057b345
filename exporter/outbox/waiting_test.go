// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// waiting is an entry as the model has it.
type waiting struct {
	values   map[string]string
	records  int
	first    int64 // in Unix milliseconds
	due      time.Time
	attempts int
	failing  time.Duration
	oneWay   bool // not stored

	sent     map[string]string
	upload   uint32
	row      map[string]string
	uploaded int
	// aged is when the oldest record arrived, those in an upload among them. It is not stored.
	aged int64
}

func (w *waiting) clone() *waiting {
	if w == nil {
		return nil
	}
	c := *w
	c.values, c.sent, c.row = maps.Clone(w.values), maps.Clone(w.sent), maps.Clone(w.row)
	return &c
}

func (w *waiting) merge(newer *waiting) {
	if w.records == 0 {
		w.first = newer.first
	}
	maps.Copy(w.values, newer.values)
	w.records += newer.records
}

// waits reports whether there is an entry that is not only remembered.
func (w *waiting) waits() bool {
	return w != nil && (w.records > 0 || len(w.values) > 0 || w.upload != 0)
}

func (w *waiting) lane() outbox.Lane {
	switch {
	case w.oneWay:
		return outbox.OneWay
	case w.attempts > 0:
		return outbox.FailingAlone
	}
	return outbox.Fresh
}

// content returns what an entry of it holds.
func (w *waiting) content(v profile.Visitor) content {
	c := content{v, []profile.Parameter{}, w.records, w.first, w.attempts, w.failing, sorted(w.sent), w.upload, sorted(w.row), w.uploaded}
	c.Parameters = append(c.Parameters, sorted(w.values)...)
	return c
}

// sorted returns parameters of those values, nil for none.
func sorted(values map[string]string) (all []profile.Parameter) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		all = append(all, profile.Parameter{Name: name, Value: values[name]})
	}
	return all
}

// size returns how many bytes the entry takes as it is stored.
func (w *waiting) size(v profile.Visitor) int64 {
	size := 1 + textSize(len(v.ID)) + numberSize(w.records) + numberSize(int(2*w.first)) + numberSize(w.attempts) +
		numberSize(int(w.failing/time.Second)) + valuesSize(w.values)
	sent := 0
	if w.upload != 0 || len(w.sent) > 0 {
		sent = 1 + numberSize(int(w.upload)) + numberSize(w.uploaded) + valuesSize(w.sent) + valuesSize(w.row)
	}
	return int64(size + textSize(sent))
}

func numberSize(n int) int { return max(1, (bits.Len(uint(n))+6)/7) }

func textSize(length int) int { return numberSize(length) + length }

func valuesSize(values map[string]string) int {
	size := numberSize(len(values))
	for name, value := range values {
		size += textSize(len(name)) + textSize(len(value))
	}
	return size
}
