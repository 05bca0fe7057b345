// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

const profileKey = "profile"

// Write writes the records that the settings ask for, one JSON object a line.
func Write(w io.Writer, s Settings) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("sample settings: %w", err)
	}
	g := newGenerator(s)
	out := bufio.NewWriter(w)
	var line []byte
	for number := range s.Records {
		var err error
		if line, err = g.record(number).appendJSON(line[:0]); err != nil {
			return fmt.Errorf("record %d: %w", number, err)
		}
		if _, err = out.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// generator makes one record after the other.
type generator struct {
	numbers  source
	skew     skew
	visitors []visitor
	now      time.Time
	oddEvery int
	odd      int
}

func newGenerator(s Settings) *generator {
	return &generator{
		numbers:  source(s.Seed),
		skew:     newSkew(s.Visitors, s.Zipf),
		visitors: make([]visitor, s.Visitors),
		now:      time.Date(2026, time.January, 5, 8, 0, 0, 0, time.UTC),
		oddEvery: s.OddEvery,
	}
}

// record returns the record of that number, counted from 0.
func (g *generator) record(number int) *record {
	r := g.usual()
	if g.oddEvery > 0 && number%g.oddEvery == g.oddEvery-1 {
		kinds := oddKinds()
		kinds[g.odd%len(kinds)].alter(r, g.odd)
		g.odd++
	}
	return r
}

// usual returns a record as most of them are.
func (g *generator) usual() *record {
	index := g.skew.choose(&g.numbers)
	v := &g.visitors[index]
	v.actions++
	g.now = g.now.Add(time.Duration(1+g.numbers.below(90_000)) * time.Millisecond)

	r := &record{{"time", g.now.Format("2006-01-02T15:04:05.000Z07:00")}, {"channel", "offline"}, {"action", nil}}
	if id := customerID(index); id != "" {
		r.set("customer.id", id)
	}
	if id := pcID(index); id != "" {
		r.set("target.pcId", id)
	}
	r.set(profileKey, &record{{"firstName", firstName(index)}, {"actionCount", v.actions}})
	g.act(r, v)
	switch g.numbers.below(12) {
	case 0:
		r.profile().set("campaign", nil)
	case 1:
		r.profile().set("nickname", "")
	case 2:
		r.profile().set("newsletter", g.numbers.below(2) == 0)
	}
	return r
}
