// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/arrival"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/profile"
	"github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
)

var storageID = component.MustNewID("file_storage")

type storageHost struct{ extension component.Component }

func (h storageHost) GetExtensions() map[component.ID]component.Component {
	return map[component.ID]component.Component{storageID: h.extension}
}

// runs begins one run after the other on a storage, as restarts do.
type runs struct {
	host    storageHost
	watch   *arrival.Watch
	counter *arrival.Counter
}

func newRuns(t *testing.T) *runs {
	t.Helper()
	factory := filestorage.NewFactory()
	cfg := factory.CreateDefaultConfig().(*filestorage.Config)
	cfg.Directory = t.TempDir()
	extension, err := factory.Create(t.Context(), extensiontest.NewNopSettings(factory.Type()), cfg)
	require.NoError(t, err)
	require.NoError(t, extension.Start(t.Context(), componenttest.NewNopHost()))
	r := &runs{host: storageHost{extension}}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		assert.NoError(t, r.watch.Close(ctx))
		assert.NoError(t, extension.Shutdown(ctx))
	})
	return r
}

// next begins a run with a Target that keeps what the runs before have sent.
func (r *runs) next(t *testing.T, before *fixture) *fixture {
	t.Helper()
	if r.watch != nil {
		require.NoError(t, r.watch.Close(t.Context()))
	}
	var err error
	r.watch, err = arrival.Open(t.Context(), r.host, storageID, component.MustNewID("adobe_target"), "a mapping")
	require.NoError(t, err)
	r.counter = r.watch.Counter()
	f := newFixture(t, func(set *Settings) { set.Watch = r.watch })
	if before != nil {
		f.target.profile = before.target.profile
	}
	return f
}

// request is a request as it arrives in the present run.
func (r *runs) request(records ...record) plog.Logs {
	ld := logs(records...)
	r.counter.Stamp(ld)
	return ld
}

// after begins a run whose queue puts what was in flight behind the rest.
func (r *runs) after(t *testing.T, before *fixture, inFlight ...plog.Logs) *fixture {
	t.Helper()
	f := r.next(t, before)
	require.NoError(t, r.watch.Displaced(t.Context(), visitorsOf(t, f, inFlight...)))
	return f
}

// visitorsOf returns the visitors of requests.
func visitorsOf(t *testing.T, f *fixture, requests ...plog.Logs) []profile.Visitor {
	t.Helper()
	return slices.Collect(f.Mapper.Visitors(t.Context(), batch(requests...)))
}

// batch puts requests together as the queue's batcher does.
func batch(requests ...plog.Logs) plog.Logs {
	all := plog.NewLogs()
	for _, ld := range requests {
		for _, resource := range ld.ResourceLogs().All() {
			resource.CopyTo(all.ResourceLogs().AppendEmpty())
		}
	}
	return all
}

func tier(visitor, value string) record {
	return record{visitor, map[string]string{"tier": value}}
}

func TestWhatWasBeingSentWhenARunEndedDoesNotFollowNewerValues(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	inFlight := r.request(tier("a", "1"), record{"b", map[string]string{"tier": "1", "store": "12"}}, tier("c", "1"))
	queued := r.request(tier("a", "2"), tier("b", "2"))

	second := r.after(t, first, inFlight)
	require.NoError(t, second.Consume(t.Context(), batch(queued)))
	require.NoError(t, second.Consume(t.Context(), batch(inFlight)))
	assert.Equal(t, map[string]map[string]string{
		"a": {"tier": "2"}, "b": {"tier": "2", "store": "12"}, "c": {"tier": "1"},
	}, second.target.profile)
	assert.Equal(t, map[string]int{"delivered": 4, "skipped superseded": 1}, second.counts(t, "records"))
	assert.Equal(t, map[string]int{"superseded": 2}, second.counts(t, "parameters.dropped"))
	assert.Equal(t, map[string]int{"": 5}, second.counts(t, "records.recovered"))
}

func TestABatchOutOfOrderIsMergedInTheOrderOfArrival(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	inFlight, queued := r.request(tier("a", "1")), r.request(tier("a", "2"))

	second := r.after(t, first, inFlight)
	fresh := r.request(tier("a", "3"))
	require.NoError(t, second.Consume(t.Context(), batch(queued, inFlight)))
	assert.Equal(t, "2", second.target.profile["a"]["tier"])
	require.NoError(t, second.Consume(t.Context(), batch(inFlight, fresh)))
	assert.Equal(t, "3", second.target.profile["a"]["tier"])
}

