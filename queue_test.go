// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadata"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

var queueStorageID = component.MustNewIDWithName("file_storage", "queue")

// fileStorage starts the storage extension of the distribution on a folder.
func fileStorage(t *testing.T, folder string) storage.Extension {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = folder
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	return extension.(storage.Extension)
}

// flawed is a storage extension whose queue fails when it is told to.
type flawed struct {
	storage.Extension
	fails func(ops []*storage.Operation) error
}

func (f *flawed) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := f.Extension.GetClient(ctx, kind, id, name)
	if err != nil || name != "logs" {
		return client, err
	}
	return &flawedClient{client, f}, nil
}

type flawedClient struct {
	storage.Client
	of *flawed
}

func (c *flawedClient) Batch(ctx context.Context, ops ...*storage.Operation) error {
	if c.of.fails != nil {
		if err := c.of.fails(ops); err != nil {
			return err
		}
	}
	return c.Client.Batch(ctx, ops...)
}

// persistentConfig returns a configuration with a persistent queue that sends at once.
func persistentConfig(endpoint string) *Config {
	cfg := testConfig(endpoint)
	queue := defaultQueueConfig()
	queue.StorageID = &queueStorageID
	queue.Batch.Get().FlushTimeout = time.Millisecond
	cfg.QueueConfig = configoptional.Some(queue)
	return cfg
}

func TestWhatWasBeingSentComesBackWhenTheStorageFailsAtTheNextStart(t *testing.T) {
	set := exportertest.NewNopSettings(metadata.Type) // one name, by which the storage knows the queue
	target, endpoint := startEmulator(t, emulator.Settings{Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: 429}}})
	h := newHost()
	disk := &flawed{Extension: fileStorage(t, t.TempDir())}
	h.extensions = map[component.ID]component.Component{queueStorageID: disk}
	exp := start(t, set, persistentConfig(endpoint), h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	require.Eventually(t, func() bool { return target.Stats().Faulted > 0 }, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))

	full := errors.New("no space left on device")
	disk.fails = func(ops []*storage.Operation) error {
		if ops[0].Type == storage.Set {
			return full
		}
		return nil
	}
	failed, err := newFactory(&accounts).CreateLogs(t.Context(), set, persistentConfig(endpoint))
	require.NoError(t, err)
	err = failed.Start(t.Context(), h)
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, `sending_queue::storage: "file_storage/queue" fails at the start of the queue, and keeps what it held`)
	require.NoError(t, failed.Shutdown(t.Context()))

	disk.fails = nil
	require.NoError(t, target.SetFaults(nil))
	exp = start(t, set, persistentConfig(endpoint), h)
	require.Eventually(t, func() bool { return target.Stats().Accepted == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))
}

func TestADamagedItemOfTheQueueIsCounted(t *testing.T) {
	telemetry := componenttest.NewTelemetry()
	set := metadatatest.NewSettings(telemetry)
	target, endpoint := startEmulator(t, emulator.Settings{Faults: []emulator.Fault{{Kind: emulator.FaultStatus, Status: 429}}})
	h := newHost()
	disk := &flawed{Extension: fileStorage(t, t.TempDir())}
	h.extensions = map[component.ID]component.Component{queueStorageID: disk}
	disk.fails = func(ops []*storage.Operation) error {
		for _, op := range ops {
			if op.Type == storage.Set && op.Key == "0" { // the first item
				op.Value = op.Value[:len(op.Value)/2]
			}
		}
		return nil
	}
	exp := start(t, set, persistentConfig(endpoint), h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("b", "tier", "gold")))
	require.NoError(t, target.SetFaults(nil))
	require.Eventually(t, func() bool { return target.Stats().Accepted == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, exp.Shutdown(t.Context()))
	metadatatest.AssertEqualAdobeTargetQueueDamaged(t, telemetry, []metricdata.DataPoint[int64]{{
		Attributes: attribute.NewSet(attribute.String("exporter", set.ID.String())), Value: 1,
	}}, metricdatatest.IgnoreTimestamp())
	_, ok := target.Profile("mbox3rdPartyId", "b")
	assert.True(t, ok, "the item behind the damaged one is delivered")
	require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context())))
}

func TestAFolderThatIsNoQueueIsAnErrorAtStart(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "exporter_adobe_target__logs"), make([]byte, 1<<16), 0o600))
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, folder)}
	set := exportertest.NewNopSettings(metadata.Type)
	set.ID = component.NewID(metadata.Type)
	exp, err := createLogs(t.Context(), set, persistentConfig("http://127.0.0.1:1"), &accounts)
	require.NoError(t, err)
	require.ErrorContains(t, exp.Start(t.Context(), h), `sending_queue::storage: "file_storage/queue" can not be opened: `)
	require.NoError(t, exp.Shutdown(t.Context()))
}

