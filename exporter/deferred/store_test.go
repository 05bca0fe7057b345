// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package deferred

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var (
	noon  = time.Date(2026, time.November, 24, 12, 0, 0, 0, time.UTC)
	retry = configretry.BackOffConfig{InitialInterval: time.Second, Multiplier: 2, MaxInterval: 5 * time.Second}
)

// folder is a folder of file_storage that is opened again and again.
type folder struct {
	t         *testing.T
	extension storage.Extension
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = t.TempDir()
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	return &folder{t, extension.(storage.Extension)}
}

func (f *folder) client() storage.Client {
	f.t.Helper()
	client, err := f.extension.GetClient(f.t.Context(), component.KindExporter, component.MustNewID("adobe_target"), "deferred")
	require.NoError(f.t, err)
	return client
}

func (f *folder) open() *Store {
	f.t.Helper()
	s, err := Open(f.t.Context(), f.client(), retry, noon, visitorOf)
	require.NoError(f.t, err)
	return s
}

func visitorOf(ld plog.Logs) profile.Visitor {
	id, _ := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("id")
	return visitorNamed(id.Str())
}

func visitorNamed(id string) profile.Visitor {
	return profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: id}
}

// portionOf returns records of a visitor that failed.
func portionOf(id string, values ...string) Portion {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, value := range values {
		record := records.AppendEmpty()
		record.Attributes().PutStr("id", id)
		record.Attributes().PutStr("value", value)
	}
	return Portion{Visitor: visitorNamed(id), Data: ld, Failed: true}
}

// values returns the values of records, in their order.
func values(ld plog.Logs) string {
	var all []string
	for _, resource := range ld.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				value, _ := record.Attributes().Get("value")
				all = append(all, value.Str())
			}
		}
	}
	return strings.Join(all, " ")
}

func add(t *testing.T, s *Store, portions ...Portion) {
	t.Helper()
	added, err := s.Add(t.Context(), noon, portions)
	require.NoError(t, err)
	require.Equal(t, len(portions), added)
}

func settle(t *testing.T, s *Store, settled ...Settled) {
	t.Helper()
	require.NoError(t, s.Settle(t.Context(), noon.Add(time.Minute), settled))
}

func TestRecordsComeBackInTheOrderInWhichTheyWereAdded(t *testing.T) {
	f := newFolder(t)
	s := f.open()
	add(t, s, portionOf("a", "1", "2"), portionOf("b", "1"))
	add(t, s, portionOf("a", "3"))
	assert.True(t, s.Has(visitorNamed("a")))
	assert.False(t, s.Has(visitorNamed("c")))
	assert.Equal(t, 4, s.Records())
	require.NoError(t, s.Close(t.Context()))

	s = f.open()
	assert.Equal(t, 4, s.Records())
	taken := s.Take(noon, false)
	require.Len(t, taken, 2, "what an earlier run left is due at once")
	for _, of := range taken {
		assert.Equal(t, map[string]string{"a": "1 2 3", "b": "1"}[of.Visitor.ID], values(of.Data))
	}
	require.NoError(t, s.Close(t.Context()))
}

func TestAVisitorIsDueLaterEachTimeItFails(t *testing.T) {
	s, err := Open(t.Context(), nil, retry, noon, nil)
	require.NoError(t, err)
	add(t, s, portionOf("a", "1"))
	now := noon
	for _, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
		due, some := s.Next()
		require.True(t, some)
		assert.Equal(t, pause, due.Sub(now))
		assert.Empty(t, s.Take(due.Add(-time.Nanosecond), false))
		now = due
		taken := s.Take(now, false)
		require.Len(t, taken, 1)
		_, some = s.Next()
		assert.False(t, some, "a visitor that is taken is not due")
		require.NoError(t, s.Settle(t.Context(), now, []Settled{{Taken: taken[0], Left: taken[0].Data, Tried: true}}))
	}
}

