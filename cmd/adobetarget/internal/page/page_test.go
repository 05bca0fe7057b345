// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page_test // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const local = "http://127.0.0.1:8089"

func newHandler(t *testing.T, loopback bool) http.Handler {
	t.Helper()
	e, err := emulator.New(emulator.Settings{RecentCalls: 10})
	require.NoError(t, err)
	return page.Guard(page.New(e), loopback)
}

// ask returns the answer to a request with headers, given as name and value.
func ask(t *testing.T, h http.Handler, method, address, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}

func TestNew_ServesThePageToBrowsersAlone(t *testing.T) {
	h := newHandler(t, true)
	for _, test := range []struct {
		name, method, accept, contentType string
	}{
		{"a browser", http.MethodGet, "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"},
		{"curl", http.MethodGet, "*/*", "text/plain; charset=utf-8"},
		{"a client that accepts nothing", http.MethodGet, "", "text/plain; charset=utf-8"},
		{"an update that followed a redirect", http.MethodPost, "text/html", "text/plain; charset=utf-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := ask(t, h, test.method, local+"/", "", "Accept", test.accept)
			assert.Equal(t, http.StatusOK, answer.Code)
			assert.Equal(t, test.contentType, answer.Header().Get("Content-Type"))
		})
	}
	answer := ask(t, h, http.MethodPost, local+"/m2/acme/profile/update", "mboxPC=1&profile.a=b", "Content-Type", formType)
	assert.Contains(t, answer.Body.String(), "<success>true</success>", "the API is the emulator's")
	assert.Equal(t, http.StatusNotFound, ask(t, h, http.MethodGet, local+"/_page/nothing.js", "").Code)
}

func TestNew_LetsThePageLoadNothingFromElsewhere(t *testing.T) {
	h := newHandler(t, true)
	for _, path := range []string{"/", "/_page/main.js", "/_page/page.css", "/_page/example"} {
		header := ask(t, h, http.MethodGet, local+path, "", "Accept", "text/html").Header()
		assert.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.NotContains(t, header.Get("Content-Security-Policy"), "unsafe", path)
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
	}
}

