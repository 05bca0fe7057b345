// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"cmp"
	"maps"
	"slices"
)

// The metrics of the collector that the demo reads, without a "_total".
const (
	metricRead    = "otelcol_receiver_accepted_log_records"
	metricRecords = "otelcol_adobe_target_records"
	metricDropped = "otelcol_adobe_target_parameters_dropped"
	metricCalls   = "otelcol_adobe_target_calls"
	metricOutbox  = "otelcol_adobe_target_outbox_records"
	// What is delivered: the records, and the updates that carried them.
	metricCarried = "otelcol_adobe_target_call_records_sum"
	metricUpdates = "otelcol_adobe_target_call_records_count"
)

const (
	outcomeDelivered = "delivered"
	outcomeSkipped   = "skipped"
	outcomeRejected  = "rejected"
)

// account is what the collector says of the records so far.
type account struct {
	read    int
	outbox  int
	carried int
	updates int
	records map[ending]int
	dropped map[string]int
	calls   map[call]int
}

// ending is how a record ended.
type ending struct{ outcome, reason string }

// call is what came of a call.
type call struct{ outcome, status, errorType string }

// answer says in words what came back.
func (c call) answer() string {
	words := "no answer"
	if c.status != "" {
		words = "status " + c.status
	}
	if c.errorType != c.status && c.errorType != "" {
		words += ", " + c.errorType
	}
	return words
}

func newAccount(samples []sample) account {
	a := account{records: map[ending]int{}, dropped: map[string]int{}, calls: map[call]int{}}
	for _, s := range samples {
		n := int(s.value)
		switch s.name {
		case metricRead:
			a.read += n
		case metricOutbox:
			a.outbox += n
		case metricCarried:
			a.carried += n
		case metricUpdates:
			a.updates += n
		case metricRecords:
			a.records[ending{s.labels["outcome"], s.labels["reason"]}] += n
		case metricDropped:
			a.dropped[s.labels["reason"]] += n
		case metricCalls:
			a.calls[call{s.labels["outcome"], s.labels["http_response_status_code"], s.labels["error_type"]}] += n
		}
	}
	return a
}

// ended returns how many records have come to their end.
func (a account) ended() int {
	return total(a.records)
}

func (a account) outcome(name string) int {
	n := 0
	for e, count := range a.records {
		if e.outcome == name {
			n += count
		}
	}
	return n
}

// merged returns how many delivered records needed no call of their own.
func (a account) merged() int { return a.carried - a.updates }

// reasons returns the counts of the reasons of an outcome.
func (a account) reasons(outcome string) map[string]int {
	of := map[string]int{}
	for e, count := range a.records {
		if e.outcome == outcome {
			of[e.reason] += count
		}
	}
	return of
}

func (a account) equal(other account) bool {
	return a.read == other.read && a.outbox == other.outbox && a.carried == other.carried && a.updates == other.updates && maps.Equal(a.records, other.records) &&
		maps.Equal(a.dropped, other.dropped) && maps.Equal(a.calls, other.calls)
}

func total[K comparable](counts map[K]int) int {
	n := 0
	for _, count := range counts {
		n += count
	}
	return n
}

// byCount returns the keys with a count, the highest first.
func byCount[K comparable](counts map[K]int, order func(a, b K) int) []K {
	keys := slices.Collect(maps.Keys(counts))
	keys = slices.DeleteFunc(keys, func(k K) bool { return counts[k] == 0 })
	slices.SortFunc(keys, func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), order(a, b))
	})
	return keys
}
