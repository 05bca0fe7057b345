// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	shownAttributes = 12
	shownCharacters = 60
)

// chooseExamples returns up to three profiles: the fullest of a customer's id, the
// fullest of Target's id, and one whose id had to be encoded.
func chooseExamples(profiles []emulator.Profile) []emulator.Profile {
	plain := func(p *emulator.Profile) bool { return url.QueryEscape(p.ID) == p.ID }
	var chosen []emulator.Profile
	for _, fits := range []func(p *emulator.Profile) bool{
		func(p *emulator.Profile) bool { return p.Parameter == emulator.Mbox3rdPartyID && plain(p) },
		func(p *emulator.Profile) bool { return p.Parameter == emulator.MboxPC },
		func(p *emulator.Profile) bool { return !plain(p) },
	} {
		if fullest := fullestOf(profiles, fits); fullest != nil {
			chosen = append(chosen, *fullest)
		}
	}
	return chosen
}

// fullestOf returns the first of the profiles that have the most attributes.
func fullestOf(profiles []emulator.Profile, fits func(p *emulator.Profile) bool) *emulator.Profile {
	var fullest *emulator.Profile
	for i := range profiles {
		p := &profiles[i]
		if fits(p) && (fullest == nil || len(p.Attributes) > len(fullest.Attributes)) {
			fullest = p
		}
	}
	return fullest
}

func writeProfile(w io.Writer, p *emulator.Profile) {
	fmt.Fprintf(w, "\n  %s %s\n", p.Parameter, readable(p.ID))
	names := slices.Sorted(maps.Keys(p.Attributes))
	for i, name := range names {
		if i == shownAttributes && len(names) > shownAttributes+1 {
			fmt.Fprintf(w, "    and %d more\n", len(names)-i)
			return
		}
		fmt.Fprintf(w, "    %-28s  %s\n", readable(name), readable(p.Attributes[name].Value))
	}
}

// readable returns the text as it is when that is plain to see, quoted when it
// holds line breaks or begins or ends with white space, and cut when it is long.
func readable(text string) string {
	n := utf8.RuneCountInString(text)
	if n > shownCharacters {
		return readable(strings.TrimSpace(string([]rune(text)[:shownCharacters]))) + fmt.Sprintf(" ... (%s characters)", grouped(n))
	}
	if strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text {
		return strconv.Quote(text)
	}
	return text
}

func writePlaces(w io.Writer, at places, config, log string, example *emulator.Profile) {
	fmt.Fprint(w, "\nWhere to look while this runs, now with two records a second\n")
	for _, place := range []struct{ what, where string }{
		{"the page", at.emulator + "/"},
		{"one visitor", fetchURL(at.emulator, example)},
		{"all profiles", at.emulator + "/_emulator/profiles"},
		{"emulator's counters", at.emulator + "/_emulator/stats"},
		{"collector's metrics", at.metrics},
		{"configuration", config},
		{"records, to add to", at.records},
		{"collector's log", log},
	} {
		if place.where != "" {
			fmt.Fprintf(w, "  %-22s%s\n", place.what, place.where)
		}
	}
	fmt.Fprint(w, "\nCtrl-C ends it.\n")
}

// fetchURL returns the address of Target's profile fetch for the visitor.
func fetchURL(base string, p *emulator.Profile) string {
	if p == nil {
		return ""
	}
	path := "/rest/v1/profiles/"
	if p.Parameter == emulator.Mbox3rdPartyID {
		path += "thirdPartyId/"
	}
	// PathEscape would leave an '&', which a shell does not take for a part of it.
	id := strings.ReplaceAll(url.QueryEscape(p.ID), "+", "%20")
	return base + path + id + "?client=" + url.QueryEscape(p.Client)
}
