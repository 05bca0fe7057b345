// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// manyRows are enough for many chunks.
func manyRows() []Row { return benchmarkRows(10_000) }

// brokenRows are rows, and the sheet of an upload that they do not make.
type brokenRows struct {
	sheet func(*Sheet)
	rows  func([]Row) iter.Seq2[Row, error]
	want  string
}

// largeRow is one of more bytes than a chunk.
var largeRow = Row{customer("1"), parameters("channel", strings.Repeat("x", 2*chunkOfUpload))}

func ofLargeRow(s *Sheet) { *s = *sheetOf(profile.Mbox3rdPartyID, []Row{largeRow}) }

var broken = map[string]brokenRows{
	"rows that fail": {rows: func(rows []Row) iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) {
			seq(rows[:9_999])(yield)
			yield(Row{}, errors.New(secretID))
		}
	}, want: rowsUnread},
	"rows that fail at once": {rows: func([]Row) iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) { yield(Row{}, errors.New(secretID)) }
	}, want: rowsUnread},
	"a row less":     {rows: func(rows []Row) iter.Seq2[Row, error] { return seq(rows[1:]) }, want: rowsDiffer},
	"no row":         {rows: func([]Row) iter.Seq2[Row, error] { return seq(nil) }, want: rowsDiffer},
	"a row more":     {rows: func(rows []Row) iter.Seq2[Row, error] { return seq(append(rows, rows[0])) }, want: rowsDiffer},
	"a row repeated": {sheet: func(s *Sheet) { s.Rows++ }, rows: seq, want: rowsDiffer},
	"a byte more":    {sheet: func(s *Sheet) { s.Bytes-- }, rows: seq, want: rowsDiffer},
	"a byte less":    {sheet: func(s *Sheet) { s.Bytes++ }, rows: seq, want: rowsDiffer},
	"bytes that are missing in one row and too many in the next are the same file's length": {
		sheet: func(s *Sheet) { s.Rows-- }, rows: func(rows []Row) iter.Seq2[Row, error] {
			return seq(append(rows[:9_999], Row{customer(strings.Repeat("x", 100)), nil}))
		}, want: rowsDiffer,
	},
	"rows that fail where a chunk and the file end": {sheet: ofLargeRow, rows: func([]Row) iter.Seq2[Row, error] {
		return func(yield func(Row, error) bool) { _ = yield(largeRow, nil) && yield(Row{}, errors.New(secretID)) }
	}, want: rowsUnread},
	"a large row more":            {rows: func(rows []Row) iter.Seq2[Row, error] { return seq(append(rows, largeRow)) }, want: rowsDiffer},
	"a visitor of the other kind": {rows: changed(func(r *Row) { r.Visitor.Parameter = profile.MboxPC }), want: rowForeign},
	"a visitor without an id":     {rows: changed(func(r *Row) { r.Visitor.ID = "" }), want: rowForeign},
	"an id of two fields":         {rows: changed(func(r *Row) { r.Visitor.ID = "a,b" }), want: rowForeign},
	"a value of two rows":         {rows: changed(func(r *Row) { r.Parameters[0].Value = "a\nb" }), want: rowForeign},
	"a name without a column":     {rows: changed(func(r *Row) { r.Parameters[0].Name = "unknown" }), want: rowForeign},
	"a name twice":                {rows: changed(func(r *Row) { r.Parameters[1].Name = r.Parameters[0].Name }), want: rowForeign},
}

// changed returns rows of which the last but one is changed.
func changed(change func(*Row)) func([]Row) iter.Seq2[Row, error] {
	return func(rows []Row) iter.Seq2[Row, error] {
		change(&rows[len(rows)-2])
		return seq(rows)
	}
}

func (b brokenRows) make() (*Sheet, iter.Seq2[Row, error]) {
	rows := manyRows()
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	if b.sheet != nil {
		b.sheet(sheet)
	}
	return sheet, b.rows(rows)
}

func TestUploadBody_IsNeverHandedOutWholeWhenItIsWrong(t *testing.T) {
	for name, tt := range broken {
		t.Run(name, func(t *testing.T) {
			sheet, rows := tt.make()
			body := newUploadBody(sheet, rows)
			text, err := io.ReadAll(body)
			require.ErrorIs(t, err, errUpload)
			assert.Less(t, int64(len(text)), sheet.Bytes)
			_, again := body.Read(make([]byte, 1))
			require.ErrorIs(t, again, errUpload)
			whole, fault := body.end()
			assert.False(t, whole)
			assert.Equal(t, tt.want, fault)
		})
	}
}

func TestUploadBody_ReadsInWhateverSteps(t *testing.T) {
	rows := manyRows()[:2_000]
	sheet := sheetOf(profile.Mbox3rdPartyID, rows)
	want := bodyOf(t, sheet, rows)
	for name, steps := range map[string]func(io.Reader) io.Reader{"byte by byte": iotest.OneByteReader, "by halves": iotest.HalfReader} {
		t.Run(name, func(t *testing.T) {
			body := newUploadBody(sheet, seq(rows))
			text, err := io.ReadAll(steps(body))
			require.NoError(t, err)
			assert.Equal(t, want, string(text))
			n, err := body.Read(make([]byte, 1))
			assert.Zero(t, n)
			require.ErrorIs(t, err, io.EOF, "it is had once")
			require.NoError(t, body.Close())
		})
	}
}

// A row may be longer than a chunk.
func TestUploadBody_HasRowsOfAnySize(t *testing.T) {
	rows := []Row{{pc("1"), parameters("a", "x")}, {pc("2"), parameters("a", strings.Repeat("ä", 100_000))}, {pc("3"), parameters("a", "y")}}
	assert.Equal(t, "batch=pcId,a\n1,x\n2,"+strings.Repeat("%C3%A4", 100_000)+"\n3,y", bodyOf(t, sheetOf(profile.MboxPC, rows), rows))
}

func TestUploadBody_EndsTheRowsWhereverItStands(t *testing.T) {
	all := manyRows()
	sheet := sheetOf(profile.Mbox3rdPartyID, all)
	for _, read := range []int64{0, 1, 100_000, sheet.Bytes} {
		t.Run(strconv.FormatInt(read, 10), func(t *testing.T) {
			begun, ended := false, false
			body := newUploadBody(sheet, func(yield func(Row, error) bool) {
				begun = true
				defer func() { ended = true }()
				seq(all)(yield)
			})
			_, err := io.CopyN(io.Discard, body, read)
			require.NoError(t, err)
			require.NoError(t, body.Close())
			require.NoError(t, body.Close())
			assert.Equal(t, begun, ended)
			assert.Equal(t, read > 0, begun)
			_, err = body.Read(make([]byte, 1))
			require.ErrorIs(t, err, errUpload)
			whole, fault := body.end()
			assert.Equal(t, read == sheet.Bytes, whole)
			assert.Empty(t, fault)
		})
	}
}

func TestUploadBody_TakesNoMoreMemoryForMoreRows(t *testing.T) {
	allocated := func(rows []Row) float64 {
		sheet := sheetOf(profile.Mbox3rdPartyID, rows)
		return testing.AllocsPerRun(3, func() {
			body := newUploadBody(sheet, seq(rows))
			_, _ = io.Copy(io.Discard, body)
			body.end()
		})
	}
	all := manyRows()
	assert.InDelta(t, allocated(all[:1_000]), allocated(all), 5)
}