func TestAnOlderValueIsKnownEvenIfTheRunThatSentTheNewerOneEnded(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	oldest, middle, newest := r.request(tier("a", "1")), r.request(tier("b", "1")), r.request(tier("a", "2"))

	second := r.after(t, first, oldest)
	require.NoError(t, second.Consume(t.Context(), batch(newest)))
	third := r.after(t, second, middle)
	require.NoError(t, third.Consume(t.Context(), batch(middle, oldest)))
	assert.Equal(t, map[string]map[string]string{"a": {"tier": "2"}, "b": {"tier": "1"}}, third.target.profile)
}

func TestABatchThatComesAgainInPartsDoesNotGoBackToAnOlderValue(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	one, two := r.request(tier("a", "1"), tier("b", "1")), r.request(tier("a", "2"))
	require.NoError(t, first.Consume(t.Context(), batch(one, two))) // and then the run ends before the queue has noted it
	assert.Equal(t, "2", first.target.profile["a"]["tier"])

	second := r.after(t, first, one, two)
	var seen []string
	second.target.answer = func(visitor string, form url.Values) route.Answer {
		if visitor == "a" {
			seen = append(seen, form.Get("profile.tier"))
		}
		return delivered
	}
	require.NoError(t, second.Consume(t.Context(), batch(one)))
	require.NoError(t, second.Consume(t.Context(), batch(two)))
	assert.Equal(t, []string{"2"}, seen)
}

// TestWhatWasMergedIsKnownInEveryRunUntilItsBatchHasComeAgain has runs that end before what
// was in flight in the first one has come again, in parts.
func TestWhatWasMergedIsKnownInEveryRunUntilItsBatchHasComeAgain(t *testing.T) {
	for name, watched := range map[string]bool{"in a batch of a watched run": true, "in a batch of another": false} {
		t.Run(name, func(t *testing.T) {
			r := newRuns(t)
			first := r.next(t, nil)
			earlier := r.request(tier("x", "1"))
			one, two := r.request(tier("a", "1"), tier("b", "1")), r.request(tier("a", "2"))
			if watched {
				first = r.after(t, first, earlier)
			}
			require.NoError(t, first.Consume(t.Context(), batch(one, two)))
			others := batch(r.request(tier("c", "1")), r.request(tier("c", "2"))) // of which much is merged too

			second := r.after(t, first, one, two)
			require.NoError(t, second.Consume(t.Context(), others))
			third := r.next(t, second)
			require.NoError(t, third.Consume(t.Context(), batch(one)))
			assert.Equal(t, "2", third.target.profile["a"]["tier"])
		})
	}
}

func TestOnlyVisitorsOfWhatWasInFlightAreRemembered(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	inFlight, queued := r.request(tier("a", "1")), r.request(tier("a", "2"), tier("b", "2"))
	second := r.after(t, first, inFlight)
	require.NoError(t, second.Consume(t.Context(), batch(queued)))
	for visitor, remembered := range map[string]bool{"a": true, "b": false} {
		assert.Equal(t, remembered, second.Watch.Superseded(arrival.Value{
			Visitor: profile.Visitor{Parameter: profile.Mbox3rdPartyID, ID: visitor}, Parameter: "tier", Arrived: 1,
		}), visitor)
	}
}

func TestARecoveredBatchThatIsHeldKeepsItsPlaceInTheOrder(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	inFlight, queued := r.request(tier("a", "1"), tier("b", "1")), r.request(tier("a", "2"), tier("c", "2"))

	second := r.after(t, first, inFlight)
	second.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "a" {
			return down
		}
		return delivered
	}
	err := second.Consume(t.Context(), batch(queued))
	assert.Equal(t, []string{"a"}, held(t, err))
	second.target.answer = nil
	require.NoError(t, second.Consume(t.Context(), err2logs(t, err)))
	require.NoError(t, second.Consume(t.Context(), batch(inFlight)))
	assert.Equal(t, map[string]map[string]string{"a": {"tier": "2"}, "b": {"tier": "1"}, "c": {"tier": "2"}}, second.target.profile)
	assert.Equal(t, map[string]int{"": 4}, second.counts(t, "records.recovered"), "a record that is held is counted when it ends")
}

func TestNumbersAreSeenByNoMapping(t *testing.T) {
	r := newRuns(t)
	f := r.next(t, nil)
	ld := r.request(tier("a", "1"))
	require.NoError(t, f.Consume(t.Context(), ld))
	assert.Equal(t, map[string]any{"resource": int64(0)}, ld.ResourceLogs().At(0).Resource().Attributes().AsRaw())
}

