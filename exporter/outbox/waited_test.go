// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package outbox_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/outbox"
)

func TestOutbox_WaitedIsSinceTheNextFreshEntryIsDue(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		waited := func(want time.Duration, of string) {
			t.Helper()
			assert.Equal(t, want, f.Waited(outbox.Fresh, f.now), of)
		}
		waited(0, "an empty outbox")
		f.put(says("a", "n", "1"))
		f.write()
		f.waits(2 * time.Second)
		f.put(says("b", "n", "1"))
		f.write()
		waited(0, "the window is not over")
		f.waits(window - 2*time.Second)
		waited(0, "it has just become due")
		f.waits(time.Minute)
		waited(time.Minute, "the first of two")
		first := f.take(outbox.Fresh)
		waited(time.Minute-2*time.Second, "the one behind it")
		f.Retry(first, f.now.Add(time.Second))
		f.take(outbox.Fresh)
		waited(0, "it is put off")
		f.write()
		f.waits(3 * time.Second)
		waited(2*time.Second, "since it was due again")

		e := f.take(outbox.Fresh)
		e.OneWay = true
		f.Retry(e, f.now)
		f.write()
		f.waits(time.Hour)
		waited(0, "what can go one way only is not fresh")
	})
}

func TestOutbox_WhatCanGoOneWayOnlyWaitsInALaneOfItsOwn(t *testing.T) {
	inMemoryAndStored(t, testConfig(), func(t *testing.T, f *fixture) {
		f.put(says("a", "n", "1"))
		f.write()
		f.waits(window)
		e := f.take(outbox.Fresh)
		e.OneWay, e.Attempts = true, 2
		f.Retry(e, f.now.Add(time.Minute))
		f.write()
		f.put(says("a", "n", "2"))
		f.write()
		f.takeNothing()
		f.waits(time.Minute)
		assert.Zero(t, f.ready(outbox.Fresh)+f.ready(outbox.FailingAlone))
		e = f.take(outbox.OneWay)
		assert.True(t, e.OneWay)
		assert.Equal(t, parameters("n", "2"), e.Parameters, "newer records merge")
		f.put(says("a", "n", "3"))
		f.End(e)
		f.write()
		f.waits(window)
		assert.False(t, f.take(outbox.Fresh).OneWay, "what comes later is another entry")
	})
}
