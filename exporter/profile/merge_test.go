// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMerge(t *testing.T) {
	tests := map[string]struct{ older, newer, want []Parameter }{
		"nothing and nothing is nothing": {
			want: []Parameter{},
		},
		"what only the older has stays": {
			older: []Parameter{{"a", "1"}, {"b", "2"}},
			want:  []Parameter{{"a", "1"}, {"b", "2"}},
		},
		"what only the newer has is added": {
			newer: []Parameter{{"a", "1"}, {"b", "2"}},
			want:  []Parameter{{"a", "1"}, {"b", "2"}},
		},
		"the newer value wins": {
			older: []Parameter{{"a", "older"}},
			newer: []Parameter{{"a", "newer"}},
			want:  []Parameter{{"a", "newer"}},
		},
		"it wins even when it is empty": {
			older: []Parameter{{"a", "older"}},
			newer: []Parameter{{"a", ""}},
			want:  []Parameter{{"a", ""}},
		},
		"the result is sorted by name": {
			older: []Parameter{{"a", "1"}, {"d", "4"}},
			newer: []Parameter{{"b", "2"}, {"c", "3"}, {"e", "5"}},
			want:  []Parameter{{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"e", "5"}},
		},
		"some are in both": {
			older: []Parameter{{"a", "1"}, {"b", "2"}, {"d", "4"}},
			newer: []Parameter{{"b", "new"}, {"c", "new"}, {"d", "new"}},
			want:  []Parameter{{"a", "1"}, {"b", "new"}, {"c", "new"}, {"d", "new"}},
		},
		"names differ by case": {
			older: []Parameter{{"Tier", "1"}, {"tier", "2"}},
			newer: []Parameter{{"TIER", "3"}, {"tier", "4"}},
			want:  []Parameter{{"TIER", "3"}, {"Tier", "1"}, {"tier", "4"}},
		},
		"a name that begins another is a name of its own": {
			older: []Parameter{{"a", "1"}, {"a.b", "2"}},
			newer: []Parameter{{"a.", "3"}},
			want:  []Parameter{{"a", "1"}, {"a.", "3"}, {"a.b", "2"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, mergeOnly(t, tt.older, tt.newer))
		})
	}
}

// mergeOnly merges, and holds that the merged are what they were and share no memory with the
// result: an entry and what came since are merged while others read them.
func mergeOnly(tb testing.TB, older, newer []Parameter) []Parameter {
	tb.Helper()
	roomy := append(make([]Parameter, 0, len(older)+len(newer)+1), older...)
	wasOlder, wasNewer := slices.Clone(older), slices.Clone(newer)
	merged := Merge(roomy, newer)
	result := slices.Clone(merged)
	require.True(tb, slices.Equal(wasOlder, roomy))
	require.True(tb, slices.Equal(wasNewer, newer))
	for i := range roomy[:cap(roomy)] {
		roomy[:cap(roomy)][i] = Parameter{"other", "other"}
	}
	require.Equal(tb, result, merged)
	return merged
}

// FuzzMerge merges what two batches of records say, and holds it against a map.
func FuzzMerge(f *testing.F) {
	f.Add([]byte("abc"), []byte("bcd"), "tier")
	f.Add([]byte(""), []byte("zyx\x00\xff"), "")
	f.Add([]byte("aaaa"), []byte("a"), "\xff")
	f.Fuzz(func(t *testing.T, older, newer []byte, name string) {
		model := map[string]string{}
		say := func(data []byte, when string) []Parameter {
			b := NewBatch(1)
			parameters := make([]Parameter, len(data))
			for i, c := range data {
				parameters[i] = Parameter{name[:min(len(name), int(c>>6))] + string(c&31), when + string(c)}
				model[CleanName(parameters[i].Name)] = parameters[i].Value
			}
			b.Add(0, someone, parameters)
			merged, _ := b.Parameters(0, nil)
			return merged
		}
		merged := mergeOnly(t, say(older, "older"), say(newer, "newer"))

		require.True(t, slices.IsSortedFunc(merged, func(a, b Parameter) int { return strings.Compare(a.Name, b.Name) }))
		got := map[string]string{}
		for _, p := range merged {
			got[p.Name] = p.Value
		}
		require.Len(t, merged, len(got), "each name once")
		require.True(t, maps.Equal(model, got), "%v %v", model, got)
	})
}
