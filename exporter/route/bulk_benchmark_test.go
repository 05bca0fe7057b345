// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"io"
	"iter"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// benchmarkRows are rows of five short parameters.
func benchmarkRows(n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		rows[i].Visitor = profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "customer-" + strconv.Itoa(i)}
		for _, name := range []string{"channel", "lastStore", "loyaltyTier", "points", "visits"} {
			rows[i].Parameters = append(rows[i].Parameters, profile.Parameter{Name: name, Value: "gold-" + strconv.Itoa(i%100)})
		}
	}
	return rows
}

// seq returns the rows as an upload reads them.
func seq(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// sheetOf returns the sheet of the rows.
func sheetOf(of profile.VisitorParameter, rows []Row) *Sheet {
	sheet := NewSheet(of)
	sheet.Creates = of == profile.Mbox3rdPartyID
	for _, row := range rows {
		sheet.Add(row.Visitor, row.Parameters)
	}
	return sheet
}

const benchmarkedRows = 20_000

func BenchmarkUploadBody(b *testing.B) {
	rows := benchmarkRows(benchmarkedRows)
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	buffer := make([]byte, 32<<10)
	b.ReportAllocs()
	b.SetBytes(sheet.Bytes)
	for b.Loop() {
		body := newUploadBody(sheet, seq(rows))
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, body, buffer)
		require.NoError(b, err)
		require.Equal(b, sheet.Bytes, n)
		body.end()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkedRows, "ns/row")
}

func BenchmarkSheet(b *testing.B) {
	rows := benchmarkRows(benchmarkedRows)
	b.ReportAllocs()
	for b.Loop() {
		sheetOf(profile.Mbox3rdPartyID, rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchmarkedRows, "ns/row")
}
