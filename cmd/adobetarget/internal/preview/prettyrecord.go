// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// maxLines is the most lines that are shown of a record, and maxShown the most characters of a value.
	maxLines = 100
	maxShown = 1_000
	// maxShownDepth is how deep maps are shown with a line for each of their values.
	maxShownDepth = 20
	// shortID is an id so short that it is no part of another text.
	shortID = 4
)

// path is one of OTTL into a body or attributes, with one of its keys at least.
var path = regexp.MustCompile(`\b(log|scope|instrumentation_scope|resource)\.(body|attributes)((?:\["[^"]+"\])+)`)

// sources returns the labels of what a visitor's entry reads: an attribute, or what an expression names.
func sources(attribute, expression string) (labels []string) {
	if attribute != "" {
		for _, of := range []string{"attributes", "scope", "resource"} {
			labels = append(labels, of+"."+attribute)
		}
	}
	for _, found := range path.FindAllStringSubmatch(expression, -1) {
		of, keys := found[2], strings.Split(strings.Trim(found[3], `["]`), `"]["`)
		switch found[1] {
		case "log":
		case "resource":
			of = "resource"
		default:
			of = "scope"
		}
		labels = append(labels, of+"."+strings.Join(keys, "."))
	}
	return labels
}

// textOf returns a record as lines, with masks for ids.
func (p *Pretty) textOf(of Origin) []string {
	t := &recordText{of: of, hidden: p.hidden, masked: !p.style.ShowIDs && of.Mask != ""}
	if ts := of.Log.Timestamp(); ts != 0 {
		t.add("time", ts.AsTime().Format(time.RFC3339Nano))
	}
	if text := of.Log.SeverityText(); text != "" {
		t.add("severity_text", text)
	}
	if name := of.Log.EventName(); name != "" {
		t.add("event_name", name)
	}
	if of.Log.Body().Type() != pcommon.ValueTypeEmpty {
		t.value("body", "", of.Log.Body(), maxShownDepth)
	}
	t.attributes("attributes", of.Log.Attributes())
	t.attributes("scope", of.Scope.Scope().Attributes())
	t.attributes("resource", of.Resource.Resource().Attributes())
	if len(t.lines) > maxLines {
		t.lines = append(t.lines[:maxLines], fmt.Sprintf("… and %d more", len(t.lines)-maxLines))
	}
	return t.lines
}

type recordText struct {
	of     Origin
	hidden []string
	masked bool
	lines  []string
}

func (t *recordText) attributes(of string, m pcommon.Map) {
	for name, v := range m.All() {
		t.value(of, name, v, maxShownDepth)
	}
}

// value adds a value, a map as a line for each of its values.
func (t *recordText) value(of, name string, v pcommon.Value, depth int) {
	if v.Type() == pcommon.ValueTypeMap && depth > 0 && v.Map().Len() > 0 {
		for key, member := range v.Map().All() {
			inner := key
			if name != "" {
				inner = name + "." + key
			}
			t.value(of, inner, member, depth-1)
		}
		return
	}
	label := of
	if name != "" {
		label = of + "." + name
	}
	text := v.AsString()
	switch {
	case v.Type() == pcommon.ValueTypeEmpty:
		text = "null"
	case t.masked && text == t.of.Visitor.ID:
		text = t.of.Mask
	case slices.ContainsFunc(t.hidden, func(of string) bool { return label == of || strings.HasPrefix(label, of+".") }):
		text = "…"
	case t.masked && len(t.of.Visitor.ID) > shortID:
		text = strings.ReplaceAll(text, t.of.Visitor.ID, t.of.Mask)
	}
	t.add(label, text)
}

func (t *recordText) add(label, text string) {
	t.lines = append(t.lines, printable(label)+": "+printable(text))
}

// printable returns a text that a terminal only shows.
func printable(text string) string {
	if runes := []rune(text); len(runes) > maxShown {
		text = string(runes[:maxShown]) + "…"
	}
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return strconv.Quote(text)
		}
	}
	return text
}
