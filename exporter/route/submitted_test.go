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

var submittedTests = map[string]struct {
	body string
	want bool
}{
	"the usual answer":                 {"<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>", true},
	"with a pcId":                      {"<response><success>true</success><pcId>1-2.3_4</pcId><message>ok</message></response>", true},
	"success alone":                    {"<response><success>true</success></response>", true},
	"success is not the first element": {"<response><message>m</message><success>true</success></response>", true},
	"white space anywhere":             {" \r\n\t<response >\n  <success>\n true\t</success>\n</response>\n", true},
	"an XML declaration":               {`<?xml version="1.0" encoding="UTF-8"?><response><success>true</success></response>`, true},
	"a declaration of another charset": {`<?xml version="1.0" encoding="ISO-8859-1"?><response><success>true</success></response>`, true},
	"of a charset that nobody knows":   {`<?xml version="1.0" encoding="x-none"?><response><success>true</success></response>`, true},
	"a byte order mark":                {"\xef\xbb\xbf<response><success>true</success></response>", true},
	"a mark and white space":           {"\xef\xbb\xbf\n <response><success>true</success></response>", true},
	"attributes":                       {`<response version="2"><success type="bool">true</success></response>`, true},
	"a namespace":                      {`<response xmlns="http://example.com/x"><success>true</success></response>`, true},
	"comments":                         {"<!-- false --><response><!-- <success>false</success> --><success>true<!-- x --></success></response>", true},
	"a document type":                  {"<!DOCTYPE response><response><success>true</success></response>", true},
	"character data":                   {"<response><success><![CDATA[true]]></success></response>", true},

	"success is false":              {"<response><success>false</success><message>Request successfully submitted</message></response>", false},
	"success is empty":              {"<response><success></success></response>", false},
	"success has no end":            {"<response><success/></response>", false},
	"success is capital":            {"<response><success>TRUE</success></response>", false},
	"success only begins with true": {"<response><success>true or not</success></response>", false},
	"success is a number":           {"<response><success>1</success></response>", false},
	"no success":                    {"<response><message>true</message></response>", false},
	"a nested success":              {"<response><batch><success>true</success></batch></response>", false},
	"a success in a success":        {"<response><success><success>true</success></success></response>", false},
	"two successes":                 {"<response><success>true</success><success>true</success></response>", false},
	"true, then false":              {"<response><success>true</success><success>false</success></response>", false},
	"false, then true":              {"<response><success>false</success><success>true</success></response>", false},
	"the wrong root":                {"<result><success>true</success></result>", false},
	"another letter case":           {"<Response><Success>true</Success></Response>", false},
	"success for a root":            {"<success>true</success>", false},
	"XML that is cut":               {"<response><success>true</success><pcId>", false},
	"XML that is wrong":             {"<response><success>true</success></respons>", false},
	"an entity nobody knows":        {"<response><success>&yes;</success></response>", false},
	"an entity of its own":          {`<!DOCTYPE r [<!ENTITY yes "true">]><response><success>&yes;</success></response>`, false},
	"success in a comment":          {"<response><!--<success>true</success>--></response>", false},
	"success in character data":     {"<response><![CDATA[<success>true</success>]]></response>", false},
	"success in an attribute":       {`<response success="true"></response>`, false},
	"a page in HTML":                {"<!DOCTYPE html><html><head><title>true</title></head><body>Sign in<br></body></html>", false},
	"a page around the answer":      {"<html><response><success>true</success></response></html>", false},
	"XML in UTF-16":                 {"\xff\xfe<\x00r\x00", false},

	"text as Adobe's page has it": {"trueRequest successfully submitted", true},
	"text in lines":               {"\n true\n\n Request successfully submitted\n", true},
	"true alone":                  {"true", true},
	"text with a mark":            {"\xef\xbb\xbftrue", true},
	"false text":                  {"falseRequest not submitted", false},
	"true later in the text":      {"Request submitted: true", false},
	"capital text":                {"True", false},
	"quoted text":                 {`"true"`, false},
	"JSON":                        {`{"success":true}`, false},
	"an error in JSON":            {`{"status":404,"message":"true"}`, false},
	"a list in JSON":              {`[true]`, false},
	"nothing":                     {"", false},
	"white space":                 {" \r\n", false},
	"only a mark":                 {"\xef\xbb\xbf", false},
	"zeros":                       {"\x00\x00true", false},
}

func TestSubmitted(t *testing.T) {
	for name, tt := range submittedTests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, submitted([]byte(tt.body)))
		})
	}
}

func FuzzSubmitted(f *testing.F) {
	for _, tt := range submittedTests {
		f.Add([]byte(tt.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		if submitted(body) {
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

func BenchmarkSubmitted(b *testing.B) {
	answers := map[string][]byte{
		"usual": usualAnswer,
		"other": bytes.Replace(usualAnswer, []byte("<pcId></pcId>"), []byte("<pcId>1-2.3_4</pcId>"), 1),
		"text":  []byte("trueRequest successfully submitted"),
	}
	for name, answer := range answers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !submitted(answer) {
					b.Fatal("not submitted")
				}
			}
		})
	}
}
