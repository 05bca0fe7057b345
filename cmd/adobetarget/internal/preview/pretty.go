// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const (
	// maxKept is of how many records the text is kept until their call is shown.
	maxKept = 10_000
	// narrow is the width from which on record and call stand beside each other.
	narrow  = 72
	between = " │ "
)

// Style is how a Pretty writes.
type Style struct {
	// Width is that of the terminal.
	Width int
	// Color has it use colors.
	Color bool
	// ShowIDs shows what the visitors of records are made of.
	ShowIDs bool
}

// Pretty writes for people: records on the left, and on the right the call that they go with or why they are skipped.
type Pretty struct {
	to     io.Writer
	style  Style
	hidden []string         // what of a record ids are made of
	kept   map[int][]string // the texts of records
}

var _ Output = (*Pretty)(nil)

// NewPretty returns an Output for records of an exporter that writes to w.
func NewPretty(w io.Writer, e *Exporter, s Style) *Pretty {
	p := &Pretty{to: w, style: s, kept: make(map[int][]string)}
	for _, entry := range e.Config.Visitor {
		if !s.ShowIDs {
			p.hidden = append(p.hidden, sources(entry.Attribute, string(entry.Value))...)
		}
	}
	return p
}

// Read keeps the text of a record.
func (p *Pretty) Read(number int, of Origin) {
	if len(p.kept) < maxKept {
		p.kept[number] = p.textOf(of)
	}
}

// Record shows a record that is skipped. Others are shown with their calls.
func (p *Pretty) Record(r Record) error {
	if r.Outcome != OutcomeSkipped {
		if len(r.Dropped) > 0 && p.kept[r.Record] != nil {
			for _, l := range leftOut(r.Dropped) {
				p.kept[r.Record] = append(p.kept[r.Record], l.text)
			}
		}
		return nil
	}
	right := []line{{text: "skipped: " + r.Reason, color: red}, {text: "by " + r.Place}}
	right = append(right, leftOut(r.Dropped)...)
	return p.block(p.recordLines(r.Record, true), right)
}

// Call shows a call, and the records behind it.
func (p *Pretty) Call(c *Call) error {
	title := fmt.Sprintf("call %d: %s %s, %d bytes", c.Call, c.Method, c.Path, c.Bytes)
	if c.Parts > 0 {
		title = fmt.Sprintf("call %d, part %d of %d: %s %s, %d bytes", c.Call, c.Part, c.Parts, c.Method, c.Path, c.Bytes)
	}
	if c.Reason == NotForBulk {
		title += " (what no upload can carry)"
	}
	if c.Row == nil {
		return p.upload(c, title)
	}
	return p.block(p.recordsOf(c.Row, c.Part == c.Parts), append([]line{{text: title, color: green}}, rowLines(c.Row)...))
}

func (p *Pretty) upload(c *Call, title string) error {
	if err := p.block(nil, []line{{text: fmt.Sprintf("%s, rows: %d", title, len(c.Rows)), color: green}}); err != nil {
		return err
	}
	for i := range c.Rows {
		if err := p.block(p.recordsOf(&c.Rows[i], true), rowLines(&c.Rows[i])); err != nil {
			return err
		}
	}
	return nil
}

// Summary ends what is shown.
func (p *Pretty) Summary(t Totals) error {
	lines := []string{fmt.Sprintf("%s, route %s: %d records (as %s), %d calls", t.Exporter, t.Route, t.Records, t.As, t.Calls)}
	if t.Merged {
		lines[0] += fmt.Sprintf(" for %d visitors", t.Visitors)
	}
	if t.Overflow != "" {
		lines = append(lines, "while the quota is used up they go to "+t.Overflow+", which is not shown")
	}
	if len(t.Skipped) > 0 {
		lines = append(lines, "skipped: "+countsText(t.Skipped))
	}
	if len(t.Dropped) > 0 {
		lines = append(lines, droppedText(t.Dropped))
	}
	_, err := io.WriteString(p.to, strings.Join(lines, "\n")+"\n")
	return err
}

func (p *Pretty) recordsOf(r *Row, last bool) (lines []line) {
	for _, number := range r.Records {
		lines = append(lines, p.recordLines(number, last)...)
	}
	return lines
}

func (p *Pretty) recordLines(number int, last bool) []line {
	lines := []line{{text: fmt.Sprintf("record %d", number), color: bold}}
	for _, text := range p.kept[number] {
		lines = append(lines, line{text: "  " + text})
	}
	if last {
		delete(p.kept, number)
	}
	return lines
}

func rowLines(r *Row) (lines []line) {
	for parameter, id := range r.Visitor {
		lines = append(lines, line{text: "  " + parameter + ": " + printable(id)})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Parameters)) {
		lines = append(lines, line{text: "  " + printable(name) + ": " + printable(r.Parameters[name])})
	}
	return lines
}

// block writes lines beside each other, or one below the other where there is little room.
func (p *Pretty) block(left, right []line) error {
	var b strings.Builder
	if p.style.Width < narrow || len(left) == 0 {
		for _, l := range slices.Concat(p.fold(left, p.style.Width), p.fold(right, p.style.Width)) {
			b.WriteString(p.colored(l, l.text) + "\n")
		}
	} else {
		width := (p.style.Width - len([]rune(between))) / 2
		left, right = p.fold(left, width), p.fold(right, p.style.Width-len([]rune(between))-width)
		for i := range max(len(left), len(right)) {
			var l, r line
			if i < len(left) {
				l = left[i]
			}
			if i < len(right) {
				r = right[i]
			}
			padding := strings.Repeat(" ", max(0, width-len([]rune(l.text))))
			b.WriteString(strings.TrimRight(p.colored(l, l.text)+padding+between+p.colored(r, r.text), " ") + "\n")
		}
	}
	b.WriteString("\n")
	_, err := io.WriteString(p.to, b.String())
	return err
}

// fold divides lines that are too long.
func (p *Pretty) fold(lines []line, width int) (folded []line) {
	for _, l := range lines {
		runes := []rune(l.text)
		for len(runes) > width && width > 8 {
			folded = append(folded, line{string(runes[:width]), l.color})
			runes = append([]rune("    "), runes[width:]...)
		}
		folded = append(folded, line{string(runes), l.color})
	}
	return folded
}

// leftOut says what was left out, without the place that all places begin with.
func leftOut(dropped []Dropped) (lines []line) {
	for i, d := range dropped {
		if i == maxLines {
			return append(lines, line{text: fmt.Sprintf("… and %d more", len(dropped)-i)})
		}
		what := printable(d.Parameter)
		if what == "" { // the entry, without what all places begin with
			what = d.Place[strings.LastIndex(d.Place, "profile::"):]
		}
		lines = append(lines, line{text: "left out: " + what + ", " + d.Reason})
	}
	return lines
}

func droppedText(counts map[string]int) string { return "left out: " + countsText(counts) }

func countsText(counts map[string]int) string {
	var all []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%s %d", reason, counts[reason]))
	}
	return strings.Join(all, ", ")
}

// line is one that is shown.
type line struct {
	text  string
	color string
}

// The colors, as terminals know them.
const (
	bold  = "1"
	red   = "31"
	green = "32"
)

func (p *Pretty) colored(l line, text string) string {
	if !p.style.Color || l.color == "" {
		return text
	}
	return "\x1b[" + l.color + "m" + text + "\x1b[0m"
}
