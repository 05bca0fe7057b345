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
records 1
queue_size 0
broken{a="b"} many
`

func collectorWith(t *testing.T, page string) *collector {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(server.Close)
	return &collector{metrics: server.URL + "/metrics", profile: strings.TrimPrefix(server.URL, "http://")}
}

func TestTheSeriesOfAMetricAreAddedUp(t *testing.T) {
	c := collectorWith(t, metricsPage)
	sum, err := c.metricNow(t.Context(), "records")
	require.NoError(t, err)
	assert.InDelta(t, 13.5, sum, 0)
}

func TestAMetricOfZeroIsNotAMetricThatIsMissing(t *testing.T) {
	c := collectorWith(t, metricsPage)
	size, err := c.metricNow(t.Context(), "queue_size")
	require.NoError(t, err)
	assert.Zero(t, size)

	_, err = c.metricNow(t.Context(), "queue_siz")
	require.ErrorIs(t, err, errNoMetric)
	require.EqualError(t, err, "queue_siz at "+c.metrics+": the page has no such metric")
	assert.Zero(t, c.metric(t.Context(), "queue_siz"))
}

func TestAMetricWithoutAPageSaysSo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	c := &collector{metrics: server.URL + "/metrics"}
	_, err := c.metricNow(t.Context(), "records")
	require.ErrorIs(t, err, errNoPage)
	require.ErrorContains(t, err, "records: there is no metrics page: ")
	assert.ErrorContains(t, err, c.metrics)
}

func TestAMetricThatIsNoNumberIsAnError(t *testing.T) {
	_, err := collectorWith(t, metricsPage).metricNow(t.Context(), "broken")
	assert.ErrorContains(t, err, `"broken{a=\"b\"} many" is no value of a metric`)
}

func TestGoroutinesAreReadFromTheHeadOfTheirProfile(t *testing.T) {
	count, err := collectorWith(t, "goroutine profile: total 57\n1 @ 0x1\n").goroutines(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 57, count)

	_, err = collectorWith(t, "hello").goroutines(t.Context())
	assert.EqualError(t, err, `"hello" is no head of a goroutine profile`)
}
