// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package profile // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"

import (
	"strconv"
	"testing"
)

const benchmarkRecords = 1_000

// BenchmarkBatch adds records of five parameters, merges them and writes the calls. ns/record and allocs/record are those
// of one record, ns/op and allocs/op those of all of the batch.
func BenchmarkBatch(b *testing.B) {
	for name, visitors := range map[string]int{"1_record_a_visitor": benchmarkRecords, "10_records_a_visitor": benchmarkRecords / 10, "1_visitor": 1} {
		b.Run(name, func(b *testing.B) { benchmarkBatch(b, visitors) })
	}
}

func benchmarkBatch(b *testing.B, visitors int) {
	b.Helper()
	ids := make([]Visitor, visitors)
	for i := range ids {
		ids[i] = Visitor{Mbox3rdPartyID, "customer-" + strconv.Itoa(i)}
	}
	parameters := manyParameters(5)
	batch, form, scratch := NewBatch(benchmarkRecords), make([]byte, 0, MaxBody), make([]Parameter, 0, 256)
	round := func() {
		batch.Reset()
		for record := range benchmarkRecords {
			batch.Add(record, ids[record%visitors], parameters)
		}
		var merged []Parameter
		for i := range batch.Len() {
			merged, scratch = batch.Parameters(i, scratch)
			form, _ = AppendForm(form[:0], batch.Visitor(i), merged, MaxBody)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkRecords, "ns/record")
	b.ReportMetric(testing.AllocsPerRun(5, round)/benchmarkRecords, "allocs/record")
}

func BenchmarkAppendForm(b *testing.B) {
	for name, value := range map[string]string{"ascii": "gold", "escaped": "R&D #1 50% Müller", "long": string(make([]byte, 10_000))} {
		b.Run(name, func(b *testing.B) {
			parameters := manyParameters(5)
			for i := range parameters {
				parameters[i].Value = value
			}
			form := make([]byte, 0, 4*MaxBody)
			b.ReportAllocs()
			for b.Loop() {
				form, _ = AppendForm(form[:0], someone, parameters, 4*MaxBody)
			}
			b.SetBytes(int64(len(form)))
		})
	}
}

func BenchmarkFits(b *testing.B) {
	for name, value := range map[string]string{"short": "gold", "50KB": string(make([]byte, 50_000))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fits(someone, "loyaltyTier", value, MaxBody)
			}
		})
	}
}
