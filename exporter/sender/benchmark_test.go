// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/sender"

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// BenchmarkSend has a thousand updates mapped, sent and settled, by calls that take no time.
func BenchmarkSend(b *testing.B) {
	f := newFixture(b, func(set *setup) {
		set.outbox.MergeWindow, set.route.forgets = 0, true
		set.quota.Quota.Calls = quota.Unlimited
	})
	f.Start()
	defer f.Stop()
	const updates = 1000
	ld := logs(visitors(updates)...)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, f.PushInMemory(b.Context(), ld))
		for f.outbox.Held().Visitors > 0 {
			<-f.outbox.Room()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/updates, "ns/update")
}
