// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVisitorParameterValidate(t *testing.T) {
	require.NoError(t, MboxPC.Validate())
	require.NoError(t, Mbox3rdPartyID.Validate())
	require.EqualError(t, VisitorParameter("").Validate(), "required, one of mboxPC, mbox3rdPartyId")
	for name, p := range map[string]VisitorParameter{
		"another case is another name":            "mboxpc",
		"the parameter of the in-page API":        "mbox3rdPartyID",
		"the Experience Cloud ID is not accepted": "mboxMCGVID",
		"white space is not trimmed":              " mboxPC",
	} {
		t.Run(name, func(t *testing.T) {
			err := p.Validate()
			require.ErrorContains(t, err, string(p), "what was given")
			require.ErrorContains(t, err, "mboxPC, mbox3rdPartyId", "what is allowed")
		})
	}
}

func TestUsable(t *testing.T) {
	tests := map[string]struct {
		id                 string
		pc, thirdParty     bool
		maxThirdPartyRunes int // the default when 0
	}{
		"a plain id":                            {id: "customer-17", pc: true, thirdParty: true},
		"a pcId with cluster and node":          {id: "1368007744041-575948.01_00", pc: true, thirdParty: true},
		"a numeric id":                          {id: "4711", pc: true, thirdParty: true},
		"a zero":                                {id: "0", pc: true, thirdParty: true},
		"two dots are none of Target's pcIds":   {id: "1.2.3", thirdParty: true},
		"a plus breaks a third-party id":        {id: "a+b", pc: true},
		"a slash breaks a third-party id":       {id: "a/b", pc: true},
		"an e-mail address":                     {id: "jo@example.com", pc: true, thirdParty: true},
		"a space inside":                        {id: "a b", pc: true, thirdParty: true},
		"spaces around stay and are no mistake": {id: " a ", pc: true, thirdParty: true},
		"form syntax is only text":              {id: "a&mboxPC=b#c%2B", pc: true, thirdParty: true},
		"letters beyond ASCII":                  {id: "Jörg-日本", pc: true, thirdParty: true},
		"an emoji":                              {id: "🛒", pc: true, thirdParty: true},
		"what stands for broken bytes":          {id: "M\uFFFDller-1"},
		"a part that was missing":               {id: "store-<nil>-17"},
		"a part that was missing, in capitals":  {id: "STORE-<NIL>-17"},
		"a name that sounds like nothing":       {id: "nil-<a>", pc: true, thirdParty: true},
		"empty":                                 {id: ""},
		"one space":                             {id: " "},
		"only Unicode white space":              {id: "\u00a0\u2003"},
		"a tab":                                 {id: "a\tb"},
		"a line feed at the end":                {id: "a\n"},
		"a NUL":                                 {id: "a\x00"},
		"a DEL":                                 {id: "a\x7f"},
		"a C1 control character":                {id: "a\u0085"},
		"invalid UTF-8":                         {id: "a\xff"},
		"half a rune":                           {id: "a\xe2\x82"},
		"a surrogate":                           {id: "a\xed\xa0\x80"},
		"128 characters":                        {id: strings.Repeat("a", 128), pc: true, thirdParty: true},
		"129 characters":                        {id: strings.Repeat("a", 129)},
		"128 characters of three bytes each":    {id: strings.Repeat("日", 128), pc: true, thirdParty: true},
		"129 characters of three bytes each":    {id: strings.Repeat("日", 129)},
		"256 characters where they are allowed": {id: strings.Repeat("a", 256), thirdParty: true, maxThirdPartyRunes: 256},
		"257 characters":                        {id: strings.Repeat("a", 257), maxThirdPartyRunes: 256},
		"a limit below the default":             {id: "abcd", pc: true, maxThirdPartyRunes: 3},
		"100 KB":                                {id: strings.Repeat("a", 100_000), maxThirdPartyRunes: 256},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			limit := tt.maxThirdPartyRunes
			if limit == 0 {
				limit = DefaultMaxThirdPartyIDLength
			}
			assert.Equal(t, tt.pc, Visitor{Parameter: MboxPC, ID: tt.id}.Usable(limit), "mboxPC")
			assert.Equal(t, tt.thirdParty, Visitor{Parameter: Mbox3rdPartyID, ID: tt.id}.Usable(limit), "mbox3rdPartyId")
		})
	}
}
