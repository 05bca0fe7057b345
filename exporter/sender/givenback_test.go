// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package sender

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/metadatatest"
)

func TestGivenBack_CountsEachRecordEachTimeByReason(t *testing.T) {
	f := newFixture(t)
	full := errors.New("it is full")
	f.GivenBack(3, QueueFull, full)
	f.GivenBack(4, QueueFull, full)
	f.GivenBack(5, NotStored, errors.New("it cannot be written"))
	held := consumererror.NewLogs(full, logs(tier("a", "1"), tier("b", "1")))
	f.GivenBack(10, NotSent, fmt.Errorf("no more retries left: %w", held))
	var counted []metricdata.DataPoint[int64]
	for reason, n := range map[string]int64{"queue_full": 7, "storage": 5, "not_sent": 2} {
		counted = append(counted, metricdata.DataPoint[int64]{
			Attributes: attribute.NewSet(attribute.String("exporter", "adobe_target"), attribute.String("reason", reason)), Value: n,
		})
	}
	metadatatest.AssertEqualAdobeTargetRecordsGivenBack(t, f.telemetry, counted, metricdatatest.IgnoreTimestamp())
	assert.Empty(t, f.counts("records"), "it is no outcome")
	assert.Empty(t, f.counts("records.received"))
	assert.Equal(t, 1, f.said("Log records given back"))
}
