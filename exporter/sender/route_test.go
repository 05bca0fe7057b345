// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// call is one that was made.
type call struct {
	at         time.Time
	visitor    string
	parameters map[string]string
}

// fakeRoute answers calls as told.
type fakeRoute struct {
	latency time.Duration
	// perCall is how many parameters a call carries, 0 for any number.
	perCall int
	// carriesNone is for a route that refuses all parameters.
	carriesNone bool
	// forgets is for many calls.
	forgets bool

	mu     sync.Mutex
	answer func(c call) route.Answer
	made   []call
	now    map[string]int // calls under way
	most   int            // that were under way at once, of one visitor
}

func (f *fakeRoute) Send(_ context.Context, v profile.Visitor, parameters []profile.Parameter) (carried int, answer route.Answer) {
	if f.carriesNone {
		return 0, route.Answer{}
	}
	if f.perCall > 0 {
		parameters = parameters[:min(len(parameters), f.perCall)]
	}
	c := call{at: time.Now(), visitor: strings.TrimPrefix(v.ID, secret), parameters: make(map[string]string, len(parameters))}
	for _, p := range parameters {
		c.parameters[p.Name] = strings.TrimPrefix(p.Value, secret)
	}
	f.begin(c)
	time.Sleep(f.latency)
	return len(parameters), f.end(c)
}

func (f *fakeRoute) begin(c call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.forgets {
		f.made = append(f.made, c)
	}
	if f.now == nil {
		f.now = make(map[string]int)
	}
	f.now[c.visitor]++
	f.most = max(f.most, f.now[c.visitor])
}

func (f *fakeRoute) end(c call) route.Answer {
	f.mu.Lock()
	f.now[c.visitor]--
	if f.now[c.visitor] == 0 {
		delete(f.now, c.visitor)
	}
	answer := f.answer
	f.mu.Unlock()
	if answer == nil {
		return taken
	}
	return answer(c)
}

// answers lets all calls end so from now on.
func (f *fakeRoute) answers(a route.Answer) { f.decide(func(call) route.Answer { return a }) }

// fails lets the calls of some visitors end so from now on, and all others get through.
func (f *fakeRoute) fails(a route.Answer, visitors ...string) {
	failing := make(map[string]bool)
	for _, v := range visitors {
		failing[v] = true
	}
	f.decide(func(c call) route.Answer {
		if failing[c.visitor] {
			return a
		}
		return taken
	})
}

func (f *fakeRoute) decide(answer func(call) route.Answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// calls returns those that were made since it was last asked.
func (f *fakeRoute) calls() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	made := f.made
	f.made = nil
	return made
}
