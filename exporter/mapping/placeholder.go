// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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
// nothing, and make of it.
func DefaultPlaceholders() []Placeholder {
	return []Placeholder{
		"null", "(null)", "<null>", `\N`, "nil", "(nil)", "<nil>", "none", "<none>", "undefined", "nan", "<na>",
		"n/a", "#n/a", "-", `""`, "{}", "[]", "[object Object]", "[object Null]", "[object Undefined]",
		"unknown", "<unknown>", "anonymous",
		// The ids of no one, and of no trace and no span.
		"00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000", "0000000000000000",
		// MD5, SHA-1, SHA-256 and SHA-512 of an empty text.
		"d41d8cd98f00b204e9800998ecf8427e",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709",
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce" +
			"47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
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
		first, _ := utf8.DecodeRuneInString(text)
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
