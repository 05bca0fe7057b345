// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync/atomic"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// way is a way out of the outbox: a route, and what is its alone. That nothing gets through by one
// says nothing of another.
type way struct {
	name    route.Name
	route   Route
	account *quota.Account
	// carries reports whether its calls can carry a parameter, nil where mapping has seen to it.
	carries  func(*profile.Parameter) bool
	waits    quota.Waits
	health   *health
	refusals refusals
	// calls are those under way by it.
	calls atomic.Int64
	// troubles is where its own ones begin.
	troubles trouble
}

// newPrimary returns the way of the sender's route.
func (s *Sender) newPrimary(g *goodTime) *way {
	w := &way{name: s.set.RouteName, route: s.set.Route, account: s.set.Account}
	w.health = newHealth(s.set.Retry, s.set.Host, s.set.Logger, s.troubles, g)
	w.waits.Tell = func(c quota.Cause, wait time.Duration) { s.heldUp(w, c, wait) }
	return w
}

// ways are all by which calls are made.
func (s *Sender) ways() []*way {
	if s.overflow == nil {
		return []*way{s.primary}
	}
	return []*way{s.primary, s.overflow}
}

// routes are what metrics call the routes by which records may go.
func (s *Sender) routes() []route.Name {
	names := []route.Name{s.primary.name}
	if s.set.Overflow != nil {
		names = append(names, s.set.Overflow.Name)
	}
	return names
}

// careful reports whether what fails may do so for an outage of any way.
func (s *Sender) careful() bool {
	u := s.uploader.Load()
	return s.primary.health.careful() || s.overflow != nil && s.overflow.health.careful() || u != nil && u.careful()
}

// oneBy returns how many calls may be under way where one may be by this way: those by the
// other, and it.
func (s *Sender) oneBy(w *way) int {
	switch {
	case s.overflow == nil:
		return 1
	case w == s.overflow:
		return 1 + int(s.turns.taken.Load()-w.calls.Load())
	default:
		return 1 + int(s.overflow.calls.Load())
	}
}

// setAside takes out of an entry what the way cannot carry, and returns it.
func (w *way) setAside(parameters []profile.Parameter) (carried, left []profile.Parameter) {
	if w.carries == nil {
		return parameters, nil
	}
	for i := range parameters {
		if w.carries(&parameters[i]) {
			carried = append(carried, parameters[i])
		} else {
			left = append(left, parameters[i])
		}
	}
	return carried, left
}
