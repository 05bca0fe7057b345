// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// An object is kept until it ends, so one that does not end would take all memory.
func TestReader_EndsWithAnObjectThatIsTooLong(t *testing.T) {
	before := `{"a":1}` + "\n"
	_, _, err := logsOf(t, io.MultiReader(strings.NewReader(before+`{"a":"`), endless{}), Auto, false)

	require.EqualError(t, err, "line 2: is longer than 67108864 bytes")
	many := strings.Repeat(`{"a":"`+strings.Repeat("x", 1<<20)+`"}`+"\n", 100)
	records, _, err := logsOf(t, strings.NewReader(many), Auto, false)
	require.NoError(t, err)
	require.Len(t, records, 100)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// logsOf reads all, and returns each record as OTLP/JSON.
func logsOf(tb testing.TB, from io.Reader, form Form, floats bool) (records []string, as Form, err error) {
	tb.Helper()
	r := NewReader(from, form, floats)
	for ld, err := range r.Records() {
		if err != nil {
			return records, r.Form(), err
		}
		text, err := new(plog.JSONMarshaler).MarshalLogs(ld)
		require.NoError(tb, err)
		records = append(records, string(text))
	}
	return records, r.Form(), nil
}

// otlp is a record as OTLP/JSON, of what stands in it.
func otlp(record string) string {
	return `{"resourceLogs":[{"resource":{},"scopeLogs":[{"scope":{},"logRecords":[{` + record + `}]}]}]}`
}

func TestReader_MakesRecords(t *testing.T) {
	attribute := otlp(`"body":{},"attributes":[{"key":"a","value":{"intValue":"1"}}]`)
	for _, test := range []struct {
		name, text string
		form       Form
		floats     bool
		want       []string
		as         Form
	}{
		{"of members that are attributes", `{"a":1}`, Auto, false, []string{attribute}, AsAttributes},
		{"that are written out", `{"attributes":{"a":1}}`, Auto, false, []string{attribute}, AsRecord},
		{"of a record's keys and others", `{"attributes":{"a":1},"b":2}`, Auto, false, []string{otlp(`"body":{},"attributes":[` +
			`{"key":"attributes","value":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}},{"key":"b","value":{"intValue":"2"}}]`)}, AsAttributes},
		{"of attributes that are no map", `{"attributes":"x"}`, Auto, false, []string{otlp(`"body":{},"attributes":[{"key":"attributes","value":{"stringValue":"x"}}]`)}, AsAttributes},
		{"of a time alone", `{"time":"today"}`, Auto, false, []string{otlp(`"body":{},"attributes":[{"key":"time","value":{"stringValue":"today"}}]`)}, AsAttributes},
		{"that are bodies", `{"a":1}`, AsBody, false, []string{otlp(`"body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}`)}, AsBody},
		{"that are texts", "{\"a\":1}\r\n\r\n two \n", AsText, false, []string{otlp(`"body":{"stringValue":"{\"a\":1}"}`), otlp(`"body":{"stringValue":" two "}`)}, AsText},
		{"of OTLP", attribute, Auto, false, []string{attribute}, asOTLP},
		{"of OTLP and others", attribute + "\n" + `{"a":1}`, AsAttributes, false, []string{attribute, attribute}, AsAttributes},
		{"of numbers that are floats", `{"a":1}`, Auto, true, []string{otlp(`"body":{},"attributes":[{"key":"a","value":{"doubleValue":1}}]`)}, AsAttributes},
		{"of numbers of every size", `{"a":[9007199254740993,-0,1e3,9223372036854775808,1e400]}`, AsAttributes, false, []string{otlp(`"body":{},"attributes":[{"key":"a","value":{"arrayValue":{"values":[` +
			`{"intValue":"9007199254740993"},{"intValue":"0"},{"doubleValue":1000},{"doubleValue":9223372036854776000},{"stringValue":"1e400"}]}}}]`)}, AsAttributes},
		{"of objects over several lines", "{\n  \"a\":\n 1}\n\n{\"a\":1}", Auto, false, []string{attribute, attribute}, AsAttributes},
		{"of a file with a byte order mark", "\xEF\xBB\xBF{\"a\":1}\r\n{\"a\":1}\r\n", Auto, false, []string{attribute, attribute}, AsAttributes},
		{"of a text with a byte order mark", "\xEF\xBB\xBFx", AsText, false, []string{otlp(`"body":{"stringValue":"x"}`)}, AsText},
		{"of a key that is given twice", `{"a":2,"a":1}`, Auto, false, []string{attribute}, AsAttributes},
		{
			"with all there is to write out", `{"body":"b","attributes":{"z":null,"a":true},"resource":{"r":1.5},"scope":{"s":"x"},"time":"1970-01-01T00:00:00.000000001Z",` +
				`"observed_time":"1970-01-01T01:00:00.000000002+01:00","severity_text":"INFO","severity_number":9,"event_name":"e","trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708"}`, AsRecord, false,
			[]string{`{"resourceLogs":[{"resource":{"attributes":[{"key":"r","value":{"doubleValue":1.5}}]},"scopeLogs":[{"scope":{"attributes":[{"key":"s","value":{"stringValue":"x"}}]},"logRecords":[` +
				`{"timeUnixNano":"1","observedTimeUnixNano":"2","severityNumber":9,"severityText":"INFO","body":{"stringValue":"b"},"attributes":[{"key":"a","value":{"boolValue":true}},{"key":"z","value":{}}],` +
				`"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","eventName":"e"}]}]}]}`},
			AsRecord,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, from := range map[string]io.Reader{
				"at once":        strings.NewReader(test.text),
				"byte for byte":  iotest.OneByteReader(strings.NewReader(test.text)),
				"with its end":   iotest.DataErrReader(strings.NewReader(test.text)),
				"in half blocks": iotest.HalfReader(strings.NewReader(test.text)),
			} {
				got, as, err := logsOf(t, from, test.form, test.floats)
				require.NoError(t, err, name)
				require.Len(t, got, len(test.want), name)
				for i := range got {
					assert.JSONEq(t, test.want[i], got[i], name)
				}
				assert.Equal(t, test.as, as, name)
			}
		})
	}
}

