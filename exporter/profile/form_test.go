// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	someone = Visitor{Parameter: Mbox3rdPartyID, ID: "c-1"}

	// nasty are texts that have broken an encoder somewhere.
	nasty = []string{
		"", "gold", "R&D #1 50%", "a b", " a ", "a+b", "a%20b", "%", "%zz", "a=b", "a==b", "=", "&", "&&", ";", "a;b",
		"x&mbox3rdPartyId=evil", "x&profile.tier=evil", "line\nfeed", "\r\n\r\n", "\x00", "\x7f", "tab\t", "?", "#", "/", "\\",
		"\"'<>`", "[]{}|^", "!$()*,:@", "-._~", "Jörg", "日本語", "🛒", "e\u0301", "\u200b", "\u2028", "\ufeff", "\uFFFD",
		"\xff", "\xff\xfe", "a\xffb\xffc", "\xe2\x82", "\xe2\x82a", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\x80\uFFFD\x80",
	}
)

// naiveForm writes a form as one would who has time: by the standard library's
// encoder, which differs only in a space's `+`.
func naiveForm(v Visitor, parameters []Parameter) string {
	pairs := []string{string(v.Parameter) + "=" + naiveEscape(v.ID)}
	for _, p := range parameters {
		pairs = append(pairs, "profile."+naiveEscape(p.Name)+"="+naiveEscape(p.Value))
	}
	return strings.Join(pairs, "&")
}

func naiveEscape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(strings.ToValidUTF8(s, "\uFFFD")), "+", "%20")
}

func TestAppendFormWritesWhatAdobeDocuments(t *testing.T) {
	form, n := AppendForm(nil, Visitor{MboxPC, "1368007744041-575948.01_00"}, []Parameter{
		{"loyaltyTier", "gold"},
		{"last store", "Müller & Söhne"},
	}, MaxBody)

	assert.Equal(t, 2, n)
	assert.Equal(t, "mboxPC=1368007744041-575948.01_00"+
		"&profile.loyaltyTier=gold"+
		"&profile.last%20store=M%C3%BCller%20%26%20S%C3%B6hne", string(form))
}

func TestAppendFormEncodesEverything(t *testing.T) {
	for _, s := range nasty {
		for name, tt := range map[string]struct {
			visitor   Visitor
			parameter Parameter
		}{
			"as id":    {Visitor{Mbox3rdPartyID, s}, Parameter{"n", "v"}},
			"as name":  {someone, Parameter{s, "v"}},
			"as value": {someone, Parameter{"n", s}},
		} {
			parameters := []Parameter{tt.parameter, {"neighbor", "unharmed"}}
			form, n := AppendForm(nil, tt.visitor, parameters, MaxBody)

			require.Equal(t, 2, n, "%q %s", s, name)
			assert.Equal(t, naiveForm(tt.visitor, parameters), string(form), "%q %s", s, name)
			values, err := url.ParseQuery(string(form))
			require.NoError(t, err, "%q %s", s, name)
			assert.Equal(t, url.Values{
				"mbox3rdPartyId": {strings.ToValidUTF8(tt.visitor.ID, "\uFFFD")},
				"profile." + CleanName(tt.parameter.Name): {strings.ToValidUTF8(tt.parameter.Value, "\uFFFD")},
				"profile.neighbor":                        {"unharmed"},
			}, values, "%q %s", s, name)
		}
	}
}

func TestAppendFormEncodesEachByteAlike(t *testing.T) {
	for b := range 256 {
		s := "a" + string([]byte{byte(b)}) + "z"
		assert.Equal(t, naiveEscape(s), string(AppendEscaped(nil, s)), "byte %#x", b)
		assert.Len(t, naiveEscape(s), EscapedLen(s), "byte %#x", b)
	}
}

func TestAppendFormAppends(t *testing.T) {
	parameters := []Parameter{{"a", "1"}, {"b", "2"}}
	whole := naiveForm(someone, parameters)

	form, n := AppendForm([]byte("POST\n"), someone, parameters, len(whole))
	assert.Equal(t, 2, n, "the limit counts the form, not what stood before it")
	assert.Equal(t, "POST\n"+whole, string(form))

	form, n = AppendForm([]byte("POST\n"), someone, parameters, len(whole)-1)
	assert.Equal(t, 1, n)
	assert.Equal(t, "POST\n"+naiveForm(someone, parameters[:1]), string(form))
}

