// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/ottl/contexts/ottllog"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// fixture is one log record and what it stands in.
type fixture struct {
	resource, scope, record map[string]any
	body                    any
	// set does to the record what a map of plain values cannot say.
	set func(plog.LogRecord)
}

// attributes are a fixture that only has attributes on the record.
func attributes(m map[string]any) fixture { return fixture{record: m} }

// addTo adds the record, in a resource and scope of its own.
func (f fixture) addTo(tb testing.TB, ld plog.Logs) {
	tb.Helper()
	resource := ld.ResourceLogs().AppendEmpty()
	scope := resource.ScopeLogs().AppendEmpty()
	record := scope.LogRecords().AppendEmpty()
	require.NoError(tb, resource.Resource().Attributes().FromRaw(f.resource))
	require.NoError(tb, scope.Scope().Attributes().FromRaw(f.scope))
	require.NoError(tb, record.Attributes().FromRaw(f.record))
	require.NoError(tb, record.Body().FromRaw(f.body))
	if f.set != nil {
		f.set(record)
	}
}

func logsOf(tb testing.TB, fixtures ...fixture) plog.Logs {
	tb.Helper()
	ld := plog.NewLogs()
	for _, f := range fixtures {
		f.addTo(tb, ld)
	}
	return ld
}

// withID returns the attributes with a visitor the default entries find.
func withID(m map[string]any) map[string]any {
	all := map[string]any{"mbox3rdPartyId": "c-1"}
	maps.Copy(all, m)
	return all
}

func defaultConfig() Config {
	return Config{
		Visitor:               DefaultVisitor(),
		Profile:               DefaultProfile(),
		Placeholders:          DefaultPlaceholders(),
		MaxThirdPartyIDLength: profile.DefaultMaxThirdPartyIDLength,
		MaxCall:               profile.MaxBody,
	}
}

// profileConfig returns a configuration with these profile entries.
func profileConfig(entries ...ProfileEntry) Config {
	cfg := defaultConfig()
	cfg.Profile = entries
	return cfg
}

func newMapper(tb testing.TB, cfg Config) *Mapper {
	tb.Helper()
	m, err := New(cfg)
	require.NoError(tb, err)
	return m
}

// updates returns copies of all updates of ld, and checks that every record is
// numbered in order.
func updates(tb testing.TB, m *Mapper, ld plog.Logs) []Update {
	tb.Helper()
	var all []Update
	for n, update := range m.Updates(tb.Context(), ld) {
		require.Len(tb, all, n)
		all = append(all, *update)
		all[n].Parameters = slices.Clone(update.Parameters)
	}
	require.Len(tb, all, ld.LogRecordCount())
	return all
}

// update returns the update of one record.
func update(tb testing.TB, cfg Config, f fixture) Update {
	tb.Helper()
	return updates(tb, newMapper(tb, cfg), logsOf(tb, f))[0]
}

// latest returns what counts of the parameters: the last of each name.
func latest(parameters []profile.Parameter) map[string]string {
	values := make(map[string]string, len(parameters))
	for _, p := range parameters {
		values[p.Name] = p.Value
	}
	return values
}

// dropped returns counts of parameters left out.
func dropped(reasons ...Drop) Drops {
	var d Drops
	for _, reason := range reasons {
		d[reason]++
	}
	return d
}

// nested returns a map of so many levels with one leaf.
func nested(levels int, leaf any) any {
	for range levels {
		leaf = map[string]any{"n": leaf}
	}
	return leaf
}

// manyLeaves returns a map of so many leaves, whose texts have so many bytes.
func manyLeaves(n, size int) map[string]any {
	m := make(map[string]any, n)
	for i := range n {
		m["leaf"+strconv.Itoa(i)] = strings.Repeat("x", size)
	}
	return m
}

// unsupportedValue is an expression of newMapperWithUnsupported, whose result has
// no text. No converter of today gives such a thing.
const unsupportedValue = "Unsupported()"

// newMapperWithUnsupported returns a Mapper for entries that may use
// unsupportedValue.
func newMapperWithUnsupported(tb testing.TB, cfg Config) *Mapper {
	tb.Helper()
	var places []int
	cfg.Profile = slices.Clone(cfg.Profile)
	for i := range cfg.Profile {
		if cfg.Profile[i].Value == unsupportedValue {
			cfg.Profile[i].Value = "true"
			places = append(places, i)
		}
	}
	m := newMapper(tb, cfg)
	unsupported := ottl.NewFactory("Unsupported", nil,
		func(ottl.FunctionContext, ottl.Arguments) (ottl.ExprFunc[*ottllog.TransformContext], error) {
			return func(context.Context, *ottllog.TransformContext) (any, error) { return make(chan int), nil }, nil
		})
	parser, err := ottllog.NewParser(ottl.CreateFactoryMap(unsupported), component.TelemetrySettings{Logger: zap.NewNop()})
	require.NoError(tb, err)
	for _, i := range places {
		value, err := parser.ParseValueExpression(unsupportedValue)
		require.NoError(tb, err)
		m.profile[i].value = &expression{ottl: value}
	}
	return m
}
