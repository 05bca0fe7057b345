// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"encoding/json"
	"fmt"
	"strings"
)

// oddKind is one of the ways in which a record can be unlike the others.
type oddKind struct {
	name string
	// alter makes a usual record odd. n counts the odd records so far.
	alter func(r *record, n int)
}

// Kinds returns the names of the odd kinds, in the order in which they appear.
func Kinds() []string {
	kinds := oddKinds()
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

func oddKinds() []oddKind {
	return append(append(oddVisitors(), oddNames()...), oddValues()...)
}

// oddVisitors are odd in whom they are about.
func oddVisitors() []oddKind {
	return []oddKind{
		{"online action", func(r *record, _ int) {
			r.set("channel", "online")
			r.set("action", "page viewed")
		}},
		{"no id", func(r *record, _ int) { nameVisitor(r, "", "") }},
		{"empty id", func(r *record, _ int) {
			nameVisitor(r, "", "")
			r.set("customer.id", "")
		}},
		{"id with a plus sign", func(r *record, n int) { nameVisitor(r, fmt.Sprintf("CRM+%06d", n), "") }},
		{"id with a slash", func(r *record, n int) { nameVisitor(r, fmt.Sprintf("CRM/%06d", n), "") }},
		{"id over 128 characters", func(r *record, n int) {
			nameVisitor(r, fmt.Sprintf("CRM-%0130d", n), "")
		}},
		{"pcId with two dots", func(r *record, n int) {
			nameVisitor(r, "", fmt.Sprintf("1368007744041-%06d.17.01_00", n))
		}},
		{"unusable customer id beside a good pcId", func(r *record, n int) {
			nameVisitor(r, fmt.Sprintf("CRM/%06d", n), fmt.Sprintf("1368007744041-%06d.17_00", n))
		}},
		{"id that must be encoded", func(r *record, n int) {
			nameVisitor(r, fmt.Sprintf("Müller & Söhne #%d; 100%%=\"VIP\"", n), "")
		}},
		{"id with leading zeros", func(r *record, n int) { nameVisitor(r, fmt.Sprintf("%010d", n), "") }},
	}
}

// oddNames are odd in the names of what they send, or send nothing.
func oddNames() []oddKind {
	return []oddKind{
		{"nothing to send", func(r *record, _ int) {
			r.keep("time", "channel", "customer.id", "target.pcId")
			r.set("action", nil)
			r.set(profileKey, &record{})
		}},
		{"only nulls and empty strings", func(r *record, _ int) {
			r.keep("time", "channel", "customer.id", "target.pcId")
			r.set("action", "")
			r.set(profileKey, &record{{"campaign", nil}, {"nickname", ""}, {"preferences", &record{}}})
		}},
		{"reserved names", func(r *record, n int) {
			r.profile().set("user.segmentScore", n)
			r.profile().set("mboxSession", "not ours to set")
			r.profile().set("geolocation", &record{{"city", "Springfield"}})
			r.profile().set("sessionCount", 7)
		}},
		{"name over 128 characters", func(r *record, _ int) {
			r.profile().set(strings.Repeat("veryLongName", 12), "left out")
		}},
		{"names in UTF-8", func(r *record, _ int) {
			r.profile().set("prénom", "Zoë")
			r.profile().set("お気に入りの店", "東京")
			r.profile().set("ulubione miasto", "Łódź")
		}},
		{"names that differ in case", func(r *record, _ int) {
			r.profile().set("favorite", "lower")
			r.profile().set("Favorite", "UPPER")
		}},
		{"names that must be encoded", func(r *record, _ int) {
			r.profile().set("a&b=c", "in the name")
			r.profile().set("100% sure?", "yes")
		}},
	}
}

// oddValues are odd in what they send.
func oddValues() []oddKind {
	return []oddKind{
		{"value that would add parameters", func(r *record, _ int) {
			r.profile().set("note", "x&mbox3rdPartyId=someone-else&profile.tier=stolen")
		}},
		{"value with the signs of an address", func(r *record, _ int) {
			r.profile().set("note", "R&D #1 + 50% off = \"half\"; a/b?c")
		}},
		{"value of several lines", func(r *record, _ int) {
			r.profile().set("note", "first line\nsecond line\r\n\tthird line")
		}},
		{"value with white space around it", func(r *record, _ int) { r.profile().set("note", "  Keep My Case  ") }},
		{"value in UTF-8", func(r *record, _ int) { r.profile().set("note", "Grüße aus 東京 🎉 – Łukasz & Zoë") }},
		{"numbers of every size", func(r *record, _ int) {
			r.profile().set("numbers", &record{
				{"big", json.Number("9007199254740993")},
				{"huge", json.Number("1e21")},
				{"small", json.Number("0.0000001")},
				{"negative", json.Number("-12.50")},
				{"zero", 0},
			})
		}},
		{"lists and deep maps", func(r *record, _ int) {
			r.profile().set("scores", []any{1, 2.5, true, "four", "five,six"})
			r.profile().set("empty", []any{})
			r.profile().set("deep", &record{{"deeper", &record{{"deepest", &record{{"found", true}}}}}})
		}},
		{"very long value", longValue},
	}
}

// longValue takes 5,000 characters, and once in a sample 70,000, which no call
// can carry.
func longValue(r *record, n int) {
	const words = "long "
	length := 5_000
	if n < len(oddKinds()) {
		length = 70_000
	}
	r.profile().set("note", strings.Repeat(words, length/len(words)))
}

// nameVisitor replaces the ids of the record; an empty one is left out.
func nameVisitor(r *record, customerID, pcID string) {
	kept := make(record, 0, len(*r)+2)
	for _, f := range *r {
		if f.key != "customer.id" && f.key != "target.pcId" {
			kept = append(kept, f)
		}
	}
	*r = kept
	if customerID != "" {
		r.set("customer.id", customerID)
	}
	if pcID != "" {
		r.set("target.pcId", pcID)
	}
}
