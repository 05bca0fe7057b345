// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

func customer(id string) profile.Visitor {
	return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: id}
}

func pc(id string) profile.Visitor { return profile.Visitor{Parameter: profile.MboxPC, ID: id} }

// parameters returns those that stand here as name, value, name, value.
func parameters(pairs ...string) []profile.Parameter {
	var all []profile.Parameter
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, profile.Parameter{Name: pair[0], Value: pair[1]})
	}
	return all
}

// bodyOf reads the body of an upload.
func bodyOf(tb testing.TB, sheet *Sheet, rows []Row) string {
	tb.Helper()
	body := newUploadBody(sheet, seq(rows))
	text, err := io.ReadAll(body)
	require.NoError(tb, err)
	whole, fault := body.end()
	assert.True(tb, whole)
	assert.Empty(tb, fault)
	return string(text)
}

var bodies = map[string]struct {
	of   profile.VisitorParameter
	rows []Row
	want string
}{
	"a row without parameters": {profile.MboxPC, []Row{{pc("1.2"), nil}}, "batch=pcId\n1.2"},
	"the example of Adobe's page": {
		profile.Mbox3rdPartyID,
		[]Row{
			{customer("cust-1001"), parameters("loyaltyTier", "gold", "lastStore", "Oslo S")},
			{customer("cust-1002"), parameters("lastStore", "Bergen")},
			{customer("cust-1003"), parameters("loyaltyTier", "silver")},
		},
		"batch=thirdPartyId,loyaltyTier,lastStore\ncust-1001,gold,Oslo%20S\ncust-1002,,Bergen\ncust-1003,silver",
	},
	"parameters in another order": {
		profile.MboxPC,
		[]Row{{pc("1"), parameters("a", "1", "b", "2")}, {pc("2"), parameters("b", "3", "a", "4")}},
		"batch=pcId,a,b\n1,1,2\n2,4,3",
	},
	"columns that come later leave the rows before as they are": {
		profile.MboxPC,
		[]Row{{pc("1"), parameters("a", "1")}, {pc("2"), parameters("b", "2")}, {pc("3"), parameters("c", "", "d", "")}, {pc("4"), parameters("d", "4")}},
		"batch=pcId,a,b,c,d\n1,1\n2,,2\n3\n4,,,,4",
	},
	"names, ids and values are escaped": {
		profile.MboxPC,
		[]Row{{pc("a b"), parameters("größe", "1&2=3+4%5\"\t")}},
		"batch=pcId,gr%C3%B6%C3%9Fe\na%20b,1%262%3D3%2B4%255%22%09",
	},
	"broken bytes become the replacement, and names that then are one are one": {
		profile.MboxPC,
		[]Row{{pc("1\xff"), parameters("n\xff", "v\xff")}, {pc("2"), parameters("n\xfe\xfd", "w")}},
		"batch=pcId,n%EF%BF%BD\n1%EF%BF%BD,v%EF%BF%BD\n2,w",
	},
}

func TestSheet_CountsTheBytesOfTheBody(t *testing.T) {
	for name, tt := range bodies {
		t.Run(name, func(t *testing.T) {
			sheet := NewSheet(tt.of)
			for _, row := range tt.rows {
				before, missing, columns := sheet.Bytes, sheet.Missing(row.Parameters), len(sheet.Names)
				size := sheet.Size(row.Visitor, row.Parameters)
				assert.Equal(t, before, sheet.Bytes, "Size changes nothing")
				sheet.Add(row.Visitor, row.Parameters)
				assert.Equal(t, size, sheet.Bytes-before)
				assert.Len(t, sheet.Names, columns+missing)
				assert.Zero(t, sheet.Missing(row.Parameters))
			}
			assert.Equal(t, len(tt.rows), sheet.Rows)
			assert.Equal(t, tt.want, bodyOf(t, sheet, tt.rows))
			assert.Len(t, tt.want, int(sheet.Bytes))
		})
	}
}

func TestSheet_GoesOnAfterItWasKept(t *testing.T) {
	for name, tt := range bodies {
		t.Run(name, func(t *testing.T) {
			sheet := NewSheet(tt.of)
			for _, row := range tt.rows {
				sheet.Add(row.Visitor, row.Parameters)
				kept, err := json.Marshal(sheet)
				require.NoError(t, err)
				sheet = new(Sheet)
				require.NoError(t, json.Unmarshal(kept, sheet))
			}
			assert.Equal(t, tt.want, bodyOf(t, sheet, tt.rows))
		})
	}
	kept, err := json.Marshal(sheetOf(profile.MboxPC, []Row{{pc("1"), parameters("tier", "gold")}}))
	require.NoError(t, err)
	assert.JSONEq(t, `{"of":"mboxPC","names":["tier"],"rows":1,"bytes":22}`, string(kept))
}

func TestSheet_AllocatesNothingForARowOfKnownColumns(t *testing.T) {
	sheet, row := NewSheet(profile.MboxPC), Row{pc("1"), parameters("tier", "gold", "store", "Oslo S")}
	sheet.Add(row.Visitor, row.Parameters)
	assert.Zero(t, testing.AllocsPerRun(100, func() { sheet.Add(row.Visitor, row.Parameters) }))
}

