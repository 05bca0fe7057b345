// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// model is a Batch as one would write it without a thought for speed.
type model struct {
	order   []Visitor
	latest  map[Visitor]map[string]string
	records map[Visitor][]int
}

func newModel() *model {
	return &model{latest: make(map[Visitor]map[string]string), records: make(map[Visitor][]int)}
}

func (m *model) add(record int, v Visitor, parameters []Parameter) {
	if m.latest[v] == nil {
		m.order = append(m.order, v)
		m.latest[v] = make(map[string]string)
	}
	for _, p := range parameters {
		m.latest[v][CleanName(p.Name)] = p.Value
	}
	m.records[v] = append(m.records[v], record)
}

func (m *model) parameters(v Visitor) []Parameter {
	var merged []Parameter
	for _, name := range slices.Sorted(maps.Keys(m.latest[v])) {
		merged = append(merged, Parameter{name, m.latest[v][name]})
	}
	return merged
}

func (m *model) check(tb testing.TB, b *Batch) {
	tb.Helper()
	require.Equal(tb, len(m.order), b.Len())
	var merged, scratch []Parameter
	for i, v := range m.order {
		require.Equal(tb, v, b.Visitor(i))
		require.Equal(tb, len(m.records[v]), b.Records(i))
		require.Equal(tb, m.records[v], slices.Collect(b.RecordNumbers(i)))
		for range 2 {
			merged, scratch = b.Parameters(i, scratch)
			require.Equal(tb, m.parameters(v), slices.Concat(merged))
		}
	}
}

func TestBatchAgreesWithTheModel(t *testing.T) {
	b := NewBatch(0)
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		b.Reset() // the batch is one, as in the exporter
		m := newModel()
		visitors, names := 1+random.IntN(8), 1+random.IntN(40)
		for record := range random.IntN(200) {
			v := Visitor{[]VisitorParameter{MboxPC, Mbox3rdPartyID}[random.IntN(2)], strconv.Itoa(random.IntN(visitors))}
			parameters := make([]Parameter, random.IntN(12))
			for i := range parameters {
				parameters[i] = Parameter{
					Name:  []string{"p", "\xff", "\xfe"}[random.IntN(3)] + strconv.Itoa(random.IntN(names)),
					Value: strconv.Itoa(record) + "/" + strconv.Itoa(i),
				}
			}
			b.Add(record, v, parameters)
			m.add(record, v, parameters)
		}
		m.check(t, b)
	}
}

func TestBatchParametersOfDifferentVisitorsAtOnce(t *testing.T) {
	const visitors, workers = 200, 8
	b, m := NewBatch(0), newModel()
	for record := range 3 * visitors {
		// One visitor in three has a single record, which is merged in place.
		v := Visitor{MboxPC, strconv.Itoa(record % visitors)}
		if record >= visitors && record%3 == 0 {
			v = Visitor{Mbox3rdPartyID, "of many"}
		}
		parameters := []Parameter{{"b", strconv.Itoa(record)}, {"a", "1"}, {"b", strconv.Itoa(-record)}}
		b.Add(record, v, parameters)
		m.add(record, v, parameters)
	}
	merged := make([][]Parameter, b.Len())
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			var parameters, scratch []Parameter
			for i := worker; i < b.Len(); i += workers {
				parameters, scratch = b.Parameters(i, scratch)
				merged[i] = slices.Clone(parameters)
			}
		})
	}
	wg.Wait()
	for i, v := range m.order {
		require.Equal(t, m.parameters(v), merged[i])
	}
}
