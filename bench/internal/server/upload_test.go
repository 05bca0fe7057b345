// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/records"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestTheExporterSeesItsUploadTakenAndComplete(t *testing.T) {
	c := &counter{arrivals: NewArrivals(100)}
	server := httptest.NewServer(c)
	defer server.Close()
	bulk, err := route.NewBulk(route.NewDefaultBulkConfig(), server.URL, "acme")
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	caller := route.NewUploadCaller(bulk, client, "test", time.Minute, time.Minute, noop.Tracer{})

	sheet := route.NewSheet(profile.Mbox3rdPartyID)
	sheet.Creates = true
	var rows []route.Row
	for _, visitor := range []int{3, 99, 40} {
		row := route.Row{
			Visitor: profile.Visitor{
				Parameter: profile.Mbox3rdPartyID,
				ID:        records.Customer(visitor),
			},
			Parameters: []profile.Parameter{{Name: "city", Value: "München"}},
		}
		rows = append(rows, row)
		sheet.Add(row.Visitor, row.Parameters)
	}
	before := time.Now()
	answer, status := caller.Upload(t.Context(), sheet, func(yield func(route.Row, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	})
	require.Equal(t, route.Delivered, answer.Verdict, answer)
	progress, answer := caller.Status(t.Context(), status)
	require.Equal(t, route.Delivered, answer.Verdict, answer)
	assert.Equal(t, route.UploadComplete, progress.State)

	got := c.stats()
	assert.Equal(t, []int64{2, 1, 3, sheet.Bytes},
		[]int64{got.Calls, got.Uploads, got.Rows, got.Bytes})
	assert.WithinRange(t, time.Unix(0, got.LastRow), before, time.Now())
	assert.Equal(t, 3, c.arrivals.Came())
	assert.False(t, c.arrivals.Of(99).IsZero())
}

func TestARowThatComesAgainIsCountedAndItsVisitorIsNot(t *testing.T) {
	c := &counter{arrivals: NewArrivals(10)}
	for range 2 {
		assert.Equal(t, http.StatusOK,
			statusFor(t, c, UploadPath, "batch=thirdPartyId,a\nCRM-00000001,b\nCRM%2D00000002"))
	}
	assert.EqualValues(t, 4, c.stats().Rows)
	assert.Equal(t, 2, c.arrivals.Came())
}

func TestWhatIsNoUploadOfTheHarnessIsRefused(t *testing.T) {
	for name, body := range map[string]string{
		"no header":                   "CRM-00000001,b\nCRM-00000002,b",
		"ids of another kind":         "batch=pcId,a\nCRM-00000001,b",
		"a visitor who is not there":  "batch=thirdPartyId,a\nCRM-00000010,b",
		"an id that is none":          "batch=thirdPartyId,a\ncrm-1,b",
		"an id that is encoded badly": "batch=thirdPartyId,a\nCRM%,b",
		"a row that is empty":         "batch=thirdPartyId,a\n\nCRM-00000001,b",
		"a row that is far too long":  uploadHead + "a\nCRM-00000001," + strings.Repeat("b", uploadChunk),
	} {
		c := &counter{arrivals: NewArrivals(10)}
		assert.Equal(t, http.StatusBadRequest, statusFor(t, c, UploadPath, body), name)
		assert.Zero(t, c.stats().LastRow, name)
	}
}
