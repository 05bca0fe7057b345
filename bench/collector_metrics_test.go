// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

func collectorWith(t *testing.T, page string) *collector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(server.Close)
	return &collector{metricsURL: server.URL + "/metrics", profile: strings.TrimPrefix(server.URL, "http://")}
}

func TestTheSeriesOfAMetricAreAddedUp(t *testing.T) {
	now, err := collectorWith(t, metricsPage).metrics(t.Context())
	require.NoError(t, err)
	for name, want := range map[string]float64{"records": 12.5, "records_received": 99, "queue_size": 0} {
		sum, err := now.sum(name)
		require.NoError(t, err)
		assert.InDelta(t, want, sum, 0, name)
	}
}

func TestAMetricThatIsMissingIsNotOneOfZero(t *testing.T) {
	now, err := collectorWith(t, metricsPage).metrics(t.Context())
	require.NoError(t, err)
	_, err = now.sum("queue_siz")
	require.EqualError(t, err, "queue_siz: the page has no such metric")
	assert.True(t, notYet(err))
}

func TestACollectorWithoutAPageSaysSo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := &collector{metricsURL: server.URL + "/metrics"}
	_, err := c.metrics(t.Context())
	require.ErrorIs(t, err, errNoPage)
	assert.True(t, notYet(err))
	assert.ErrorContains(t, err, c.metricsURL)
}

func TestAPageThatIsNoneIsAnError(t *testing.T) {
	c := collectorWith(t, `broken{a="b"} many`)
	_, err := c.metrics(t.Context())
	require.ErrorContains(t, err, "the metrics at "+c.metricsURL)
	assert.False(t, notYet(err))
}

func TestRecordsAreToldApartByTheirOutcome(t *testing.T) {
	now, err := collectorWith(t, `# TYPE otelcol_adobe_target_records counter
otelcol_adobe_target_records{exporter="adobe_target",outcome="delivered",reason=""} 39000
otelcol_adobe_target_records{exporter="adobe_target/other",outcome="delivered"} 1e+03
otelcol_adobe_target_records{outcome="skipped",exporter="adobe_target",reason="no_visitor"} 7
# TYPE otelcol_adobe_target_records_received counter
otelcol_adobe_target_records_received{exporter="adobe_target",outcome="delivered"} 99
`).metrics(t.Context())
	require.NoError(t, err)
	assert.Equal(t, outcomes{"delivered": 40_000, "skipped": 7}, now.outcomes())
	assert.Equal(t, 40_007, now.outcomes().records())
}

func TestAPageWithoutRecordsHasNoOutcomes(t *testing.T) {
	now, err := collectorWith(t, "# nothing yet\n").metrics(t.Context())
	require.NoError(t, err)
	assert.Empty(t, now.outcomes())
	assert.Zero(t, outcomes(nil).records())
}

func TestGoroutinesAreReadFromTheHeadOfTheirProfile(t *testing.T) {
	count, err := collectorWith(t, "goroutine profile: total 57\n1 @ 0x1\n").goroutines(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 57, count)

	_, err = collectorWith(t, "hello").goroutines(t.Context())
	assert.EqualError(t, err, `"hello" is no head of a goroutine profile`)
}
