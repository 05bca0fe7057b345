// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"maps"
	"slices"
	"sort"
	"strings"
)

const parameterOverhead = len(namePrefix) + len("=")

// Bound returns the parameters that so many calls of limit bytes carry. It leaves out, in
// place, the names whose latest value comes last, each with all its values, so that an earlier
// value never stands for a later one. The names must be clean, and each parameter must fit a
// call alone.
func Bound(v Visitor, parameters []Parameter, calls, limit int) []Parameter {
	room := limit - len(v.Parameter) - len("=") - EscapedLen(v.ID)
	// In any order, two calls that follow each other carry more than fits one.
	sure := (calls + 1) / 2 * room
	if fit(parameters, sure, longestLen) || fit(parameters, sure, parameterLen) {
		return parameters
	}
	b := newBound(parameters, calls, room)
	return slices.DeleteFunc(parameters, func(p Parameter) bool { return b.latest[p.Name] >= b.end })
}

// BoundNames returns the parameters of so many names. It leaves out, in place, the names whose
// latest value comes last, as Bound does.
func BoundNames(parameters []Parameter, most int) []Parameter {
	if len(parameters) <= most {
		return parameters
	}
	latest := make(map[string]int, len(parameters))
	for i := range parameters {
		latest[parameters[i].Name] = i
	}
	if len(latest) <= most {
		return parameters
	}
	end := slices.Sorted(maps.Values(latest))[most]
	return slices.DeleteFunc(parameters, func(p Parameter) bool { return latest[p.Name] >= end })
}

// fit reports whether the parameters have room when each has that length.
func fit(parameters []Parameter, room int, length func(*Parameter) int) bool {
	for i := range parameters {
		if room -= length(&parameters[i]); room < 0 {
			return false
		}
	}
	return true
}

// parameterLen returns how many bytes of a form a parameter takes.
func parameterLen(p *Parameter) int {
	return parameterOverhead + EscapedLen(p.Name) + EscapedLen(p.Value)
}

// longestLen returns what parameterLen returns at most.
func longestLen(p *Parameter) int {
	return parameterOverhead + maxGrowth*(len(p.Name)+len(p.Value))
}

// bound says which parameters stay.
type bound struct {
	latest map[string]int // by name, where its latest value stands
	end    int            // names whose latest value stands here or behind it go
}

// newBound searches for the most names that fit: fewer of them never need more calls.
func newBound(parameters []Parameter, calls, room int) *bound {
	b := &bound{latest: make(map[string]int, len(parameters)), end: len(parameters)}
	for i := range parameters {
		b.latest[parameters[i].Name] = i
	}
	var places []int // of the latest values, as far as all calls together have room
	for i, left := 0, calls*room; i < len(parameters) && left >= 0; i++ {
		if b.latest[parameters[i].Name] == i {
			places = append(places, i)
			left -= parameterLen(&parameters[i])
		}
	}
	sent := slices.Clone(places)
	slices.SortFunc(sent, func(i, j int) int { return strings.Compare(parameters[i].Name, parameters[j].Name) })
	lengths := make([]int, len(sent))
	for at, i := range sent {
		lengths[at] = parameterLen(&parameters[i])
	}
	kept := sort.Search(len(places), func(n int) bool { return callsUpTo(places[n], sent, lengths, room) > calls })
	if kept < len(places) {
		b.end = places[kept]
	}
	return b
}

// callsUpTo returns how many calls the parameters need that stand up to a place.
func callsUpTo(place int, sent, lengths []int, room int) int {
	calls, left := 0, 0
	for at, i := range sent {
		if i > place {
			continue
		}
		if lengths[at] > left {
			calls, left = calls+1, room
		}
		left -= lengths[at]
	}
	return calls
}
