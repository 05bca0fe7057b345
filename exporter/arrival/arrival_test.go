// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package arrival

import (
	"context"
	"errors"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
)

var (
	storageID  = component.MustNewID("file_storage")
	exporterID = component.MustNewID("adobe_target")
	zoe        = profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "zoe"}
)

// host is a Collector with one storage extension.
type host struct{ extension component.Component }

func (h host) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h.extension}
}

// onDisk returns a host with the real file_storage on a folder.
func onDisk(t *testing.T, folder string) host {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = folder
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { assert.NoError(t, extension.Shutdown(context.WithoutCancel(t.Context()))) })
	return host{extension}
}

func open(t *testing.T, h component.Host) *Watch {
	t.Helper()
	w, err := Open(t.Context(), h, storageID, exporterID, "a mapping")
	require.NoError(t, err)
	return w
}

// again ends a run and begins the next one.
func (w *Watch) again(t *testing.T, h component.Host) *Watch {
	t.Helper()
	require.NoError(t, w.Close(t.Context()))
	return open(t, h)
}

// number returns the number of the nth request of a run.
func number(run, request int64) Number { return Number(run<<runBits + request) }

func tier(n Number) Value { return Value{Visitor: zoe, Parameter: "tier", Arrived: n} }

func TestRequestsAreNumberedInTheOrderOfRunsAndArrival(t *testing.T) {
	h := onDisk(t, t.TempDir())
	var all []Number
	w := open(t, h)
	for range 3 {
		counter := w.Counter()
		for range 2 {
			ld := plog.NewLogs()
			ld.ResourceLogs().AppendEmpty().Resource().Attributes().PutStr(attribute, "from the record")
			ld.ResourceLogs().AppendEmpty().Resource().Attributes().PutStr("kept", "yes")
			counter.Stamp(ld)
			numbers := Take(ld)
			require.Len(t, numbers, 2)
			assert.Equal(t, numbers[0], numbers[1], "a request has one number")
			assert.False(t, w.Recovered(numbers[0]))
			all = append(all, numbers[0])
			assert.Empty(t, ld.ResourceLogs().At(0).Resource().Attributes().AsRaw(), "no record can bring its own number")
			assert.Equal(t, map[string]any{"kept": "yes"}, ld.ResourceLogs().At(1).Resource().Attributes().AsRaw())

			PutBack(ld, numbers)
			assert.Equal(t, numbers, Take(ld))
			assert.Equal(t, []Number{0, 0}, Take(ld))
		}
		w = w.again(t, h)
		assert.True(t, w.Recovered(all[len(all)-1]))
	}
	assert.IsIncreasing(t, all)
	assert.True(t, w.Recovered(0), "a record without a number is older than all others")
	require.NoError(t, w.Close(t.Context()))
}

func TestAValueIsSupersededByANewerOneOfItsParameterOnly(t *testing.T) {
	w := open(t, onDisk(t, t.TempDir()))
	w.Sent(tier(number(1, 7)))
	w.Sent(tier(number(1, 5)))
	for name, tt := range map[string]struct {
		value Value
		want  bool
	}{
		"an older value":                {tier(number(1, 6)), true},
		"one that was never numbered":   {tier(0), true},
		"the same value again":          {tier(number(1, 7)), false},
		"a newer value":                 {tier(number(1, 8)), false},
		"a value of a later run":        {tier(number(2, 1)), false},
		"another parameter":             {Value{zoe, "store", number(1, 6)}, false},
		"another visitor":               {Value{profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "z"}, "tier", 1}, false},
		"another kind of id":            {Value{profile.Visitor{Parameter: profile.MboxPC, ID: "zoe"}, "tier", 1}, false},
		"parts that make the same text": {Value{profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: "zoet"}, "ier", 1}, false},
	} {
		assert.Equal(t, tt.want, w.Superseded(tt.value), name)
	}
	require.NoError(t, w.Close(t.Context()))
}

func TestWhatWasAboutToBeSentIsKnownInTheNextRun(t *testing.T) {
	for name, write := range map[string]func(*Watch, []Value) error{
		"a watched batch":   func(w *Watch, v []Value) error { return w.Sending(t.Context(), v) },
		"the batch in hand": func(w *Watch, v []Value) error { return w.Merging(t.Context(), v) },
	} {
		t.Run(name, func(t *testing.T) {
			h := onDisk(t, t.TempDir())
			w := open(t, h)
			require.NoError(t, write(w, []Value{tier(number(1, 7)), {zoe, "store", number(1, 3)}}))
			w = w.again(t, h)
			assert.True(t, w.Superseded(tier(number(1, 6))))
			assert.False(t, w.Superseded(tier(number(1, 7))), "it is in the queue still, and to be sent")
			assert.True(t, w.Superseded(Value{zoe, "store", number(1, 2)}))
			require.NoError(t, w.Close(t.Context()))
		})
	}
}

