// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ids is a set of them.
func ids(all ...string) map[string]struct{} {
	set := make(map[string]struct{})
	for _, id := range all {
		set[id] = struct{}{}
	}
	return set
}

// progressOf reads a status.
func progressOf(r io.Reader) (Progress, Answer) {
	return readProgress(&io.LimitedReader{R: r, N: maxProgress})
}

func TestReadProgress(t *testing.T) {
	for name, tt := range map[string]struct {
		body string
		want Progress
	}{
		"as Adobe's page has it": {
			"<response>\n<batchId>acme-1</batchId>\n<status>complete</status>\n<batchSize>3</batchSize>\n<consumedCount>3</consumedCount>\n" +
				"<successfulUpdates>1</successfulUpdates>\n<profilesNotFound>1</profilesNotFound>\n<failedUpdates>1</failedUpdates>\n</response>\n",
			Progress{State: UploadComplete, Rows: 3, NotFound: 1, Failed: 1},
		},
		"without details": {"<response><batchId>a</batchId><status>incomplete</status><batchSize>9</batchSize></response>", Progress{State: UploadIncomplete, Rows: 9}},
		"stuck":           {"<response><status> stuck\n</status></response>", Progress{State: UploadStuck}},
		"capital words":   {"<response><status>Complete</status></response>", Progress{State: UploadComplete}},
		"unknown":         {"<response><status>unknown</status></response>", Progress{State: UploadIncomplete}},
		"any other word":  {"<response><status>completed</status></response>", Progress{State: UploadIncomplete}},
		"an empty word":   {"<response><status/></response>", Progress{State: UploadIncomplete}},
		"a failed row": {
			"<response><status>complete</status><profile><id>cust-1</id><status>failed</status></profile></response>",
			Progress{State: UploadComplete, Failed: 1, Named: 1, FailedIDs: ids("cust-1")},
		},
		"every row": {
			"<response><profile><id>1</id><status>success</status></profile><profile><id>2</id><status>error</status></profile>" +
				"<profile><id>3</id><status>pending</status></profile><profile><status>what</status><id> 4 </id></profile><status>incomplete</status></response>",
			Progress{State: UploadIncomplete, Failed: 2, Named: 2, FailedIDs: ids("2", "4")},
		},
		"rows in a list": {
			"<response><status>stuck</status><profiles><profile><id>1</id><status>failed</status></profile></profiles></response>",
			Progress{State: UploadStuck, Failed: 1, Named: 1, FailedIDs: ids("1")},
		},
		"a row without an id is counted": {"<response><status>stuck</status><profile><id/><status>failed</status></profile></response>", Progress{State: UploadStuck, Failed: 1}},
		"a row without a word is not":    {"<response><status>stuck</status><profile><id>1</id></profile></response>", Progress{State: UploadStuck}},
		"a number of a row is not one of all": {
			"<response><status>stuck</status><profile><id>1</id><failedUpdates>9</failedUpdates></profile></response>", Progress{State: UploadStuck},
		},
		"more failed than are named": {
			"<response><status>complete</status><failedUpdates>7</failedUpdates><profile><id>1</id><status>failed</status></profile></response>",
			Progress{State: UploadComplete, Failed: 7, Named: 1, FailedIDs: ids("1")},
		},
		"an id that is escaped": {
			"<response><status>complete</status><profile><id>a%20b</id><status>failed</status></profile><profile><id>100%</id><status>failed</status></profile></response>",
			Progress{State: UploadComplete, Failed: 2, Named: 2, FailedIDs: ids("a%20b", "a b", "100%")},
		},
		"an id with entities": {
			"<response><status>complete</status><profile><id>a&amp;b&c&d;<![CDATA[<e>]]></id><status>failed</status></profile></response>",
			Progress{State: UploadComplete, Failed: 1, Named: 1, FailedIDs: ids("a&b&c&d;<e>")},
		},
		"an id of other letters": {"<response><status>stuck</status><profile><id>größe</id><status>failed</status></profile></response>", Progress{State: UploadStuck, Failed: 1, Named: 1, FailedIDs: ids("größe")}},
		"bytes that are no text": {"<response><a>\xff\x00\x01</a><status>stuck</status></response>", Progress{State: UploadStuck}},
		"namespaces":             {`<t:response xmlns:t="x"><t:status a="b">complete</t:status><t:batchSize>2</t:batchSize></t:response>`, Progress{State: UploadComplete, Rows: 2}},
		"a declaration":          {"\n<?xml version=\"1.0\" encoding=\"UTF-16\"?><!DOCTYPE response><!-- <status>stuck</status> --><response><status>complete</status></response>", Progress{State: UploadComplete}},
		"a byte order mark":      {"\xef\xbb\xbf<response><status>complete</status></response>", Progress{State: UploadComplete}},
		"numbers that are none":  {"<response><status>complete</status><batchSize>-3</batchSize><profilesNotFound>many</profilesNotFound><failedUpdates>99999999999999999999</failedUpdates></response>", Progress{State: UploadComplete}},
		"spaces around numbers":  {"<response><status>complete</status><batchSize> 3\n</batchSize></response>", Progress{State: UploadComplete, Rows: 3}},
		"many rows": {
			"<response><status>complete</status>" + strings.Repeat("<profile><id>1</id><status>failed</status></profile>", 2_000) + "</response>",
			Progress{State: UploadComplete, Failed: 2_000, Named: 2_000, FailedIDs: ids("1")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for way, steps := range map[string]func(io.Reader) io.Reader{
				"at once": func(r io.Reader) io.Reader { return r }, "by halves": iotest.HalfReader,
				"with its end": iotest.DataErrReader,
			} {
				got, answer := progressOf(steps(strings.NewReader(tt.body)))
				require.Equal(t, Answer{Verdict: Delivered}, answer, way)
				require.Equal(t, tt.want, got, way)
			}
		})
	}
}