func TestAppendFormOfNoParameters(t *testing.T) {
	form, n := AppendForm(nil, someone, nil, MaxBody)
	assert.Zero(t, n)
	assert.Equal(t, "mbox3rdPartyId=c-1", string(form))
}

func TestAppendFormReachesTheLimitAndNeverPassesIt(t *testing.T) {
	for name, limit := range map[string]int{"a POST body": MaxBody, "a request target": MaxRequestTarget} {
		t.Run(name, func(t *testing.T) {
			const first = "&profile.a=1"
			room := limit - len(naiveForm(someone, nil)) - len(first) - len("&profile.b=")
			for _, tt := range []struct {
				fill string
				unit int
			}{{"x", 1}, {" ", 3}, {"ß", 6}, {"日", 9}, {"🛒", 12}} {
				value := strings.Repeat(tt.fill, room/tt.unit) + strings.Repeat("x", room%tt.unit)
				exact := []Parameter{{"a", "1"}, {"b", value}}
				form, n := AppendForm(nil, someone, exact, limit)
				assert.Equal(t, 2, n, "%q", tt.fill)
				assert.Len(t, form, limit, "%q", tt.fill)

				over := []Parameter{{"a", "1"}, {"b", value + "x"}, {"c", "3"}}
				form, n = AppendForm(nil, someone, over, limit)
				assert.Equal(t, 1, n, "%q: a parameter that does not fit ends the call", tt.fill)
				assert.Equal(t, naiveForm(someone, over[:1]), string(form), "%q: nothing of it is left", tt.fill)
			}
		})
	}
}

func TestAppendFormOfAParameterThatNeverFits(t *testing.T) {
	for name, tt := range map[string]struct {
		visitor   Visitor
		parameter Parameter
		limit     int
	}{
		"a value of 100 KB":               {someone, Parameter{"n", strings.Repeat("x", 100_000)}, MaxBody},
		"a value that grows past it":      {someone, Parameter{"n", strings.Repeat("&", 20_000)}, MaxBody},
		"a value that grows sixfold":      {someone, Parameter{"n", strings.Repeat("\xff&", 5_500)}, MaxBody},
		"a name of 100 KB":                {someone, Parameter{strings.Repeat("n", 100_000), ""}, MaxBody},
		"an id that fills the call alone": {Visitor{MboxPC, strings.Repeat("x", 100)}, Parameter{"n", "v"}, 50},
		"no room at all":                  {someone, Parameter{"n", "v"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			_, n := AppendForm(nil, tt.visitor, []Parameter{tt.parameter, {"b", "2"}}, tt.limit)
			assert.Zero(t, n)
			assert.False(t, Fits(tt.visitor, tt.parameter.Name, tt.parameter.Value, tt.limit))
		})
	}
}

func TestFitsAtTheLimit(t *testing.T) {
	for _, limit := range []int{MaxBody, MaxRequestTarget} {
		for _, fill := range []string{"x", " ", "日", "\xff x"} {
			value := strings.Repeat(fill, 50)
			alone := len(naiveForm(someone, []Parameter{{"n", value}}))
			value += strings.Repeat("x", limit-alone)
			assert.True(t, Fits(someone, "n", value, limit), "%q %d", fill, limit)
			assert.False(t, Fits(someone, "n", value+"x", limit), "%q %d", fill, limit)
			assert.False(t, Fits(someone, "nn", value, limit), "%q %d", fill, limit)
			assert.False(t, Fits(Visitor{Mbox3rdPartyID, "c-12"}, "n", value, limit), "%q %d", fill, limit)
		}
	}
}

func TestSplittingTenThousandParametersLosesNone(t *testing.T) {
	parameters := manyParameters(10_000)
	for _, limit := range []int{MaxBody, MaxRequestTarget} {
		var joined []Parameter
		calls := 0
		for rest := parameters; len(rest) > 0; calls++ {
			form, n := AppendForm(nil, someone, rest, limit)
			require.Positive(t, n)
			require.LessOrEqual(t, len(form), limit)
			require.Equal(t, naiveForm(someone, rest[:n]), string(form))
			joined = append(joined, rest[:n]...)
			rest = rest[n:]
		}
		assert.Equal(t, parameters, joined)
		assert.Greater(t, calls, 1)
	}
}
