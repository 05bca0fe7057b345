// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

func TestAnAttemptIsASpanThatSaysWhatBecameOfItsRecords(t *testing.T) {
	for name, tt := range map[string]struct {
		answer      map[string]route.Answer
		description string
		want        map[attribute.Key]any
	}{
		"all delivered or skipped": {
			nil, "",
			map[attribute.Key]any{"records": int64(5), "visitors": int64(3), "delivered": int64(4), "skipped": int64(1), "rejected": int64(0), "held": int64(0)},
		},
		"one rejected": {
			map[string]route.Answer{"a": refused},
			"log records were rejected",
			map[attribute.Key]any{"records": int64(5), "visitors": int64(3), "delivered": int64(2), "skipped": int64(1), "rejected": int64(2), "held": int64(0)},
		},
		"one held, one rejected": {
			map[string]route.Answer{"a": down, "b": refused},
			"log records are held",
			map[attribute.Key]any{"records": int64(5), "visitors": int64(3), "delivered": int64(1), "skipped": int64(1), "rejected": int64(1), "held": int64(2), "error.type": "status_503"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.target.answer = func(visitor string, _ url.Values) route.Answer {
				if answer, ok := tt.answer[visitor]; ok {
					return answer
				}
				return delivered
			}
			gold := map[string]string{"tier": "gold"}
			_ = f.Consume(t.Context(), logs(record{"a", gold}, record{"b", gold}, record{"", gold}, record{"a", gold}, record{"c", gold}))

			spans := f.telemetry.SpanRecorder.Ended()
			require.Len(t, spans, 1)
			assert.Equal(t, "adobe_target/batch", spans[0].Name())
			assert.Equal(t, "github.com/otelcol-adobetarget/adobetargetexporter", spans[0].InstrumentationScope().Name)
			assert.Equal(t, tt.description, spans[0].Status().Description)
			assert.Equal(t, tt.description != "", spans[0].Status().Code == codes.Error)
			want := map[attribute.Key]any{"exporter": ""}
			for key, value := range tt.want {
				if key != "error.type" {
					key = "adobe_target.batch." + key
				}
				want[key] = value
			}
			got := make(map[attribute.Key]any)
			for _, a := range spans[0].Attributes() {
				got[a.Key] = a.Value.AsInterface()
			}
			assert.Equal(t, want, got)
		})
	}
}

func TestADryRunIsSkippedInItsSpan(t *testing.T) {
	f := newFixture(t)
	f.target.answer = func(string, url.Values) route.Answer { return route.Answer{Verdict: route.NotSent} }
	require.NoError(t, f.Consume(t.Context(), logs(visitors(3)...)))
	spans := f.telemetry.SpanRecorder.Ended()
	require.Len(t, spans, 1)
	assert.Contains(t, spans[0].Attributes(), attribute.Int("adobe_target.batch.skipped", 3))
	assert.Equal(t, codes.Unset, spans[0].Status().Code)
}
