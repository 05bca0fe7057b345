// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import "sync"

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