func TestReadProgress_OfAnotherThanTarget(t *testing.T) {
	const xmlOfOthers = "other XML than Target's, or a part of it"
	for name, tt := range map[string]struct{ body, kind string }{
		"nothing":                {"", "an empty body"},
		"a page":                 {"<!DOCTYPE html>\n<html><head><meta charset=utf-8><title>complete</title><body>a&nbsp;b<br></html>", "a page in HTML"},
		"a page around it":       {"<html><response><status>complete</status></response></html>", "a page in HTML"},
		"JSON":                   {`{"status":"complete"}`, "JSON"},
		"text":                   {"complete", "text that is not Target's"},
		"bytes":                  {"\x1f\x8b\x08\xff", "bytes that are no text"},
		"other XML":              {"<Error><status>complete</status></Error>", xmlOfOthers},
		"no word":                {"<response><message>no such batch</message></response>", xmlOfOthers},
		"two words":              {"<response><status>complete</status><status>stuck</status></response>", xmlOfOthers},
		"the words of rows only": {"<response><profile><status>complete</status></profile></response>", xmlOfOthers},
		"a part of it":           {"<response><status>complete</status><batchSize>1", xmlOfOthers},
		"10 MB of text":          {strings.Repeat("complete ", 1_200_000), "text that is not Target's"},
		"10 MB in one element":   {"<response><status>complete</status><a>" + strings.Repeat("a", 10_000_000) + "</a></response>", xmlOfOthers},
		"10 MB of attributes":    {"<response><status>complete</status><a " + strings.Repeat("a=b ", 2_500_000) + "/></response>", xmlOfOthers},
		"10 MB in one another":   {"<response><status>complete</status>" + strings.Repeat("<a>", 3_000_000) + "</response>", xmlOfOthers},
		"a page of 10 MB":        {"<html>" + strings.Repeat("<p>complete</p>", 700_000), "a page in HTML"},
	} {
		t.Run(name, func(t *testing.T) {
			got, answer := progressOf(strings.NewReader(tt.body))
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonForeign, Detail: "the answer is " + tt.kind}, answer)
			assert.Zero(t, got)
		})
	}
}

func TestReadProgress_KeepsTheIDsOfAllRowsOfAnUpload(t *testing.T) {
	for name, tt := range map[string]struct {
		rows, named, ids int
		id               string
	}{
		"more than an upload may have": {MaxBulkRows + 1, MaxBulkRows, MaxBulkRows, "%d"},
		"in two forms":                 {1000, 1000, 2000, "customer%%20%d"},
		"longer than Target's":         {maxFailedBytes/8000 + 1, maxFailedBytes / 8000, 2 * (maxFailedBytes / 8000), "%%20%03998d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var body bytes.Buffer
			body.WriteString("<response><status>complete</status>")
			for row := range tt.rows {
				fmt.Fprintf(&body, "<profile><id>"+tt.id+"</id><status>failed</status></profile>", row)
			}
			body.WriteString("</response>")
			got, answer := progressOf(&body)
			assert.Equal(t, Answer{Verdict: Delivered}, answer)
			assert.Equal(t, []int{tt.rows, tt.named, tt.ids}, []int{got.Failed, got.Named, len(got.FailedIDs)})
		})
	}
}

