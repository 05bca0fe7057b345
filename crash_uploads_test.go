// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// TestExporter_KeepsTheLatestValuesOfUploadsOverAnyCrashes lets processes be killed while updates
// go by uploads, by calls and uploads, or by another route than in the process before.
func TestExporter_KeepsTheLatestValuesOfUploadsOverAnyCrashes(t *testing.T) {
	for seed := range *crashSeeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newUploadsModel(t, seed).lives(6) })
		})
	}
}

// crashByUploads is how updates go by uploads.
type crashByUploads struct {
	random         *crashRandom
	ways           []func(*Config) // of which each process takes one
	version        route.BulkVersion
	rows           int
	callsPerMinute int
}

// newUploadsModel returns a model of which the processes make uploads.
func newUploadsModel(t *testing.T, seed uint64) *crashModel {
	t.Helper()
	m := newCrashModel(t, seed)
	m.parameters, m.longest, m.bulky, m.commas, m.scarce = 40, 2*time.Minute, false, seed%5 == 4, seed%3 != 0 || m.scarce
	m.uploads = &crashByUploads{
		random: m.random, version: route.BulkAuto, rows: 2 + m.random.IntN(12), callsPerMinute: 6 + m.random.IntN(30),
		ways: [][]func(*Config){{byBulk}, {overflowingIntoBulk}, {byBulk, overflowingIntoBulk, bySingle}}[seed%3],
	}
	if seed%7 == 6 {
		m.uploads.version = route.BulkV1
	}
	m.target.uploads.most = m.uploads.rows
	m.target.uploads.rowFails, m.target.uploads.stuck = 10, 12
	m.target.uploads.poisons = []string{"row", "stuck", "refused"}[m.random.IntN(3)]
	return m
}

func byBulk(cfg *Config)   { cfg.Route = route.ToBulk }
func bySingle(cfg *Config) { cfg.Route = route.ToSingle }

func overflowingIntoBulk(cfg *Config) {
	cfg.Overflow, cfg.OverflowAfter = route.OverflowToBulk, time.Second
}

// configure has updates go by one of the ways.
func (u *crashByUploads) configure(cfg *Config) {
	u.ways[u.random.IntN(len(u.ways))](cfg)
	cfg.RetryConfig.InitialInterval, cfg.RetryConfig.MaxInterval = time.Second, 5*time.Second
	bulk := cfg.Bulk.GetOrInsertDefault()
	bulk.Version, bulk.MaxRows, bulk.CallsPerMinute = u.version, u.rows, u.callsPerMinute
	bulk.Interval = time.Duration(1+u.random.IntN(3)) * time.Second
	bulk.Status.InitialDelay, bulk.Status.MaxInterval = time.Second, 4*time.Second
	bulk.Status.Timeout = 20 * time.Minute // what is not learned within that is lost, if it failed
}

// givesUp reports whether records of a person may have been given up for what Target has said.
func (m *crashModel) givesUp(person string) bool {
	failed := m.target.uploads.failed
	return failed[person] || m.remaps && failed[m.household(person)]
}

// compareUploads says what was wrong with the uploads.
func (m *crashModel) compareUploads() {
	s := &m.target.uploads
	assert.Empty(m.t, s.faults)
	assert.LessOrEqual(m.t, mostWithin(s.calls, time.Minute), m.uploads.callsPerMinute, "calls in a minute")
	m.t.Logf("%d uploads of %d calls, %d single calls, %d visitors who may be given up, %d records rejected",
		len(s.taken), len(s.calls), len(m.target.calls), len(s.failed), m.rejected)
}