func TestABatchWhoseOrderCanNotBeWrittenDownIsHeld(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	recovered := r.request(tier("a", "1"))
	second := r.after(t, first, recovered)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, r.watch.Close(t.Context())) // so that the storage takes nothing
	require.Error(t, second.Consume(ended, batch(recovered, r.request(record{"", nil}))))
	assert.Zero(t, second.target.count())
	assert.Empty(t, second.counts(t, "records"), "what was skipped is counted when the batch is taken")
	r.watch = first.Watch
}

// countingStorage counts what is written of the order of arrival.
type countingStorage struct {
	storage.Extension
	batches *int
}

func (c countingStorage) GetClient(ctx context.Context, kind component.Kind, id component.ID, name string) (storage.Client, error) {
	client, err := c.Extension.GetClient(ctx, kind, id, name)
	return countingClient{client, c.batches}, err
}

type countingClient struct {
	storage.Client
	batches *int
}

func (c countingClient) Batch(ctx context.Context, operations ...*storage.Operation) error {
	*c.batches++
	return c.Client.Batch(ctx, operations...)
}

func TestARecoveredBatchIsWrittenDownOnceHoweverOftenItIsSent(t *testing.T) {
	r := newRuns(t)
	written := 0
	r.host.extension = countingStorage{r.host.extension.(storage.Extension), &written}
	first := r.next(t, nil)
	recovered := r.request(tier("a", "1"), tier("b", "1"))
	second := r.after(t, first, recovered)
	written = 0
	second.held.consumers = 1
	second.target.answer = func(string, url.Values) route.Answer { return down }
	for range 5 {
		require.Error(t, second.Consume(t.Context(), recovered))
	}
	assert.Equal(t, 1, written)
	second.target.answer = nil
	require.NoError(t, second.Consume(t.Context(), recovered))
	assert.Equal(t, map[string]int{"delivered": 2}, second.counts(t, "records"))
}

// TestWhatWaitedInABatchThatComesAgainInPartsDoesNotGoBackToAnOlderValue has two
// requests of a deferred visitor in the batch in flight. They are delivered while the
// rest of the batch is still held, and then the run ends.
func TestWhatWaitedInABatchThatComesAgainInPartsDoesNotGoBackToAnOlderValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		first, counter := openRun(t, d)
		first.target.fail("a")
		require.NoError(t, first.Consume(t.Context(), stamped(counter, tier("a", "1"), tier("b", "1"))))
		one := stamped(counter, tier("a", "2"), tier("c", "1"), tier("d", "1"), tier("e", "1"))
		two := stamped(counter, tier("a", "3"))
		first.target.answer = func(visitor string, _ url.Values) route.Answer {
			if visitor == "a" {
				return delivered
			}
			return throttled
		}
		require.Error(t, first.Consume(t.Context(), batch(one, two)), "c, d and e are held")
		time.Sleep(time.Minute)
		assert.Equal(t, "3", first.target.attributes("a")["tier"])
		end(t, first)

		second, _ := openRun(t, d.rebooted(), one, two)
		second.target.profile = first.target.profile
		require.NoError(t, second.Consume(t.Context(), batch(one)))
		assert.Equal(t, "3", second.target.attributes("a")["tier"])
		end(t, second)
	})
}

func TestABatchThatComesAfterTheEndLeavesTheOrderOfTheOneBefore(t *testing.T) {
	r := newRuns(t)
	first := r.next(t, nil)
	first.held.consumers = 1
	first.target.answer = func(visitor string, _ url.Values) route.Answer {
		if visitor == "b" {
			return down
		}
		return delivered
	}
	one, two := r.request(tier("a", "1"), tier("b", "1")), r.request(tier("a", "2"))
	require.Error(t, first.Consume(t.Context(), batch(one, two)))
	assert.Equal(t, "2", first.target.profile["a"]["tier"])
	first.Stop()
	last := batch(r.request(tier("c", "1"), record{"", nil}), r.request(tier("c", "2")))
	require.Error(t, first.Consume(t.Context(), last))
	assert.Empty(t, first.logs.FilterMessageSnippet("lost").All(), "the queue keeps both")
	assert.Equal(t, map[string]int{"delivered": 2}, first.counts(t, "records"), "what comes after the end is counted by the next run")

	second := r.after(t, first, one, two)
	require.NoError(t, second.Consume(t.Context(), batch(one)))
	assert.Equal(t, "2", second.target.profile["a"]["tier"])
}

// openRun begins a run on a disk that can also defer, with what was in flight before.
func openRun(t *testing.T, d *disk, inFlight ...plog.Logs) (*fixture, *arrival.Counter) {
	t.Helper()
	watch, err := arrival.Open(t.Context(), d, storageID, component.MustNewID("adobe_target"), "a mapping")
	require.NoError(t, err)
	f := queued(t, d, func(set *Settings) { set.Watch = watch })
	if len(inFlight) > 0 {
		require.NoError(t, watch.Displaced(t.Context(), visitorsOf(t, f, inFlight...)))
	}
	return f, watch.Counter()
}

