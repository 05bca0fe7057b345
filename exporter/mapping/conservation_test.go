// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

// conservationConfig reads every attribute `p.…`, the attribute `a` and the body.
func conservationConfig() Config {
	cfg := profileConfig(
		ProfileEntry{Prefix: "p."},
		ProfileEntry{Parameter: "a", Attribute: "a"},
		ProfileEntry{Value: "log.body"},
	)
	cfg.Conditions = []Condition{`log.attributes["skip"] != true`}
	return cfg
}

// checkExplained checks that an update is the same where it says what was left out, and says each.
func checkExplained(tb testing.TB, cfg Config, ld plog.Logs) {
	tb.Helper()
	m := newMapper(tb, cfg)
	var updates []Update
	for _, got := range m.Updates(tb.Context(), ld) {
		require.Empty(tb, got.Left)
		update := *got
		update.Parameters = append([]profile.Parameter(nil), got.Parameters...)
		updates = append(updates, update)
	}
	for n, got := range m.Explained(tb.Context(), ld) {
		var dropped Drops
		for _, left := range got.Left {
			dropped[left.Why]++
			require.Less(tb, left.Entry, len(cfg.Profile))
		}
		require.Equal(tb, got.Dropped, dropped)
		update := *got
		update.Parameters, update.Left = append([]profile.Parameter(nil), got.Parameters...), nil
		require.Equal(tb, updates[n], update)
	}
}

// checkConservation follows the records into calls: each record has a reason or
// stands in the batch, each value is a parameter or counted, and what the calls
// say when they are read back is what was meant.
func checkConservation(tb testing.TB, cfg Config, ld plog.Logs) {
	tb.Helper()
	checkExplained(tb, cfg, ld)
	places := placesOf(ld)
	batch := profile.NewBatch(len(places))
	meant := map[profile.Visitor]url.Values{}
	taken := map[int]bool{}
	for n, got := range newMapper(tb, cfg).Updates(tb.Context(), ld) {
		place := places[n]
		require.Less(tb, got.Skip, skips)
		checkLeaves(tb, got, place)
		if got.Skip != NotSkipped {
			continue
		}
		require.NotEmpty(tb, got.Parameters)
		require.True(tb, place.holdsID(got.Visitor), "the id is the record's own, unaltered")
		batch.Add(n, got.Visitor, got.Parameters)
		taken[n] = true
		if meant[got.Visitor] == nil {
			meant[got.Visitor] = url.Values{}
		}
		for _, p := range got.Parameters {
			meant[got.Visitor].Set("profile."+p.Name, strings.ToValidUTF8(p.Value, "\uFFFD"))
		}
	}
	require.Equal(tb, len(meant), batch.Len())
	for i := range batch.Len() {
		for record := range batch.RecordNumbers(i) {
			require.True(tb, taken[record], "a record stands in the batch once")
			delete(taken, record)
		}
		all, calls := readBack(tb, batch, i, cfg.MaxCall)
		require.Equal(tb, meant[batch.Visitor(i)], all)
		if batch.Records(i) == 1 {
			require.LessOrEqual(tb, calls, 10, "of one record")
		}
	}
	require.Empty(tb, taken, "no record is lost")
}

// readBack returns the profile parameters of all calls of one visitor, and how many calls they are.
func readBack(tb testing.TB, batch *profile.Batch, i, limit int) (all url.Values, calls int) {
	tb.Helper()
	visitor := batch.Visitor(i)
	all = url.Values{}
	parameters, _ := batch.Parameters(i, nil)
	for ; len(parameters) > 0; calls++ {
		form, n := profile.AppendForm(nil, visitor, parameters, limit)
		require.Positive(tb, n, "every parameter fits a call")
		require.LessOrEqual(tb, len(form), limit)
		parameters = parameters[n:]

		call, err := url.ParseQuery(string(form))
		require.NoError(tb, err)
		require.Equal(tb, []string{visitor.ID}, call[string(visitor.Parameter)], "exactly one visitor")
		delete(call, string(visitor.Parameter))
		require.Len(tb, call, n)
		for key, values := range call {
			require.True(tb, strings.HasPrefix(key, "profile."), "nothing but profile parameters")
			require.Len(tb, values, 1)
			require.NotContains(tb, all, key, "each name once")
			all[key] = values
		}
	}
	return all, calls
}

