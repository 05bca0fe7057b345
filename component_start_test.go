// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/goleak"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
)

// noStorage is an extension that is none.
type noStorage struct {
	component.StartFunc
	component.ShutdownFunc
}

// TestStart_ThatFailsLeavesNothingRunning fails at each thing that a start needs. Another
// exporter with other limits can then have the account, so the first has let go of it.
func TestStart_ThatFailsLeavesNothingRunning(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(t *testing.T, r *run)
		want    string
	}{
		"the storage is missing": {
			func(*testing.T, *run) {},
			`sending_queue::storage: "file_storage/queue" is not configured under extensions, or not listed in service::extensions; storages that are: none`,
		},
		"the storage is no storage": {
			func(_ *testing.T, r *run) { r.host.extensions[queueStorageID] = &noStorage{} },
			`sending_queue::storage: "file_storage/queue" is an extension that stores nothing`,
		},
		"the file of the queue is damaged": {
			func(t *testing.T, r *run) {
				t.Helper()
				folder := t.TempDir()
				require.NoError(t, os.WriteFile(filepath.Join(folder, "exporter_adobe_target__logs"), make([]byte, 1<<16), 0o600))
				r.host.extensions[queueStorageID] = fileStorage(t, folder)
			},
			`exporter_adobe_target__logs is damaged (invalid database): restore it, or move it away`,
		},
		"the index of the queue is damaged": {
			func(t *testing.T, r *run) {
				t.Helper()
				r.host.extensions[queueStorageID] = storing(t, "qmv0", []byte("damaged"))
			},
			`sending_queue::storage: "file_storage/queue" fails at the start of the queue, and keeps what it held: the index of the queue is damaged`,
		},
		"the outbox is of a newer build": {
			func(t *testing.T, r *run) {
				t.Helper()
				r.host.extensions[queueStorageID] = storing(t, "outbox", []byte("of a newer build"))
			},
			"the outbox was written by a newer build, or is damaged",
		},
		"the storage of the quota is missing": {
			func(t *testing.T, r *run) {
				t.Helper()
				r.host.extensions[queueStorageID] = fileStorage(t, t.TempDir())
				id := component.MustNewIDWithName("file_storage", "quota")
				r.cfg.Quota.Storage = &id
			},
			`quota::storage: "file_storage/quota" is not configured under extensions, or not listed in service::extensions; storages that are: file_storage/queue`,
		},
		"the authenticator is missing": {
			func(t *testing.T, r *run) {
				t.Helper()
				r.host.extensions[queueStorageID] = fileStorage(t, t.TempDir())
				delete(r.host.extensions, wireID)
			},
			"wire",
		},
	} {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			accounts := &quota.Registry{}
			r := &run{cfg: wiredConfig(), host: newHost(), telemetry: componenttest.NewTelemetry()}
			r.host.extensions[wireID] = &wire{answer: taken}
			r.cfg.QueueConfig.Get().StorageID = &queueStorageID
			tt.prepare(t, r)
			set := exportertest.NewNopSettings(metadata.Type)
			set.ID = component.NewID(metadata.Type)
			e, err := newFactory(accounts).CreateLogs(t.Context(), set, r.cfg)
			require.NoError(t, err)
			require.ErrorContains(t, e.Start(t.Context(), r.host), tt.want)
			for _, extension := range r.host.extensions { // what is left then is the exporter's
				require.NoError(t, extension.Shutdown(t.Context()))
			}
			goleak.VerifyNone(t, before)

			key, limits, err := r.cfg.accountOf(r.cfg.Route)
			require.NoError(t, err)
			limits.Quota.Calls = 7
			_, err = accounts.Open(key, limits)
			require.NoError(t, err, "the account is free")
			require.NoError(t, e.Shutdown(t.Context()))
			require.NoError(t, e.Shutdown(t.Context()))
		})
	}
}

// storing returns a storage in which something stands for the queue.
func storing(t *testing.T, key string, value []byte) component.Component {
	t.Helper()
	disk := fileStorage(t, t.TempDir())
	client, err := disk.GetClient(t.Context(), component.KindExporter, component.NewID(metadata.Type), "logs")
	require.NoError(t, err)
	require.NoError(t, client.Set(t.Context(), key, value))
	require.NoError(t, client.Close(t.Context()))
	return disk
}

func TestStart_AfterAFailedOneSendsWhatTheStorageHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{answer: down}
		disk := &flawed{Extension: fileStorage(t, t.TempDir())}
		r := begin(t, w, on(disk), with(func(cfg *Config) { cfg.Outbox.MaxVisitors = 1 }))
		r.consume(t, oneRecord("a", "n", "1"))
		r.consume(t, oneRecord("b", "n", "1")) // is in flight when the run ends
		synctest.Wait()
		r.end(t)

		full := errors.New("no space left on device")
		disk.now(func(ops []*storage.Operation) error {
			if slices.ContainsFunc(ops, func(op *storage.Operation) bool { return op.Type == storage.Set }) {
				return full
			}
			return nil
		})
		failed := create(t, w, on(disk))
		err := failed.Start(t.Context(), failed.host)
		require.ErrorIs(t, err, full)
		require.ErrorContains(t, err, `sending_queue::storage: "file_storage/queue" fails at the start of the queue, and keeps what it held`)
		failed.end(t)

		disk.now(nil)
		w.now(taken)
		r = begin(t, w, on(disk))
		assert.Equal(t, int64(2), r.count(t).recovered)
		r.watch(t, 10*time.Second, time.Second)
		assert.Equal(t, map[string]int64{"delivered": 2}, r.count(t).outcomes)
		r.end(t)
	})
}

func TestStart_WarnsOfWhatHasAPrice(t *testing.T) {
	for want, change := range map[string]func(*run){
		"sending_queue is off":                      withoutQueue,
		"sending_queue::batch is on":                batching,
		"retry_on_failure is off":                   with(func(cfg *Config) { cfg.RetryConfig.Enabled = false }),
		"retry_on_failure::max_elapsed_time is set": with(func(cfg *Config) { cfg.RetryConfig.MaxElapsedTime = time.Hour }),
		`profile::1::prefix: "offline" has no dot`:  with(func(cfg *Config) { cfg.Profile = append(cfg.Profile, mapping.ProfileEntry{Prefix: "offline"}) }),
		"quota::instances divides the limits":       with(func(cfg *Config) { cfg.Quota.Instances = 2 }),
		"dry_run is on: nothing is sent":            with(func(cfg *Config) { cfg.DryRun = true }),
		"The quota account starts cold: calls made": func(*run) {},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(t, &wire{answer: taken}, change)
				assert.Equal(t, 1, r.logs.FilterMessageSnippet(want).Len())
				r.end(t)
			})
		})
	}
}
