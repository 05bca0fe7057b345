// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
)

// run is one run of the helper's persistent queue with a door and a guard, and of what stands
// behind it. Records are numbers.
type run struct {
	exporter.Logs
	door  *Door
	guard *Guard
	said  *observer.ObservedLogs
	sink  *sink

	telemetry *componenttest.Telemetry
	ended     bool
}

func testPacker(tb testing.TB) *journal.Packer {
	tb.Helper()
	packer, err := journal.NewPacker()
	require.NoError(tb, err)
	return packer
}

func testConfig() exporterhelper.QueueBatchConfig {
	cfg := exporterhelper.NewDefaultQueueConfig()
	cfg.NumConsumers, cfg.StorageID = 1, &storageID
	cfg.Sizer, cfg.QueueSize, cfg.BlockOnOverflow = exporterhelper.RequestSizerTypeItems, 1000, true
	return cfg
}

const testAccount = "acme at https://acme.tt.omtrdc.net"

var testID = component.MustNewID("adobe_target")

// newRun returns a run that has not started.
func newRun(t *testing.T, change ...func(*exporterhelper.QueueBatchConfig)) *run {
	t.Helper()
	core, said := observer.New(zap.InfoLevel)
	r := &run{said: said, sink: &sink{stopped: make(chan struct{})}, telemetry: componenttest.NewTelemetry()}
	set := exportertest.NewNopSettings(testID.Type())
	set.TelemetrySettings = r.telemetry.NewTelemetrySettings()
	set.ID, set.Logger = testID, zap.New(core)
	r.guard = New(Settings{
		Storage: storageID, Logger: set.Logger, Account: testAccount, Held: r.sink.held, Load: r.sink.load, Push: r.sink.push, TakeOver: r.sink.takeOver, Owed: r.sink.owed,
		Damaged: func() { r.sink.damaged++ },
	}, testPacker(t))
	cfg := testConfig()
	for _, c := range change {
		c(&cfg)
	}
	r.door = NewDoor(cfg, r.guard)
	r.Logs = newHelper(t, set, r.door.Helper(), r.guard.Push)
	t.Cleanup(func() {
		if !r.ended {
			_ = r.end(t)
		}
	})
	return r
}

func newHelper(
	t *testing.T, set exporter.Settings, cfg exporterhelper.QueueBatchConfig, push func(context.Context, plog.Logs) error,
) exporter.Logs {
	t.Helper()
	retry := configretry.NewDefaultBackOffConfig()
	retry.InitialInterval, retry.MaxElapsedTime = 100*time.Millisecond, 0
	helper, err := exporterhelper.NewLogs(t.Context(), set, struct{}{}, push,
		exporterhelper.WithQueue(configoptional.Some(cfg)), exporterhelper.WithRetry(retry),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}))
	require.NoError(t, err)
	return helper
}

// begin starts the run as the exporter does.
func (r *run) begin(t *testing.T, host component.Host) error {
	t.Helper()
	if err := r.Start(t.Context(), r.guard.Host(host)); err != nil {
		return err
	}
	return r.guard.Started()
}

// started returns a run that has started on a disk.
func started(t *testing.T, d component.Host, change ...func(*exporterhelper.QueueBatchConfig)) *run {
	t.Helper()
	r := newRun(t, change...)
	require.NoError(t, r.begin(t, d))
	return r
}

// end shuts the run down as the exporter does, and returns the error of the last write.
func (r *run) end(t *testing.T) error {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	r.ended = true
	r.guard.Stop()
	close(r.sink.stopped)
	err := r.guard.Flush(ctx)
	assert.NoError(t, r.Shutdown(ctx))
	assert.NoError(t, r.telemetry.Shutdown(ctx))
	return err
}

func (r *run) offer(ctx context.Context, records ...int64) error {
	return r.door.Offer(ctx, logs(records...), r.ConsumeLogs)
}

// drained returns what a run hands on that meets no fault, what earlier ones have handed on
// before it.
func drained(t *testing.T, d *disk) []int64 {
	t.Helper()
	d.fail(nil)
	r := started(t, d)
	time.Sleep(time.Minute)
	require.NoError(t, r.end(t))
	return r.sink.taken()
}

// logs returns a request of records.
func logs(records ...int64) plog.Logs {
	ld := plog.NewLogs()
	list := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, record := range records {
		list.AppendEmpty().Body().SetInt(record)
	}
	return ld
}

func numbers(ld plog.Logs) (records []int64) {
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				records = append(records, record.Body().Int())
			}
		}
	}
	return records
}
