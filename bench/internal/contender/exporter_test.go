// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// slow is an exporter whose records come to an end a while after it took them.
type slow struct {
	records metric.Int64Counter
	outcome string
	taken   []plog.Logs
}

func aloneWith(t *testing.T, s *slow) *alone {
	t.Helper()
	e := &alone{metrics: sdkmetric.NewManualReader()}
	var err error
	s.records, err = sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.metrics)).Meter("").Int64Counter(recordsInstrument)
	require.NoError(t, err)
	e.Logs, err = consumer.NewLogs(s.take)
	require.NoError(t, err)
	for i := range batchesAhead {
		e.batches = append(e.batches, records.Logs(records.Distinct(i*batchSize, batchSize)))
	}
	return e
}

func (s *slow) take(ctx context.Context, logs plog.Logs) error {
	s.taken = append(s.taken, logs)
	time.AfterFunc(30*time.Millisecond, func() {
		s.records.Add(ctx, int64(logs.LogRecordCount()),
			metric.WithAttributes(attribute.String("outcome", s.outcome)))
	})
	return nil
}

func TestAllRecordsAreHandedOnAndWaitedFor(t *testing.T) {
	s := &slow{outcome: "delivered"}
	e := aloneWith(t, s)
	require.NoError(t, e.send(t.Context(), 2_000))
	require.NoError(t, e.send(t.Context(), 3*batchSize+7))
	var sizes []int
	for _, logs := range s.taken {
		sizes = append(sizes, logs.LogRecordCount())
	}
	assert.Equal(t, []int{2_000, batchSize, batchSize, batchSize, 7}, sizes)
	ends, err := e.outcomes(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Outcomes{"delivered": 2_000 + 3*batchSize + 7}, ends)
}

func TestBatchesThatAreOnTheirWayTogetherHaveNoVisitorInCommon(t *testing.T) {
	s := &slow{outcome: "delivered"}
	require.NoError(t, aloneWith(t, s).send(t.Context(), 5*batchSize))
	first := func(logs plog.Logs) string {
		customer, _ := logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("customer.id")
		return customer.Str()
	}
	require.Len(t, s.taken, 5)
	seen := map[string]bool{}
	for _, logs := range s.taken[:batchesAhead] {
		seen[first(logs)] = true
	}
	assert.Len(t, seen, batchesAhead)
	assert.Equal(t, first(s.taken[0]), first(s.taken[4]))
}

func TestARecordThatIsNotDeliveredIsAnError(t *testing.T) {
	err := aloneWith(t, &slow{outcome: "rejected"}).send(t.Context(), 10)
	assert.EqualError(t, err,
		"10 records have to be delivered, but they came to map[rejected:10]: records were lost")
}

func TestTheExporterSendsTheBodyThatTheFloorSends(t *testing.T) {
	bodies := make(chan string, 10)
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type") + " " + string(body)
		_, _ = io.WriteString(w, "true")
	}))
	defer between.Close()
	e, err := startAlone(t.Context(), Settings{
		Endpoint: between.URL, Concurrency: 1,
		Queue: NoQueue,
	}, "")
	require.NoError(t, err)
	require.NoError(t, e.ConsumeLogs(t.Context(), records.Logs(records.Distinct(0, 1))))
	require.NoError(t, e.shutdown(t.Context()))
	f := floor{client: between.Client(), url: between.URL + server.UpdatePath}
	require.NoError(t, f.post(t.Context(), records.Of(0).Form()))

	exported := <-bodies
	assert.Equal(t, exported, <-bodies)
	assert.Contains(t, exported, string(records.Of(0).Form()))
	assert.Empty(t, bodies)
}

func TestAnExporterWithAStorageStartsAndEndsIt(t *testing.T) {
	folder := t.TempDir()
	e, err := startAlone(t.Context(), Settings{Endpoint: "http://127.0.0.1:1", Queue: InStorage},
		folder)
	require.NoError(t, err)
	require.Len(t, e.started, 2)
	require.NoError(t, e.shutdown(t.Context()))
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.NotEmpty(t, files)
}
