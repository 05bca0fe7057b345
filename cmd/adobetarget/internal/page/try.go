// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package page // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/page"

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
)

const (
	// maxTyped is more than the preview takes of records, written as JSON.
	maxTyped = 4 << 20
	// longestWait is for how long one may wait for others to be tried.
	longestWait = 5 * time.Second
)

// typed is what is tried: the settings of an exporter, or a whole configuration, and records.
type typed struct {
	Config  string `json:"config"`
	Records string `json:"records"`
}

// tries lets one be tried at a time. An expression cannot be stopped, not even where a page that is typed in no longer waits
// for it: without that, each key that is pressed could begin another one that takes long.
type tries chan struct{}

// ServeHTTP answers 200 also where what was typed is wrong: that is no failure of the request.
func (t tries) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, status, err := readTyped(w, r)
	if err != nil {
		writeJSON(w, status, failed{err.Error()})
		return
	}
	waited := time.NewTimer(longestWait)
	defer waited.Stop()
	select {
	case t <- struct{}{}:
		defer func() { <-t }()
	case <-waited.C:
		writeJSON(w, http.StatusServiceUnavailable, failed{"what was typed before is still tried: an expression of it takes long"})
		return
	case <-r.Context().Done():
		return
	}
	result, err := preview.Try(r.Context(), preview.Typed{
		Config: got.Config, Records: got.Records, Options: preview.Options{ShowIDs: true},
	})
	if err != nil {
		writeJSON(w, http.StatusOK, failed{err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, result)
}

type failed struct {
	Error string `json:"error"`
}

// readTyped takes JSON alone, which a form of another site cannot send.
func readTyped(w http.ResponseWriter, r *http.Request) (got typed, status int, err error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return typed{}, http.StatusUnsupportedMediaType, errors.New("the body must be application/json")
	}
	err = json.NewDecoder(http.MaxBytesReader(w, r.Body, maxTyped)).Decode(&got)
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case tooLarge:
		return typed{}, http.StatusRequestEntityTooLarge, errors.New("what is typed has more than 4 MiB")
	case err != nil:
		return typed{}, http.StatusBadRequest, errors.New(`the body must be {"config":"…","records":"…"}`)
	}
	return got, http.StatusOK, nil
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A browser that went away is its own business.
	_, _ = w.Write(text)
}

// serveExample returns the mapping of examples/demo.yaml and the first of its records.
func serveExample(w http.ResponseWriter, _ *http.Request) {
	config, configErr := embedded.ReadFile("assets/example/mapping.txt")
	records, recordsErr := embedded.ReadFile("assets/example/records.jsonl")
	if err := errors.Join(configErr, recordsErr); err != nil {
		panic(err) // they are embedded
	}
	writeJSON(w, http.StatusOK, typed{string(config), string(records)})
}
