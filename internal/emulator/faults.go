// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// FaultKind is what a faulted call gets to see.
type FaultKind string

// The kinds of faults.
const (
	// FaultStatus answers with Fault.Status, from 200 to 599, and Fault.RetryAfter.
	FaultStatus FaultKind = "status"
	// FaultReset resets the connection (TCP RST) without an answer.
	FaultReset FaultKind = "reset"
	// FaultHang never answers; the call ends when the caller goes away or the emulator is closed.
	FaultHang FaultKind = "hang"
	// FaultRefuse answers 200 with success false, a Delivery call with a message.
	FaultRefuse FaultKind = "refuse"
	// FaultRedirect answers with Fault.Status, 302 when 0, and Fault.Location, "/" when empty: a page that answers 200.
	FaultRedirect FaultKind = "redirect"
	// FaultGarbage answers 200 with an HTML page.
	FaultGarbage FaultKind = "garbage"
	// FaultTruncate answers 200 with a body that ends before its Content-Length.
	FaultTruncate FaultKind = "truncate"
	// FaultSilent answers 200 and does not name the mbox or notification of a Delivery call; an update with nothing.
	FaultSilent FaultKind = "silent"
)

// Fault makes well-formed updates fail. Of several the first that matches is acted out.
type Fault struct {
	Kind FaultKind
	// Status is the HTTP status of FaultStatus and FaultRedirect.
	Status int
	// RetryAfter is sent by FaultStatus, in whole seconds rounded up; 0 sends none.
	RetryAfter time.Duration
	// RetryAfterDate sends RetryAfter as an HTTP date, which has no fractions of a second either.
	RetryAfterDate bool
	// Location is where FaultRedirect points.
	Location string
	// Probability is the share of the matching calls that fail, over 0 and up to 1; 0 stands for 1.
	Probability float64
	// Count is how many calls fail before the fault is gone; 0 never ends.
	Count int
	// Visitor is the id, under either parameter, whose calls alone fail; empty means every visitor.
	Visitor string
	// Applied lets the update take effect although the call fails.
	Applied bool
}

func validateFaults(faults []Fault) error {
	for i, f := range faults {
		if err := f.validate(); err != nil {
			return fmt.Errorf("fault %d: %w", i+1, err)
		}
	}
	return nil
}

func (f Fault) validate() error {
	if err := f.validateKind(); err != nil {
		return err
	}
	switch {
	case f.Kind != FaultStatus && f.Kind != FaultRedirect && f.Status != 0:
		return errors.New("status belongs to the kinds status and redirect")
	case f.Kind != FaultStatus && (f.RetryAfter != 0 || f.RetryAfterDate):
		return errors.New("retry_after belongs to the kind status")
	case f.Kind != FaultRedirect && f.Location != "":
		return errors.New("location belongs to the kind redirect")
	case f.RetryAfter < 0:
		return errors.New("retry_after must be 0 or more")
	case f.RetryAfterDate && f.RetryAfter == 0:
		return errors.New("retry_after_date needs retry_after")
	case !(f.Probability >= 0 && f.Probability <= 1):
		return errors.New("probability must be over 0 and up to 1; leave it out to hit every call")
	case f.Count < 0:
		return errors.New("count must be 0 or more")
	}
	return nil
}

func (f Fault) validateKind() error {
	switch f.Kind {
	case FaultStatus:
		if f.Status < 200 || f.Status > 599 {
			return errors.New("the kind status needs a status from 200 to 599")
		}
	case FaultRedirect:
		if f.Status != 0 && (f.Status < 300 || f.Status > 399 || f.Status == http.StatusNotModified) {
			return errors.New("the status of a redirect is from 300 to 399 and not 304")
		}
	case FaultReset, FaultHang, FaultRefuse, FaultGarbage, FaultTruncate, FaultSilent:
	default:
		return errors.New("kind must be one of status, reset, hang, refuse, redirect, garbage, truncate, silent")
	}
	return nil
}

// faultList holds the active faults and chooses the one a call meets.
type faultList struct {
	some   atomic.Bool
	mu     sync.Mutex
	dice   dice
	active []Fault
}

func (l *faultList) reset(faults []Fault, seed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dice = newDice(seed)
	l.replace(faults)
}

func (l *faultList) set(faults []Fault) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.replace(faults)
}

func (l *faultList) replace(faults []Fault) {
	l.active = slices.Clone(faults)
	l.some.Store(len(faults) > 0)
}

func (l *faultList) list() []Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.active)
}

// next chooses the fault for a call of a visitor and uses up one of its count.
func (l *faultList) next(visitorID string) (Fault, bool) {
	if !l.some.Load() {
		return Fault{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.active {
		if f.Visitor != "" && f.Visitor != visitorID {
			continue
		}
		if f.Probability > 0 && f.Probability < 1 && l.dice.roll() >= f.Probability {
			continue
		}
		l.use(i)
		return f, true
	}
	return Fault{}, false
}

func (l *faultList) use(i int) {
	switch l.active[i].Count {
	case 0:
	case 1:
		l.replace(slices.Delete(l.active, i, i+1))
	default:
		l.active[i].Count--
	}
}
