// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTimeThatHasPassedIsNeverToldTooLong(t *testing.T) {
	day1 := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		earlier, now instant
		want         time.Duration
	}{
		"by the uptime, less what it may be off":   {instant{day1, "a", time.Hour}, instant{day1, "a", 2 * time.Hour}, time.Hour - uptimeStep},
		"by the uptime, whatever the clock says":   {instant{day1, "a", time.Hour}, instant{day1.AddDate(1, 0, 0), "a", 2 * time.Hour}, time.Hour - uptimeStep},
		"an uptime that is the same":               {instant{day1, "a", time.Hour}, instant{day1, "a", time.Hour}, 0},
		"an uptime that went back":                 {instant{day1, "a", time.Hour}, instant{day1, "a", time.Minute}, 0},
		"by the clock after a start":               {instant{day1, "a", time.Hour}, instant{day1.Add(time.Minute), "b", 5 * time.Hour}, time.Minute},
		"by the clock where no start has a name":   {instant{day1, "", 0}, instant{day1.Add(time.Minute), "", 0}, time.Minute},
		"a clock that was set back over the start": {instant{day1, "a", 0}, instant{day1.Add(-time.Minute), "b", 0}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.now.since(tt.earlier))
		})
	}
}

func TestNowIsNotBeforeItself(t *testing.T) {
	first := readInstant()
	second := readInstant()
	assert.Equal(t, first.boot, second.boot)
	assert.GreaterOrEqual(t, second.uptime, first.uptime)
	assert.GreaterOrEqual(t, second.since(first), time.Duration(0))
}
