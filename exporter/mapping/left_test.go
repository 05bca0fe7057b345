// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestMapper_ExplainedSaysWhichParametersWereLeftOut(t *testing.T) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, lr.Attributes().FromRaw(map[string]any{
		"mboxPC": "1", "nothing": nil, "empty": "", "tier": map[string]any{"now": nil, "user.x": 1, "good": "x", "list": []any{math.NaN()}, "none": map[string]any{}, "dot.": "", "profile.profile.twice": ""},
		"default": nil,
	}))
	lr.Body().SetStr("text")
	cfg := profileConfig(
		ProfileEntry{Parameter: "a", Attribute: "nothing"},
		ProfileEntry{Parameter: "b", Value: `log.attributes["empty"]`},
		ProfileEntry{Prefix: "tier."},
		ProfileEntry{Value: "log.body"},
		ProfileEntry{Parameter: "c", Value: "Double(log.body)"},
		ProfileEntry{Parameter: "d", Attribute: "default", Default: "x"},
		ProfileEntry{Parameter: "e", Attribute: "not there"},
		ProfileEntry{Parameter: "f", Value: "Double(log.body)", Default: "x"},
	)
	for _, got := range newMapper(t, cfg).Explained(t.Context(), ld) {
		assert.ElementsMatch(t, []Left{
			{"a", DropNull, 0},
			{"b", DropEmpty, 1},
			{"now", DropNull, 2},
			{"user.x", DropReservedName, 2},
			{"list", DropNotFinite, 2},
			{"none", DropEmpty, 2},
			{"dot.", DropEmpty, 2},
			{"profile.twice", DropEmpty, 2},
			{"", DropNotAMap, 3},
			{"c", DropExpressionFailed, 4},
			{"f", DropExpressionFailed, 7},
		}, got.Left)
		left := 0
		for _, n := range got.Dropped {
			left += n
		}
		assert.Len(t, got.Left, left, "as many as are counted")
	}
}

func TestMapper_ExplainedNamesWhatTheCallsHaveNoRoomFor(t *testing.T) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Attributes().PutStr("mboxPC", "1")
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"} {
		lr.Attributes().PutStr("p."+name, strings.Repeat(name, 50))
	}
	cfg := profileConfig(ProfileEntry{Prefix: "p."})
	cfg.MaxCall = 80
	for _, got := range newMapper(t, cfg).Explained(t.Context(), ld) {
		assert.Len(t, got.Parameters, 10)
		assert.Equal(t, []Left{{"k", DropTooMany, -1}, {"l", DropTooMany, -1}}, got.Left)
	}
}
