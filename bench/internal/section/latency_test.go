// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

func TestTheWayOfRecordsIsJudgedByItsMedianAndByTheSlowest(t *testing.T) {
	took := make([]float64, 1_000)
	for i := range took {
		took[i] = 5
		if i%50 == 0 {
			took[i] = 150
		}
	}
	text := latencyText([]receipts{{name: "in memory", took: took, lasts: 2 * time.Second}})
	assert.Equal(t, []string{"in memory", "1000", "500", "5", "5", "150", "150"},
		cells(strings.Split(text, "\n")[2]))
	assert.Contains(t, text, "- in memory: median ms from receipt to call at most 20: 5, met\n")
	assert.Contains(t, text,
		"- in memory: ms from receipt to call that 99 % take at most 100: 150, missed\n")
}

func TestRequestsAreOfferedEvenly(t *testing.T) {
	taken := make(chan struct{}, 100)
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken <- struct{}{} }))
	defer s.Close()
	p, err := process.Start(t.Context(), "sleep", "60")
	require.NoError(t, err)
	defer p.Kill()
	before := time.Now()
	sent, err := offerEvenly(t.Context(), &contender.Collector{Process: p, LogsURL: s.URL},
		make([][]byte, 50))
	require.NoError(t, err)
	assert.Len(t, taken, 51, "one asks whether the collector is there")
	for i, at := range sent {
		assert.GreaterOrEqual(t, at.Sub(before), time.Duration(i)*time.Second/receiptRate, i)
	}
}

func TestARecordWhoseCallDidNotComeIsAnError(t *testing.T) {
	sent := make([]time.Time, warmReceipts+1)
	_, err := ways(sent, server.NewArrivals(len(sent)))
	assert.EqualError(t, err, "no call of visitor 500 came")
}
