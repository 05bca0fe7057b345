// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"hash/maphash"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// maxSlots bounds how many entries can be told apart.
const maxSlots = 1 << 30

// state is where an entry is on its way, see the package's drawing.
type state uint8

const (
	free state = iota
	waiting
	ready
	called
	// uploaded entries stand in an upload, and remembered ones have stood in one: nothing of
	// them waits.
	uploaded
	remembered
	// ended slots are free once that is written.
	ended
)

// slot is what is kept in memory of an entry.
type slot struct {
	due   int64  // by the outbox's clock; of one that is uploaded the number of the upload, of one that is remembered its turn
	first uint32 // when the oldest record arrived, or it was remembered, in Unix seconds
	size  uint32 // bytes of the stored entry
	seen  uint32 // second of the sender's clock at its last attempt
	state state
	// attempts is how often it failed alone.
	attempts uint8
	// unwritten counts the writes that the entry waits for before it can be taken.
	unwritten uint8
	// oneWay is that it waits for one way.
	oneWay bool
}

// lane returns the lane in which the entry waits.
func (s *slot) lane() Lane {
	switch {
	case s.oneWay:
		return OneWay
	case s.attempts > 0:
		return FailingAlone
	}
	return Fresh
}

// waits reports whether records of the visitor wait, or are under way.
func (s *slot) waits() bool { return s.state != free && s.state != ended && s.state != remembered }

const slotsPerChunk = 4096

// slotTable finds the slot of a visitor. A visitor is known by a hash, to be compared with
// what stands in the slot; the few visitors who share a hash with another are kept whole.
type slotTable struct {
	// chunks hold the slots, so that a table that grows is not copied.
	chunks []*[slotsPerChunk]slot
	size   uint32
	unused []uint32
	hash   func(profile.Visitor) uint32
	byHash map[uint32]uint32
	twins  map[profile.Visitor]uint32
}

func newSlotTable() *slotTable {
	seed := maphash.MakeSeed()
	return &slotTable{
		hash: func(v profile.Visitor) uint32 {
			hash := uint32(maphash.String(seed, v.ID)) //nolint:gosec // half of a hash is one
			if v.Parameter == profile.MboxPC {
				return ^hash
			}
			return hash
		},
		byHash: make(map[uint32]uint32), twins: make(map[profile.Visitor]uint32),
	}
}

// at returns a slot.
func (t *slotTable) at(n uint32) *slot { return &t.chunks[n/slotsPerChunk][n%slotsPerChunk] }

// grow makes the table so large at least.
func (t *slotTable) grow(size uint32) {
	t.size = max(t.size, size)
	for uint32(len(t.chunks))*slotsPerChunk < t.size { //nolint:gosec // maxSlots fits
		t.chunks = append(t.chunks, new([slotsPerChunk]slot))
	}
}

// guess returns the slot that may be the visitor's.
func (t *slotTable) guess(v profile.Visitor) (n uint32, ok bool) {
	if len(t.twins) > 0 {
		if n, ok = t.twins[v]; ok {
			return n, true
		}
	}
	n, ok = t.byHash[t.hash(v)]
	return n, ok
}

// add gives a visitor a slot, one that was used before if there is any: slots that are close
// together are written together.
func (t *slotTable) add(v profile.Visitor) uint32 {
	n := t.size
	if last := len(t.unused) - 1; last >= 0 {
		n = t.unused[last]
		t.unused = t.unused[:last]
	} else {
		t.grow(n + 1)
	}
	t.know(v, n)
	return n
}

// next returns the slots that so many new visitors will get.
func (t *slotTable) next(visitors int) []uint32 {
	reused := min(visitors, len(t.unused))
	slots := slices.Clone(t.unused[len(t.unused)-reused:])
	for n := t.size; len(slots) < visitors; n++ {
		slots = append(slots, n)
	}
	return slots
}

// occupied reports whether anything stands on a page.
func (t *slotTable) occupied(page uint32) bool {
	for n := page * slotsPerPage; n < min((page+1)*slotsPerPage, t.size); n++ {
		if t.at(n).state != free {
			return true
		}
	}
	return false
}

// know notes whose a slot is.
func (t *slotTable) know(v profile.Visitor, n uint32) {
	hash := t.hash(v)
	if _, taken := t.byHash[hash]; taken {
		t.twins[v] = n
		return
	}
	t.byHash[hash] = n
}

// remove frees the slot of a visitor.
func (t *slotTable) remove(v profile.Visitor, n uint32) {
	if twin, ok := t.twins[v]; ok && twin == n {
		delete(t.twins, v)
	} else {
		delete(t.byHash, t.hash(v))
	}
	*t.at(n) = slot{}
	t.unused = append(t.unused, n)
}
