// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"

import (
	"fmt"
	"unicode/utf8"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	// shownOfID is how many characters of an id its mask shows, where it has at least so many as shownFrom says.
	shownOfID = 2
	shownFrom = 6
)

// masks are what stands for ids: their beginning and a number, so that two ids differ that do.
type masks struct {
	shown   bool
	numbers map[profile.Visitor]int
}

func (m *masks) of(v profile.Visitor) string {
	if m.shown {
		return v.ID
	}
	if m.numbers == nil {
		m.numbers = make(map[profile.Visitor]int)
	}
	number, known := m.numbers[v]
	if !known {
		number = len(m.numbers) + 1
		m.numbers[v] = number
	}
	return fmt.Sprintf("%s…#%d", beginning(v.ID), number)
}

func beginning(id string) string {
	if utf8.RuneCountInString(id) < shownFrom {
		return ""
	}
	return string([]rune(id)[:shownOfID])
}
