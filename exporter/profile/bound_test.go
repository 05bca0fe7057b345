// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// calls returns how many calls the parameters become, as they are merged and sent.
func calls(tb testing.TB, v Visitor, parameters []Parameter, limit int) int {
	tb.Helper()
	b := NewBatch(1)
	b.Add(0, v, parameters)
	rest, _ := b.Parameters(0, nil)
	n := 0
	for ; len(rest) > 0; n++ {
		_, carried := AppendForm(nil, v, rest, limit)
		require.Positive(tb, carried)
		rest = rest[carried:]
	}
	return n
}

func names(parameters []Parameter) []string {
	var all []string
	for _, p := range parameters {
		if !slices.Contains(all, p.Name) {
			all = append(all, p.Name)
		}
	}
	return all
}

func TestBound(t *testing.T) {
	// A call of `mboxPC=1` has room for 40 bytes, `&profile.a=` and a value of 29 among them.
	v, limit := Visitor{MboxPC, "1"}, len("mboxPC=1")+40
	full := strings.Repeat("x", 29)
	half := strings.Repeat("x", 9)
	tests := map[string]struct {
		calls       int
		given, want []Parameter
	}{
		"nothing is bounded by nothing": {
			calls: 1,
		},
		"what fits stays": {
			calls: 2,
			given: []Parameter{{"b", full}, {"a", full}},
			want:  []Parameter{{"b", full}, {"a", full}},
		},
		"those that come first stay, whatever their names": {
			calls: 2,
			given: []Parameter{{"c", full}, {"b", full}, {"a", full}},
			want:  []Parameter{{"c", full}, {"b", full}},
		},
		"what is small goes too behind what was left out": {
			calls: 1,
			given: []Parameter{{"b", half}, {"c", full}, {"a", half}},
			want:  []Parameter{{"b", half}},
		},
		"how many calls there are depends on the order in which they are sent": {
			calls: 3,
			given: []Parameter{{"a", half}, {"b", full}, {"c", half}, {"d", full}},
			want:  []Parameter{{"a", half}, {"b", full}, {"c", half}},
		},
		"in another order all fit": {
			calls: 3,
			given: []Parameter{{"a", half}, {"c", full}, {"b", half}, {"d", full}},
			want:  []Parameter{{"a", half}, {"c", full}, {"b", half}, {"d", full}},
		},
		"earlier values of a name take no room": {
			calls: 1,
			given: []Parameter{{"a", full}, {"a", half}, {"a", full}, {"a", half}, {"b", half}},
			want:  []Parameter{{"a", full}, {"a", half}, {"a", full}, {"a", half}, {"b", half}},
		},
		"an earlier value does not stand for one that was left out": {
			calls: 1,
			given: []Parameter{{"a", half}, {"b", half}, {"c", half}, {"a", half}},
			want:  []Parameter{{"b", half}, {"c", half}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, Bound(v, slices.Clone(tt.given), tt.calls, limit))
		})
	}
}

func TestBound_OfTheUsualUpdateAllocatesNothing(t *testing.T) {
	for name, parameters := range map[string][]Parameter{
		"a small one":                    manyParameters(5),
		"one of 100 KB":                  {{"a", strings.Repeat("x", 50_000)}, {"b", strings.Repeat("x", 50_000)}},
		"one of ten thousand bytes \xff": {{"a", strings.Repeat("x\xff", 5_000)}},
	} {
		assert.Zero(t, testing.AllocsPerRun(10, func() { parameters = Bound(someone, parameters, 10, MaxBody) }), name)
	}
}

func TestBound_OfTwentyMegabytes(t *testing.T) {
	parameters := make([]Parameter, 0, 20_000)
	for _, p := range manyParameters(20_000) {
		parameters = append(parameters, Parameter{p.Name, strings.Repeat("x", 1_000)})
	}
	got := Bound(someone, slices.Clone(parameters), 10, MaxBody)
	assert.Equal(t, parameters[:len(got)], got)
	assert.Equal(t, 10, calls(t, someone, got, MaxBody))
	assert.Equal(t, 11, calls(t, someone, parameters[:len(got)+1], MaxBody))
}

// FuzzBound holds that what stays fits, that it is the beginning of what there is, and that
// no more of it would fit.
func FuzzBound(f *testing.F) {
	f.Add([]byte("abcdefgh"), []byte{3, 30, 7, 9, 200, 1, 1, 1}, "x", uint8(2), uint8(60))
	f.Add([]byte("aabbccaa"), []byte{90, 90, 90, 90, 90, 90, 90, 90}, "&", uint8(1), uint8(255))
	f.Add([]byte("zyxwvutsrqponmlkjihgfedcba"), []byte{10, 200}, "\xff", uint8(10), uint8(120))
	f.Fuzz(func(t *testing.T, keys, lengths []byte, text string, most, limit uint8) {
		var parameters []Parameter
		for i, key := range keys[:min(len(keys), 300)] {
			p := Parameter{string('a' + rune(key%64)), ""}
			if len(lengths) > 0 {
				p.Value = strings.Repeat(text, int(lengths[i%len(lengths)]))
			}
			if Fits(someone, p.Name, p.Value, int(limit)) {
				parameters = append(parameters, p)
			}
		}
		allowed := 1 + int(most%12)
		got := Bound(someone, slices.Clone(parameters), allowed, int(limit))
		require.LessOrEqual(t, calls(t, someone, got, int(limit)), allowed)
		require.Equal(t, got, Bound(someone, slices.Clone(got), allowed, int(limit)), "what fits is left alone")

		latest := map[string]int{}
		for i, p := range parameters {
			latest[p.Name] = i
		}
		byLatest := names(parameters)
		slices.SortFunc(byLatest, func(a, b string) int { return latest[a] - latest[b] })
		stay := byLatest[:len(names(got))]
		only := func(kept []string) []Parameter {
			return slices.DeleteFunc(slices.Clone(parameters), func(p Parameter) bool { return !slices.Contains(kept, p.Name) })
		}
		require.True(t, slices.Equal(only(stay), got), "those stay that come first, with all their values")
		if len(stay) < len(byLatest) {
			require.Greater(t, calls(t, someone, only(byLatest[:len(stay)+1]), int(limit)), allowed, "one more does not fit")
		}
	})
}

func TestBoundNames(t *testing.T) {
	p := func(name, value string) Parameter { return Parameter{Name: name, Value: value} }
	tests := map[string]struct{ given, want []Parameter }{
		"as many as may be stay":                  {[]Parameter{p("a", "1"), p("b", "1")}, []Parameter{p("a", "1"), p("b", "1")}},
		"the last names go":                       {[]Parameter{p("c", "1"), p("a", "1"), p("b", "1"), p("d", "1")}, []Parameter{p("c", "1"), p("a", "1")}},
		"two values of one name are one":          {[]Parameter{p("a", "1"), p("b", "1"), p("a", "2")}, []Parameter{p("a", "1"), p("b", "1"), p("a", "2")}},
		"a name whose latest value is last goes":  {[]Parameter{p("a", "1"), p("b", "1"), p("c", "1"), p("a", "2")}, []Parameter{p("b", "1"), p("c", "1")}},
		"an earlier value is no stand-in for one": {[]Parameter{p("c", "1"), p("a", "1"), p("b", "1"), p("c", "2")}, []Parameter{p("a", "1"), p("b", "1")}},
		"nothing": {nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, BoundNames(tt.given, 2))
		})
	}
}
