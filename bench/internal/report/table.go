// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"strings"
	"unicode/utf8"
)

// Table is a Markdown table. All columns but the first hold numbers, and stand to the right.
type Table struct {
	head []string
	rows [][]string
}

// NewTable returns a table with these columns.
func NewTable(head ...string) *Table {
	return &Table{head: head}
}

// Add adds a row; cells that are missing are empty, and those too many are left out.
func (t *Table) Add(cells ...string) {
	row := make([]string, len(t.head))
	for i := range min(len(cells), len(row)) {
		row[i] = strings.ReplaceAll(cells[i], "|", `\|`)
	}
	t.rows = append(t.rows, row)
}

// String returns the table as Markdown whose columns also line up as plain text.
func (t *Table) String() string {
	widths := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell), len("--:"))
		}
	}
	var b strings.Builder
	writeRow(&b, t.head, widths)
	rule := make([]string, len(t.head))
	for i := range rule {
		rule[i] = strings.Repeat("-", widths[i])
		if i > 0 {
			rule[i] = rule[i][1:] + ":"
		}
	}
	writeRow(&b, rule, widths)
	for _, row := range t.rows {
		writeRow(&b, row, widths)
	}
	return b.String()
}

func writeRow(b *strings.Builder, cells []string, widths []int) {
	b.WriteString("|")
	for i, cell := range cells {
		padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i == 0 {
			b.WriteString(" " + cell + padding + " |")
		} else {
			b.WriteString(" " + padding + cell + " |")
		}
	}
	b.WriteString("\n")
}
