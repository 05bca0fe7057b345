// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBatchMergesTheRecordsOfAVisitor(t *testing.T) {
	tests := map[string]struct {
		adds [][]Parameter // of one visitor
		want []Parameter
	}{
		"one record": {
			adds: [][]Parameter{{{"tier", "gold"}}},
			want: []Parameter{{"tier", "gold"}},
		},
		"parameters are sorted by name": {
			adds: [][]Parameter{{{"b", "2"}, {"a", "1"}, {"C", "3"}}},
			want: []Parameter{{"C", "3"}, {"a", "1"}, {"b", "2"}},
		},
		"a later parameter of one record wins": {
			adds: [][]Parameter{{{"tier", "gold"}, {"a", "1"}, {"tier", "silver"}}},
			want: []Parameter{{"a", "1"}, {"tier", "silver"}},
		},
		"a later record wins parameter by parameter": {
			adds: [][]Parameter{{{"tier", "gold"}, {"store", "17"}}, {{"tier", "silver"}}},
			want: []Parameter{{"store", "17"}, {"tier", "silver"}},
		},
		"an earlier value does not come back": {
			adds: [][]Parameter{{{"tier", "a"}}, {{"tier", "b"}}, {{"tier", "a"}}, {{"tier", "c"}}, {{"x", "1"}}},
			want: []Parameter{{"tier", "c"}, {"x", "1"}},
		},
		"names differ by case": {
			adds: [][]Parameter{{{"tier", "a"}}, {{"Tier", "b"}}},
			want: []Parameter{{"Tier", "b"}, {"tier", "a"}},
		},
		"names that differ only in broken bytes are one": {
			adds: [][]Parameter{{{"n\xff", "a"}}, {{"n\xfe\xfd", "b"}}, {{"n\uFFFD", "c"}}},
			want: []Parameter{{"n\uFFFD", "c"}},
		},
		"so they are within one record": {
			adds: [][]Parameter{{{"n\xff", "a"}, {"n\xfe", "b"}}},
			want: []Parameter{{"n\uFFFD", "b"}},
		},
		"values are kept as they are": {
			adds: [][]Parameter{{{"n", " \xff\n "}}, {{"m", ""}}},
			want: []Parameter{{"m", ""}, {"n", " \xff\n "}},
		},
		"a record without parameters adds none": {
			adds: [][]Parameter{nil, {{"a", "1"}}, {}},
			want: []Parameter{{"a", "1"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := NewBatch(len(tt.adds))
			for record, parameters := range tt.adds {
				b.Add(record, someone, parameters)
			}
			require.Equal(t, 1, b.Len())
			for range 2 { // a held update is read again when it is retried
				merged, _ := b.Parameters(0, nil)
				assert.Equal(t, tt.want, merged)
			}
			assert.Equal(t, len(tt.adds), b.Records(0))
			assert.Len(t, slices.Collect(b.RecordNumbers(0)), len(tt.adds))
		})
	}
}

func TestBatchKeepsVisitorsApart(t *testing.T) {
	visitors := []Visitor{{MboxPC, "1"}, {Mbox3rdPartyID, "1"}, {MboxPC, "2"}, {MboxPC, " 1"}, {MboxPC, "1 "}, {Mbox3rdPartyID, "A"}, {Mbox3rdPartyID, "a"}}
	b := NewBatch(0)
	for round := range 3 {
		for i, v := range visitors {
			b.Add(round*len(visitors)+i, v, []Parameter{{"who", string(v.Parameter) + v.ID}})
		}
	}
	require.Equal(t, len(visitors), b.Len())
	for i, v := range visitors {
		assert.Equal(t, v, b.Visitor(i), "visitors keep the order in which they first appeared")
		assert.Equal(t, 3, b.Records(i))
		assert.Equal(t, []int{i, i + len(visitors), i + 2*len(visitors)}, slices.Collect(b.RecordNumbers(i)))
		merged, _ := b.Parameters(i, nil)
		assert.Equal(t, []Parameter{{"who", string(v.Parameter) + v.ID}}, merged)
	}
}

func TestBatchRecordNumbersCanBeLeftEarly(t *testing.T) {
	b := NewBatch(3)
	for record := range 3 {
		b.Add(record, someone, nil)
	}
	var seen []int
	for record := range b.RecordNumbers(0) {
		seen = append(seen, record)
		if record == 1 {
			break
		}
	}
	assert.Equal(t, []int{0, 1}, seen)
}

func TestBatchCountsTheRecordsOfEachVisitor(t *testing.T) {
	alone := Visitor{MboxPC, "alone"}
	b := NewBatch(4)
	b.Add(3, someone, []Parameter{{"a", "1"}})
	b.Add(5, alone, []Parameter{{"x", "y"}})
	b.Add(7, someone, nil)
	b.Add(9, someone, []Parameter{{"a", "3"}})

	require.Equal(t, 2, b.Len())
	assert.Equal(t, 3, b.Records(0), "one without parameters among them")
	assert.Equal(t, []int{3, 7, 9}, slices.Collect(b.RecordNumbers(0)), "in the order they came")
	assert.Equal(t, 1, b.Records(1))
	assert.Equal(t, []int{5}, slices.Collect(b.RecordNumbers(1)))
}

