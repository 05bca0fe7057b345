// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// routeFetch is that of calls that no fault hits.
const routeFetch Route = "fetch"

// watched is a call that is being answered, where the newest calls are kept. What the handlers note goes to the one that
// [watching] finds; it is nil where none is kept, and then takes no notes.
type watched struct {
	http.ResponseWriter
	of   *recent
	now  func() time.Time
	call recentCall
	// seen is the beginning of a batch.
	seen head
	// unknown is set when the update took no effect.
	unknown bool
}

func (e *Emulator) watch(w http.ResponseWriter, r *http.Request) *watched {
	c := &watched{ResponseWriter: w, of: e.world.Load().recent, now: e.settings.Now}
	path, query := r.URL.EscapedPath(), r.URL.RawQuery
	c.call = recentCall{
		RecentCall: RecentCall{At: c.now(), Method: clipped(r.Method, maxRecentPath), Path: clipped(path, maxRecentPath), Size: len(query)},
		Query:      clipped(query, maxRecentText), ContentType: clipped(r.Header.Get("Content-Type"), maxRecentPath),
		Cut: len(path) > maxRecentPath || len(query) > maxRecentText, Authorized: r.Header.Get("Authorization") != "",
	}
	return c
}

func watching(w http.ResponseWriter) *watched {
	c, _ := w.(*watched)
	return c
}

func (c *watched) WriteHeader(status int) {
	c.call.Status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap lets an http.ResponseController reach what it needs.
func (c *watched) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *watched) brings(route Route, client string, body []byte) {
	if c == nil {
		return
	}
	c.call.Route, c.call.Client = route, strings.Clone(client)
	if len(body) > 0 {
		c.call.Size = len(body)
		c.call.Body = string(body[:min(len(body), maxRecentText)])
	}
}

func (c *watched) ofVisitor(v Visitor) {
	if c != nil {
		c.call.Parameter, c.call.ID = v.Parameter, strings.Clone(v.ID)
	}
}

// reads sees the beginning of a body that is too large to be kept.
func (c *watched) reads(body io.Reader) io.Reader {
	if c == nil {
		return body
	}
	return io.TeeReader(body, &c.seen)
}

func (c *watched) bringsBatch(client string, rows, size int) {
	if c == nil {
		return
	}
	c.brings(RouteBulk, client, c.seen)
	c.call.Rows, c.call.Size = rows, max(size, c.call.Size)
}

func (c *watched) met(f Fault) {
	if c != nil {
		c.call.Fault = f.Kind
	}
}

func (c *watched) refusedFor(why *refusal) {
	if c != nil && why != nil {
		c.call.Reason = why.message
	}
}

func (c *watched) tookNoEffect() {
	if c != nil {
		c.unknown = true
	}
}

// end keeps the call, also one that ends in a panic.
func (c *watched) end() {
	c.call.Micros = c.now().Sub(c.call.At).Microseconds()
	c.call.Outcome = c.outcome()
	c.call.Cut = c.call.Cut || c.call.Size > maxRecentText || !utf8.ValidString(c.call.Body)
	c.of.add(&c.call)
}

func (c *watched) outcome() Outcome {
	switch status := c.call.Status; {
	case c.call.Fault != "":
		return OutcomeFaulted
	case status == 0:
		return OutcomeUnanswered
	case status == http.StatusForbidden:
		return OutcomeUnauthorized
	case status == http.StatusTooManyRequests:
		return OutcomeOverQuota
	case status == http.StatusServiceUnavailable:
		return OutcomeOverRate
	case status == http.StatusNotFound:
		return OutcomeNotFound
	case status >= http.StatusBadRequest:
		return OutcomeMalformed
	case c.call.Reason != "":
		return OutcomeRefused
	case c.unknown:
		return OutcomeUnknown
	}
	return OutcomeAccepted
}

// isWatched reports whether a path is of the API, and not of the control or of the summary.
func isWatched(path string) bool {
	return path != "/" && !strings.HasPrefix(path, controlPrefix)
}

// clipped copies a text: that of a request is a part of all of its first line, which may be long.
func clipped(text string, longest int) string {
	return strings.Clone(text[:min(len(text), longest)])
}

// head keeps the first bytes that are written to it.
type head []byte

func (h *head) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), maxRecentText-len(*h))]...)
	return len(p), nil
}
