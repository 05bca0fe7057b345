// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/extensiontest"
)

// extensions is a Collector with extensions.
type extensions map[component.ID]component.Component

func (e extensions) GetExtensions() map[component.ID]component.Component { return e }

func TestGuard_OfAQueueInAFileStorage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		factory := filestorage.NewFactory()
		cfg := factory.CreateDefaultConfig().(*filestorage.Config)
		cfg.Directory = t.TempDir()
		files, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
		require.NoError(t, err)
		require.NoError(t, files.Start(t.Context(), componenttest.NewNopHost()))
		host := extensions{storageID: files}

		r := newRun(t)
		r.sink.block()
		require.NoError(t, r.begin(t, host))
		require.NoError(t, r.offer(t.Context(), 1, 2))
		require.NoError(t, r.offer(t.Context(), 3))
		time.Sleep(time.Second)
		require.NoError(t, r.end(t))

		r = newRun(t)
		require.NoError(t, r.begin(t, host))
		assert.Equal(t, 3, r.guard.Recovered())
		require.NoError(t, r.offer(t.Context(), 4))
		time.Sleep(time.Second)
		assert.Equal(t, []int64{1, 2, 3, 4}, r.sink.taken())
		require.NoError(t, r.end(t))

		r = started(t, host)
		assert.Zero(t, r.guard.Recovered())
		assert.Equal(t, []int64{1, 2, 3, 4}, r.sink.taken(), "what became of them is there")
		require.NoError(t, r.end(t))
		require.NoError(t, files.Shutdown(context.WithoutCancel(t.Context())))
	})
}

// FuzzRuns goes through any sequence of requests, runs and kills with the helper's own queue,
// and reads every index that the helper writes.
func FuzzRuns(f *testing.F) {
	f.Add([]byte{0, 0, 5, 7, 9})
	f.Add([]byte{1, 0, 2, 0, 3, 1, 0, 6, 4, 0, 1})
	f.Add([]byte{2, 0, 3, 9, 2, 1, 9, 9, 3, 7})
	f.Add([]byte{1, 0, 16, 24, 9, 1, 0, 32, 9, 2, 1, 6, 0, 3, 40})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 50 {
			return
		}
		bubble(t, func(t *testing.T) { anyRuns(t, script) })
	})
}

func anyRuns(t *testing.T, script []byte) {
	t.Helper()
	d := newDisk()
	exact := watched(t, d)
	exact.exact = true
	wide := func(cfg *exporterhelper.QueueBatchConfig) { cfg.QueueSize = 1 << 40 }
	r := started(t, d, wide)
	last, beside := int64(0), int64(0)
	want := []int64{}
	unblock := func() {}
	restart := func() {
		r = started(t, d, wide)
		unblock = func() {}
	}
	for _, b := range script {
		switch b % 8 {
		default:
			var records []int64
			for range 1 + b/8 {
				last++
				records = append(records, last)
			}
			require.NoError(t, r.offer(t.Context(), records...))
			want = append(want, records...)
		case 1:
			unblock()
			unblock = r.sink.block()
		case 2:
			unblock()
			unblock = func() {}
		case 3:
			time.Sleep(time.Second)
		case 4:
			require.NoError(t, r.end(t))
			restart()
		case 5:
			left := d.copied()
			d.fail(all)
			_ = r.end(t)
			left.after, d = exact.look, left
			restart()
		case 6:
			beside--
			r.sink.add(beside)
			time.Sleep(time.Second)
		}
	}
	unblock()
	time.Sleep(time.Second)
	require.NoError(t, r.end(t))
	assert.Equal(t, want, append([]int64{}, positive(r.sink.taken())...))
	assert.ElementsMatch(t, r.sink.taken(), stored(t, d.data()))
}
