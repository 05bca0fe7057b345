// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package probe // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

const (
	// MaxCalls is the most calls that a probe makes: those of all questions.
	MaxCalls = 54
	// pace is the time between two calls.
	pace = 500 * time.Millisecond
	// maxHeard is the most bytes of an answer that are read: more than a profile has.
	maxHeard = 4 << 20
)

// heard is an answer as it came.
type heard struct {
	status      int
	contentType string
	body        []byte
	retryAfter  bool
}

// line is what calls go over: confighttp's transport, one call after the other, at a pace and up to
// a number. It keeps the last answer.
type line struct {
	transport   http.RoundTripper
	credentials string
	pause       func(context.Context, time.Duration) error
	made        int
	heard       heard
	// replace makes another request of the one that was composed, nil to send that.
	replace func(*http.Request) (*http.Request, error)
	// bare sends no credentials.
	bare bool
}

var errBound = errors.New("the bound on calls is reached")

// newLine returns the line of a subject, and what closes it. It speaks HTTP/1.1, as net/http would
// repeat some calls on its own over HTTP/2.
func newLine(ctx context.Context, s *Subject, pause func(context.Context, time.Duration) error) (*line, func(), error) {
	api, err := route.NewSingle(route.Config{Method: http.MethodPost, Parameters: route.Query, Path: "/"}, s.endpoint, s.config.ClientCode)
	if err != nil {
		return nil, nil, err
	}
	client, closeIdle, err := route.NewHTTPClient(ctx, s.client, api, 1, componenttest.NewNopHost(), componenttest.NewNopTelemetrySettings())
	if err != nil {
		return nil, nil, err
	}
	return &line{transport: client.Transport, credentials: s.credentials, pause: pause}, closeIdle, nil
}

// client returns what a route makes its calls with.
func (l *line) client(timeout time.Duration) *http.Client {
	return &http.Client{Transport: l, Timeout: timeout}
}

// RoundTrip makes a call and keeps what was answered. Its connection is not used again, so that
// net/http does not repeat it.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.heard = heard{}
	if l.made >= MaxCalls {
		return nil, errBound
	}
	if l.replace != nil {
		replaced, err := l.replace(r)
		if err != nil {
			return nil, err
		}
		if r.Body != nil {
			r.Body.Close()
		}
		r = replaced
	}
	r.Close = true
	if l.credentials != "" && !l.bare && r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", l.credentials)
	}
	l.made++
	resp, err := l.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols { // its body has no end
		resp.Body = http.NoBody
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxHeard))
	if err != nil {
		return nil, err
	}
	l.heard = heard{
		status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), body: body, retryAfter: resp.Header.Get("Retry-After") != "",
	}
	kept := *resp
	kept.Body = io.NopCloser(bytes.NewReader(body))
	return &kept, nil
}

// wait lets some time pass before a call, but for the first.
func (l *line) wait(ctx context.Context) error {
	if l.made == 0 {
		return ctx.Err()
	}
	return l.pause(ctx, pace)
}

// Pause waits for a time, or returns why it does not.
func Pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
