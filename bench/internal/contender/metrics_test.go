// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package contender // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const metricsPage = `# TYPE records counter
records{outcome="delivered"} 10
records{outcome="skipped"} 2.5
records_received 99
# TYPE queue_size gauge
queue_size 0
`

func collectorWith(t *testing.T, page string) *Collector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(server.Close)
	return &Collector{MetricsURL: server.URL + "/metrics", ProfilesURL: server.URL}
}

func TestTheSeriesOfAMetricAreAddedUp(t *testing.T) {
	now, err := collectorWith(t, metricsPage).Metrics(t.Context())
	require.NoError(t, err)
	for name, want := range map[string]float64{"records": 12.5, "records_received": 99, "queue_size": 0} {
		sum, err := now.Sum(name)
		require.NoError(t, err)
		assert.InDelta(t, want, sum, 0, name)
	}
}

func TestAMetricThatIsMissingIsNotOneOfZero(t *testing.T) {
	now, err := collectorWith(t, metricsPage).Metrics(t.Context())
	require.NoError(t, err)
	_, err = now.Sum("queue_siz")
	require.EqualError(t, err, "queue_siz: the page has no such metric")
	assert.True(t, NotYet(err))
}

func TestACollectorWithoutAPageSaysSo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := &Collector{MetricsURL: server.URL + "/metrics"}
	_, err := c.Metrics(t.Context())
	require.ErrorIs(t, err, ErrNoPage)
	assert.True(t, NotYet(err))
	assert.ErrorContains(t, err, c.MetricsURL)
}

func TestAPageThatIsNoneIsAnError(t *testing.T) {
	c := collectorWith(t, `broken{a="b"} many`)
	_, err := c.Metrics(t.Context())
	require.ErrorContains(t, err, "the metrics at "+c.MetricsURL)
	assert.False(t, NotYet(err))
}

func TestRecordsAreToldApartByTheirOutcome(t *testing.T) {
	now, err := collectorWith(t, `# TYPE otelcol_adobe_target_records counter
otelcol_adobe_target_records{exporter="adobe_target",outcome="delivered",reason=""} 39000
otelcol_adobe_target_records{exporter="adobe_target/other",outcome="delivered"} 1e+03
otelcol_adobe_target_records{outcome="skipped",exporter="adobe_target",reason="no_visitor"} 7
# TYPE otelcol_adobe_target_records_received counter
otelcol_adobe_target_records_received{exporter="adobe_target",outcome="delivered"} 99
`).Metrics(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Outcomes{"delivered": 40_000, "skipped": 7}, now.Outcomes())
	assert.Equal(t, 40_007, now.Outcomes().Records())
}

func TestAPageWithoutRecordsHasNoOutcomes(t *testing.T) {
	now, err := collectorWith(t, "# nothing yet\n").Metrics(t.Context())
	require.NoError(t, err)
	assert.Empty(t, now.Outcomes())
	assert.Zero(t, Outcomes(nil).Records())
}

func TestWhatIsHeldIsInTheQueueOrInTheOutbox(t *testing.T) {
	for page, want := range map[string]float64{
		QueueSize + " 3\n" + OutboxRecords + " 4\n": 7,
		QueueSize + " 0\n" + OutboxRecords + " 0\n": 0,
	} {
		now, err := collectorWith(t, page).Metrics(t.Context())
		require.NoError(t, err)
		held, err := now.Held()
		require.NoError(t, err)
		assert.InDelta(t, want, held, 0)
	}
	for _, page := range []string{QueueSize + " 3\n", OutboxRecords + " 4\n"} {
		now, err := collectorWith(t, page).Metrics(t.Context())
		require.NoError(t, err)
		_, err = now.Held()
		assert.ErrorIs(t, err, ErrNoMetric, "what is not known is not 0")
	}
}

func TestVisitorsAreHeldWhenTheyWaitInTheOutboxAndTheQueueIsEmpty(t *testing.T) {
	waits := func(queued, visitors int) string {
		return fmt.Sprintf("%s %d\n%s %d\n", QueueSize, queued, OutboxVisitors, visitors)
	}
	for page, want := range map[string]bool{waits(0, 10): true, waits(1, 10): false, waits(0, 9): false} {
		now, err := collectorWith(t, page).Metrics(t.Context())
		require.NoError(t, err)
		_, all, err := now.holds(10)
		require.NoError(t, err)
		assert.Equal(t, want, all, page)
	}
	now, err := collectorWith(t,
		waits(0, 10)+"# TYPE "+recordsMetric+" counter\n"+recordsMetric+`{outcome="rejected"} 1`+"\n").Metrics(t.Context())
	require.NoError(t, err)
	_, _, err = now.holds(10)
	assert.EqualError(t, err, "records that have to wait came to map[rejected:1]")
}

func TestGoroutinesAreReadFromTheHeadOfTheirProfile(t *testing.T) {
	count, err := collectorWith(t, "goroutine profile: total 57\n1 @ 0x1\n").Goroutines(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 57, count)

	_, err = collectorWith(t, "hello").Goroutines(t.Context())
	assert.EqualError(t, err, `"hello" is no head of a goroutine profile`)
}