// stamped is a request as it arrives.
func stamped(counter *arrival.Counter, records ...record) plog.Logs {
	ld := logs(records...)
	counter.Stamp(ld)
	return ld
}

// TestARecoveredRecordThatIsDeferredDoesNotFollowNewerValues has records of an earlier
// run that are older than what was sent, and that are deferred when all others of that
// run have come.
func TestARecoveredRecordThatIsDeferredDoesNotFollowNewerValues(t *testing.T) {
	for name, waits := range map[string]bool{"its update fails": false, "its visitor is deferred already": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDisk()
				first, counter := openRun(t, d)
				inFlight := stamped(counter, record{"a", map[string]string{"tier": "1", "store": "9"}}, tier("x", "1"))
				newer := stamped(counter, tier("a", "2"))
				other := stamped(counter, record{"a", map[string]string{"shop": "9"}}, tier("y", "1"))
				end(t, first)

				d = d.rebooted()
				second, counter := openRun(t, d, inFlight)
				require.NoError(t, second.Consume(t.Context(), batch(newer)))
				second.target.fail("a")
				if waits {
					require.NoError(t, second.Consume(t.Context(), batch(other)))
				}
				require.NoError(t, second.Consume(t.Context(), batch(inFlight)))
				second.target.fail()
				require.NoError(t, second.Consume(t.Context(), stamped(counter, tier("z", "1"))))
				time.Sleep(time.Minute)
				assert.Equal(t, "2", second.target.attributes("a")["tier"])
				assert.Equal(t, "9", second.target.attributes("a")["store"])
				assert.Zero(t, second.Deferred.Records())

				require.NoError(t, second.Consume(t.Context(), stamped(counter, tier("z", "2"))))
				needed, err := second.Watch.Needed(t.Context(), []arrival.Number{1}, func() bool { return false })
				require.NoError(t, err)
				assert.False(t, needed, "the watch is over once nothing of an earlier run is about")
				end(t, second)
			})
		})
	}
}

// TestAPartOfAnUpdateThatWasDeliveredCounts has an update of several calls of which one
// is refused.
func TestAPartOfAnUpdateThatWasDeliveredCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		first, counter := openRun(t, d)
		older := stamped(counter, tier("a", "1"))
		newer := stamped(counter, record{"a", map[string]string{"tier": "2", "zone": strings.Repeat("z", 165)}})
		end(t, first)

		second, _ := openRun(t, d.rebooted(), older)
		second.MaxForm, second.target.maxForm = 200, 200
		second.target.answer = func(_ string, form url.Values) route.Answer {
			if form.Has("profile.zone") {
				return refused
			}
			return delivered
		}
		require.NoError(t, second.Consume(t.Context(), batch(newer)))
		require.NoError(t, second.Consume(t.Context(), batch(older)))
		assert.Equal(t, "2", second.target.attributes("a")["tier"])
		end(t, second)
	})
}

// TestARecordThatIsDeferredAndStillInTheQueueIsCountedOnce has a run that ends while a
// part of its batch is deferred and the rest is held, so that the queue keeps it whole.
func TestARecordThatIsDeferredAndStillInTheQueueIsCountedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk()
		first, counter := openRun(t, d)
		first.Concurrency = 1
		first.target.everybodyFails()
		request := stamped(counter, append(visitors(10), tier("v0", "2"))...)
		inFlight := batch(request)
		require.Error(t, first.Consume(t.Context(), inFlight))
		require.Positive(t, first.Deferred.Records())
		end(t, first)

		d = d.rebooted()
		watch, err := arrival.Open(t.Context(), d, storageID, component.MustNewID("adobe_target"), "a mapping")
		require.NoError(t, err)
		second := queued(t, d, func(set *Settings) {
			set.Watch = watch
			set.Sender.(*fakeTarget).everybodyFails()
		})
		deferred := second.Deferred.Records()
		held := second.consume(t, batch(request)) // or all are deferred, when a redelivery comes between
		second.target.fail()
		for held.LogRecordCount() > 0 || second.Deferred.Records() > 0 {
			held = second.consume(t, held)
			time.Sleep(time.Minute)
		}
		counts := second.counts(t, "records")
		assert.Equal(t, 11, counts["delivered"], "each once")
		assert.Equal(t, deferred, counts["skipped superseded"], "and what comes a second time beside it")
		end(t, second)
	})
}
