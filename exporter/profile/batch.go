// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"iter"
	"slices"
	"strings"
)

// none ends a visitor's chain of records.
const none = -1

// Batch gathers the updates of one batch of records and merges those of one
// visitor, so that each visitor stands in it once. Visitors keep the order in
// which they first appeared. Adding is for one goroutine; once all is added,
// Update may be called for different visitors at the same time.
type Batch struct {
	parameters []Parameter
	additions  []addition
	visitors   []visitorUpdates
	index      map[Visitor]int
}

// addition is what one record brought: a span of Batch.parameters, and where the
// same visitor's next addition stands.
type addition struct {
	record     int
	start, end int
	next       int
}

type visitorUpdates struct {
	visitor     Visitor
	first, last int
	records     int
}

// NewBatch returns an empty batch with room for so many records.
func NewBatch(records int) *Batch {
	return &Batch{
		additions: make([]addition, 0, records),
		visitors:  make([]visitorUpdates, 0, records),
		index:     make(map[Visitor]int, records),
	}
}

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() {
	clear(b.parameters) // the strings would keep the records' memory alive
	clear(b.visitors)
	clear(b.index)
	b.parameters = b.parameters[:0]
	b.additions = b.additions[:0]
	b.visitors = b.visitors[:0]
}

// Add adds what a record says of a visitor. A later Add wins over an earlier one,
// parameter by parameter, and so does a later parameter of the same name within
// one Add. The parameters are copied.
func (b *Batch) Add(record int, v Visitor, parameters []Parameter) {
	start := len(b.parameters)
	for _, p := range parameters {
		b.parameters = append(b.parameters, Parameter{Name: CleanName(p.Name), Value: p.Value})
	}
	at := len(b.additions)
	b.additions = append(b.additions, addition{record: record, start: start, end: len(b.parameters), next: none})

	if i, known := b.index[v]; known {
		b.additions[b.visitors[i].last].next = at
		b.visitors[i].last = at
		b.visitors[i].records++
		return
	}
	b.index[v] = len(b.visitors)
	b.visitors = append(b.visitors, visitorUpdates{visitor: v, first: at, last: at, records: 1})
}

// Len returns how many visitors the batch holds.
func (b *Batch) Len() int { return len(b.visitors) }

// Visitor returns the visitor at position i.
func (b *Batch) Visitor(i int) Visitor { return b.visitors[i].visitor }

// Records returns how many records were merged into the update of the visitor at
// position i.
func (b *Batch) Records(i int) int { return b.visitors[i].records }

// RecordNumbers yields the numbers of these records, in the order they were added.
func (b *Batch) RecordNumbers(i int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := b.visitors[i].first; at != none; at = b.additions[at].next {
			if !yield(b.additions[at].record) {
				return
			}
		}
	}
}

// Parameters returns the merged parameters of the visitor at position i: each
// name once with its latest value, sorted by name, so that the same content
// always makes the same call. The result is valid until the batch is reset;
// scratch is used, and returned grown, when several records had to be merged.
func (b *Batch) Parameters(i int, scratch []Parameter) (merged, grown []Parameter) {
	first := b.additions[b.visitors[i].first]
	if first.next == none {
		return latestByName(b.parameters[first.start:first.end:first.end]), scratch
	}
	scratch = scratch[:0]
	compactAt := 0
	for at := b.visitors[i].first; at != none; at = b.additions[at].next {
		scratch = append(scratch, b.parameters[b.additions[at].start:b.additions[at].end]...)
		if len(scratch) >= compactAt {
			scratch = latestByName(scratch)
			compactAt = 2*len(scratch) + minCompact
		}
	}
	merged = latestByName(scratch)
	return merged, scratch
}

// minCompact keeps a visitor with many small records from being sorted anew for
// each of them.
const minCompact = 64

// latestByName sorts the parameters by name, in place, and keeps the last of
// each name.
func latestByName(parameters []Parameter) []Parameter {
	slices.SortStableFunc(parameters, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) })
	kept := 0
	for i := range parameters {
		if i+1 < len(parameters) && parameters[i+1].Name == parameters[i].Name {
			continue
		}
		parameters[kept] = parameters[i]
		kept++
	}
	return parameters[:kept]
}

// Merge returns the parameters of both, each name once, with the newer value where both have
// one. Both are sorted by name and have each name once, and so has the result. The given
// slices are not changed.
func Merge(older, newer []Parameter) []Parameter {
	merged := make([]Parameter, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch c := strings.Compare(older[0].Name, newer[0].Name); {
		case c < 0:
			merged, older = append(merged, older[0]), older[1:]
		case c > 0:
			merged, newer = append(merged, newer[0]), newer[1:]
		default:
			merged, older, newer = append(merged, newer[0]), older[1:], newer[1:]
		}
	}
	return append(append(merged, older...), newer...)
}
