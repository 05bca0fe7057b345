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

	uploads crashUploads
	// left are the values as the rule of consecutive uploads may be read, and uploaded those of
	// them that the last upload of a visitor has set.
	left     map[string]map[string]int
	uploaded map[string]map[string]bool
}

func newCrashTarget(random *crashRandom) *crashTarget {
	return &crashTarget{
		random: random, values: make(map[string]map[string]int), left: make(map[string]map[string]int),
		uploaded: make(map[string]map[string]bool), uploads: crashUploads{failed: make(map[string]bool)},
	}
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
	s.works()
	return s.values[visitor][parameter]
}

// leftValue returns the value as the other reading of the rule leaves it.
func (s *crashTarget) leftValue(visitor, parameter string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works()
	return s.left[visitor][parameter]
}

// arrives carries out a call, and returns the status of the answer, 0 for none.
func (s *crashTarget) arrives(form url.Values) (status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works()
	s.calls = append(s.calls, time.Now())
	visitor := form.Get("mbox3rdPartyId")
	s.standsIn("call", visitor, nil)
	fails := s.outage || s.poison[visitor] || s.random.chance(s.failing)
	if fails && s.random.chance(2) {
		return s.status
	}
	for name := range form {
		delete(s.uploaded[visitor], strings.TrimPrefix(name, "profile."))
	}
	s.apply(visitor, form)
	if fails {
		return s.status // and took effect all the same
	}
	return http.StatusOK
}

func (s *crashTarget) apply(visitor string, form url.Values) {
	if s.values[visitor] == nil {
		s.values[visitor], s.left[visitor] = make(map[string]int), make(map[string]int)
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
		s.values[visitor][parameter], s.left[visitor][parameter] = value, value
	}
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
	body, err := bodyOf(req)
	if err != nil {
		return nil, err
	}
	w.travel()
	status, text := 0, ""
	if !w.process.passes(func() {}, func() { status, text = w.target.callTarget(req, body) }) {
		return nil, errKilled
	}
	w.travel()
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header),
		Body: io.NopCloser(strings.NewReader(text)), Request: req,
	}, nil
}

func (w *crashWire) travel() {
	time.Sleep(time.Duration(w.process.random.IntN(200)) * time.Millisecond)
}
