// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strconv"
	"time"
)

const (
	xmlType  = "text/xml; charset=utf-8"
	textType = "text/plain; charset=utf-8"
	jsonType = "application/json; charset=utf-8"
	htmlType = "text/html; charset=utf-8"
)

// refusal is why a call is not an update that can be applied. Its message never repeats what the call held.
type refusal struct {
	status  int
	message string
}

func malformed(message string) *refusal {
	return &refusal{status: http.StatusBadRequest, message: message}
}

func unsupported(message string) *refusal {
	return &refusal{status: http.StatusUnsupportedMediaType, message: message}
}

// refusedUpdate is a refusal in the manner of Adobe's bulk API: HTTP 200 with success false.
func refusedUpdate(message string) *refusal {
	return &refusal{status: http.StatusOK, message: message}
}

// answer is all that a caller gets to see.
type answer struct {
	status      int
	contentType string
	body        []byte
	retryAfter  string
	location    string
	allow       string
	// hangUp closes the connection, for calls whose body was not read.
	hangUp bool
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	// A caller that went away is its own business.
	_, _ = w.Write(a.body)
}

func (a answer) writeHeader(w http.ResponseWriter) {
	header := w.Header()
	for name, value := range map[string]string{
		"Content-Type": a.contentType,
		"Retry-After":  a.retryAfter,
		"Location":     a.location,
		"Allow":        a.allow,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	if a.hangUp {
		header.Set("Connection", "close")
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}

// updateAnswer is Adobe's documented answer and, with success false, its counterpart. Adobe's page shows the text form,
// trueRequest successfully submitted, which is the XML with its tags lost.
func updateAnswer(plain bool, status int, success bool, message string) answer {
	if plain {
		return answer{status: status, contentType: textType, body: []byte(strconv.FormatBool(success) + message)}
	}
	return xmlAnswer(status, struct {
		XMLName xml.Name `xml:"response"`
		Success bool     `xml:"success"`
		PCID    string   `xml:"pcId"`
		Message string   `xml:"message"`
	}{Success: success, Message: message})
}

func xmlAnswer(status int, value any) answer {
	body, err := xml.Marshal(value)
	if err != nil {
		return answer{status: http.StatusInternalServerError, contentType: textType}
	}
	return answer{status: status, contentType: xmlType, body: body}
}

func submitted(plain bool) answer {
	return updateAnswer(plain, http.StatusOK, true, "Request successfully submitted")
}

func (f *refusal) answer(plain bool) answer {
	a := updateAnswer(plain, f.status, false, f.message)
	if f.status == http.StatusMethodNotAllowed {
		a.allow = "GET, POST"
	}
	a.hangUp = f.leavesBody()
	return a
}

// leavesBody tells of calls whose body is too large to be read to its end, so that the connection cannot be used again.
func (f *refusal) leavesBody() bool {
	return f != nil && f.status == http.StatusRequestEntityTooLarge
}

func jsonAnswer(status int, value any) answer {
	body, err := json.Marshal(value)
	if err != nil {
		return answer{status: http.StatusInternalServerError, contentType: textType}
	}
	return answer{status: status, contentType: jsonType, body: body}
}

// jsonError has the shape of the errors of Adobe's profile fetch.
func jsonError(status int, message string) answer {
	return jsonAnswer(status, struct {
		Status  int    `json:"status"`
		Message string `json:"message"`
	}{status, message})
}

func wholeSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
