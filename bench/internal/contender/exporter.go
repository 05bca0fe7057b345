// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"

	"github.com/otelcol-adobetarget/adobetargetexporter"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
)

// ExporterRole is the name of the role that Exporter is.
const ExporterRole = "exporter"

const (
	// batchSize is how many records are handed on at once.
	batchSize = 5_000
	// batchesAhead is how many batches are made; they are handed on over and over. Two of them are
	// on their way at most, and no two of them have a visitor in common: so nothing merges.
	batchesAhead = 4
	// madeAhead is how many calls are prepared.
	madeAhead = batchSize * batchesAhead
)

// Exporter is the role of the exporter without a Collector around it: batches made ahead go in,
// calls come out.
func Exporter(ctx context.Context, args []string) error {
	c, err := parseClient(ExporterRole, args)
	if err != nil {
		return err
	}
	set := Settings{
		Endpoint: c.url, Certificate: c.Server.Certificate, HTTP2: c.Server.HTTP2,
		Concurrency: c.AtOnce, MergeWindow: "0s",
	}
	if c.Storage != "" {
		set.Queue = InStorage
	}
	e, err := startAlone(ctx, set, c.Storage)
	if err != nil {
		return err
	}
	m, err := c.measure(
		func() error { return e.send(ctx, c.warmUp()) },
		func() error { return e.send(ctx, c.Calls) },
	)
	err = errors.Join(err, e.shutdown(ctx))
	if err != nil {
		return err
	}
	return process.Say(m)
}

// alone is an exporter in this process.
type alone struct {
	consumer.Logs
	started []component.Component // in the order in which they started
	metrics *sdkmetric.ManualReader
	batches []plog.Logs // made ahead
	sent    int
}

// startAlone starts an exporter whose metrics are recorded, as they are in a Collector.
func startAlone(ctx context.Context, s Settings, storage string) (*alone, error) {
	e := &alone{metrics: sdkmetric.NewManualReader()}
	for i := range batchesAhead {
		e.batches = append(e.batches, records.Logs(records.Distinct(i*batchSize, batchSize)))
	}
	host := &extensions{
		Host:  componenttest.NewNopHost(),
		found: map[component.ID]component.Component{},
	}
	if storage != "" {
		if err := e.startStorage(ctx, host, storage); err != nil {
			return nil, err
		}
	}
	factory := adobetargetexporter.NewFactory()
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(s.exporter()).Unmarshal(cfg); err != nil {
		return nil, err
	}
	set := exportertest.NewNopSettings(factory.Type())
	set.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.metrics))
	logs, err := factory.CreateLogs(ctx, set, cfg)
	if err != nil {
		return nil, err
	}
	e.Logs = logs
	if err := e.start(ctx, host, logs); err != nil {
		return nil, err
	}
	return e, nil
}

// startStorage starts a storage for the queue, as file_storage is by default: it does not wait for
// the disk.
func (e *alone) startStorage(ctx context.Context, host *extensions, folder string) error {
	id := component.MustNewIDWithName("file_storage", "queue")
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(fileStorage(folder)).Unmarshal(cfg); err != nil {
		return err
	}
	set := extensiontest.NewNopSettings(factory.Type())
	set.ID = id
	storage, err := factory.Create(ctx, set, cfg)
	if err != nil {
		return err
	}
	host.found[id] = storage
	return e.start(ctx, host, storage)
}

func (e *alone) start(ctx context.Context, host component.Host, c component.Component) error {
	if err := c.Start(ctx, host); err != nil {
		return err
	}
	e.started = append(e.started, c)
	return nil
}

func (e *alone) shutdown(ctx context.Context) error {
	var errs []error
	for _, c := range slices.Backward(e.started) {
		errs = append(errs, c.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// send hands on so many records, and returns when each of them is delivered.
func (e *alone) send(ctx context.Context, count int) error {
	for batch := 0; count > 0; batch++ {
		logs := e.batches[batch%batchesAhead]
		if count < batchSize {
			logs = records.Logs(records.Distinct(batch%batchesAhead*batchSize, count))
		}
		if err := e.untilDelivered(ctx, e.sent-batchSize); err != nil {
			return err
		}
		if err := e.ConsumeLogs(ctx, logs); err != nil {
			return err
		}
		e.sent += logs.LogRecordCount()
		count -= logs.LogRecordCount()
	}
	return e.untilDelivered(ctx, e.sent)
}

// untilDelivered waits until so many records are delivered since the start.
func (e *alone) untilDelivered(ctx context.Context, count int) error {
	ends, err := process.Await(ctx, process.PollInterval, func() (string, bool, error) {
		ends, err := e.outcomes(ctx)
		if lost := ends.Records() - ends["delivered"]; lost > 0 && err == nil {
			err = errors.New("records were lost")
		}
		return fmt.Sprint(ends), ends["delivered"] >= count, err
	})
	if err != nil {
		return fmt.Errorf("%d records have to be delivered, but they came to %v: %w", count, ends,
			err)
	}
	return nil
}

// outcomes returns those of all records so far.
func (e *alone) outcomes(ctx context.Context) (Outcomes, error) {
	var all metricdata.ResourceMetrics
	if err := e.metrics.Collect(ctx, &all); err != nil {
		return nil, err
	}
	found := make(Outcomes)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || m.Name != recordsInstrument {
				continue
			}
			for _, point := range sum.DataPoints {
				outcome, _ := point.Attributes.Value("outcome")
				found[outcome.AsString()] += int(point.Value)
			}
		}
	}
	return found, nil
}

// extensions is a host that has some.
type extensions struct {
	component.Host
	found map[component.ID]component.Component
}

func (h *extensions) GetExtensions() map[component.ID]component.Component { return h.found }

// DefaultConcurrency returns how many calls at once the exporter makes when it is not told.
func DefaultConcurrency() int {
	return adobetargetexporter.NewFactory().CreateDefaultConfig().(*adobetargetexporter.Config).Concurrency
}
