// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxReceipt bounds the memory of the receipts, of which each takes a bit.
const maxReceipt = 1 << 28

const wordBits = 64

// Receipts are the numbers that arrived as parameters of their own name, a prefix and the number: r17 is number 17. A client
// that gives each of its records one sees whether every record took effect, also where a later record of the same visitor
// went in the same call.
type Receipts struct {
	// Numbers are the first and the last of each unbroken run of numbers that took effect.
	Numbers [][2]int `json:"numbers"`
	// Accepted is how often a receipt came in a call that was answered with success, repeats included.
	Accepted int `json:"accepted"`
}

// receipts keeps them by the parameter that names the visitor, as two exporters may tell their visitors apart by that.
type receipts struct {
	prefix string
	mu     sync.Mutex
	kept   map[string]*bitmap
}

type bitmap struct {
	words    []uint64
	accepted int
}

// take keeps the receipts among the parameters of an update, and returns the others. Without receipts it is nil.
func (r *receipts) take(u update, accepted bool) []pair {
	if r == nil {
		return u.parameters
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.kept[u.visitor.Parameter]
	if kept == nil {
		kept = &bitmap{}
		r.kept[u.visitor.Parameter] = kept
	}
	return slices.DeleteFunc(u.parameters, func(p pair) bool {
		rest, found := strings.CutPrefix(p.name, r.prefix)
		number, err := strconv.Atoi(rest)
		if !found || err != nil || number < 0 || number > maxReceipt {
			return false
		}
		kept.add(number)
		if accepted {
			kept.accepted++
		}
		return true
	})
}

func (b *bitmap) add(number int) {
	word := number / wordBits
	if missing := word + 1 - len(b.words); missing > 0 {
		b.words = append(b.words, make([]uint64, missing)...)
	}
	b.words[word] |= 1 << (number % wordBits)
}

func (b *bitmap) has(number int) bool {
	return b.words[number/wordBits]&(1<<(number%wordBits)) != 0
}

// ranges returns the first and the last of each unbroken run.
func (b *bitmap) ranges() [][2]int {
	found := [][2]int{}
	for number := range len(b.words) * wordBits {
		switch last := len(found) - 1; {
		case !b.has(number):
		case last >= 0 && found[last][1] == number-1:
			found[last][1] = number
		default:
			found = append(found, [2]int{number, number})
		}
	}
	return found
}

// SetReceipts begins to keep receipts: parameters named by the prefix and a whole number. They are no longer attributes of a
// profile. An empty prefix ends it.
func (e *Emulator) SetReceipts(prefix string) {
	var r *receipts
	if prefix != "" {
		r = &receipts{prefix: prefix, kept: map[string]*bitmap{}}
	}
	e.current().receipts.Store(r)
}

// Receipts returns those that were kept, by the parameter that names the visitor.
func (e *Emulator) Receipts() map[string]Receipts {
	all := map[string]Receipts{}
	r := e.current().receipts.Load()
	if r == nil {
		return all
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for parameter, kept := range r.kept {
		all[parameter] = Receipts{Numbers: kept.ranges(), Accepted: kept.accepted}
	}
	return all
}
