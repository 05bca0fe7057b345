// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import (
	"context"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

const (
	// KeptPages is how many pages stay in memory beside those in use.
	KeptPages = keptPages
	// PagesPerStep is how many pages of an upload are in memory at once.
	PagesPerStep = pagesPerStep
	// ForgetAtOnce is how many visitors are forgotten before others have their turn.
	ForgetAtOnce = forgetAtOnce
)

// SetHash has an empty outbox know visitors by that hash, so that it can be made to collide.
func (o *Outbox) SetHash(hash func(profile.Visitor) uint32) { o.slots.hash = hash }

// Remembered returns what is stored of the visitors who are remembered.
func (o *Outbox) Remembered(ctx context.Context) ([]*Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.pages.trim()
	var slots []uint32
	for n := range o.slots.size {
		if o.slots.at(n).state == remembered {
			slots = append(slots, n)
		}
	}
	return o.entries(ctx, slots)
}

// Order returns how long the order is in which visitors are remembered.
func (o *Outbox) Order() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.memory.order)
}

// PagesInMemory returns how many pages are in memory.
func (o *Outbox) PagesInMemory() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pages.loaded)
}
