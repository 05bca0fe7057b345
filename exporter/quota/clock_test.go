// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTimeThatHasPassedIsNeverToldTooLong(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	at := func(wall time.Duration, boot string, uptime time.Duration) instant {
		return instant{noon.Add(wall), boot, uptime}
	}
	const year = 365 * 24 * time.Hour
	earlier, unnamed := at(0, "a", time.Hour), at(0, "", time.Hour)
	tests := map[string]struct {
		earlier, now instant
		want         time.Duration
	}{
		"one start":                          {earlier, at(time.Hour, "a", 2*time.Hour), time.Hour - uptimeStep},
		"one start, clock set forward":       {earlier, at(year, "a", 2*time.Hour), time.Hour - uptimeStep},
		"one start, clock set back":          {earlier, at(-year, "a", 2*time.Hour), time.Hour - uptimeStep},
		"one start, at once":                 {earlier, at(0, "a", time.Hour), 0},
		"one start, uptime that went back":   {earlier, at(time.Hour, "a", time.Minute), 0},
		"started anew, off for long":         {earlier, at(10*time.Hour, "b", time.Minute), time.Minute},
		"started anew, up for long":          {earlier, at(10*time.Hour, "b", 9*time.Hour), 9 * time.Hour},
		"started anew, clock set forward":    {earlier, at(year, "b", time.Minute), time.Minute},
		"started anew, clock set back a bit": {earlier, at(30*time.Second, "b", time.Minute), 30 * time.Second},
		"started anew, clock set back":       {earlier, at(-year, "b", time.Minute), 0},
		"moved to one that is up for long":   {earlier, at(time.Minute, "c", year), time.Minute},
		"moved to one that has just started": {earlier, at(time.Hour, "c", time.Minute), time.Minute},
		"moved to one whose clock is behind": {earlier, at(-time.Minute, "c", year), 0},
		"no names, one start":                {unnamed, at(time.Hour, "", 2*time.Hour), time.Hour - uptimeStep},
		"no names, at once":                  {unnamed, at(0, "", time.Hour), 0},
		"no names, clock set forward":        {unnamed, at(year, "", 2*time.Hour), time.Hour - uptimeStep},
		"no names, clock set back a bit":     {unnamed, at(time.Minute, "", 2*time.Hour), time.Minute},
		"no names, clock set back":           {unnamed, at(-year, "", 2*time.Hour), 0},
		"no names, started anew":             {unnamed, at(10*time.Hour, "", time.Minute), time.Minute},
		"no names, started anew and forward": {unnamed, at(year, "", time.Minute), time.Minute},
		"no names, started anew and back":    {unnamed, at(-year, "", time.Minute), 0},
		"no names, started anew long ago":    {unnamed, at(10*time.Hour, "", 9*time.Hour), 8*time.Hour - uptimeStep},
		"no names, moved to one up for long": {unnamed, at(time.Minute, "", year), time.Minute},
		"no uptime":                          {at(0, "", 0), at(time.Hour, "", 0), 0},
		"no uptime, clock set forward":       {at(0, "", 0), at(year, "", 0), 0},
		"moved from one without uptime":      {at(0, "", 0), at(time.Minute, "b", time.Hour), time.Minute},
		"moved to one without uptime":        {earlier, at(time.Hour, "", 0), 0},
		"a name is gained, uptime went on":   {unnamed, at(year, "b", 2*time.Hour), time.Hour - uptimeStep},
		"a name is lost, uptime went on":     {earlier, at(year, "", 2*time.Hour), time.Hour - uptimeStep},
		"a name is gained with a start":      {unnamed, at(year, "b", time.Minute), time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.now.since(tt.earlier))
		})
	}
}

// Whatever a clock is set to, what is told to have passed is no longer than what
// has, on a machine that runs on or is started anew.
func TestNoSettingOfAClockMakesTimePass(t *testing.T) {
	steps := []time.Duration{0, 1, uptimeStep, time.Second, time.Hour, 30 * time.Hour}
	for names, starts := range map[[2]string][]bool{
		{"a", "a"}: {false}, {"a", "b"}: {true}, {"", ""}: {false, true}, {"a", ""}: {false, true}, {"", "a"}: {false, true},
	} {
		for _, anew := range starts {
			for _, before := range steps { // uptime at the earlier instant
				for _, off := range steps { // until the machine was started anew
					for _, up := range steps { // since then, or since the earlier instant
						earlier := instant{time.Unix(1e9, 0), names[0], before}
						passed, uptime := up, before+up
						if anew {
							passed, uptime = off+up, up
						}
						for _, set := range []time.Duration{-1e6 * time.Hour, -time.Hour, 0, time.Hour, 1e6 * time.Hour} {
							told := instant{earlier.wall.Add(passed + set), names[1], uptime}.since(earlier)
							assert.LessOrEqual(t, told, passed, "names %q, anew %t, up %s, off %s, up %s, set by %s", names, anew, before, off, up, set)
							assert.GreaterOrEqual(t, told, time.Duration(0))
						}
					}
				}
			}
		}
	}
}

func TestNowIsNotBeforeItself(t *testing.T) {
	now := instants(readUptime)
	first, second := now(), now()
	assert.Equal(t, first.boot, second.boot)
	assert.GreaterOrEqual(t, second.uptime, first.uptime)
	assert.GreaterOrEqual(t, second.since(first), time.Duration(0))
}