func TestGuard(t *testing.T) {
	const faults = "/_emulator/faults"
	for _, test := range []struct {
		name, method, address string
		everywhere            bool
		headers               []string
		status                int
	}{
		{"curl changes something", http.MethodPut, local + faults, false, nil, http.StatusNoContent},
		{"the page changes something", http.MethodPut, local + faults, false, []string{"Origin", local, "Sec-Fetch-Site", "same-origin"}, http.StatusNoContent},
		{"a page of an older browser does", http.MethodPut, local + faults, false, []string{"Origin", local}, http.StatusNoContent},
		{"another site does", http.MethodPut, local + faults, false, []string{"Origin", "https://example.com", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"another site of an older browser does", http.MethodPut, local + faults, false, []string{"Origin", "https://example.com"}, http.StatusForbidden},
		{"another port of this machine does", http.MethodPost, local + "/_emulator/reset", false, []string{"Origin", "http://127.0.0.1:3000", "Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"a sandboxed frame does", http.MethodPost, local + "/_emulator/reset", false, []string{"Origin", "null"}, http.StatusForbidden},
		{"another site tries a mapping", http.MethodPost, local + "/_page/try", false, []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a name that was made to lead here", http.MethodPut, "http://rebound.example.com:8089" + faults, false, []string{"Origin", "http://rebound.example.com:8089"}, http.StatusMisdirectedRequest},
		{"such a name reads", http.MethodGet, "http://rebound.example.com:8089/_emulator/profiles", false, nil, http.StatusMisdirectedRequest},
		{"such a name opens the page", http.MethodGet, "http://rebound.example.com:8089/", false, []string{"Accept", "text/html"}, http.StatusMisdirectedRequest},
		{"another site searches", http.MethodGet, local + "/_emulator/visitors", false, []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "empty"}, http.StatusForbidden},
		{"another site shows the counters in a frame", http.MethodGet, local + "/_emulator/stats", false, []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "iframe"}, http.StatusForbidden},
		{"another site has a link to the page", http.MethodGet, local + "/", false, []string{"Accept", "text/html", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document"}, http.StatusOK},
		{"localhost", http.MethodGet, "http://localhost:8089" + faults, false, nil, http.StatusOK},
		{"the name by which a container knows this machine", http.MethodGet, "http://host.docker.internal:8089" + faults, false, nil, http.StatusOK},
		{"another one that ends like it", http.MethodGet, "http://docker.internal.example.com:8089" + faults, false, nil, http.StatusMisdirectedRequest},
		{"an address of version 6", http.MethodGet, "http://[::1]:8089" + faults, false, nil, http.StatusOK},
		{"a name, where it is not for this machine alone", http.MethodGet, "http://emulator:8089" + faults, true, nil, http.StatusOK},
		{"another site, where it is not", http.MethodPut, "http://emulator:8089" + faults, true, []string{"Origin", "https://example.com"}, http.StatusForbidden},
		{"the API under a name of Adobe's", http.MethodGet, "http://acme.tt.omtrdc.net/m2/acme/profile/update?mboxPC=1&profile.a=b", false, []string{"Origin", "https://example.com"}, http.StatusOK},
		{"a redirect that ends under a name of Adobe's", http.MethodGet, "http://acme.tt.omtrdc.net/", false, nil, http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := ""
			if test.method != http.MethodGet {
				body = "[]"
			}
			assert.Equal(t, test.status, ask(t, newHandler(t, !test.everywhere), test.method, test.address, body, test.headers...).Code)
		})
	}
}

func TestTry_TakesItsOwnJSONAlone(t *testing.T) {
	h := newHandler(t, true)
	const isJSON = "application/json"
	for _, test := range []struct {
		name, contentType, body string
		status                  int
		says                    string
	}{
		{"what it takes", isJSON, `{"config":"dry_run: true","records":"{\"mboxPC\":\"1\",\"profile.a\":\"b\"}"}`, http.StatusOK, `"calls":1`},
		{"the id is shown", isJSON, `{"config":"dry_run: true","records":"{\"mboxPC\":\"12345\",\"profile.a\":\"b\"}"}`, http.StatusOK, `"mboxPC":"12345"`},
		{"a wrong mapping is an answer", isJSON, `{"config":"profle: []"}`, http.StatusOK, `"error":"config: exporters::adobe_target`},
		{"a form of another site", "text/plain", `{}`, http.StatusUnsupportedMediaType, "application/json"},
		{"no JSON", isJSON, `config`, http.StatusBadRequest, "the body must be"},
		{"too much", isJSON, `{"records":"` + strings.Repeat("a", 5<<20) + `"}`, http.StatusRequestEntityTooLarge, "4 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := ask(t, h, http.MethodPost, local+"/_page/try", test.body, "Content-Type", test.contentType)
			assert.Equal(t, test.status, answer.Code)
			assert.Contains(t, answer.Body.String(), test.says)
		})
	}
}

func TestTry_WorksOnOneAtATime(t *testing.T) {
	h := newHandler(t, true)
	try := func(ctx context.Context, config, records string) *httptest.ResponseRecorder {
		body, err := json.Marshal(map[string]string{"config": config, "records": records})
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, local+"/_page/try", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, r)
		return answer
	}
	const quick, record = "dry_run: true", `{"mboxPC":"1","profile.a":"b"}`
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		try(t.Context(), `conditions: ['IsMatch(log.attributes["a"], "(.*)(.{0,500}x)?.{900}y.{900}z")']`, `{"a":"`+strings.Repeat("x", 20_000)+`"}`)
	}()
	given := 0
	for waits := true; waits; {
		ctx, cancel := context.WithTimeout(t.Context(), tick)
		if try(ctx, quick, record).Body.Len() == 0 {
			given++
		}
		cancel()
		select {
		case <-ended:
			waits = false
		default:
		}
	}
	assert.Positive(t, given, "who goes away while another is tried is not worked for")
	assert.Contains(t, try(t.Context(), quick, record).Body.String(), `"calls":1`)
}

func TestTheExample_IsThatOfTheDemo(t *testing.T) {
	var example struct{ Config, Records string }
	answer := ask(t, newHandler(t, true), http.MethodGet, local+"/_page/example", "")
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &example))

	demo, err := os.ReadFile("../../../../examples/demo.yaml")
	require.NoError(t, err)
	_, demoSettings, _ := strings.Cut(string(demo), "  adobe_target:\n")
	demoSettings, _, _ = strings.Cut(demoSettings, "    outbox:")
	looked := regexp.MustCompile(`(?m)^ +(endpoint|route): \$\{env:.*\n`).ReplaceAllString(demoSettings, "")
	_, settings, _ := strings.Cut(example.Config, "\n") // the first line explains
	assert.Equal(t, strings.ReplaceAll(strings.TrimPrefix(looked, "    "), "\n    ", "\n"), settings)

	records, err := os.ReadFile("../../../../testdata/actions.jsonl")
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(string(records), example.Records), "they are the first of testdata/actions.jsonl")
}

func TestTheAssets_MakeNoMarkupOfText(t *testing.T) {
	files, err := filepath.Glob("assets/*")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|https?://[^w]|style="|\son[a-z]+="`)
	for _, file := range files {
		if filepath.Base(file) == "example" {
			continue
		}
		text, err := os.ReadFile(file) //nolint:gosec // G304: a file of this package
		require.NoError(t, err)
		assert.Empty(t, markup.FindAllString(string(text), -1), file)
	}
}
