// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// UploadState is how far an upload is, as Target says.
type UploadState string

const (
	// UploadIncomplete is that Target is still at work.
	UploadIncomplete UploadState = "incomplete"
	// UploadComplete is that Target has ended its work.
	UploadComplete UploadState = "complete"
	// UploadStuck is that Target cannot end it.
	UploadStuck UploadState = "stuck"
)

// Progress is what the status of an upload says.
type Progress struct {
	State UploadState
	// Rows is how many there were, NotFound how many had no profile, Failed how many failed.
	Rows, NotFound, Failed int
	// Named is how many of the failed rows have their id in FailedIDs: as it stands in the answer,
	// and as that would be decoded, so there may be more ids than rows. There is room for all rows
	// of an upload. One that an answer names beyond that counts as failed, and not as named.
	Named     int
	FailedIDs map[string]struct{}
}

const (
	// maxProgress is the most bytes of a status that are read. It leaves over 300 for each row and
	// twice those of an upload, as an id may be written with entities.
	maxProgress = 256 << 20
	// maxFailedBytes is the most bytes of ids that are kept: those of an upload in both forms.
	maxFailedBytes = 2 * MaxBulkBytes
	// maxField is the most bytes that are kept of what stands in one element.
	maxField = 4 << 10
	// maxToken is the most bytes of a tag or a text, maxDepth the most elements in one another: what
	// goes beyond is not Target's, and would take memory.
	maxToken = 64 << 10
	maxDepth = 16
)

// readProgress reads a status: XML in which elements count by their local names. One that is longer
// than r cannot be read, as the rows that it does not come to may have failed.
func readProgress(r *io.LimitedReader) (Progress, Answer) {
	buffered := bufio.NewReader(r)
	beginning, _ := buffered.Peek(len("<!doctype html")) // it is read again
	beginning = append([]byte(nil), beginning...)
	text := textReader{from: buffered}
	reader := progressReader{from: &text, decoder: lenientXML(&text)}
	err := reader.run()
	var syntax *xml.SyntaxError
	switch invalid := errors.As(err, &syntax); {
	case err == nil && reader.words == 1:
		reader.Failed = max(reader.Failed, reader.failedRows)
		return reader.Progress, Answer{Verdict: Delivered}
	case invalid && r.N <= 0:
		return Progress{}, Answer{Verdict: NotNow, Reason: ReasonForeign, Detail: "the answer is too long"}
	case err == nil, invalid, errors.Is(err, errForeign):
		return Progress{}, Answer{Verdict: NotNow, Reason: ReasonForeign, Detail: "the answer is " + kindOf(beginning)}
	}
	return Progress{}, failure(err)
}

// progressReader reads a status token by token, as it may be long.
type progressReader struct {
	Progress
	from       *textReader
	decoder    *xml.Decoder
	depth      int
	text       []byte // of the element
	words      int    // how many elements say the state
	inRow      bool
	id, word   string // of the row
	failedRows int
	keptBytes  int // of FailedIDs
}

func (r *progressReader) run() error {
	for {
		r.from.room = maxToken
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if (r.depth == 0 && t.Name.Local != "response") || r.depth == maxDepth {
				return errForeign
			}
			r.depth++
			if t.Name.Local == "profile" {
				r.inRow, r.id, r.word = true, "", ""
			}
			r.text = r.text[:0]
		case xml.CharData:
			r.text = append(r.text, t[:min(len(t), maxField-len(r.text))]...)
		case xml.EndElement:
			r.depth--
			r.end(t.Name.Local, string(bytes.TrimSpace(r.text)))
			r.text = r.text[:0]
		}
	}
}

// end takes what an element holds.
func (r *progressReader) end(element, text string) {
	switch {
	case element == "profile":
		r.endRow()
	case r.inRow && element == "id":
		r.id = text
	case r.inRow && element == "status":
		r.word = text
	case r.inRow:
	case element == "status":
		r.words++
		r.State = stateOf(text)
	case element == "batchSize":
		r.Rows = count(text)
	case element == "profilesNotFound":
		r.NotFound = count(text)
	case element == "failedUpdates":
		r.Failed = count(text)
	}
}

// endRow takes a row: any word but success and pending is a failure.
func (r *progressReader) endRow() {
	r.inRow = false
	switch strings.ToLower(r.word) {
	case "", "success", "pending":
		return
	}
	r.failedRows++
	if r.id != "" {
		r.keep(r.id)
	}
}

// keep keeps the id of a row that failed, as far as there is room for both its forms.
func (r *progressReader) keep(id string) {
	size := len(id)
	decoded, err := url.PathUnescape(id)
	if err != nil {
		decoded = id
	}
	if decoded != id {
		size += len(decoded)
	}
	if r.Named == MaxBulkRows || r.keptBytes+size > maxFailedBytes {
		return
	}
	if r.FailedIDs == nil {
		r.FailedIDs = make(map[string]struct{})
	}
	r.FailedIDs[id], r.FailedIDs[decoded] = struct{}{}, struct{}{}
	r.Named++
	r.keptBytes += size
}

func stateOf(word string) UploadState {
	switch state := UploadState(strings.ToLower(word)); state {
	case UploadComplete, UploadStuck:
		return state
	}
	return UploadIncomplete
}

// count reads a number of rows.
func count(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
