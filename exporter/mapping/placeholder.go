// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// Placeholder is a text that programs write where they have no id. As an id it
// would make one visitor of all who have none.
type Placeholder string

// Validate returns an error for a placeholder that could never be met.
func (p Placeholder) Validate() error {
	if strings.TrimSpace(string(p)) == "" {
		return errors.New("must not be blank, an empty id is none anyway; write words such as null in quotes")
	}
	return nil
}

// DefaultPlaceholders returns what languages, databases and tools write for
// nothing.
func DefaultPlaceholders() []Placeholder {
	return []Placeholder{
		"null", "(null)", "<null>", `\N`, "nil", "(nil)", "<nil>", "none", "<none>", "undefined", "nan", "nat", "<na>",
		"n/a", "#n/a", "na", "-", `""`, "{}", "[]", "[object Object]", "[object Null]", "[object Undefined]",
		"unknown", "<unknown>", "anonymous", "00000000-0000-0000-0000-000000000000",
	}
}

// placeholders are ordered by the first byte of the texts that are equal to them
// but for case.
type placeholders [256][]string

func newPlaceholders(list []Placeholder) *placeholders {
	p := &placeholders{}
	for _, placeholder := range list {
		text := strings.TrimSpace(string(placeholder))
		if text == "" {
			continue
		}
		first := []rune(text)[0]
		p.add(first, text)
		for r := unicode.SimpleFold(first); r != first; r = unicode.SimpleFold(r) {
			p.add(r, text)
		}
	}
	return p
}

func (p *placeholders) add(first rune, text string) {
	if at := &p[string(first)[0]]; !slices.Contains(*at, text) {
		*at = append(*at, text)
	}
}

// include reports whether the id is one of the placeholders, in any case and with
// any white space around it.
func (p *placeholders) include(id string) bool {
	text := strings.TrimSpace(id)
	if text == "" {
		return false
	}
	for _, placeholder := range p[text[0]] {
		if strings.EqualFold(placeholder, text) {
			return true
		}
	}
	return false
}
