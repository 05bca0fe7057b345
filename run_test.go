// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// run is one run of an exporter in virtual time, of which everything can be seen.
type run struct {
	exporter.Logs
	cfg       *Config
	host      *host
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
}

// create creates an exporter with the default configuration.
func create(t *testing.T, w *wire, changes ...func(*run)) *run {
	t.Helper()
	r := &run{cfg: wiredConfig(), host: newHost(), telemetry: componenttest.NewTelemetry()}
	r.host.extensions[wireID] = w
	for _, change := range changes {
		change(r)
	}
	set := metadatatest.NewSettings(r.telemetry)
	core, logs := observer.New(zap.InfoLevel)
	set.Logger, r.logs = zap.New(core), logs
	var err error
	r.Logs, err = newFactory(&quota.Registry{}).CreateLogs(t.Context(), set, r.cfg)
	require.NoError(t, err)
	return r
}

// begin creates and starts an exporter; the test ends it.
func begin(t *testing.T, w *wire, changes ...func(*run)) *run {
	t.Helper()
	r := create(t, w, changes...)
	require.NoError(t, r.Start(t.Context(), r.host))
	return r
}

func with(change func(*Config)) func(*run) { return func(r *run) { change(r.cfg) } }

// on has the queue kept in a storage.
func on(disk storage.Extension) func(*run) {
	return func(r *run) {
		r.cfg.QueueConfig.Get().StorageID = &queueStorageID
		r.host.extensions[queueStorageID] = disk
	}
}

func withoutQueue(r *run) {
	r.cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
}

func waitingForResult(r *run) {
	r.cfg.QueueConfig.Get().WaitForResult = true
	// The helper has a pool of channels for it, which must not come from another test's bubble.
	runtime.GC()
	runtime.GC()
}

func (r *run) consume(t *testing.T, ld plog.Logs) {
	t.Helper()
	require.NoError(t, r.ConsumeLogs(t.Context(), ld))
}

// end shuts the exporter down and returns how long that took.
func (r *run) end(t *testing.T) time.Duration {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	began := time.Now()
	require.NoError(t, r.Shutdown(ctx))
	took := time.Since(began)
	t.Cleanup(func() { require.NoError(t, r.telemetry.Shutdown(ctx)) })
	return took
}

// counts are how many records are where, as the metrics say it.
type counts struct {
	received, recovered int64
	// ended came to their end, held wait in the queue or the outbox.
	ended, held int64
	// outcomes are those that ended, by "outcome" or "outcome reason", where there are any.
	outcomes map[string]int64
}

func (r *run) count(t *testing.T) counts {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, r.telemetry.Reader.Collect(context.WithoutCancel(t.Context()), &all))
	c := counts{outcomes: make(map[string]int64)}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			switch metric.Name {
			case "otelcol.adobe_target.records.received":
				c.received = sum(metric.Data)
			case "otelcol.adobe_target.records.recovered":
				c.recovered = sum(metric.Data)
			case "otelcol.adobe_target.records":
				c.ended = sum(metric.Data)
				for _, point := range metric.Data.(metricdata.Sum[int64]).DataPoints {
					if point.Value == 0 {
						continue
					}
					outcome, _ := point.Attributes.Value("outcome")
					reason, _ := point.Attributes.Value("reason")
					c.outcomes[strings.TrimSpace(outcome.AsString()+" "+reason.AsString())] += point.Value
				}
			case "otelcol_exporter_queue_size", "otelcol.adobe_target.outbox.records":
				c.held += sum(metric.Data)
			}
		}
	}
	return c
}

// sum returns the sum of a metric, however it is divided.
func sum(data metricdata.Aggregation) (sum int64) {
	switch data := data.(type) {
	case metricdata.Sum[int64]:
		for _, point := range data.DataPoints {
			sum += point.Value
		}
	case metricdata.Gauge[int64]:
		for _, point := range data.DataPoints {
			sum += point.Value
		}
	}
	return sum
}

// assertAdds checks that what the run took or found has come to its end or is held.
func (r *run) assertAdds(t *testing.T) {
	t.Helper()
	c := r.count(t)
	assert.Equal(t, c.received+c.recovered, c.ended+c.held, "%+v", c)
}

// watch checks that after every step of that time.
func (r *run) watch(t *testing.T, most, step time.Duration) {
	t.Helper()
	for until := time.Now().Add(most); time.Now().Before(until) && !t.Failed(); time.Sleep(step) {
		synctest.Wait()
		r.assertAdds(t)
	}
	synctest.Wait()
	r.assertAdds(t)
}