func TestAPersistentQueueHidesNothingOfTheHost(t *testing.T) {
	target, endpoint := startEmulator(t, emulator.Settings{Token: "the-right-one"})
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	exp := start(t, exportertest.NewNopSettings(metadata.Type), persistentConfig(endpoint), h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), oneRecord("a", "tier", "gold")))
	assert.Equal(t, componentstatus.StatusRecoverableError, (<-h.events).Status())
	target.SetToken("")
	assert.Equal(t, componentstatus.StatusOK, (<-h.events).Status())
	require.NoError(t, exp.Shutdown(t.Context()))
}

// requestOf returns a request of so many records.
func requestOf(records int) plog.Logs {
	ld := plog.NewLogs()
	for range records {
		oneRecord("a", "tier", "gold").ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	return ld
}

func TestARequestThatIsLargerThanTheQueueIsRefusedForGood(t *testing.T) {
	for name, persistent := range map[string]bool{"in memory": false, "persistent": true} {
		t.Run(name, func(t *testing.T) {
			_, endpoint := startEmulator(t, emulator.Settings{})
			telemetry := componenttest.NewTelemetry()
			set := metadatatest.NewSettings(telemetry)
			h := newHost()
			cfg := persistentConfig(endpoint)
			queue := cfg.QueueConfig.Get()
			queue.QueueSize, queue.Batch.Get().MinSize = 5, 5
			if persistent {
				h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
			} else {
				queue.StorageID = nil
			}
			exp := start(t, set, cfg, h)
			err := exp.ConsumeLogs(t.Context(), requestOf(6))
			require.EqualError(t, err, "Permanent error: a request of 6 log records, 6 items, is larger than the sending queue, which holds 5: "+
				"make sending_queue::queue_size larger, or the requests smaller, by send_batch_max_size of a batch processor or at the sender")
			assert.True(t, consumererror.IsPermanent(err))
			metadatatest.AssertEqualAdobeTargetRecords(t, telemetry, []metricdata.DataPoint[int64]{{
				Attributes: attribute.NewSet(
					attribute.String("exporter", set.ID.String()),
					attribute.String("outcome", "rejected"),
					attribute.String("reason", "larger_than_queue")),
				Value: 6,
			}}, metricdatatest.IgnoreTimestamp())
			require.NoError(t, exp.ConsumeLogs(t.Context(), requestOf(5)), "one that just fits is taken")
			require.NoError(t, exp.Shutdown(t.Context()))
			require.NoError(t, telemetry.Shutdown(context.WithoutCancel(t.Context())))
		})
	}
}

func TestAQueueInBytesRefusesWhatIsLargerThanItToo(t *testing.T) {
	_, endpoint := startEmulator(t, emulator.Settings{})
	cfg := persistentConfig(endpoint)
	queue := cfg.QueueConfig.Get()
	queue.Sizer, queue.QueueSize = exporterhelper.RequestSizerTypeBytes, 100
	queue.Batch = configoptional.None[exporterhelper.BatchConfig]()
	h := newHost()
	h.extensions = map[component.ID]component.Component{queueStorageID: fileStorage(t, t.TempDir())}
	exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, h)
	require.NoError(t, exp.ConsumeLogs(t.Context(), requestOf(1)))
	err := exp.ConsumeLogs(t.Context(), requestOf(9))
	require.ErrorContains(t, err, " bytes, is larger than the sending queue, which holds 100")
	assert.True(t, consumererror.IsPermanent(err))
	require.NoError(t, exp.Shutdown(t.Context()))
}

func TestOtherSizersDoNotCountRecords(t *testing.T) {
	target, endpoint := startEmulator(t, emulator.Settings{})
	cfg := persistentConfig(endpoint)
	queue := cfg.QueueConfig.Get()
	queue.StorageID = nil
	queue.Sizer, queue.QueueSize = exporterhelper.RequestSizerTypeRequests, 5
	exp := start(t, exportertest.NewNopSettings(metadata.Type), cfg, newHost())
	require.NoError(t, exp.ConsumeLogs(t.Context(), requestOf(6)))
	require.NoError(t, exp.Shutdown(t.Context()))
	assert.Equal(t, 1, target.Stats().Accepted)
}
