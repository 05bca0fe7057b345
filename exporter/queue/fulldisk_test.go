// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
)

// TestDoor_LetsInAgainAfterAFullDisk has more offers fail than the queue has room for: the
// helper counts each as if it were there.
func TestDoor_LetsInAgainAfterAFullDisk(t *testing.T) {
	for name, sizer := range map[string]exporterhelper.RequestSizerType{
		"in records": exporterhelper.RequestSizerTypeItems, "in requests": exporterhelper.RequestSizerTypeRequests,
	} {
		inBubble(t, name, func(t *testing.T) {
			d := newDisk()
			r := started(t, d, func(cfg *exporterhelper.QueueBatchConfig) { cfg.Sizer, cfg.QueueSize = sizer, 100 })
			require.NoError(t, r.offer(t.Context(), 1))
			time.Sleep(time.Second)
			d.fail(writes)
			for range 1200 {
				require.Error(t, r.offer(t.Context(), requestOf(99)...))
			}
			d.fail(nil)
			time.Sleep(longestPause)
			require.NoError(t, r.offer(t.Context(), 2))
			time.Sleep(longestPause)
			require.NoError(t, r.offer(t.Context(), 3))
			time.Sleep(time.Second)
			assert.Equal(t, []int64{1, 2, 3}, r.sink.taken())
			assert.Zero(t, r.sink.damaged)
			require.NoError(t, r.end(t))
			i, err := decodeIndex(d.data()[indexKey])
			require.NoError(t, err)
			assert.Equal(t, index{read: i.write, write: i.write}, i)
		})
	}
}