// checkLeaves counts the values of a record without the Mapper's help.
func checkLeaves(tb testing.TB, got *Update, p place) {
	tb.Helper()
	left := 0
	for _, n := range got.Dropped {
		left += n
	}
	switch got.Skip {
	case SkipCondition, SkipConditionFailed, SkipNoVisitor, SkipVisitorFailed, SkipInvalidVisitor:
		require.Empty(tb, got.Parameters)
		require.Zero(tb, left)
		return
	case SkipNoParameters, SkipTooLarge:
		require.Empty(tb, got.Parameters)
	}
	want := countLeaves(p.record.Body())
	if a, ok := p.lookup("a"); ok {
		want += countLeaves(a)
	}
	for _, m := range []pcommon.Map{p.resource, p.scope, p.record.Attributes()} {
		for name, v := range m.All() {
			if strings.HasPrefix(name, "p.") {
				want += countLeaves(v)
			}
		}
		if v, ok := m.Get("p"); ok && v.Type() == pcommon.ValueTypeMap && v.Map().Len() > 0 {
			want += countLeaves(v)
		}
	}
	require.Equal(tb, want, len(got.Parameters)+left, "%s %v", got.Skip, got.Dropped)
}

func countLeaves(v pcommon.Value) int {
	if v.Type() != pcommon.ValueTypeMap || v.Map().Len() == 0 {
		return 1
	}
	n := 0
	for _, v := range v.Map().All() {
		n += countLeaves(v)
	}
	return n
}

// place is a record and the attributes of what it stands in.
type place struct {
	resource, scope pcommon.Map
	record          plog.LogRecord
}

func placesOf(ld plog.Logs) []place {
	var places []place
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				places = append(places, place{resource.Resource().Attributes(), scope.Scope().Attributes(), record})
			}
		}
	}
	return places
}

func (p place) lookup(name string) (pcommon.Value, bool) {
	for _, m := range []pcommon.Map{p.record.Attributes(), p.scope, p.resource} {
		if v, ok := m.Get(name); ok {
			return v, true
		}
	}
	return pcommon.Value{}, false
}

// holdsID tells whether the record has this id of a visitor; a double's is
// compared by TestTheFirstUsableIDNamesTheVisitor.
func (p place) holdsID(v profile.Visitor) bool {
	id, ok := p.lookup(string(v.Parameter))
	return ok && (id.Type() == pcommon.ValueTypeDouble || id.AsString() == v.ID)
}

func TestNothingIsLostFromRecordToCall(t *testing.T) {
	ld := logsOf(t,
		sale(),
		attributes(withID(map[string]any{"p.a": "1&2=3", "p.user.x": "1", "p.b": nil, "a": map[string]any{"x": []any{}, "y": 1}})),
		fixture{record: withID(map[string]any{"p.a\xff": "\xff"}), body: map[string]any{"a\xfe": "later", "deep": nested(20, "x"), "tooDeep": nested(200, "x")}},
		attributes(withID(map[string]any{"p": map[string]any{"a": "1", "profile.b": nil, "c": map[string]any{"user.x": 1e21}}, "p.a": "2"})),
		attributes(map[string]any{"mboxPC": "NULL", "p.a": "1"}),
		attributes(map[string]any{"mboxPC": "c-1", "p.a": strings.Repeat("&", 20_000)}),
		attributes(map[string]any{"mboxPC": "c-1&x=y", "p.a": "1"}),
		attributes(map[string]any{"mbox3rdPartyId": "a/b", "p.a": "1"}),
		attributes(withID(map[string]any{"skip": true, "p.a": "1"})),
		fixture{record: withID(map[string]any{"a": "1"}), body: manyLeaves(700, 1_000)},
		fixture{},
	)
	checkConservation(t, conservationConfig(), ld)
}
