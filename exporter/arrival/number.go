// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"

import (
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/plog"
)

// attribute is the resource attribute that carries a Number through the queue. It
// is taken off again before anything else looks at the record.
const attribute = "adobe_target.arrival"

// runBits leaves room for 2^40 requests in each of 2^23 runs.
const runBits = 40

// Number is the place of a record in the order of arrival: the run's number, and
// in its lower bits that of the request within the run. 0 is a record that was
// never numbered, and counts as older than all others.
type Number int64

// run returns the number of the run in which the record arrived.
func (n Number) run() int64 { return int64(n) >> runBits }

// Counter numbers requests as they arrive. It is safe for concurrent use.
type Counter struct {
	last atomic.Int64
}

// newCounter returns the Counter of a run. Runs are numbered from 1 on.
func newCounter(run int64) *Counter {
	c := &Counter{}
	c.last.Store(run << runBits)
	return c
}

// Stamp numbers a request. All of its records get one number: their order within
// the request is that of the request itself.
func (c *Counter) Stamp(ld plog.Logs) {
	number := c.last.Add(1)
	for _, resource := range ld.ResourceLogs().All() {
		resource.Resource().Attributes().PutInt(attribute, number)
	}
}

// Take removes the numbers from a batch and returns them, one for each resource.
func Take(ld plog.Logs) []Number {
	numbers := make([]Number, ld.ResourceLogs().Len())
	for i, resource := range ld.ResourceLogs().All() {
		if v, ok := resource.Resource().Attributes().Get(attribute); ok {
			numbers[i] = Number(v.Int())
			resource.Resource().Attributes().Remove(attribute)
		}
	}
	return numbers
}

// Has tells whether any of the records has that number.
func Has(ld plog.Logs, number Number) bool {
	for _, resource := range ld.ResourceLogs().All() {
		if v, ok := resource.Resource().Attributes().Get(attribute); ok && Number(v.Int()) == number {
			return true
		}
	}
	return false
}

// PutBack gives a batch the numbers that Take took from it, for the next attempt.
func PutBack(ld plog.Logs, numbers []Number) {
	for i, resource := range ld.ResourceLogs().All() {
		if numbers[i] != 0 {
			resource.Resource().Attributes().PutInt(attribute, int64(numbers[i]))
		}
	}
}
