// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"unicode/utf8"
)

// usualAnswer is Target's answer to an update that it took, as Adobe's page has it.
// Knowing it saves parsing it.
var usualAnswer = []byte("<response><success>true</success><pcId></pcId>" +
	"<message>Request successfully submitted</message></response>")

// response is the XML form of an answer.
type response struct {
	XMLName xml.Name `xml:"response"`
	Success []string `xml:"success"`
}

// read returns what the body of a 2xx answer says. Taken is XML whose one success is true, or text
// that begins with true, as Adobe's page shows the XML with its tags lost. Any other XML of that
// kind, or text that begins with false, refuses the update. What Target cannot have written says
// nothing of the update.
func read(body []byte) (verdict Verdict, reason string) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	switch {
	case bytes.Equal(body, usualAnswer), bytes.HasPrefix(body, []byte("true")):
		return Delivered, ""
	case bytes.HasPrefix(body, []byte("false")):
		return Rejected, ReasonRefused
	case !bytes.HasPrefix(body, []byte("<")):
		return SetupFault, ReasonForeign
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	// Whatever the charset says, the one word that counts is ASCII.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	var r response
	switch err := decoder.Decode(&r); {
	case err != nil:
		return SetupFault, ReasonForeign
	case len(r.Success) == 1 && strings.TrimSpace(r.Success[0]) == "true":
		return Delivered, ""
	}
	return Rejected, ReasonRefused
}

// kindOf names what stands in an answer that is not Target's, in words that hold nothing of it.
func kindOf(body []byte) string {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	start := strings.ToLower(string(body[:min(len(body), len("<!doctype html"))]))
	switch {
	case len(body) == 0:
		return "an empty body"
	case strings.HasPrefix(start, "<html"), strings.HasPrefix(start, "<!doctype html"):
		return "a page in HTML"
	case body[0] == '<':
		return "other XML than Target's, or a part of it"
	case body[0] == '{', body[0] == '[':
		return "JSON"
	case !utf8.Valid(body):
		return "bytes that are no text"
	}
	return "text that is not Target's"
}
