// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// Adobe's sizes, 8 KB for GET and 60 KB for POST, taken as the smaller reading of KB and over everything that is encoded.
const (
	maxTargetBytes = 8_000
	maxBodyBytes   = 60_000
)

// request is what a call brought: its encoded parameters and its body, which are the same for a form body.
type request struct {
	encoded string
	body    []byte
}

// readRequest reads no more than one byte past the allowed body.
func readRequest(r *http.Request, limit int) (request, *refusal) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodPost:
		return request{}, &refusal{status: http.StatusMethodNotAllowed, message: "use GET or POST"}
	case len(r.URL.RequestURI()) > maxTargetBytes:
		return request{}, &refusal{status: http.StatusRequestURITooLong, message: "path and query have more than 8000 bytes"}
	case len(r.Header.Values("Content-Encoding")) > 0:
		return request{}, unsupported("a Content-Encoding is not accepted")
	}
	body, refused := readBody(r, limit)
	if refused != nil {
		return request{}, refused
	}
	got := request{encoded: r.URL.RawQuery, body: body}
	switch {
	case len(body) == 0:
		return got, nil
	case r.Method == http.MethodGet:
		return got, malformed("a GET carries a body")
	case !isForm(r.Header.Values("Content-Type")):
		return got, unsupported("the body must be an application/x-www-form-urlencoded form in UTF-8")
	case r.URL.RawQuery != "":
		return got, malformed("parameters are in the query and in the body")
	}
	got.encoded = string(body)
	return got, nil
}

func tooLarge(limit int) *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("the body has more than %d bytes", limit)}
}

func readBody(r *http.Request, limit int) ([]byte, *refusal) {
	if r.ContentLength > int64(limit) {
		return nil, tooLarge(limit)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, malformed("the body could not be read to its end")
	case len(body) > limit:
		return nil, tooLarge(limit)
	}
	return body, nil
}

func isForm(contentTypes []string) bool {
	if len(contentTypes) != 1 {
		return false
	}
	media, parameters, err := mime.ParseMediaType(contentTypes[0])
	if err != nil || media != "application/x-www-form-urlencoded" {
		return false
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return false
		}
	}
	return true
}