func TestBulkCarries(t *testing.T) {
	for name, tt := range map[string]struct {
		parameter profile.Parameter
		want      bool
	}{
		"a name and a value":               {profile.Parameter{Name: "tier", Value: "gold"}, true},
		"no value":                         {profile.Parameter{Name: "tier"}, true},
		"what is escaped":                  {profile.Parameter{Name: "a b&c", Value: "1+1=2%\"\t\x00ä"}, true},
		"a comma in the value":             {profile.Parameter{Name: "tier", Value: "a,b"}, false},
		"a line feed in the value":         {profile.Parameter{Name: "tier", Value: "a\nb"}, false},
		"a carriage return in the value":   {profile.Parameter{Name: "tier", Value: "a\r"}, false},
		"a comma in the name":              {profile.Parameter{Name: "a,b", Value: "1"}, false},
		"a control character in the name":  {profile.Parameter{Name: "a\x00b", Value: "1"}, false},
		"a line feed in the name":          {profile.Parameter{Name: "a\nb", Value: "1"}, false},
		"a carriage return in the name":    {profile.Parameter{Name: "\ra", Value: "1"}, false},
		"no name":                          {profile.Parameter{Value: "1"}, false},
		"a name of white space":            {profile.Parameter{Name: " \t\u00a0", Value: "1"}, false},
		"a name with a prefix too much":    {profile.Parameter{Name: "profile.tier", Value: "1"}, false},
		"a name that only looks like this": {profile.Parameter{Name: "profiles", Value: "1"}, true},
		"a name of a column of ids":        {profile.Parameter{Name: "thirdPartyId", Value: "1"}, false},
		"the other":                        {profile.Parameter{Name: "pcId", Value: "1"}, false},
		"a comma of another script":        {profile.Parameter{Name: "a，b", Value: "1、2\u2028"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, BulkCarries(&tt.parameter))
		})
	}
}

func TestBulkNames(t *testing.T) {
	for id, want := range map[string]bool{"cust-1": true, "a b&c": true, "profile.1": true, "": false, " ": false, "a,b": false, "a\n": false, "\ra": false} {
		assert.Equal(t, want, BulkNames(customer(id)), "%q", id)
	}
}

// readBody reads a body in the way that Adobe's page describes, by other means than it was made.
func readBody(t *testing.T, body string) (header []string, rows [][]string) {
	t.Helper()
	file, is := strings.CutPrefix(body, "batch=")
	require.True(t, is)
	for i, line := range strings.Split(file, "\n") {
		var fields []string
		for field := range strings.SplitSeq(line, ",") {
			decoded, err := url.PathUnescape(field)
			require.NoError(t, err)
			require.Equal(t, strings.ReplaceAll(url.QueryEscape(decoded), "+", "%20"), field, "one way to write it")
			fields = append(fields, decoded)
		}
		if i == 0 {
			header = fields
		} else {
			rows = append(rows, fields)
		}
	}
	return header, rows
}

// FuzzUploadBody makes rows of the data, and reads back the body that they make.
func FuzzUploadBody(f *testing.F) {
	f.Add("cust-1\x00tier\x01gold\x01store\x01Oslo S\x00\x00cust-2\x00store\x01", false)
	f.Add("1\x00a\x01,\x01b\x01\n", true)
	f.Add("\xff\x00\xfe\x01\xfd\x01\xff\x01x", true)
	f.Fuzz(func(t *testing.T, data string, third bool) {
		of := profile.MboxPC
		if third {
			of = profile.Mbox3rdPartyID
		}
		sheet := NewSheet(of)
		var rows []Row
		var want []map[string]string
		for line := range strings.SplitSeq(data, "\x00\x00") {
			id, rest, _ := strings.Cut(line, "\x00")
			row := Row{Visitor: profile.Visitor{Parameter: of, ID: id}}
			if !BulkNames(row.Visitor) {
				continue
			}
			values := map[string]string{"": strings.ToValidUTF8(id, "\uFFFD")}
			fields := strings.Split(rest, "\x01")
			for i := 0; i+1 < len(fields); i += 2 {
				p := profile.Parameter{Name: profile.CleanName(fields[i]), Value: fields[i+1]}
				if _, has := values[p.Name]; has || !BulkCarries(&p) {
					continue
				}
				values[p.Name] = strings.ToValidUTF8(p.Value, "\uFFFD")
				row.Parameters = append(row.Parameters, p)
			}
			sheet.Add(row.Visitor, row.Parameters)
			rows, want = append(rows, row), append(want, values)
		}
		body := bodyOf(t, sheet, rows)
		require.Len(t, body, int(sheet.Bytes))

		header, read := readBody(t, body)
		require.Equal(t, map[bool]string{true: "thirdPartyId", false: "pcId"}[third], header[0])
		require.Len(t, read, len(rows))
		for i, fields := range read {
			require.LessOrEqual(t, len(fields), len(header))
			got := map[string]string{"": fields[0]}
			for column, value := range fields[1:] {
				if value != "" {
					got[header[column+1]] = value
				}
			}
			for name, value := range want[i] {
				if value == "" {
					delete(want[i], name)
				}
			}
			require.Equal(t, want[i], got)
		}
	})
}
