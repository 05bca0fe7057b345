// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/extensionmiddleware"
)

var crashTargetID = component.MustNewIDWithName("target", "crash")

// crashTarget is a Target that outlives the processes that call it. It knows the values of
// each visitor, and notes each older one that arrives after a newer one.
type crashTarget struct {
	random *crashRandom

	mu sync.Mutex
	// failing is how many calls there are for each that fails, 0 for none.
	failing int
	// status is that of calls that fail.
	status int
	outage bool
	poison map[string]bool // visitors whose calls all fail
	values map[string]map[string]int
	order  []string // what arrived too late
	calls  []time.Time
}

// change changes how calls fail.
func (s *crashTarget) change(c func(*crashTarget)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c(s)
}

func (s *crashTarget) value(visitor, parameter string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[visitor][parameter]
}

// arrives carries out a call, and returns the status of the answer, 0 for none.
func (s *crashTarget) arrives(form url.Values) (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, time.Now())
	visitor := form.Get("mbox3rdPartyId")
	fails := s.outage || s.poison[visitor] || s.random.chance(s.failing)
	if fails && s.random.chance(2) {
		return s.status
	}
	s.apply(visitor, form)
	if fails {
		return s.status // and took effect all the same
	}
	return http.StatusOK
}

func (s *crashTarget) apply(visitor string, form url.Values) {
	if s.values[visitor] == nil {
		s.values[visitor] = make(map[string]int)
	}
	for name := range form {
		parameter, ok := strings.CutPrefix(name, "profile.")
		if !ok {
			continue
		}
		text, _, _ := strings.Cut(form.Get(name), " ")
		value, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		if before := s.values[visitor][parameter]; value < before {
			s.order = append(s.order, fmt.Sprintf("%s of %s: %d after %d", parameter, visitor, value, before))
		}
		s.values[visitor][parameter] = value
	}
}

// most returns the largest number of calls that arrived within any time of that length.
func (s *crashTarget) most(window time.Duration) (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := 0
	for i, at := range s.calls {
		for at.Sub(s.calls[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// crashWire is the way of a process to the Target, a middleware of its HTTP client.
type crashWire struct {
	component.StartFunc
	component.ShutdownFunc

	process *crashProcess
	target  *crashTarget
}

var _ extensionmiddleware.HTTPClient = (*crashWire)(nil)

func (w *crashWire) GetHTTPRoundTripper(context.Context) (extensionmiddleware.WrapHTTPRoundTripperFunc, error) {
	return func(context.Context, http.RoundTripper) (http.RoundTripper, error) { return w, nil }, nil
}

func (w *crashWire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	w.travel()
	status := 0
	if !w.process.passes(func() {}, func() { status = w.target.arrives(form) }) {
		return nil, errKilled
	}
	w.travel()
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header),
		Body: io.NopCloser(strings.NewReader("true")), Request: req,
	}, nil
}

func (w *crashWire) travel() {
	time.Sleep(time.Duration(w.process.random.IntN(200)) * time.Millisecond)
}
