// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strings"
)

// statusAddress is where the status of a batch is asked for.
func (e *Emulator) statusAddress(r *http.Request, u *upload) string {
	bulk := e.bulk.Load()
	scheme, host := bulk.StatusScheme, bulk.StatusHost
	switch {
	case scheme != "":
	case r.TLS != nil:
		scheme = "https"
	default:
		scheme = "http"
	}
	if host == "" {
		host = r.Host
	}
	return scheme + "://" + host + "/m2/" + u.client + statusSuffix + "?batchId=" + u.id + "&m2Node=00"
}

// foreignAddress leads elsewhere, by default to the same path.
func foreignAddress(f Fault, address string) string {
	if f.Location != "" {
		return f.Location
	}
	_, path, _ := strings.Cut(address, "/m2/")
	return "http://tt.omtrdc.net.example.com/m2/" + path
}

// uploadAnswer is Adobe's to a batch that was taken.
func (e *Emulator) uploadAnswer(address string) answer {
	a := bulkAnswer(http.StatusOK, true, address, "Batch submitted for processing")
	if !e.bulk.Load().Escaped {
		a.body = bytes.Replace(a.body, []byte("&amp;"), []byte("&"), 1)
	}
	return a
}

func bulkAnswer(status int, success bool, address, message string) answer {
	return xmlAnswer(status, struct {
		XMLName     xml.Name `xml:"response"`
		Success     bool     `xml:"success"`
		BatchStatus string   `xml:"batchStatus"`
		Message     string   `xml:"message"`
	}{Success: success, BatchStatus: address, Message: message})
}

func (f *refusal) ofUpload() answer {
	a := bulkAnswer(f.status, false, "", f.message)
	if f.status == http.StatusMethodNotAllowed {
		a.allow = http.MethodPost
	}
	a.hangUp = f.leavesBody()
	return a
}

// overRate is past the calls of a minute. Adobe names the status, and no time to wait.
func overRate(refused *refusal) answer {
	a := jsonError(http.StatusServiceUnavailable, "more than 50 calls in a minute")
	a.hangUp = refused.leavesBody()
	return a
}

// withEntity puts an entity in front of the message that a strict reader of XML does not know.
func withEntity(a answer) answer {
	a.body = bytes.Replace(a.body, []byte("<message>"), []byte("<message>&nbsp;"), 1)
	return a
}
