// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"fmt"
	"time"
)

// DefaultQuotaWindow is the span of Adobe's quota: any rolling 24 hours.
const DefaultQuotaWindow = 24 * time.Hour

// Settings say what the emulator is when it starts. The zero value serves every client code, creates the visitors it is
// told of, and has no token, quota, latency or fault.
type Settings struct {
	// ClientCode is the only client code served; empty serves every one, each with profiles and a quota of its own.
	ClientCode string
	// Known are the only visitors that exist, as in Target, where an update creates nobody. Nil creates visitors.
	Known []Visitor
	// ThirdPartyIDLength is how many characters an mbox3rdPartyId may have: 1 to 256, 128 when 0.
	ThirdPartyIDLength int
	// Plain answers updates as text ("trueRequest successfully submitted") and not as XML.
	Plain bool
	// Token is the bearer token that updates and fetches must carry; empty asks for none.
	Token string
	// Quota limits the update attempts of each client code.
	Quota Quota
	// Single is how the Single Profile Update API behaves where Adobe's pages disagree.
	Single Single
	// Bulk is how the Bulk Profile Update API behaves.
	Bulk Bulk
	// Latency delays every answer of the API.
	Latency Latency
	// Faults are active from the start.
	Faults []Fault
	// Seed makes probabilities and jitter repeatable.
	Seed uint64
	// History keeps every applied value, without bound.
	History bool
	// Sequences name profile parameters (without "profile.") that must rise from update to update of a visitor.
	Sequences []string
	// RecordCalls is how many calls are kept for [Emulator.Calls], from the first on; 0 keeps none.
	RecordCalls int
	// RecentCalls is how many of the newest calls are kept to be shown; 0 keeps none.
	RecentCalls int
	// Now tells the time, time.Now when nil.
	Now func() time.Time
}

// Quota allows a number of update attempts of a client code in any window of time. Adobe allows 1,000,000 updates in any
// rolling 24 hours and does not say which calls count; here every attempt does, also those past the quota. The window is
// exact and costs eight bytes for each attempt it holds.
type Quota struct {
	// Calls is the number of attempts allowed; 0 sets no limit, and attempts are still counted.
	Calls int
	// Window is the rolling span, [DefaultQuotaWindow] when 0.
	Window time.Duration
	// RetryAfter is sent with the answer 429, in whole seconds rounded up; 0 sends none.
	RetryAfter time.Duration
}

// Latency is the time an answer takes: Fixed and a random part of Jitter.
type Latency struct {
	Fixed, Jitter time.Duration
}

func (s Settings) withDefaults() Settings {
	if s.ThirdPartyIDLength == 0 {
		s.ThirdPartyIDLength = defaultThirdPartyIDLength
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	s.Quota = s.Quota.withDefaults()
	s.Bulk = s.Bulk.withDefaults()
	return s
}

func (s Settings) validate() error {
	if s.ClientCode != "" && !isClientCode(s.ClientCode) {
		return errors.New("client code: only lower case letters and digits")
	}
	if s.ThirdPartyIDLength < 1 || s.ThirdPartyIDLength > maxThirdPartyIDLength {
		return fmt.Errorf("third-party id length: from 1 to %d", maxThirdPartyIDLength)
	}
	for i, v := range s.Known {
		if err := v.validate(s.ThirdPartyIDLength); err != nil {
			return fmt.Errorf("known visitor %d: %w", i+1, err)
		}
	}
	for i, name := range s.Sequences {
		if err := validateName(name); err != nil {
			return fmt.Errorf("sequence %d: %w", i+1, err)
		}
	}
	if s.RecordCalls < 0 {
		return errors.New("recorded calls: 0 or more")
	}
	if s.RecentCalls < 0 {
		return errors.New("recent calls: 0 or more")
	}
	return errors.Join(s.Quota.validate(), s.Single.validate(), s.Bulk.validate(), s.Latency.validate(), validateFaults(s.Faults))
}

func (q Quota) withDefaults() Quota {
	if q.Window == 0 {
		q.Window = DefaultQuotaWindow
	}
	return q
}

func (q Quota) validate() error {
	switch {
	case q.Calls < 0:
		return errors.New("quota: calls must be 0 or more")
	case q.Window < 0:
		return errors.New("quota: the window must be longer than 0")
	case q.RetryAfter < 0:
		return errors.New("quota: retry after must be 0 or more")
	}
	return nil
}

func (l Latency) validate() error {
	if l.Fixed < 0 || l.Jitter < 0 {
		return errors.New("latency: fixed and jitter must be 0 or more")
	}
	return nil
}
