// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configmiddleware"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

// crashRun is the exporter in a process, made by its factory.
type crashRun struct {
	exporter.Logs
	t         *testing.T
	process   *crashProcess
	telemetry *componenttest.Telemetry
	closers   []func()
}

// crashConfig returns a configuration of an exporter that has all it keeps in the storage.
func crashConfig() *Config {
	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = "http://target.invalid"
	cfg.ClientConfig.Middlewares = []configmiddleware.Config{{ID: crashTargetID}}
	cfg.Quota.Storage = &crashStorageID
	cfg.QueueConfig.Get().StorageID = &crashStorageID
	cfg.Outbox.MergeWindow = 0
	return cfg
}

// startCrashRun starts an exporter in a process, whose accounts no other knows. The error is
// that of Start; the run is to be ended all the same.
func startCrashRun(process *crashProcess, target *crashTarget, cfg *Config) (*crashRun, error) {
	t := process.t
	t.Helper()
	telemetry := componenttest.NewTelemetry()
	accounts := &quota.Registry{Uptime: crashUptime}
	e, err := newFactory(accounts).CreateLogs(t.Context(), metadatatest.NewSettings(telemetry), cfg)
	require.NoError(t, err)
	files, end := process.storage()
	r := &crashRun{Logs: e, t: t, process: process, telemetry: telemetry, closers: []func(){end}}
	return r, e.Start(t.Context(), crashHost{crashStorageID: files, crashTargetID: &crashWire{process: process, target: target}})
}

// crashUptime is the uptime of the machine on which all processes of a model run, in the model's
// time: the system's own would go on while the model's stands, and free calls too early.
func crashUptime() (boot string, since time.Duration) {
	return "crash", time.Since(time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)) // where virtual time begins
}

type crashHost map[component.ID]component.Component

func (h crashHost) GetExtensions() map[component.ID]component.Component { return h }

// end shuts the exporter down and returns the folder of its storage, as the kill has left it
// if there was one.
func (r *crashRun) end() (folder string) {
	r.t.Helper()
	ctx := context.WithoutCancel(r.t.Context())
	if err := r.Shutdown(ctx); err != nil && !r.process.killed() {
		require.ErrorIs(r.t, err, errDiskFull)
	}
	for _, c := range r.closers {
		c()
	}
	require.NoError(r.t, r.telemetry.Shutdown(ctx))
	return r.process.left
}

// crashCounts are how many records came, and what became of them.
type crashCounts struct{ received, recovered, ended, queue, outbox, rejected, uploads int64 }

// held returns how many records are not accounted for by an outcome.
func (c crashCounts) held() int64 { return c.received + c.recovered - c.ended }

// counts reads the metrics of the run.
func (r *crashRun) counts() (c crashCounts) {
	var all metricdata.ResourceMetrics
	require.NoError(r.t, r.telemetry.Reader.Collect(r.t.Context(), &all))
	into := map[string]*int64{
		"otelcol.adobe_target.records.received":  &c.received,
		"otelcol.adobe_target.records.recovered": &c.recovered,
		"otelcol.adobe_target.records":           &c.ended,
		"otelcol.adobe_target.outbox.records":    &c.outbox,
		"otelcol_exporter_queue_size":            &c.queue,
		"otelcol.adobe_target.uploads.open":      &c.uploads,
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := into[m.Name]
			if !ok {
				continue
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, point := range data.DataPoints {
					*sum += point.Value
					if as, _ := point.Attributes.Value("outcome"); sum == &c.ended && as.AsString() == "rejected" {
						c.rejected += point.Value
					}
				}
			case metricdata.Gauge[int64]:
				for _, point := range data.DataPoints {
					*sum += point.Value
				}
			}
		}
	}
	return c
}
