// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package adobetargetexporter

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"
)

// TestConsumeLogs_KeepsTheCollectorsContract runs the Collector's own check: what fails for now is
// sent until it is delivered, what fails for good is sent once. The check counts calls, so it runs
// without a queue.
func TestConsumeLogs_KeepsTheCollectorsContract(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())

	cfg := createDefaultConfig().(*Config)
	cfg.ClientCode = "acme"
	cfg.ClientConfig.Endpoint = "http://" + address
	cfg.Visitor = []mapping.VisitorEntry{{Parameter: profile.Mbox3rdPartyID, Attribute: "test_id"}}
	cfg.Profile = []mapping.ProfileEntry{{Parameter: "testId", Attribute: "test_id"}}
	cfg.QueueConfig = configoptional.None[exporterhelper.QueueBatchConfig]()
	cfg.RateLimit = configoptional.None[quota.RateLimitConfig]()
	cfg.RetryConfig.InitialInterval = time.Millisecond
	cfg.RetryConfig.MaxInterval = 10 * time.Millisecond

	// A refusal is for good when others get through, so the target has one get through before each.
	var exporting atomic.Pointer[exporter.Logs]
	base := newFactory(&quota.Registry{})
	factory := exporter.NewFactory(base.Type(), base.CreateDefaultConfig, exporter.WithLogs(
		func(ctx context.Context, set exporter.Settings, cfg component.Config) (exporter.Logs, error) {
			logs, err := base.CreateLogs(ctx, set, cfg)
			exporting.Store(&logs)
			return logs, err
		}, base.LogsStability()))
	vouch := func(ctx context.Context) error { return (*exporting.Load()).ConsumeLogs(ctx, contractRecord(voucher)) }

	exportertest.CheckConsumeContract(exportertest.CheckConsumeContractParams{
		T:                    t,
		NumberOfTestElements: 20,
		Signal:               pipeline.SignalLogs,
		ExporterFactory:      factory,
		ExporterConfig:       cfg,
		ReceiverFactory:      contractTargetFactory(address, vouch),
		ReceiverConfig:       &struct{}{},
	})
}

// contractTargetFactory returns a receiver that stands for Target: it turns calls
// back into records, and the consumer's errors into answers.
func contractTargetFactory(address string, vouch func(context.Context) error) receiver.Factory {
	return receiver.NewFactory(
		component.MustNewType("contract_target"),
		func() component.Config { return &struct{}{} },
		receiver.WithLogs(func(_ context.Context, _ receiver.Settings, _ component.Config, next consumer.Logs) (receiver.Logs, error) {
			r := &contractTarget{next: next, vouch: vouch}
			r.server = &http.Server{Addr: address, Handler: r, ReadHeaderTimeout: time.Minute}
			return r, nil
		}, component.StabilityLevelDevelopment),
	)
}

// voucher is a visitor who is no part of the check.
const voucher = "voucher"

func contractRecord(id string) plog.Logs {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Attributes().PutStr("test_id", id)
	return ld
}

type contractTarget struct {
	next   consumer.Logs
	vouch  func(context.Context) error
	server *http.Server
}

func (c *contractTarget) Start(ctx context.Context, _ component.Host) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.server.Addr)
	if err != nil {
		return err
	}
	go func() { _ = c.server.Serve(listener) }()
	return nil
}

func (c *contractTarget) Shutdown(context.Context) error { return c.server.Close() }

func (c *contractTarget) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	id := req.PostFormValue("profile.testId")
	if id == voucher {
		_, _ = w.Write([]byte("true"))
		return
	}
	err := c.next.ConsumeLogs(req.Context(), contractRecord(id))
	if err != nil {
		if vouchErr := c.vouch(req.Context()); vouchErr != nil {
			panic(vouchErr)
		}
	}
	switch {
	case err == nil:
		_, _ = w.Write([]byte("trueRequest successfully submitted"))
	case consumererror.IsPermanent(err):
		w.WriteHeader(http.StatusBadRequest)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}
