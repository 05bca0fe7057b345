// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"sync"
	"time"
)

// once remembers what was said, so that it is said once. Its zero value is ready.
type once struct{ said sync.Map }

// first reports whether it was not said before.
func (o *once) first(what string) bool {
	if _, before := o.said.Load(what); before {
		return false
	}
	_, before := o.said.LoadOrStore(what, struct{}{})
	return !before
}

// forget has it said again the next time.
func (o *once) forget(what string) {
	if _, before := o.said.Load(what); before {
		o.said.Delete(what)
	}
}

// digest adds up what is said now and then. Its zero value is ready.
type digest struct {
	mu    sync.Mutex
	since map[string]*digested
}

type digested struct {
	records int
	said    time.Time
}

// add adds records, and returns how many there are since it was last said, 0 when it was said
// not long ago.
func (d *digest) add(reason string, records int, now time.Time) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.since == nil {
		d.since = make(map[string]*digested)
	}
	of := d.since[reason]
	if of == nil {
		of = &digested{}
		d.since[reason] = of
	}
	of.records += records
	if now.Sub(of.said) < reminder {
		return 0
	}
	records, of.records, of.said = of.records, 0, now
	return records
}
