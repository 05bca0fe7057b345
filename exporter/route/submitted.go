// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
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

// submitted reports whether the body of a 2xx answer says that Target took the
// update: XML whose one success is true, or text that begins with true, as
// Adobe's page shows the XML with its tags lost.
func submitted(body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
	if bytes.Equal(body, usualAnswer) {
		return true
	}
	if !bytes.HasPrefix(body, []byte("<")) {
		return bytes.HasPrefix(body, []byte("true"))
	}
	decoder := xml.NewDecoder(bytes.NewReader(body))
	// Whatever the charset says, the one word that counts is ASCII.
	decoder.CharsetReader = func(_ string, input io.Reader) (io.Reader, error) { return input, nil }
	var r response
	if err := decoder.Decode(&r); err != nil {
		return false
	}
	return len(r.Success) == 1 && strings.TrimSpace(r.Success[0]) == "true"
}
