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

// Fault makes well-formed calls fail. Of several the first that matches is acted out.
type Fault struct {
	Kind FaultKind
	// Route is the only one that is hit; empty means each.
	Route Route
	// Status is the HTTP status of FaultStatus and FaultRedirect.
	Status int
	// RetryAfter is sent by FaultStatus, in whole seconds rounded up; 0 sends none.
	RetryAfter time.Duration
	// RetryAfterDate sends RetryAfter as an HTTP date, which has no fractions of a second either.
	RetryAfterDate bool
	// Location is where FaultRedirect points, and FaultForeign.
	Location string
	// Probability is the share of the matching calls that fail, over 0 and up to 1; 0 stands for 1.
	Probability float64
	// Count is how many calls fail before the fault is gone; 0 never ends.
	Count int
	// Visitor is the id, under either parameter, whose calls alone fail, and those of a batch that holds it; empty means
	// every visitor.
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
	if err := errors.Join(f.validateKind(), f.validateRoute()); err != nil {
		return err
	}
	switch {
	case f.Kind != FaultStatus && f.Kind != FaultRedirect && f.Status != 0:
		return errors.New("status belongs to the kinds status and redirect")
	case f.Kind != FaultStatus && (f.RetryAfter != 0 || f.RetryAfterDate):
		return errors.New("retry_after belongs to the kind status")
	case f.Kind != FaultRedirect && f.Kind != FaultForeign && f.Location != "":
		return errors.New("location belongs to the kinds redirect and foreign")
	case f.Kind.isFate() && f.Applied:
		return errors.New("applied belongs to the kinds that are about the answer")
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
	case FaultReset, FaultHang, FaultRefuse, FaultGarbage, FaultTruncate, FaultSilent,
		FaultEntity, FaultForeign, FaultNoStatus, FaultLarge, FaultStuck, FaultFailRows:
	default:
		return errors.New("kind must be one of status, reset, hang, refuse, redirect, garbage, truncate, silent, " +
			"entity, foreign, no_status, large, stuck, fail_rows")
	}
	return nil
}

func (f Fault) validateRoute() error {
	switch f.Route {
	case "":
		return nil
	case RouteSingle, RouteDelivery, RouteBulk, RouteBulkStatus:
	default:
		return errors.New("route must be one of single, delivery, bulk, bulk_status")
	}
	if !f.Kind.hits(f.Route) {
		return errors.New("no call of the route can meet this kind")
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

// next chooses the fault for the answer to a call, and uses up one of its count. What holds tells is whether the call is of
// a visitor.
func (l *faultList) next(route Route, holds func(visitorID string) bool) (Fault, bool) {
	if !l.some.Load() {
		return Fault{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, f := range l.active {
		if !f.Kind.isFate() && l.matches(f, route, holds) {
			l.use(i)
			return f, true
		}
	}
	return Fault{}, false
}

// fates chooses those of a batch that was taken.
func (l *faultList) fates(holds func(visitorID string) bool) []Fault {
	if !l.some.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var chosen []Fault
	for i, f := range slices.Backward(l.active) { // as one that is used up goes away
		if f.Kind.isFate() && l.matches(f, RouteBulk, holds) {
			l.use(i)
			chosen = append(chosen, f)
		}
	}
	return chosen
}

func (l *faultList) matches(f Fault, route Route, holds func(visitorID string) bool) bool {
	return (f.Route == "" || f.Route == route) && f.Kind.hits(route) && (f.Visitor == "" || holds(f.Visitor)) &&
		(f.Probability <= 0 || f.Probability >= 1 || l.dice.roll() < f.Probability)
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