func TestARecordThatWaitsForOlderOnesDoesNotPutOffItsVisitor(t *testing.T) {
	s, err := Open(t.Context(), nil, retry, noon, nil)
	require.NoError(t, err)
	add(t, s, portionOf("a", "1"))
	waits := portionOf("a", "2")
	waits.Failed = false
	_, err = s.Add(t.Context(), noon.Add(900*time.Millisecond), []Portion{waits})
	require.NoError(t, err)
	due, _ := s.Next()
	assert.Equal(t, noon.Add(time.Second), due)
}

func TestWhatCameWhileAVisitorWasTakenStays(t *testing.T) {
	f := newFolder(t)
	s := f.open()
	add(t, s, portionOf("a", "1"))
	taken := s.Take(noon, true)
	add(t, s, portionOf("a", "2"))
	settle(t, s, Settled{Taken: taken[0], Left: plog.NewLogs(), Tried: true})
	assert.Equal(t, 1, s.Records())
	due, _ := s.Next()
	assert.Equal(t, noon.Add(time.Minute), due, "it has waited for the older ones only")
	require.NoError(t, s.Close(t.Context()))

	s = f.open()
	assert.Equal(t, "2", values(s.Take(noon, true)[0].Data))
	require.NoError(t, s.Close(t.Context()))
}

func TestOnlyWhatIsLeftIsKept(t *testing.T) {
	f := newFolder(t)
	s := f.open()
	add(t, s, portionOf("a", "1", "2"))
	add(t, s, portionOf("a", "3"), portionOf("b", "1"))
	var settled []Settled
	for _, taken := range s.Take(noon, true) {
		left := plog.NewLogs()
		if taken.Visitor.ID == "a" {
			assert.False(t, taken.Again)
			left = portionOf("a", "2", "3").Data
		}
		settled = append(settled, Settled{Taken: taken, Left: left, Tried: true})
	}
	settle(t, s, settled...)
	assert.Equal(t, 2, s.Records())
	assert.False(t, s.Has(visitorNamed("b")))
	taken := s.Take(noon.Add(time.Hour), false)
	assert.Equal(t, "2 3", values(taken[0].Data))
	assert.True(t, taken[0].Again)
	require.NoError(t, s.Close(t.Context()))

	s = f.open()
	assert.Equal(t, "2 3", values(s.Take(noon, true)[0].Data))
	require.NoError(t, s.Close(t.Context()))
}

func TestNoMoreIsDeferredThanThereIsRoomFor(t *testing.T) {
	s, err := Open(t.Context(), nil, retry, noon, nil)
	require.NoError(t, err)
	portions := make([]Portion, 0, maxRecords+5)
	for i := range maxRecords + 5 {
		portions = append(portions, portionOf("v"+strconv.Itoa(i), "1"))
	}
	added, err := s.Add(t.Context(), noon, portions)
	require.NoError(t, err)
	assert.Equal(t, maxRecords, added)
	assert.False(t, s.Has(visitorNamed("v"+strconv.Itoa(maxRecords))))

	large, err := Open(t.Context(), nil, retry, noon, nil)
	require.NoError(t, err)
	half := strings.Repeat("x", maxBytes/2)
	added, err = large.Add(t.Context(), noon, []Portion{portionOf("a", half), portionOf("b", half)})
	require.NoError(t, err)
	assert.Equal(t, 1, added)
}

func TestDamagedRecordsAreRefusedAndNotShown(t *testing.T) {
	for name, damage := range map[string]func(storage.Client) error{
		"an index of odd length": func(c storage.Client) error { return c.Set(t.Context(), indexKey, []byte("SECRET")) },
		"records that are gone":  func(c storage.Client) error { return c.Delete(t.Context(), portionKey(0)) },
		"records that are none":  func(c storage.Client) error { return c.Set(t.Context(), portionKey(0), []byte("SECRET")) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t)
			s := f.open()
			add(t, s, portionOf("a", "SECRET"))
			require.NoError(t, s.Close(t.Context()))
			client := f.client()
			require.NoError(t, damage(client))
			_, err := Open(t.Context(), client, retry, noon, visitorOf)
			require.ErrorIs(t, err, errDamaged)
			assert.NotContains(t, err.Error(), "SECRET")
			require.NoError(t, client.Close(t.Context()))
		})
	}
}
