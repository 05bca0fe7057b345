// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"cmp"
	"container/heap"
	"errors"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	defaultFound = 50
	mostFound    = 1_000
)

// FoundVisitor is a visitor without the values.
type FoundVisitor struct {
	Client     string    `json:"client"`
	Parameter  string    `json:"parameter"`
	ID         string    `json:"id"`
	ModifiedAt time.Time `json:"modified_at"`
	// Attributes is how many there are.
	Attributes int `json:"attributes"`
}

// search chooses visitors by a part of the id, and a page of them.
type search struct {
	// part is in lower case.
	part          string
	limit, offset int
	// newest puts those that changed last in front; otherwise they stand by id.
	newest bool
}

func readSearch(r *http.Request) (search, error) {
	limit, limitErr := wholeNumber(r, "limit")
	offset, offsetErr := wholeNumber(r, "offset")
	s := search{
		part:  strings.ToLower(r.URL.Query().Get("search")),
		limit: min(cmp.Or(limit, defaultFound), mostFound), offset: min(offset, math.MaxInt-mostFound),
	}
	var orderErr error
	switch r.URL.Query().Get("order") {
	case "", "id":
	case "changed":
		s.newest = true
	default:
		orderErr = errors.New("order must be id or changed")
	}
	return s, errors.Join(limitErr, offsetErr, orderErr)
}

func (s search) compare(a, b *FoundVisitor) int {
	if s.newest {
		if byTime := b.ModifiedAt.Compare(a.ModifiedAt); byTime != 0 {
			return byTime
		}
	}
	if byID := strings.Compare(a.ID, b.ID); byID != 0 {
		return byID
	}
	return cmp.Or(strings.Compare(a.Client, b.Client), strings.Compare(a.Parameter, b.Parameter))
}

// matches looks at ids in place, as there may be many. Only letters beyond ASCII need the whole id in lower case.
func (s search) matches(id string) bool {
	length := len(s.part)
	for i := range len(id) - length + 1 {
		if strings.EqualFold(id[i:i+length], s.part) {
			return true
		}
	}
	beyond := strings.ContainsFunc(id, func(r rune) bool { return r >= utf8.RuneSelf })
	return beyond && strings.Contains(strings.ToLower(id), s.part)
}

// firsts is a heap of the first visitors, the last of them on top.
type firsts struct {
	kept []FoundVisitor
	search
}

func (f *firsts) Len() int           { return len(f.kept) }
func (f *firsts) Less(i, j int) bool { return f.compare(&f.kept[i], &f.kept[j]) > 0 }
func (f *firsts) Swap(i, j int)      { f.kept[i], f.kept[j] = f.kept[j], f.kept[i] }
func (f *firsts) Push(v any)         { f.kept = append(f.kept, v.(FoundVisitor)) }

// Pop is asked for by heap.Interface alone: what is one too many is overwritten in its place.
func (f *firsts) Pop() any { panic("not used") }

func (f *firsts) hasRoomFor(v *FoundVisitor) bool {
	return len(f.kept) < f.offset+f.limit || f.compare(v, &f.kept[0]) < 0
}

func (f *firsts) put(v FoundVisitor) {
	if len(f.kept) < f.offset+f.limit {
		heap.Push(f, v)
		return
	}
	f.kept[0] = v
	heap.Fix(f, 0)
}

// find looks at every id, holding a shard at a time, and keeps no more than the page and what is before it.
func (s *store) find(wanted search) (found int, visitors []FoundVisitor) {
	first := &firsts{search: wanted, kept: []FoundVisitor{}}
	for i := range s.shards {
		found += s.shards[i].offer(first)
	}
	slices.SortFunc(first.kept, func(a, b FoundVisitor) int { return wanted.compare(&a, &b) })
	return found, first.kept[min(wanted.offset, len(first.kept)):]
}

func (sh *shard) offer(first *firsts) (found int) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for key, held := range sh.records {
		if !first.matches(key.visitor.ID) {
			continue
		}
		found++
		v := FoundVisitor{Client: key.client, Parameter: key.visitor.Parameter, ID: key.visitor.ID}
		if first.newest {
			v.ModifiedAt = held.modifiedAt
		}
		// Most are not of the page: what is held of them is not looked at.
		if first.hasRoomFor(&v) {
			v.ModifiedAt, v.Attributes = held.modifiedAt, len(held.attributes)
			first.put(v)
		}
	}
	return found
}

func (e *Emulator) showVisitors(r *http.Request) answer {
	wanted, err := readSearch(r)
	if err != nil {
		return jsonError(http.StatusBadRequest, err.Error())
	}
	s := e.current().store
	found, visitors := s.find(wanted)
	return jsonAnswer(http.StatusOK, struct {
		Total    int            `json:"total"`
		Found    int            `json:"found"`
		Visitors []FoundVisitor `json:"visitors"`
	}{int(s.visitors.Load()), found, visitors})
}

// showVisitor returns the attributes of a visitor and the newest calls, also of one who was called and does not exist.
func (e *Emulator) showVisitor(r *http.Request) answer {
	q := r.URL.Query()
	key := storeKey{client: q.Get("client"), visitor: Visitor{Parameter: q.Get("parameter"), ID: q.Get("id")}}
	world := e.current()
	shown := struct {
		Profile *Profile     `json:"profile"`
		Calls   []RecentCall `json:"calls"`
	}{Calls: world.recent.of(key)}
	if p, exists := world.store.profile(key); exists {
		shown.Profile = &p
	}
	if shown.Profile == nil && len(shown.Calls) == 0 {
		return jsonError(http.StatusNotFound, "no such visitor")
	}
	return jsonAnswer(http.StatusOK, shown)
}
