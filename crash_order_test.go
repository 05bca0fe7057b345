// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
)

func crashRecord(visitor, value string) plog.Logs {
	ld := plog.NewLogs()
	attributes := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes()
	attributes.PutStr("mbox3rdPartyId", visitor)
	attributes.PutStr("profile.n", value)
	return ld
}

// TestExporter_OlderValueInFlightDoesNotFollowTheNewerOne ends a run while a request waits for room in
// the outbox, with a newer one behind it in the queue.
func TestExporter_OlderValueInFlightDoesNotFollowTheNewerOne(t *testing.T) {
	for name, killed := range map[string]bool{"the run is shut down": false, "the run is killed": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := newCrashRandom(1)
				target := newCrashTarget(random)
				target.status, target.outage = http.StatusTooManyRequests, true
				cfg := crashConfig()
				cfg.Outbox.MaxVisitors = 1
				first := newCrashProcess(t, random, t.TempDir(), 0)
				r, err := startCrashRun(first, target, cfg)
				require.NoError(t, err)
				require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord("another", "1")))
				time.Sleep(time.Minute)
				require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord("a", "1")))
				require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord("a", "2")))
				time.Sleep(time.Minute)
				require.Equal(t, crashCounts{received: 3, queue: 2, outbox: 1}, r.counts(), "one of the queue is in flight")
				if killed {
					first.kill()
				}
				folder := r.end()

				target.change(func(s *crashTarget) { s.outage = false })
				cfg.Outbox.MaxVisitors = 10
				r, err = startCrashRun(newCrashProcess(t, random, folder, 0), target, cfg)
				require.NoError(t, err)
				time.Sleep(time.Minute)
				assert.Equal(t, crashCounts{recovered: 3, ended: 3}, r.counts())
				assert.Equal(t, 2, target.value("a", "n"))
				assert.Empty(t, target.order)
				r.end()
			})
		})
	}
}

// TestExporter_UpdateThatComesBeforeTheEndOfTheLastIsWrittenIsSentOnce has a storage that fails while a
// call is under way, so that its end cannot be written before the next update is there.
func TestExporter_UpdateThatComesBeforeTheEndOfTheLastIsWrittenIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		random := newCrashRandom(1)
		target := newCrashTarget(random)
		process := newCrashProcess(t, random, t.TempDir(), 0)
		cfg := crashConfig()
		cfg.Quota.Storage = nil
		r, err := startCrashRun(process, target, cfg)
		require.NoError(t, err)
		require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord("a", "1")))
		synctest.Wait()
		require.Equal(t, crashCounts{received: 1, outbox: 1}, r.counts(), "the call is under way")
		process.fault(crashOnlyOffersWork)
		require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord("a", "2")))
		time.Sleep(time.Minute)
		require.Equal(t, int64(1), r.counts().ended, "the call is over")
		process.fault(crashNothingIsWritten)
		time.Sleep(time.Minute)
		require.Zero(t, r.counts().outbox, "nothing is handed on of which no note can be written")
		process.fault(nil)
		time.Sleep(time.Minute)
		assert.Equal(t, crashCounts{received: 2, ended: 2}, r.counts())
		assert.Len(t, target.calls, 2)
		assert.Equal(t, 2, target.value("a", "n"))
		r.end()
	})
}

// TestExporter_ShutdownDoesNotWaitForAStorageThatFails holds the order of a shutdown: who waits for the
// storage is told before the queue is.
func TestExporter_ShutdownDoesNotWaitForAStorageThatFails(t *testing.T) {
	for name, fault := range map[string]func([]*storage.Operation) bool{
		"no item can be read": crashNoItemIsRead, "no item can be deleted": crashNoItemIsDeleted,
		"nothing can be written": crashNothingIsWritten, "nothing works": crashNothingWorks,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				random := newCrashRandom(1)
				target := newCrashTarget(random)
				target.status, target.outage = http.StatusTooManyRequests, true
				process := newCrashProcess(t, random, t.TempDir(), 0)
				cfg := crashConfig()
				cfg.Outbox.MaxVisitors = 1
				r, err := startCrashRun(process, target, cfg)
				require.NoError(t, err)
				for _, visitor := range []string{"a", "b", "c"} {
					require.NoError(t, r.ConsumeLogs(t.Context(), crashRecord(visitor, "1")))
				}
				time.Sleep(time.Minute)
				process.fault(fault)
				target.change(func(s *crashTarget) { s.outage = false })
				time.Sleep(time.Minute)
				before := time.Now()
				ended := make(chan string, 1)
				go func() { ended <- r.end() }()
				select {
				case folder := <-ended:
					assert.Less(t, time.Since(before), time.Second)
					r, err = startCrashRun(newCrashProcess(t, random, folder, 0), target, cfg)
					require.NoError(t, err)
					time.Sleep(time.Minute)
					for _, visitor := range []string{"a", "b", "c"} {
						assert.Equal(t, 1, target.value(visitor, "n"), visitor)
					}
					r.end()
				case <-time.After(time.Minute):
					t.Error("the shutdown waits")
					process.fault(nil)
					<-ended
				}
			})
		})
	}
}