func TestBatchCopiesTheParameters(t *testing.T) {
	given := []Parameter{{"b", "2"}, {"a", "1"}}
	b := NewBatch(1)
	b.Add(0, someone, given)
	given[0], given[1] = Parameter{"x", "y"}, Parameter{"x", "z"}

	merged, _ := b.Parameters(0, nil)
	assert.Equal(t, []Parameter{{"a", "1"}, {"b", "2"}}, merged)
	assert.Equal(t, []Parameter{{"x", "y"}, {"x", "z"}}, given)
}

func TestBatchReset(t *testing.T) {
	b := NewBatch(2)
	b.Add(0, someone, []Parameter{{"a", "1"}, {"a", "2"}})
	b.Add(1, Visitor{MboxPC, "2"}, []Parameter{{"b", "2"}})
	b.Parameters(0, nil)

	b.Reset()
	assert.Zero(t, b.Len())
	assert.NotContains(t, b.parameters[:cap(b.parameters)], Parameter{"b", "2"}, "no string of the old records is held")
	for _, p := range b.parameters[:cap(b.parameters)] {
		assert.Zero(t, p)
	}
	for _, v := range b.visitors[:cap(b.visitors)] {
		assert.Zero(t, v)
	}
	assert.Empty(t, b.index)

	b.Add(7, someone, []Parameter{{"c", "3"}})
	require.Equal(t, 1, b.Len())
	merged, _ := b.Parameters(0, nil)
	assert.Equal(t, []Parameter{{"c", "3"}}, merged)
	assert.Equal(t, 1, b.Records(0))
	assert.Equal(t, []int{7}, slices.Collect(b.RecordNumbers(0)))
}

func TestBatchUsesTheScratch(t *testing.T) {
	b := NewBatch(4)
	for record := range 2 {
		b.Add(record, someone, []Parameter{{"a", "1"}, {"b", "2"}})
	}
	b.Add(2, Visitor{MboxPC, "2"}, []Parameter{{"c", "3"}})

	_, scratch := b.Parameters(0, nil)
	require.NotEmpty(t, scratch)
	stale := slices.Repeat([]Parameter{{"stale", "value"}}, cap(scratch))
	merged, grown := b.Parameters(0, stale)
	assert.Equal(t, []Parameter{{"a", "1"}, {"b", "2"}}, merged, "what was in the scratch does not matter")
	assert.Same(t, &stale[0], &merged[0], "a scratch that is large enough is used")
	assert.Same(t, &stale[0], &grown[0])

	_, grown = b.Parameters(1, stale)
	assert.Same(t, &stale[0], &grown[0], "it comes back where nothing had to be merged")

	assert.Zero(t, testing.AllocsPerRun(10, func() { _, grown = b.Parameters(0, grown) }))
}

func TestBatchOfTenThousandParameters(t *testing.T) {
	parameters := manyParameters(10_000)
	shuffled := slices.Concat(parameters[5_000:], parameters[:5_000])
	b := NewBatch(2)
	b.Add(0, someone, shuffled)
	merged, _ := b.Parameters(0, nil)
	assert.Equal(t, parameters, merged)

	b.Add(1, someone, []Parameter{{parameters[42].Name, "later"}})
	merged, _ = b.Parameters(0, nil)
	require.Len(t, merged, 10_000)
	assert.Equal(t, "later", merged[42].Value)
}

func TestBatchOfAVisitorWithTenThousandRecordsStaysSmall(t *testing.T) {
	const records, names = 10_000, 5
	b := NewBatch(records)
	for record := range records {
		b.Add(record, someone, manyParameters(names))
	}
	merged, scratch := b.Parameters(0, nil)
	require.Len(t, merged, names)
	// A merge that copied all records first would need room for 50,000.
	assert.LessOrEqual(t, cap(scratch), 4*(minCompact+names))

	distinct := manyParameters(records)
	b = NewBatch(records)
	for record := range records {
		b.Add(record, someone, distinct[record:record+1])
	}
	merged, scratch = b.Parameters(0, nil)
	assert.Equal(t, distinct, merged)
	assert.LessOrEqual(t, cap(scratch), 4*records)
}

// manyParameters returns parameters of different names, in order.
func manyParameters(n int) []Parameter {
	parameters := make([]Parameter, n)
	for i := range parameters {
		digits := strings.Repeat("0", 6) + strconv.Itoa(i)
		parameters[i] = Parameter{Name: "p" + digits[len(digits)-6:], Value: "value of " + strconv.Itoa(i)}
	}
	return parameters
}
