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

// FuzzAppendForm splits three parameters into calls of any limit, as delivery
// does, and reads each call back.
func FuzzAppendForm(f *testing.F) {
	for i, s := range nasty {
		f.Add(s, s, s, "neighbor", "unharmed", i%2 == 0, uint16(20*i))
	}
	f.Add("id", "n", strings.Repeat("x", 8_000), "m", strings.Repeat("\xff", 8_000), true, uint16(MaxRequestTarget))
	f.Fuzz(func(t *testing.T, id, name, value, name2, value2 string, pc bool, limit uint16) {
		v := Visitor{Mbox3rdPartyID, id}
		if pc {
			v.Parameter = MboxPC
		}
		for rest := []Parameter{{name, value}, {name2, value2}, {name + name2, value + value2}}; len(rest) > 0; {
			form, n := AppendForm([]byte("before"), v, rest, int(limit))
			require.Equal(t, Fits(v, rest[0].Name, rest[0].Value, int(limit)), n > 0, "Fits and AppendForm agree")
			if n == 0 {
				rest = rest[1:]
				continue
			}
			call, found := strings.CutPrefix(string(form), "before")
			require.True(t, found)
			checkCall(t, call, v, rest[:n], int(limit))
			if n < len(rest) {
				require.Greater(t, len(naiveForm(v, rest[:n+1])), int(limit), "a call takes what fits")
			}
			rest = rest[n:]
		}
	})
}

// checkCall reads a call back and compares it with what was meant.
func checkCall(tb testing.TB, call string, v Visitor, parameters []Parameter, limit int) {
	tb.Helper()
	assert.LessOrEqual(tb, len(call), limit)
	require.Equal(tb, naiveForm(v, parameters), call)

	values, err := url.ParseQuery(call)
	require.NoError(tb, err)
	want := url.Values{string(v.Parameter): {strings.ToValidUTF8(v.ID, "\uFFFD")}}
	for _, p := range parameters {
		key := "profile." + CleanName(p.Name)
		want[key] = append(want[key], strings.ToValidUTF8(p.Value, "\uFFFD"))
	}
	require.Equal(tb, want, values)
}

// FuzzEscapedLen holds the length that Fits computes against what is written.
func FuzzEscapedLen(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := string(AppendEscaped(nil, s))
		require.Equal(t, naiveEscape(s), escaped)
		require.Len(t, escaped, EscapedLen(s))
		require.LessOrEqual(t, len(escaped), maxGrowth*len(s), "the bound of Fits' short way")
		require.Equal(t, escaped, string(AppendEscaped(nil, CleanName(s))), "a cleaned name is written as the name is")
	})
}

// FuzzBatch adds any updates and holds the batch against the naive model: data is
// read as additions of parameters whose names and values it holds.
func FuzzBatch(f *testing.F) {
	f.Add([]byte("\x00\x02ab"), "a", "b\xff")
	f.Add([]byte("\x01\x01a\x02\x03abc\x01\x02ba"), "tier", "")
	f.Add([]byte("\x07\xff0123456789\x07\xff0123456789"), "\xff", "\xfe")
	f.Fuzz(func(t *testing.T, data []byte, name, otherName string) {
		names := []string{name, otherName, name + "x", "tier"}
		ids := []string{"1", "2", name}
		batch, model := NewBatch(0), newModel()
		for record := 0; len(data) >= 2; record++ {
			v := Visitor{MboxPC, ids[int(data[0]>>1)%len(ids)]}
			if data[0]&1 == 1 {
				v.Parameter = Mbox3rdPartyID
			}
			count := min(int(data[1])%16, len(data)-2)
			var parameters []Parameter
			for _, c := range data[2 : 2+count] {
				parameters = append(parameters, Parameter{names[int(c)%len(names)], string(rune(c)) + v.ID})
			}
			batch.Add(record, v, parameters)
			model.add(record, v, parameters)
			data = data[2+count:]
		}
		model.check(t, batch)
	})
}
