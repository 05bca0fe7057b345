// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func parseText(body string) (batch, error) {
	return parseBatch(strings.NewReader(body), defaultThirdPartyIDLength)
}

func TestParseBatch_ReadsRowsAsAdobeWritesThem(t *testing.T) {
	tier := func(id, value string) batchRow { return batchRow{id, []pair{{"tier", value}}} }
	for name, tt := range map[string]struct {
		body  string
		lines int
		rows  []batchRow
	}{
		"without a last line break": {"batch=pcId,tier\n1.01_00,gold", 1, []batchRow{tier("1.01_00", "gold")}},
		"with one":                  {"batch=thirdPartyId,tier\ncrm-1,gold\n", 1, []batchRow{tier("crm-1", "gold")}},
		"empty fields, missing fields": {
			"batch=thirdPartyId,tier,store\na,,Oslo\nb,gold\nc,gold,\n", 3,
			[]batchRow{{"a", []pair{{"store", "Oslo"}}}, tier("b", "gold"), tier("c", "gold")},
		},
		"rows without a value are no rows": {"batch=thirdPartyId,tier\na,\nb\nc,gold", 3, []batchRow{tier("c", "gold")}},
		"percent-encoded UTF-8": {
			"batch=thirdPartyId,ti%C3%a9r\nM%c3%BCller%20%26,a%2Bb%3d%22%25", 1,
			[]batchRow{{"Müller &", []pair{{"tiér", `a+b="%`}}}},
		},
		"unreserved characters": {"batch=thirdPartyId,a-b.c_d~e\nA.b~c_d-1,-._~", 1, []batchRow{{"A.b~c_d-1", []pair{{"a-b.c_d~e", "-._~"}}}}},
		"the longest name":      {"batch=thirdPartyId," + strings.Repeat("%C3%A9", 128) + "\na,b", 1, []batchRow{{"a", []pair{{strings.Repeat("é", 128), "b"}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := parseText(tt.body)
			require.NoError(t, err)
			assert.Equal(t, tt.lines, b.lines)
			assert.Equal(t, tt.rows, b.rows)
			for _, row := range b.rows {
				assert.True(t, b.holds(row.id))
			}
			assert.False(t, b.holds("someone else"))
		})
	}
}

func TestParseBatch_Refuses(t *testing.T) {
	const header = "batch=thirdPartyId,tier\n"
	for name, tt := range map[string]struct{ body, says string }{
		"nothing":                           {"", "does not begin with batch="},
		"an update":                         {goldUpdate, "does not begin with batch="},
		"another beginning":                 {"Batch=pcId,a\nb,c", "does not begin with batch="},
		"a byte order mark":                 {"\ufeffbatch=pcId,a\nb,c", "does not begin with batch="},
		"a byte order mark in the batch":    {"batch=\ufeffpcId,a\nb,c", "neither pcId nor thirdPartyId"},
		"an encoded batch":                  {"batch=pcId%2Ca%0Ab%2Cc", "neither pcId nor thirdPartyId"},
		"an empty batch":                    {"batch=", "Batch is empty"},
		"a header alone":                    {"batch=pcId,a", "Batch is empty"},
		"a header and a line break":         {"batch=pcId,a\n", "Batch is empty"},
		"no header":                         {"batch=\npcId,a\nb,c", "line 1: the line is blank"},
		"the parameter's name as the key":   {"batch=mbox3rdPartyId,a\nb,c", "neither pcId nor thirdPartyId"},
		"a key with a space":                {"batch=pcId ,a\nb,c", "neither pcId nor thirdPartyId"},
		"no columns":                        {"batch=pcId\nb", "no column but"},
		"a name without letters":            {"batch=pcId,\nb,c", "has no name"},
		"a name with its prefix":            {"batch=pcId,profile.a\nb,c", "has its prefix"},
		"a name twice":                      {"batch=pcId,a,b,a\nb,c", "there twice"},
		"a name twice, encoded once":        {"batch=pcId,a,%61\nb,c", "there twice"},
		"both keys":                         {"batch=pcId,thirdPartyId\nb,c", "second one of ids"},
		"a reserved name":                   {"batch=pcId,user.a\nb,c", "reserved"},
		"a name that is too long":           {"batch=pcId," + strings.Repeat("a", 129) + "\nb,c", "128 characters"},
		"a name with a comma":               {"batch=pcId,a%2Cb\nb,c", "comma"},
		"a name after a space":              {"batch=pcId, a\nb,c", "must be percent-encoded"},
		"carriage returns":                  {"batch=pcId,a\r\nb,c\r\n", "must be percent-encoded"},
		"a blank line":                      {header + "a,b\n\nc,d", "line 3: the line is blank"},
		"a blank line at the end":           {header + "a,b\n\n", "line 3: the line is blank"},
		"an id twice":                       {header + "a,b\nc,d\na,b", "line 4: the id is there twice"},
		"an id twice, encoded once":         {header + "a,b\n%61,b", "the id is there twice"},
		"an id twice, once without a value": {header + "a\na,b", "the id is there twice"},
		"no id":                             {header + ",b", "is empty"},
		"an id that updates would refuse":   {header + "a%2Fb,c", "has a + or /"},
		"an impossible id without a value":  {header + "a%2Bb", "has a + or /"},
		"an id with a comma":                {header + "a%2cb,c", "comma"},
		"an id with two dots":               {"batch=pcId,a\n1.2.3,c", "more than one dot"},
		"an id that is too long":            {header + strings.Repeat("a", 129) + ",c", "128 characters"},
		"more fields than the header":       {header + "a,b,c", "more fields"},
		"an empty field past the header":    {header + "a,b,", "more fields"},
		"a comma in a value":                {header + "a,b%2Cc", "comma"},
		"a line feed in a value":            {header + "a,b%0Ac", "line break"},
		"a carriage return in a value":      {header + "a,b%0dc", "line break"},
		"a plus":                            {header + "a,b+c", "must be percent-encoded"},
		"a space":                           {header + "a,b c", "must be percent-encoded"},
		"quotes":                            {header + `a,"b"`, "must be percent-encoded"},
		"an ampersand":                      {header + "a,b&c", "must be percent-encoded"},
		"an equals sign":                    {header + "a,b=c", "must be percent-encoded"},
		"raw UTF-8":                         {header + "a,é", "must be percent-encoded"},
		"a tab":                             {header + "a,\tb", "must be percent-encoded"},
		"a NUL":                             {header + "a,\x00", "must be percent-encoded"},
		"an escape cut short":               {header + "a,b%4", "cut short"},
		"an escape of no digits":            {header + "a,%zz", "hexadecimal"},
		"Latin-1":                           {header + "a,%E9", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseText(tt.body)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestParseBatch_TakesHalfAMillionRowsAndNoMore(t *testing.T) {
	var b strings.Builder
	b.WriteString("batch=thirdPartyId,a\n")
	for i := range 500_001 {
		b.WriteString(strconv.Itoa(i))
		b.WriteString(",1\n")
	}
	_, err := parseText(b.String())
	require.EqualError(t, err, "line 500002: there are more than 500000 rows")
}

func TestParseBatch_ABodyThatBreaksOffIsNoBatch(t *testing.T) {
	_, err := parseBatch(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("batch=pcId,a\nb,c"))), defaultThirdPartyIDLength)
	require.Error(t, err)
}

// FuzzParseBatch checks what every accepted batch promises, and that it says the same when it is written again.
func FuzzParseBatch(f *testing.F) {
	for _, seed := range []string{
		"batch=pcId,a\n1.28_0,x", "batch=thirdPartyId,a,b\nc,,d%20e\nf,g\n", "batch=thirdPartyId,%C3%A9\na\nb,\nc,%2B%26",
		"batch=", "batch=pcId,a\n\n", "batch=pcId,a\r\nb,c", "batch=pcId,a\nb,%2C", goldUpdate,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		b, err := parseText(body)
		if err != nil {
			assert.Empty(t, b.rows)
			return
		}
		key := Mbox3rdPartyID
		if strings.HasPrefix(body, "batch=pcId,") {
			key = MboxPC
		}
		require.Equal(t, key, b.parameter)
		for _, name := range b.names {
			require.NoError(t, validateName(name))
		}
		assert.Len(t, b.ids, b.lines)
		ids := map[string]bool{}
		for _, row := range b.rows {
			require.NoError(t, Visitor{Parameter: key, ID: row.id}.validate(defaultThirdPartyIDLength))
			assert.False(t, ids[row.id], "an id is there once")
			ids[row.id] = true
			assert.NotEmpty(t, row.values)
			for _, v := range row.values {
				assert.NotEmpty(t, v.value)
				assert.NotContains(t, row.id+v.name+v.value, ",")
				assert.NotContains(t, row.id+v.name+v.value, "\n")
			}
		}
		rewritten, err := parseText(writeBatch(&b))
		if len(b.rows) == 0 {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		assert.Equal(t, b.rows, rewritten.rows)
		assert.Equal(t, b.names, rewritten.names)
	})
}

// writeBatch writes the rows that have a value, all fields encoded.
func writeBatch(b *batch) string {
	encode := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	fields := []string{map[string]string{MboxPC: columnPCID, Mbox3rdPartyID: columnThirdPartyID}[b.parameter]}
	for _, name := range b.names {
		fields = append(fields, encode(name))
	}
	lines := []string{strings.Join(fields, ",")}
	for _, row := range b.rows {
		fields = []string{encode(row.id)}
		for _, name := range b.names {
			value := ""
			for _, v := range row.values {
				if v.name == name {
					value = v.value
				}
			}
			fields = append(fields, encode(value))
		}
		lines = append(lines, strings.Join(fields, ","))
	}
	return batchStart + strings.Join(lines, "\n")
}
