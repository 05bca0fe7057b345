// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

var readTests = map[string]struct {
	body string
	want Verdict
}{
	"the usual answer":                 {"<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>", Delivered},
	"with a pcId":                      {"<response><success>true</success><pcId>1-2.3_4</pcId><message>ok</message></response>", Delivered},
	"success alone":                    {"<response><success>true</success></response>", Delivered},
	"success is not the first element": {"<response><message>m</message><success>true</success></response>", Delivered},
	"white space anywhere":             {" \r\n\t<response >\n  <success>\n true\t</success>\n</response>\n", Delivered},
	"an XML declaration":               {`<?xml version="1.0" encoding="UTF-8"?><response><success>true</success></response>`, Delivered},
	"a declaration of another charset": {`<?xml version="1.0" encoding="ISO-8859-1"?><response><success>true</success></response>`, Delivered},
	"of a charset that nobody knows":   {`<?xml version="1.0" encoding="x-none"?><response><success>true</success></response>`, Delivered},
	"a byte order mark":                {"\xef\xbb\xbf<response><success>true</success></response>", Delivered},
	"a mark and white space":           {"\xef\xbb\xbf\n <response><success>true</success></response>", Delivered},
	"attributes":                       {`<response version="2"><success type="bool">true</success></response>`, Delivered},
	"a namespace":                      {`<response xmlns="http://example.com/x"><success>true</success></response>`, Delivered},
	"comments":                         {"<!-- false --><response><!-- <success>false</success> --><success>true<!-- x --></success></response>", Delivered},
	"a document type":                  {"<!DOCTYPE response><response><success>true</success></response>", Delivered},
	"character data":                   {"<response><success><![CDATA[true]]></success></response>", Delivered},

	"success is false":              {"<response><success>false</success><message>Request successfully submitted</message></response>", Rejected},
	"success is empty":              {"<response><success></success></response>", Rejected},
	"success has no end":            {"<response><success/></response>", Rejected},
	"success is capital":            {"<response><success>TRUE</success></response>", Rejected},
	"success only begins with true": {"<response><success>true or not</success></response>", Rejected},
	"success is a number":           {"<response><success>1</success></response>", Rejected},
	"no success":                    {"<response><message>true</message></response>", Rejected},
	"a nested success":              {"<response><batch><success>true</success></batch></response>", Rejected},
	"a success in a success":        {"<response><success><success>true</success></success></response>", Rejected},
	"two successes":                 {"<response><success>true</success><success>true</success></response>", Rejected},
	"true, then false":              {"<response><success>true</success><success>false</success></response>", Rejected},
	"false, then true":              {"<response><success>false</success><success>true</success></response>", Rejected},
	"the wrong root":                {"<result><success>true</success></result>", SetupFault},
	"another letter case":           {"<Response><Success>true</Success></Response>", SetupFault},
	"success for a root":            {"<success>true</success>", SetupFault},
	"XML that is cut":               {"<response><success>true</success><pcId>", SetupFault},
	"XML that is wrong":             {"<response><success>true</success></respons>", SetupFault},
	"an entity nobody knows":        {"<response><success>&yes;</success></response>", SetupFault},
	"an entity of its own":          {`<!DOCTYPE r [<!ENTITY yes "true">]><response><success>&yes;</success></response>`, SetupFault},
	"success in a comment":          {"<response><!--<success>true</success>--></response>", Rejected},
	"success in character data":     {"<response><![CDATA[<success>true</success>]]></response>", Rejected},
	"success in an attribute":       {`<response success="true"></response>`, Rejected},
	"a page in HTML":                {"<!DOCTYPE html><html><head><title>true</title></head><body>Sign in<br></body></html>", SetupFault},
	"a page around the answer":      {"<html><response><success>true</success></response></html>", SetupFault},
	"XML in UTF-16":                 {"\xff\xfe<\x00r\x00", SetupFault},

	"text as Adobe's page has it": {"trueRequest successfully submitted", Delivered},
	"text in lines":               {"\n true\n\n Request successfully submitted\n", Delivered},
	"true alone":                  {"true", Delivered},
	"text with a mark":            {"\xef\xbb\xbftrue", Delivered},
	"false text":                  {"falseRequest not submitted", Rejected},
	"true later in the text":      {"Request submitted: true", SetupFault},
	"capital text":                {"True", SetupFault},
	"quoted text":                 {`"true"`, SetupFault},
	"JSON":                        {`{"success":true}`, SetupFault},
	"an error in JSON":            {`{"status":404,"message":"true"}`, SetupFault},
	"a list in JSON":              {`[true]`, SetupFault},
	"nothing":                     {"", SetupFault},
	"white space":                 {" \r\n", SetupFault},
	"only a mark":                 {"\xef\xbb\xbf", SetupFault},
	"zeros":                       {"\x00\x00true", SetupFault},
}

func TestRead(t *testing.T) {
	for name, tt := range readTests {
		t.Run(name, func(t *testing.T) {
			verdict, reason := read([]byte(tt.body))
			assert.Equal(t, tt.want, verdict)
			assert.Equal(t, map[Verdict]string{Delivered: "", Rejected: ReasonRefused, SetupFault: ReasonForeign}[tt.want], reason)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, tt := range readTests {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		if verdict, _ := read(body); verdict == Delivered {
			assert.True(t, readNaively(string(body)), "%q", body)
		}
		assert.Equal(t, before, body, "the body is only read")
	})
}

// readNaively walks the tokens of an answer by hand.
func readNaively(body string) bool {
	body = strings.TrimSpace(strings.TrimPrefix(body, "\ufeff"))
	if strings.HasPrefix(body, "true") {
		return true
	}
	if !strings.Contains(body, "response") || !strings.Contains(body, "success") {
		return false
	}
	decoder := xml.NewDecoder(strings.NewReader(body))
	decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var path []string
	var values []string
	for {
		token, err := decoder.Token()
		if err != nil {
			return false
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, token.Name.Local)
			if path[0] != "response" {
				return false
			}
			if len(path) == 2 && path[1] == "success" {
				values = append(values, "")
			}
		case xml.CharData:
			if len(path) == 2 && path[1] == "success" {
				values[len(values)-1] += string(token)
			}
		case xml.EndElement:
			path = path[:len(path)-1]
			if len(path) == 0 {
				return len(values) == 1 && strings.TrimSpace(values[0]) == "true"
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	answers := map[string][]byte{
		"usual": usualAnswer,
		"other": bytes.Replace(usualAnswer, []byte("<pcId></pcId>"), []byte("<pcId>1-2.3_4</pcId>"), 1),
		"text":  []byte("trueRequest successfully submitted"),
	}
	for name, answer := range answers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if verdict, _ := read(answer); verdict != Delivered {
					b.Fatal("not submitted")
				}
			}
		})
	}
}
