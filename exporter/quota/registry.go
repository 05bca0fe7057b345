// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"sync"
	"time"
)

// Registry holds the accounts of a process. It is safe for concurrent use, and
// its zero value is ready.
type Registry struct {
	// Uptime returns the name of the machine's start, "" where that is not told, and the time
	// since. Where it is nil the system tells. A process in virtual time needs one of the same time.
	Uptime func() (boot string, since time.Duration)

	mu       sync.Mutex
	accounts map[Key]*sharedAccount // by Key.account
}

type sharedAccount struct {
	*Account
	users int
}

// Open returns the account of that key, for as long as until Close. It returns an
// error when the account is in use with other limits.
//
// An account outlives its users: a collector that loads a changed configuration
// stops its exporters and starts new ones, and what the former have sent still
// counts. Only then may the limits change.
func (r *Registry) Open(key Key, limits Limits) (*Account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	shared, known := r.accounts[key.account()]
	switch {
	case !known:
		shared = &sharedAccount{Account: NewAccount(limits)}
		if r.Uptime != nil {
			shared.now = instants(r.Uptime)
		}
		if r.accounts == nil {
			r.accounts = make(map[Key]*sharedAccount)
		}
		r.accounts[key.account()] = shared
	case len(limits.differences(shared.limits, key)) == 0:
	case shared.users > 0:
		return nil, otherLimits("another exporter", key, limits, shared.limits)
	default:
		shared.adopt(limits)
	}
	shared.users++
	return shared.Account, nil
}

// Limits returns those of the account of that key if it is in use, and else the others.
func (r *Registry) Limits(key Key, others Limits) Limits {
	r.mu.Lock()
	defer r.mu.Unlock()
	if shared, known := r.accounts[key.account()]; known && shared.users > 0 {
		return shared.limits
	}
	return others
}

// Close says that a user of the account is done with it. It is called once for
// each successful Open.
func (r *Registry) Close(key Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accounts[key.account()].users--
}