func TestReadProgress_OfWhatIsTooLong(t *testing.T) {
	const row, rows = "<profile><id>1</id><status>failed</status></profile>", 10_000
	for name, word := range map[string]string{"with its word": "<status>complete</status>", "without one": ""} {
		t.Run(name, func(t *testing.T) {
			body := strings.NewReader("<response>" + word + strings.Repeat(row, rows) + "</response>")
			most := body.Size() - 1
			got, answer := readProgress(&io.LimitedReader{R: body, N: most})
			assert.Equal(t, Answer{Verdict: NotNow, Reason: ReasonForeign, Detail: "the answer is too long"}, answer)
			assert.Zero(t, got, "not that all went well")
			assert.Equal(t, 1, body.Len(), "no more is read")
		})
	}
	body := "<response><status>complete</status>" + strings.Repeat(row, rows) + "</response>"
	got, answer := readProgress(&io.LimitedReader{R: strings.NewReader(body), N: int64(len(body))})
	assert.Equal(t, Answer{Verdict: Delivered}, answer, "one that just fits")
	assert.Equal(t, rows, got.Failed)
}

func TestReadProgress_OfAConnectionThatFails(t *testing.T) {
	for name, tt := range map[string]struct {
		err  error
		want Answer
	}{
		"closed":   {io.ErrUnexpectedEOF, Answer{Verdict: NotNow, Reason: ReasonConnectionClosed}},
		"anything": {errors.New(secretID), Answer{Verdict: NotNow, Reason: ReasonNetwork}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, beginning := range []string{"", "<response><status>complete</status>"} {
				got, answer := progressOf(io.MultiReader(strings.NewReader(beginning), iotest.ErrReader(tt.err)))
				assert.Equal(t, tt.want, answer)
				assert.Zero(t, got)
			}
		})
	}
}

// FuzzReadProgress holds what is read of well-formed XML against encoding/xml's own reading of it.
func FuzzReadProgress(f *testing.F) {
	f.Add("complete", "3", "1", "failed", "<response><status>complete</status>&nbsp;&<profile>")
	f.Add("stuck", "-1", "a%20b", "success", "<html><body a=b>&copy;</p>")
	f.Fuzz(func(t *testing.T, word, size, id, rowWord, raw string) {
		progress, answer := progressOf(strings.NewReader(raw)) // must end
		if answer.Verdict != Delivered {
			require.Zero(t, progress)
		}
		type profile struct {
			ID     string `xml:"id"`
			Status string `xml:"status"`
		}
		type response struct {
			XMLName  xml.Name  `xml:"response"`
			Status   string    `xml:"status"`
			Size     string    `xml:"batchSize"`
			Profiles []profile `xml:"profile"`
		}
		text, err := xml.Marshal(response{Status: word, Size: size, Profiles: []profile{{id, rowWord}}})
		require.NoError(t, err)
		if len(text) > maxField {
			return
		}
		var want response
		require.NoError(t, xml.Unmarshal(text, &want))
		progress, answer = progressOf(bytes.NewReader(text))
		require.Equal(t, Answer{Verdict: Delivered}, answer)
		switch trimmed := strings.ToLower(strings.TrimSpace(want.Status)); trimmed {
		case "complete", "stuck":
			require.EqualValues(t, trimmed, progress.State)
		default:
			require.Equal(t, UploadIncomplete, progress.State)
		}
		require.GreaterOrEqual(t, progress.Rows, 0)
		failed := strings.ToLower(strings.TrimSpace(want.Profiles[0].Status))
		if failed == "" || failed == "success" || failed == "pending" {
			require.Zero(t, progress.Failed)
			require.Empty(t, progress.FailedIDs)
			return
		}
		require.Equal(t, 1, progress.Failed)
		if trimmed := strings.TrimSpace(want.Profiles[0].ID); trimmed != "" {
			require.Contains(t, progress.FailedIDs, trimmed)
		}
	})
}

func BenchmarkReadProgress(b *testing.B) {
	var body bytes.Buffer
	body.WriteString("<response><status>complete</status>")
	for i := range 10_000 {
		fmt.Fprintf(&body, "<profile><id>customer-%d</id><status>success</status></profile>", i)
	}
	body.WriteString("</response>")
	b.ReportAllocs()
	b.SetBytes(int64(body.Len()))
	for b.Loop() {
		_, answer := progressOf(bytes.NewReader(body.Bytes()))
		require.Equal(b, Delivered, answer.Verdict)
	}
}
