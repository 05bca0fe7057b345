// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// produce offers requests with the records of some persons, as a receiver does that hands on
// one after another.
func (m *crashModel) produce(ctx context.Context, r *crashRun, producer int) {
	for ctx.Err() == nil && !r.process.killed() {
		ld, values := m.request(producer)
		if r.ConsumeLogs(ctx, ld) == nil {
			m.accept(values)
		}
		select {
		case <-time.After(time.Duration(m.random.IntN(400)) * time.Millisecond):
		case <-ctx.Done():
		case <-r.process.dead:
		}
	}
}

// request returns records of a producer's persons, with rising values.
func (m *crashModel) request(producer int) (plog.Logs, map[string]map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ld, values := plog.NewLogs(), make(map[string]map[string]int)
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for range 1 + m.random.IntN(m.random.IntN(m.random.IntN(50)+1)+1) {
		record := records.AppendEmpty()
		if m.random.chance(20) {
			continue // names no visitor
		}
		household := producer + crashProducers*m.random.IntN(crashPersons/2/crashProducers)
		n := 2*household + m.random.IntN(2)
		person := "p" + strconv.Itoa(n)
		record.Attributes().PutStr("person", person)
		record.Attributes().PutStr("household", "h"+strconv.Itoa(household))
		if values[person] == nil {
			values[person] = make(map[string]int)
		}
		for range 1 + m.random.IntN(2) {
			m.last++
			parameter, value := "a"+strconv.Itoa(m.random.IntN(m.random.IntN(m.parameters)+1)), strconv.Itoa(m.last)
			if m.bulky && m.random.chance(4) {
				value += " " + strings.Repeat("x", m.random.IntN(30_000))
			}
			if m.commas && m.random.chance(6) {
				value += " a, b"
			}
			record.Attributes().PutStr("profile."+parameter, value)
			values[person][parameter] = m.last
		}
	}
	return ld, values
}

func (m *crashModel) accept(values map[string]map[string]int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for person, parameters := range values {
		if m.accepted[person] == nil {
			m.accepted[person] = make(map[string]int)
		}
		for parameter, value := range parameters {
			m.accepted[person][parameter] = max(m.accepted[person][parameter], value)
		}
	}
}
