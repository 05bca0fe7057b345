// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// differences returns what differs, as lines that begin with - for what is expected and with + for what came.
func (t *Test) differences(got *Expected) []string {
	switch {
	case t.expect == nil:
		return []string{"the test has no expect, --update writes it"}
	case t.contains:
		return append(missingCalls(t.expect.Calls, got.Calls), missingSkips(t.expect.Skipped, got.Skipped)...)
	}
	return append(otherCalls(t.expect.Calls, got.Calls), otherSkips(t.expect.Skipped, got.Skipped)...)
}

// otherCalls compares calls by their order.
func otherCalls(want, got []Call) (lines []string) {
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			lines = append(lines, fmt.Sprintf("call %d is made and not expected", i+1))
			lines = append(lines, describe("+", &got[i])...)
		case i >= len(got):
			lines = append(lines, fmt.Sprintf("call %d is expected (line %d) and not made", i+1, want[i].node.Line))
			lines = append(lines, describe("-", &want[i])...)
		default:
			if differ := want[i].differs(&got[i], false); len(differ) > 0 {
				lines = append(append(lines, fmt.Sprintf("call %d (line %d)", i+1, want[i].node.Line)), differ...)
			}
		}
	}
	return lines
}

// missingCalls returns the calls of want that are not among those of got, each of which counts once.
func missingCalls(want, got []Call) (lines []string) {
	taken := make(map[int]int) // which of want has a call of got
	for i := range want {
		if take(i, want, got, taken, make(map[int]bool)) {
			continue
		}
		lines = append(lines, fmt.Sprintf("call %d (line %d) is not made", i+1, want[i].node.Line))
		like := -1
		for at := range got {
			if _, is := taken[at]; !is && like < 0 && maps.Equal(got[at].Visitor, want[i].Visitor) {
				like = at
			}
		}
		if like < 0 {
			lines = append(lines, describe("-", &want[i])...)
			continue
		}
		lines = append(lines, want[i].differs(&got[like], true)...)
	}
	return lines
}

// take gives call i of want one of got, for which one that has it may have to take another.
func take(i int, want, got []Call, taken map[int]int, asked map[int]bool) bool {
	for at := range got {
		if asked[at] || len(want[i].differs(&got[at], true)) > 0 {
			continue
		}
		asked[at] = true
		if has, is := taken[at]; !is || take(has, want, got, taken, asked) {
			taken[at] = i
			return true
		}
	}
	return false
}

// differs returns how got differs from the call, in what is expected of it. With contains it may have more parameters.
func (c *Call) differs(got *Call, contains bool) (lines []string) {
	if (len(c.Visitor) > 0 || !contains) && !maps.Equal(c.Visitor, got.Visitor) {
		lines = append(lines, "  - visitor "+pairs(c.Visitor), "  + visitor "+pairs(got.Visitor))
	}
	names := slices.Sorted(maps.Keys(c.Parameters))
	if !contains {
		names = slices.AppendSeq(names, maps.Keys(got.Parameters))
		slices.Sort(names)
		names = slices.Compact(names)
	}
	for _, name := range names {
		want, expected := c.Parameters[name]
		have, came := got.Parameters[name]
		if expected == came && want == have {
			continue
		}
		if expected {
			lines = append(lines, fmt.Sprintf("  - %s: %q", name, want))
		}
		if came {
			lines = append(lines, fmt.Sprintf("  + %s: %q", name, have))
		}
	}
	if c.Records != nil && !slices.Equal(c.Records, got.Records) {
		lines = append(lines, fmt.Sprintf("  - records %v", c.Records), fmt.Sprintf("  + records %v", got.Records))
	}
	if c.Route != "" && c.Route != got.Route {
		lines = append(lines, "  - route "+c.Route, "  + route "+got.Route)
	}
	return lines
}

func describe(sign string, c *Call) (lines []string) {
	if len(c.Visitor) > 0 {
		lines = append(lines, "  "+sign+" visitor "+pairs(c.Visitor))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Parameters)) {
		lines = append(lines, fmt.Sprintf("  %s %s: %q", sign, name, c.Parameters[name]))
	}
	if c.Records != nil {
		lines = append(lines, fmt.Sprintf("  %s records %v", sign, c.Records))
	}
	return lines
}

func pairs(m map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, fmt.Sprintf("%s: %q", key, m[key]))
	}
	return strings.Join(all, ", ")
}

// otherSkips compares skipped records by their numbers.
func otherSkips(want, got []Skip) []string {
	lines := missingSkips(want, got)
	for _, s := range got {
		if !slices.ContainsFunc(want, func(w Skip) bool { return w.Record == s.Record }) {
			lines = append(lines, fmt.Sprintf("record %d is skipped, and that is not expected", s.Record), "  + "+s.why())
		}
	}
	return lines
}

func missingSkips(want, got []Skip) (lines []string) {
	for _, w := range want {
		at := slices.IndexFunc(got, func(s Skip) bool { return s.Record == w.Record })
		switch {
		case at < 0:
			lines = append(lines, fmt.Sprintf("record %d is not skipped (line %d)", w.Record, w.node.Line), "  - "+w.why())
		case w.Reason != got[at].Reason, !w.names(&got[at]):
			lines = append(lines, fmt.Sprintf("record %d is skipped for another reason (line %d)", w.Record, w.node.Line), "  - "+w.why(), "  + "+got[at].why())
		}
	}
	return lines
}

// names reports whether the place of a skip is the one that is expected, if one is. It may be written as a whole path.
func (s *Skip) names(got *Skip) bool {
	return s.Place == "" || s.Place == got.Place || s.Place == got.path
}

func (s *Skip) why() string {
	if s.Place == "" {
		return s.Reason
	}
	return s.Reason + " by " + s.Place
}
