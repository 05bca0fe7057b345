// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"

import "time"

// Waited returns for how long the fresh entry whose turn it is has been due, 0 when none is.
func (o *Outbox) Waited(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, at := &o.lanes[Fresh], o.at(now)
	l.ripen(at)
	n, ok := l.next()
	if !ok {
		return 0
	}
	return time.Duration(max(0, at-o.slots.at(n).due))
}
