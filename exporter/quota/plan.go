// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"fmt"
	"strings"
	"sync"

	"go.opentelemetry.io/collector/component"
)

// Plan is which exporters of one configuration share an account, known before any of them
// starts: a Collector that only validates makes them and starts none. It is safe for concurrent
// use, and its zero value is ready.
type Plan struct {
	mu     sync.Mutex
	shares map[Key]map[component.ID]Limits // by Key.account
}

// Add says that an exporter is to use the account of that key, until Remove. It returns an error
// when another one is to use it with other limits. What the exporter was to use before is
// forgotten.
func (p *Plan) Add(exporter component.ID, key Key, limits Limits) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(exporter)
	for other, theirs := range p.shares[key.account()] {
		if len(limits.differences(theirs, key)) > 0 {
			return fmt.Errorf("quota, %s: %w", key.pace(), otherLimits(fmt.Sprintf("exporter %q", other), key, limits, theirs))
		}
	}
	if p.shares == nil {
		p.shares = make(map[Key]map[component.ID]Limits)
	}
	if p.shares[key.account()] == nil {
		p.shares[key.account()] = make(map[component.ID]Limits)
	}
	p.shares[key.account()][exporter] = limits
	return nil
}

// Remove says that an exporter is gone.
func (p *Plan) Remove(exporter component.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(exporter)
}

func (p *Plan) remove(exporter component.ID) {
	for _, sharers := range p.shares {
		delete(sharers, exporter)
	}
}

// otherLimits is that somebody else uses the account with other limits.
func otherLimits(who string, key Key, here, there Limits) error {
	return fmt.Errorf("%s uses client_code %q and the same endpoint with other limits (%s): they share one account, "+
		"so give them the same quota and %s", who, key.ClientCode, strings.Join(here.differences(there, key), ", "), key.pace())
}
