// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAFormIsDecodedExactly(t *testing.T) {
	for _, test := range []struct {
		name, encoded string
		pairs         []pair
	}{
		{"nothing is no parameter", "", nil},
		{"one parameter", "a=b", []pair{{"a", "b"}}},
		{"several keep their order", "b=1&a=2&c=3", []pair{{"b", "1"}, {"a", "2"}, {"c", "3"}}},
		{"an empty value is a value", "a=", []pair{{"a", ""}}},
		{"a plus is a space", "a=b+c", []pair{{"a", "b c"}}},
		{"an escaped plus is a plus", "a=b%2Bc", []pair{{"a", "b+c"}}},
		{"spaces at the ends are kept", "a=+b%20", []pair{{"a", " b "}}},
		{"escaped separators are data", "a=b%26c%3Dd%3Be", []pair{{"a", "b&c=d;e"}}},
		{"escapes in a name are decoded", "mbox%50C=1", []pair{{"mboxPC", "1"}}},
		{"hexadecimal digits come in both cases", "a=%c3%A9", []pair{{"a", "é"}}},
		{"characters beyond the basic plane", "a=%F0%9F%8E%81", []pair{{"a", "🎁"}}},
		{"an escape is decoded once", "a=%2541", []pair{{"a", "%41"}}},
		{"an escaped percent sign at the end", "a=50%25", []pair{{"a", "50%"}}},
		{"case is kept", "A=b&a=B", []pair{{"A", "b"}, {"a", "B"}}},
		{"a control character can be escaped", "a=b%0Ac%00", []pair{{"a", "b\nc\x00"}}},
		{"all that a query may hold raw", "a=-._~!$'()*,:@/?", []pair{{"a", "-._~!$'()*,:@/?"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			pairs, refused := parseForm(test.encoded)
			require.Nil(t, refused)
			assert.Equal(t, test.pairs, pairs)
		})
	}
}

func TestAFormThatIsNotEncodedProperlyIsRefused(t *testing.T) {
	for name, encoded := range map[string]string{
		"a semicolon":                     "a=b;c=d",
		"an empty parameter":              "a=b&&c=d",
		"an ampersand at the end":         "a=b&",
		"an ampersand at the start":       "&a=b",
		"a name alone":                    "a",
		"a value without a name":          "=b",
		"an equals sign in a value":       "a=b=c",
		"an escape cut after the percent": "a=b%",
		"an escape cut after one digit":   "a=b%4",
		"an escape of no digits":          "a=%zz",
		"an escape of one digit":          "a=%4z",
		"a UTF-16 escape":                 "a=%u00e9",
		"an escape in a name":             "%=b",
		"a raw space":                     "a=b c",
		"a raw newline":                   "a=b\n",
		"a raw NUL":                       "a=b\x00",
		"a raw DEL":                       "a=b\x7f",
		"a raw character past ASCII":      "a=é",
		"a raw Latin-1 byte":              "a=\xe9",
		"a quotation mark":                `a="b"`,
		"a number sign":                   "a=#1",
		"a brace":                         "a={b}",
		"a bracket":                       "a[0]=b",
		"a backslash":                     `a=b\c`,
		"a vertical bar":                  "a=b|c",
		"an angle bracket":                "a=<b>",
		"a byte order mark":               "\ufeffa=b",
		"escaped Latin-1":                 "a=%e9",
		"an overlong escape":              "a=%c0%80",
		"an escaped surrogate":            "a=%ed%a0%80",
		"a cut UTF-8 sequence in a name":  "a%c3=b",
	} {
		t.Run(name, func(t *testing.T) {
			_, refused := parseForm(encoded)
			require.NotNil(t, refused)
			assert.Equal(t, 400, refused.status)
		})
	}
}

// FuzzParseForm holds the parser against net/url, which is laxer: what is accepted means the same to both, and keeps its
// meaning when it is encoded again.
func FuzzParseForm(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&c=d%20e+f", goldUpdate, "a=%C3%A9", "a=%2", "a=b;c=d", "a==", "&", "%3D=%26", "a=\xff", "é=1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		pairs, refused := parseForm(encoded)
		if refused != nil {
			assert.Empty(t, pairs)
			return
		}
		values, err := url.ParseQuery(encoded)
		require.NoError(t, err)
		expected := url.Values{}
		var again []string
		for _, p := range pairs {
			expected.Add(p.name, p.value)
			again = append(again, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
		}
		assert.Equal(t, expected, values)
		reparsed, refused := parseForm(strings.Join(again, "&"))
		require.Nil(t, refused)
		assert.Equal(t, pairs, reparsed)
	})
}

// FuzzReadUpdate checks what every accepted update promises, whatever was sent.
func FuzzReadUpdate(f *testing.F) {
	for _, seed := range []string{goldUpdate, "mboxPC=1.01_00&profile.a=b&profile.c=d", "mboxPC=1&mbox3rdPartyId=2&profile.a=b", "profile.a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		pairs, refused := parseForm(encoded)
		if refused != nil {
			return
		}
		u, refused := readUpdate(pairs, defaultThirdPartyIDLength)
		if refused != nil {
			assert.NotEmpty(t, refused.message)
			return
		}
		require.NoError(t, u.visitor.validate(defaultThirdPartyIDLength))
		assert.Len(t, u.parameters, len(pairs)-1)
		names := map[string]bool{}
		for _, p := range u.parameters {
			assert.NotEmpty(t, p.value)
			assert.False(t, names[p.name], "a name is there once")
			assert.NoError(t, validateName(p.name))
			names[p.name] = true
		}
	})
}
