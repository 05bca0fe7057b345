// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"maps"
	"slices"
	"strconv"
)

// History is every applied value of one visitor, by parameter and in the order of arrival.
type History struct {
	Client    string              `json:"client"`
	Parameter string              `json:"parameter"`
	ID        string              `json:"id"`
	Values    map[string][]string `json:"values"`
}

// order is what a visitor's earlier updates leave behind to judge the later ones by.
type order struct {
	values  map[string][]string
	highest map[string]int64
}

// sequenceCounts are the findings of one update.
type sequenceCounts struct {
	disorders, repeats, notNumbers int
}

func (o *order) remember(p pair) {
	if o.values == nil {
		o.values = map[string][]string{}
	}
	o.values[p.name] = append(o.values[p.name], p.value)
}

// check expects a number above every earlier one of the visitor.
func (o *order) check(p pair, seen *sequenceCounts) {
	number, err := strconv.ParseInt(p.value, 10, 64)
	if err != nil {
		seen.notNumbers++
		return
	}
	highest, before := o.highest[p.name]
	switch {
	case before && number < highest:
		seen.disorders++
		return
	case before && number == highest:
		seen.repeats++
		return
	case o.highest == nil:
		o.highest = map[string]int64{}
	}
	o.highest[p.name] = number
}

// History returns what was applied to an id under either parameter, for every client code that has it; nothing unless
// [Settings].History is on.
func (e *Emulator) History(visitorID string) []History {
	return e.current().store.historyOf(visitorID)
}

func (s *store) historyOf(visitorID string) []History {
	found := []History{}
	if !s.history {
		return found
	}
	for _, key := range s.keysOf(Visitor{Mbox3rdPartyID, visitorID}, Visitor{MboxPC, visitorID}) {
		if h, ok := s.historyAt(key); ok {
			found = append(found, h)
		}
	}
	return found
}

// historyAt returns a copy.
func (s *store) historyAt(key storeKey) (History, bool) {
	sh := s.shardOf(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	held := sh.records[key]
	if held == nil {
		return History{}, false
	}
	values := maps.Clone(held.order.values)
	for name := range values {
		values[name] = slices.Clone(values[name])
	}
	return History{Client: key.client, Parameter: key.visitor.Parameter, ID: key.visitor.ID, Values: values}, true
}
