// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestAFaultOfTheSetUpIsSaidAgainEveryFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		answer := forbidden
		f.target.answer = func(string, url.Values) route.Answer { return answer }
		const retry = 30 * time.Second
		tryFor := func(d time.Duration) {
			for range d / retry {
				_ = f.Consume(t.Context(), logs(visitors(3)...))
				time.Sleep(retry)
			}
		}
		reminders := func() int { return f.logs.FilterMessage("Target still does not let us in, the data is held").Len() }

		tryFor(5 * time.Minute)
		assert.Zero(t, reminders())
		tryFor(retry)
		require.Equal(t, 1, reminders())
		assert.Equal(t, map[string]any{"reason": "status_403", "for": 5 * time.Minute},
			f.logs.FilterMessageSnippet("still").All()[0].ContextMap())

		answer = down // something in front of Target may well answer now this, now that
		tryFor(10 * time.Minute)
		assert.Equal(t, 3, reminders())

		answer = delivered
		tryFor(time.Hour)
		assert.Equal(t, 3, reminders())
		assert.Equal(t, 1, f.logs.FilterMessage("Target does not let us in").Len())
		assert.Equal(t, 1, f.logs.FilterMessage("Target lets us in again").Len())
	})
}
