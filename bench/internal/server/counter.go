// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// UpdatePath is where updates go.
const UpdatePath = "/m2/acme/profile/update"

// What Target answers to an update that it takes, see internal/emulator.
const (
	answerType = "text/xml; charset=utf-8"
	answerBody = "<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>"
)

// Stats are what a server has seen.
type Stats struct {
	// Calls are all that came, and Refused those of them that were answered with 503.
	Calls   int64 `json:"calls"`
	Refused int64 `json:"refused"`
	// Bytes are those of the bodies, by which one sees that two clients sent the same.
	Bytes    int64 `json:"bytes"`
	Opened   int64 `json:"opened"`
	MostOpen int64 `json:"most_open"`
	// First and Last are when the first and the last call came, in Unix nanoseconds.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
	// Uploads are those of the calls that were one, Rows those of them all, and LastRow is when the
	// last one had come, in Unix nanoseconds. They are counted where visitors are noted.
	Uploads int64 `json:"uploads"`
	Rows    int64 `json:"rows"`
	LastRow int64 `json:"last_row"`
}

// counter answers every call as Target does, or as a server that is down, and counts.
type counter struct {
	latency                                   time.Duration
	down                                      atomic.Bool
	calls, refused, bytes, opened, open, most atomic.Int64
	first, last, uploads, rows, lastRow       atomic.Int64
	// arrivals are those of visitors; nil, which costs nothing, when nobody asks for them.
	arrivals *Arrivals
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := time.Now().UnixNano()
	down := c.down.Load()
	n, err := c.read(r, now, down)
	c.first.CompareAndSwap(0, now)
	c.last.Store(now)
	c.bytes.Add(n)
	if down {
		c.refused.Add(1)
	}
	c.calls.Add(1)
	switch {
	case down:
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if c.latency > 0 {
		time.Sleep(c.latency)
	}
	body := answerOf(r)
	header := w.Header()
	header.Set("Content-Type", answerType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = io.WriteString(w, body)
}

// answerOf returns the body of the answer to a call that is taken.
func answerOf(r *http.Request) string {
	switch r.URL.Path {
	case UploadPath:
		return uploadAnswer(r.Host)
	case statusPath:
		return statusAnswer
	}
	return answerBody
}

// read returns the length of a body, and notes its visitors when it is asked to. The error is about
// a visitor that is none of those expected.
func (c *counter) read(r *http.Request, now int64, down bool) (int64, error) {
	switch {
	case c.arrivals == nil, down, r.URL.Path == statusPath:
		n, _ := io.Copy(io.Discard, r.Body)
		return n, nil
	case r.URL.Path == UploadPath:
		return c.readUpload(r.Body, now)
	}
	form, _ := io.ReadAll(r.Body)
	values, err := url.ParseQuery(string(form))
	visitor, visitorErr := records.Visitor(values.Get(string(profile.Mbox3rdPartyID)))
	if err = cmp.Or(err, visitorErr); err == nil {
		err = c.arrivals.note(visitor, now)
	}
	return int64(len(form)), err
}

func (c *counter) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.opened.Add(1)
		open := c.open.Add(1)
		for most := c.most.Load(); open > most && !c.most.CompareAndSwap(most, open); most = c.most.Load() {
			continue
		}
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

func (c *counter) stats() Stats {
	return Stats{
		Calls: c.calls.Load(), Refused: c.refused.Load(), Bytes: c.bytes.Load(),
		Opened: c.opened.Load(), MostOpen: c.most.Load(),
		First: c.first.Load(), Last: c.last.Load(),
		Uploads: c.uploads.Load(), Rows: c.rows.Load(), LastRow: c.lastRow.Load(),
	}
}
