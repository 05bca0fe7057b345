// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

// overflowing has updates go by uploads of a minute while a quota of so many calls an hour is used up.
func overflowing(target *fakeUploads, calls int) func(*setup) {
	return func(s *setup) {
		byUploads(target, func(u *Uploads) { u.Gather, u.Config.Interval = GatherOverflow, time.Minute })(s)
		s.quota.Quota = quota.WindowConfig{Calls: calls, Window: time.Hour}
		s.Overflow = &Overflow{Name: route.ToBulk, After: time.Minute}
	}
}

func TestUploads_TakeWhatTheQuotaHasNoRoomForAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, overflowing(target, 100))
		defer f.Stop()
		f.push(t, visitors(1000)...)
		time.Sleep(20 * time.Minute)
		assert.Len(t, f.route.calls(), 100)
		require.Len(t, target.uploads(), 1)
		assert.Len(t, target.uploads()[0].rows, 900)
		assert.Equal(t, map[string]int{"delivered": 1000}, f.counts("records"))
		assert.Equal(t, 1, f.said("The quota is used up: updates go by route bulk"))
		time.Sleep(time.Hour)
		f.push(t, visitors(50)...)
		time.Sleep(10 * time.Minute)
		assert.Len(t, f.route.calls(), 50, "they return to calls")
		assert.Len(t, target.uploads(), 1)
		assert.Equal(t, 1, f.said("The quota has room again"))
	})
}

// TestUploads_OrderHoldsOverTheSwitch has many visitors change again and again while the quota is used
// up and frees again, and looks at what each of them was told, in the order in which it took effect.
func TestUploads_OrderHoldsOverTheSwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, overflowing(target, 100))
		defer f.Stop()
		target.processing = 3 * time.Minute
		const rounds, each = 60, 40
		for n := range rounds {
			for v := range each {
				f.push(t, tier(fmt.Sprintf("v%d", v), fmt.Sprintf("%03d", n)))
			}
			time.Sleep(90 * time.Second)
		}
		time.Sleep(5 * time.Hour)
		last := map[string]string{}
		effects := map[string][]effect{}
		for _, c := range f.route.calls() {
			effects[c.visitor] = append(effects[c.visitor], effect{c.at, c.parameters["tier"]})
			for _, u := range target.uploads() {
				_, in := u.rows[c.visitor]
				assert.False(t, in && c.at.After(u.at) && c.at.Before(u.at.Add(target.processing)), "called while it stands in an upload")
			}
		}
		for _, u := range target.uploads() {
			for v, row := range u.rows {
				effects[v] = append(effects[v], effect{u.at.Add(target.processing), row["tier"]})
			}
		}
		for v, of := range effects {
			sortEffects(of)
			for _, e := range of {
				assert.GreaterOrEqual(t, e.value, last[v])
				last[v] = e.value
			}
			assert.Equal(t, fmt.Sprintf("%03d", rounds-1), last[v])
		}
		assert.Len(t, effects, each)
		assert.Equal(t, map[string]int{"delivered": rounds * each}, f.counts("records"))
		assert.LessOrEqual(t, f.set.Account.Usage().Used, 100)
		assert.NotEmpty(t, target.uploads())
		assert.Zero(t, target.overlaps)
	})
}

func TestUploads_WhatOverflowsAndCannotGoByThemWaitsForTheQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &fakeUploads{}
		f := started(t, overflowing(target, 10))
		defer f.Stop()
		f.push(t, visitors(10)...)
		time.Sleep(10 * time.Second)
		f.push(t, record{"comma", map[string]string{"street": "a, b"}}, tier("plain", "gold"))
		time.Sleep(30 * time.Minute)
		require.Len(t, target.uploads(), 1)
		assert.Equal(t, map[string]map[string]string{"plain": {"tier": "gold"}}, target.uploads()[0].rows)
		assert.Equal(t, 1, f.outbox.Held().Records)
		time.Sleep(time.Hour)
		assert.Equal(t, map[string]int{"delivered": 12}, f.counts("records"))
		assert.Equal(t, "comma", f.route.calls()[10].visitor)
	})
}

// effect is when a value of a visitor took effect.
type effect struct {
	at    time.Time
	value string
}
