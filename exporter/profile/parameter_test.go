// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestReserved(t *testing.T) {
	for name, reserved := range map[string]bool{
		"user.x":                   true,
		"user.":                    true,
		"user.activeActivities":    true,
		"mboxPC":                   true,
		"mbox3rdPartyId":           true,
		"mbox":                     true,
		"mboxAnything":             true,
		"geolocation.city":         true,
		"mobile.deviceModel":       true,
		"browserTime":              true,
		"sessionCount":             true,
		"averageDaysBetweenVisits": true,

		"":                 false,
		"user":             false,
		"username":         false,
		"User.x":           false,
		"my.user.x":        false,
		"Mbox":             false,
		"my.mbox":          false,
		"geolocation":      false,
		"geolocationCity":  false,
		"mobile":           false,
		"mobilePhone":      false,
		"browserTimes":     false,
		"browsertime":      false,
		"sessionCount.x":   false,
		"session.count":    false,
		"loyaltyTier":      false,
		" user.x":          false,
		"profile.user.x":   false,
		"\uFFFDuser.x":     false,
		"geolocation city": false,
	} {
		assert.Equal(t, reserved, Reserved(name), "%q", name)
	}
}

func TestMalformed_IsWhatHoldsAControlCharacter(t *testing.T) {
	for r := range rune(0x3000) {
		for _, name := range []string{string(r), "a" + string(r), "é" + string(r) + "b"} {
			assert.Equal(t, unicode.IsControl(r), Malformed(name), "%q", name)
		}
	}
	for _, name := range []string{"", "loyalty.tier", "\x80", "a\x85b", "\uFFFD", "\u2028", "😀"} {
		assert.False(t, Malformed(name), "%q", name)
	}
}

func TestNameTooLong(t *testing.T) {
	tests := map[string]struct {
		name    string
		tooLong bool
	}{
		"empty":                              {"", false},
		"128 characters":                     {strings.Repeat("n", 128), false},
		"129 characters":                     {strings.Repeat("n", 129), true},
		"128 characters of four bytes each":  {strings.Repeat("🛒", 128), false},
		"129 characters of four bytes each":  {strings.Repeat("🛒", 129), true},
		"127 characters and one of two":      {strings.Repeat("n", 127) + "ß", false},
		"128 characters and one of two":      {strings.Repeat("n", 128) + "ß", true},
		"one combining sign is one of 129":   {strings.Repeat("n", 128) + "\u0301", true},
		"a name of 100 KB":                   {strings.Repeat("n", 100_000), true},
		"one of many bytes and few runes":    {strings.Repeat("日", 50), false},
		"128 with dots of a map's way to it": {strings.Repeat("a.", 64), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.tooLong, NameTooLong(tt.name))
		})
	}
}

func TestUTF16Length(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "é日\uffff": 3, "😀": 2, "a😀b": 4, "\U0010ffff": 2} {
		assert.Equal(t, want, UTF16Length(text), text)
		assert.Len(t, utf16.Encode([]rune(text)), want, text)
	}
}

func TestCleanName(t *testing.T) {
	const spaced = " Lóyalty Tier\n"
	for name, clean := range map[string]string{
		spaced:             spaced,
		"":                 "",
		"loyaltyTier":      "loyaltyTier",
		"a\xffb":           "a\uFFFDb",
		"a\xff\xfe\xfdb":   "a\uFFFDb",
		"\xff":             "\uFFFD",
		"a\uFFFD\xffb":     "a\uFFFD\uFFFDb",
		"\xe2\x82":         "\uFFFD",
		"\xff.\xff":        "\uFFFD.\uFFFD",
		"\xed\xa0\x80tail": "\uFFFDtail",
	} {
		got := CleanName(name)
		assert.Equal(t, clean, got, "%q", name)
		assert.True(t, utf8.ValidString(got), "%q", name)
		assert.Equal(t, got, CleanName(got), "cleaning twice changes nothing: %q", name)
	}
}
