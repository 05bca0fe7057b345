// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"strconv"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const benchmarkRecords = 1_000

// BenchmarkRecord maps, merges and encodes records of five parameters; ns/record
// and allocs/record are those of one record on its whole way into a call.
func BenchmarkRecord(b *testing.B) {
	attributes := []ProfileEntry{
		{Parameter: "tier", Attribute: "tier"},
		{Parameter: "store", Attribute: "store"},
		{Parameter: "city", Attribute: "city"},
		{Parameter: "channel", Attribute: "channel"},
		{Parameter: "segment", Attribute: "segment"},
	}
	with := func(e ProfileEntry) Config { return profileConfig(append(attributes[:4:4], e)...) }
	condition := profileConfig(attributes...)
	condition.Conditions = []Condition{`log.attributes["channel"] == "offline"`}
	for _, bb := range []struct {
		name string
		cfg  Config
	}{
		{"attributes", profileConfig(attributes...)},
		{"prefix", defaultConfig()},
		{"four_attributes_and_a_path", with(ProfileEntry{Parameter: "p", Value: `log.attributes["segment"]`})},
		{"four_attributes_and_a_converter", with(ProfileEntry{Parameter: "p", Value: `Concat(["store", resource.attributes["store.id"]], "-")`})},
		{"four_attributes_and_a_map", with(ProfileEntry{Value: `log.body["profile"]`})},
		{"attributes_and_a_condition", condition},
	} {
		for name, visitors := range map[string]int{"a_visitor_each": benchmarkRecords, "10_records_a_visitor": benchmarkRecords / 10} {
			b.Run(bb.name+"/"+name, func(b *testing.B) { benchmarkRecord(b, bb.cfg, benchmarkLogs(b, visitors)) })
		}
	}
}

func benchmarkLogs(b *testing.B, visitors int) plog.Logs {
	b.Helper()
	ld := plog.NewLogs()
	resource := ld.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("store.id", "17")
	records := resource.ScopeLogs().AppendEmpty().LogRecords()
	for i := range benchmarkRecords {
		record := records.AppendEmpty()
		record.Attributes().PutStr("mbox3rdPartyId", "customer-"+strconv.Itoa(i%visitors))
		for _, name := range []string{"tier", "store", "city", "channel", "segment"} {
			record.Attributes().PutStr(name, "offline")
			record.Attributes().PutStr("profile."+name, "offline")
		}
		record.Body().SetEmptyMap().PutEmptyMap("profile").PutStr("fifth", "offline")
	}
	return ld
}

func benchmarkRecord(b *testing.B, cfg Config, ld plog.Logs) {
	b.Helper()
	m := newMapper(b, cfg)
	batch := profile.NewBatch(benchmarkRecords)
	var merged, scratch []profile.Parameter
	var form []byte
	round := func() {
		batch.Reset()
		for n, update := range m.Updates(b.Context(), ld) {
			batch.Add(n, update.Visitor, update.Parameters)
		}
		for i := range batch.Len() {
			merged, scratch = batch.Parameters(i, scratch)
			form, _ = profile.AppendForm(form[:0], batch.Visitor(i), merged, profile.MaxBody)
		}
	}
	round()
	if len(merged) != 5 {
		b.Fatalf("a record has %d parameters", len(merged))
	}
	b.ReportAllocs()
	for b.Loop() {
		round()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkRecords, "ns/record")
	b.ReportMetric(testing.AllocsPerRun(5, round)/benchmarkRecords, "allocs/record")
}