func TestReader_NamesTheLineOfWhatItCannotRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		form       Form
		floats     bool
		says       string
	}{
		{"a line that is cut off", "{\"a\":1}\n\n{\"a\":\"secret\n{\"a\":1}", Auto, false, "line 3: is no JSON object"},
		{"an end that is cut off", "{\"a\":1}\r\n  {\"a\":\"secret\"", Auto, false, "line 2: is no JSON object"},
		{"a text", "{\"a\":1}\nsecret", Auto, false, "line 2: is no JSON object"},
		{"what follows an object", `{"a":1} secret`, Auto, false, "line 1: is no JSON object"},
		{"a number", "\n\n12", Auto, false, "line 3: is JSON and no object"},
		{"a list", "\n[{\"a\":\"secret\"}]", AsBody, false, "line 2: is JSON and no object"},
		{"null", "null", Auto, false, "line 1: is JSON and no object"},
		{"a number that no float can be", `{"a":1e400}`, AsAttributes, true, "line 1: holds a number that no floating-point one can be"},
		{"OTLP that is none", "{\"a\":1}\n{\"resourceLogs\":\"secret\"}", Auto, false, "line 2: has resourceLogs and cannot be read"},
		{"a time that is none", `{"body":1,"time":"secret"}`, Auto, false, "line 1: time: must be a time as 2026-01-05T08:00:04Z"},
		{"a severity that is none", `{"severity_number":99}`, AsRecord, false, "line 1: severity_number: must be a whole number from 0 to 24"},
		{"a trace id that is none", `{"trace_id":"secret"}`, AsRecord, false, "line 1: trace_id: must be 32 hexadecimal digits"},
		{"a text that is none", `{"severity_text":1}`, AsRecord, false, "line 1: severity_text: must be a text"},
		{"attributes that are none", `{"attributes":["secret"]}`, AsRecord, false, "line 1: attributes: must be a map"},
		{"a key that no record has", `{"secret":1}`, AsRecord, false, "line 1: a record has the keys"},
		{"a text that is no UTF-8", "x\nsecret\xFF", AsText, false, "line 2: is not UTF-8"},
		{"UTF-16", "\xFF\xFE{\x00", Auto, false, "line 1: is no JSON object"},
		{"a depth that is none of a record", strings.Repeat(`{"a":`, 20_000), Auto, false, "line 1: is no JSON object"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := logsOf(t, strings.NewReader(test.text), test.form, test.floats)

			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestReader_PassesOnWhatItsFileFailsWith(t *testing.T) {
	for _, form := range []Form{Auto, AsText} {
		_, _, err := logsOf(t, iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("{}\n{}"))), form, false)
		require.ErrorIs(t, err, iotest.ErrTimeout, form)
	}
}

func TestReader_ReadsLinesOfMegabytes(t *testing.T) {
	long := strings.Repeat("x", 5<<20)
	for form, text := range map[Form]string{AsAttributes: `{"a":"` + long + `"}` + "\n{}\nbroken", AsText: long + "\n\xFF"} {
		got, _, err := logsOf(t, strings.NewReader(text), form, false)
		require.ErrorContains(t, err, map[Form]string{AsAttributes: "line 3", AsText: "line 2"}[form])
		assert.Greater(t, len(got[0]), len(long))
	}
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{"{\"a\":1}\n{\"b\":[1,{}]}", `{"body":{"x":"y"},"time":"2026-01-05T08:00:04Z"}`, otlp(`"body":{}`), "text", "\xEF\xBB\xBF", "{\n}"} {
		for form := range len(forms) {
			f.Add(seed, form, form%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, text string, form int, floats bool) {
		of := forms[uint(form)%uint(len(forms))]
		records, _, err := logsOf(t, strings.NewReader(text), of, floats)
		again, _, errAgain := logsOf(t, iotest.OneByteReader(strings.NewReader(text)), of, floats)
		assert.Equal(t, records, again, "what is read does not depend on how it comes")
		assert.Equal(t, err == nil, errAgain == nil)
		if err != nil {
			assert.Regexp(t, `^line [0-9]+: `, err.Error())
			assert.Equal(t, err.Error(), errAgain.Error())
		}
		if whole := json.Valid([]byte(text)); whole && text != "" && text[0] == '{' && of == AsBody && !floats && !strings.Contains(text, "resource") {
			assert.NoError(t, err, "an object is a body whatever it holds")
		}
	})
}