func TestWatchedBatchesAddUpAndOthersReplaceEachOther(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	require.NoError(t, w.Sending(t.Context(), []Value{tier(number(1, 7))}))
	require.NoError(t, w.Sending(t.Context(), []Value{{zoe, "store", number(1, 7)}}))
	require.NoError(t, w.Merging(t.Context(), []Value{{zoe, "a", number(1, 7)}}))
	require.NoError(t, w.Merging(t.Context(), nil), "a batch that merges nothing has nothing to say")
	w = w.again(t, h)
	for _, parameter := range []string{"tier", "store", "a"} {
		assert.True(t, w.Superseded(Value{zoe, parameter, number(1, 6)}), parameter)
	}
	require.NoError(t, w.Merging(t.Context(), []Value{{zoe, "b", number(1, 8)}}))
	w = w.again(t, h)
	assert.True(t, w.Superseded(Value{zoe, "a", number(1, 6)}), "that batch may not have come again yet")
	assert.True(t, w.Superseded(Value{zoe, "b", number(1, 6)}))
	require.NoError(t, w.Close(t.Context()))
}

func TestTheFirstBatchWithoutRecoveredRecordsEndsTheWatch(t *testing.T) {
	h := onDisk(t, t.TempDir())
	w := open(t, h)
	require.NoError(t, w.Sending(t.Context(), []Value{tier(number(1, 7))}))
	w = w.again(t, h)

	for _, tt := range []struct {
		numbers       []Number
		waiting, want bool
	}{
		{nil, false, false},
		{[]Number{number(1, 8)}, false, true},
		{[]Number{number(2, 1), number(1, 9)}, false, true},
		{[]Number{number(2, 1)}, true, false},
		{[]Number{number(1, 8)}, false, true},
		{[]Number{number(2, 2), number(2, 3)}, false, false},
		{[]Number{number(1, 8)}, false, false},
	} {
		needed, err := w.Needed(t.Context(), tt.numbers, func() bool { return tt.waiting })
		require.NoError(t, err)
		assert.Equal(t, tt.want, needed, tt.numbers)
	}
	assert.False(t, w.Superseded(tier(number(1, 6))))
	w = w.again(t, h)
	assert.False(t, w.Superseded(tier(number(1, 6))), "and what was written down for it is gone")
	require.NoError(t, w.Close(t.Context()))
}

// failing is a storage client that answers every call with what it was told.
type failing struct {
	storage.Client
	data map[string][]byte
	err  error
}

func (f failing) GetClient(context.Context, component.Kind, component.ID, string) (storage.Client, error) {
	return f, nil
}
func (failing) Start(context.Context, component.Host) error          { return nil }
func (failing) Shutdown(context.Context) error                       { return nil }
func (f failing) Get(_ context.Context, key string) ([]byte, error)  { return f.data[key], nil }
func (f failing) Set(context.Context, string, []byte) error          { return f.err }
func (f failing) Batch(context.Context, ...*storage.Operation) error { return f.err }
func (failing) Close(context.Context) error                          { return nil }

func TestWhatIsDamagedIsRefusedAndNotReadAsNothing(t *testing.T) {
	for name, data := range map[string]map[string][]byte{
		"the count of runs":  {runKey: []byte("1")},
		"the count of pages": {pagesKey: []byte("123456789")},
		"a page":             {pagesKey: encoded(1), "values0": []byte("too short")},
		"the last batch":     {batchKey: []byte("too short")},
		"the displaced":      {displacedKey: []byte("too short")},
	} {
		_, err := Open(t.Context(), host{failing{data: data}}, storageID, exporterID, "a mapping")
		require.ErrorContains(t, err, "sending_queue::storage: the order of arrival is damaged", name)
	}
}

func TestWhatCanNotBeWrittenIsAnError(t *testing.T) {
	full := errors.New("no space left on device")
	_, err := Open(t.Context(), host{failing{err: full}}, storageID, exporterID, "a mapping")
	require.ErrorIs(t, err, full)

	w := &Watch{run: 2, journal: &journal{client: failing{err: full}, pages: 1, crowded: fewEntries}}
	require.ErrorIs(t, w.Sending(t.Context(), []Value{tier(1)}), full)
	w.journal.crowded = 0
	require.ErrorIs(t, w.Sending(t.Context(), []Value{tier(1)}), full, "when pages are put together, too")
	require.ErrorIs(t, w.Merging(t.Context(), []Value{tier(1)}), full)
	w.displaced.visitors = make(map[uint64]struct{})
	require.ErrorIs(t, w.Displaced(t.Context(), []profile.Visitor{zoe}), full)
	_, err = w.Needed(t.Context(), []Number{number(2, 1)}, func() bool { return false })
	require.ErrorIs(t, err, full)
}

func TestAStorageThatIsNoneIsNamed(t *testing.T) {
	_, err := Open(t.Context(), componenttest.NewNopHost(), storageID, exporterID, "a mapping")
	require.EqualError(t, err, `sending_queue::storage: "file_storage" is no storage extension of this collector`)
}
