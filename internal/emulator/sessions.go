// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxSessionIDLength = 128
	// sessionEnds is after what time without a call a visitor may have another session.
	sessionEnds = 30 * time.Minute
	// maxInSession is how many calls of a session may be under way at once.
	maxInSession = 100

	statusSessionBusy = 420
)

// sessions are those of Delivery calls. Adobe calls the profiles unpredictable where a session has two visitors, or a visitor
// two sessions at a time: here both are refused.
type sessions struct {
	mu      sync.Mutex
	of      map[sessionKey]*session
	current map[storeKey]sessionKey
	highest int
}

type sessionKey struct{ client, id string }

type session struct {
	visitor  storeKey
	last     time.Time
	underWay int
}

func newSessions() *sessions {
	return &sessions{of: map[sessionKey]*session{}, current: map[storeKey]sessionKey{}}
}

// enter begins a call of a session, until leave.
func (s *sessions) enter(key sessionKey, visitor storeKey, at time.Time) (leave func(), refused *refusal) {
	if visitor.visitor.Parameter == MboxPC { // what follows the dot says where the profile is kept
		visitor.visitor.ID, _, _ = strings.Cut(visitor.visitor.ID, ".")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if current, has := s.current[visitor]; has && current != key && at.Sub(s.of[current].last) < sessionEnds {
		return nil, malformed("the visitor has another session")
	}
	one := s.of[key]
	switch {
	case one == nil:
		one = &session{visitor: visitor}
		s.of[key] = one
	case one.visitor != visitor:
		return nil, malformed("the session is another visitor's")
	case one.underWay >= maxInSession:
		return nil, &refusal{status: statusSessionBusy, message: "Too many requests with same session ID"}
	}
	s.current[visitor] = key
	one.last = at
	one.underWay++
	s.highest = max(s.highest, one.underWay)
	return func() { s.leave(one) }, nil
}

func (s *sessions) leave(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one.underWay--
}

// counts returns how many sessions there are, and the highest number of calls of one at once.
func (s *sessions) counts() (all, highest int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.of), s.highest
}

func isSessionID(id string) bool {
	return id != "" && utf8.ValidString(id) && utf8.RuneCountInString(id) <= maxSessionIDLength &&
		!strings.ContainsAny(id, " ?/{}") && !strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) })
}
