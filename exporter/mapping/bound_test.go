// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// entriesOf returns an entry for each attribute, in this order, which gives the parameter of
// that name.
func entriesOf(attributes ...string) []ProfileEntry {
	var entries []ProfileEntry
	for _, name := range attributes {
		entries = append(entries, ProfileEntry{Parameter: ParameterName(name), Attribute: name})
	}
	return entries
}

func TestARecordOfMoreThanTenCalls(t *testing.T) {
	aCall := strings.Repeat("x", 59_000)
	twelve := []string{"l", "k", "j", "i", "h", "g", "f", "e", "d", "c", "b", "a"}
	record := withID(nil)
	for _, name := range twelve {
		record[name] = aCall
	}
	with := func(m map[string]any) map[string]any {
		all := maps.Clone(record)
		maps.Copy(all, m)
		return all
	}
	tests := map[string]struct {
		entries []ProfileEntry
		record  map[string]any
		want    []string // names
		dropped int
	}{
		"ten calls are not too many": {
			entries: entriesOf(twelve[:10]...), record: record,
			want: twelve[:10],
		},
		"what the first entries give stays": {
			entries: entriesOf(twelve...), record: record,
			want: twelve[:10], dropped: 2,
		},
		"in whatever order they stand": {
			entries: entriesOf("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"), record: record,
			want: []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, dropped: 2,
		},
		"what is small stays before": {
			entries: append(entriesOf("small"), entriesOf(twelve...)...), record: with(map[string]any{"small": "1"}),
			want: append([]string{"small"}, twelve[:10]...), dropped: 2,
		},
		"and goes behind": {
			entries: append(entriesOf(twelve...), entriesOf("small")...), record: with(map[string]any{"small": "1"}),
			want: twelve[:10], dropped: 3,
		},
		"a default is a value as others": {
			entries: append(entriesOf(twelve...), ProfileEntry{Parameter: "default", Attribute: "none", Default: "x"}), record: record,
			want: twelve[:10], dropped: 3,
		},
		"a value that a later entry replaces takes no room": {
			entries: append(entriesOf("l", "l", "l"), entriesOf(twelve[1:10]...)...), record: record,
			want: append([]string{"l", "l", "l"}, twelve[1:10]...),
		},
		"a value whose later one was left out is left out": {
			entries: append(entriesOf(twelve[:11]...), entriesOf("l")...), record: record,
			want: twelve[1:11], dropped: 2,
		},
		"what is dropped for other reasons takes no room": {
			entries: append(entriesOf("null", "long"), entriesOf(twelve[:10]...)...),
			record:  with(map[string]any{"null": nil, "long": aCall + aCall}),
			want:    twelve[:10],
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := profileConfig(tt.entries...)
			ld := logsOf(t, attributes(tt.record))
			got := updates(t, newMapper(t, cfg), ld)[0]
			var gotNames []string
			for _, p := range got.Parameters {
				gotNames = append(gotNames, p.Name)
			}
			assert.Equal(t, tt.want, gotNames)
			assert.Equal(t, tt.dropped, got.Dropped[DropTooMany])
			assert.Equal(t, NotSkipped, got.Skip)
			assert.Equal(t, got, updates(t, newMapper(t, cfg), ld)[0], "the same each time")
		})
	}
}

func TestTheBoundIsOneRecordsOwn(t *testing.T) {
	large := fixture{record: withID(nil), body: manyLeaves(11, 59_000)}
	cfg := profileConfig(ProfileEntry{Value: "log.body"})
	for n, got := range updates(t, newMapper(t, cfg), logsOf(t, large, large, large)) {
		assert.Len(t, got.Parameters, 10, n)
		assert.Equal(t, dropped(DropTooMany), got.Dropped, n)
	}
}

func TestTwentyMegabytesAreTenCalls(t *testing.T) {
	for name, maxCall := range map[string]int{"of a body": profile.MaxBody, "of a request target": profile.MaxRequestTarget - 200} {
		for _, size := range []int{1, 100, maxCall / 2, maxCall - 100} {
			t.Run(name+"/values of "+strconv.Itoa(size), func(t *testing.T) {
				cfg := profileConfig(ProfileEntry{Value: "log.body"})
				cfg.MaxCall = maxCall
				ld := logsOf(t, fixture{record: withID(nil), body: manyLeaves(min(100_000, 20_000_000/size), size)})
				got := updates(t, newMapper(t, cfg), ld)[0]
				assert.Equal(t, 10, callsOf(&got, maxCall), "all ten are used")
				assert.Equal(t, min(100_000, 20_000_000/size), len(got.Parameters)+got.Dropped[DropTooMany])
			})
		}
	}
}

// callsOf returns how many calls an update becomes.
func callsOf(u *Update, maxCall int) (calls int) {
	batch := profile.NewBatch(1)
	batch.Add(0, u.Visitor, u.Parameters)
	for rest, _ := batch.Parameters(0, nil); len(rest) > 0; calls++ {
		_, carried := profile.AppendForm(nil, u.Visitor, rest, maxCall)
		rest = rest[carried:]
	}
	return calls
}

// FuzzManyParameters follows records into calls so small that most are too many.
func FuzzManyParameters(f *testing.F) {
	f.Add([]byte("0123456789012345678901234567890"), uint8(40))
	f.Add([]byte("zzyyxxwwaaaaaaaaaaaaaaa\x00\x01\x02\xff\xfe"), uint8(90))
	f.Fuzz(func(t *testing.T, data []byte, maxCall uint8) {
		cfg := conservationConfig()
		cfg.MaxCall = int(maxCall)
		record := withID(nil)
		body := map[string]any{}
		for i, c := range data[:min(len(data), 200)] {
			record["p."+string(rune('a'+c%32))] = strings.Repeat("x", int(c>>3))
			body[string(rune('a'+c%64))+strconv.Itoa(i%8)] = strings.Repeat(" ", int(c>>4))
		}
		checkConservation(t, cfg, logsOf(t, fixture{record: record, body: body}, fixture{resource: record, body: slices.Repeat([]any{"x"}, len(data))}))
	})
}
