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

// Share is an account that an exporter uses, and the limits that it wants of it.
type Share struct {
	Key    Key
	Limits Limits
}

// Add says that an exporter is to use these accounts, until Remove. It returns an error when
// another one is to use one of them with other limits, and then it uses none. What the exporter
// was to use before is forgotten.
func (p *Plan) Add(exporter component.ID, shares ...Share) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(exporter)
	for _, s := range shares {
		for other, theirs := range p.shares[s.Key.account()] {
			if len(s.Limits.differences(theirs, s.Key)) > 0 {
				return fmt.Errorf("quota, %s: %w", s.Key.pace(), otherLimits(fmt.Sprintf("exporter %q", other), s.Key, s.Limits, theirs))
			}
		}
	}
	if p.shares == nil {
		p.shares = make(map[Key]map[component.ID]Limits)
	}
	for _, s := range shares {
		account := s.Key.account()
		if p.shares[account] == nil {
			p.shares[account] = make(map[component.ID]Limits)
		}
		p.shares[account][exporter] = s.Limits
	}
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
		"so give them the same %s", who, key.ClientCode, strings.Join(here.differences(there, key), ", "), key.settings())
}
