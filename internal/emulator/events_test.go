// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	waitFor = time.Minute
	tick    = 10 * time.Millisecond
)

// event is one server-sent event.
type event struct {
	name, id, data string
}

// listener reads the events of a server.
type listener struct {
	response *http.Response
	lines    *bufio.Reader
}

func listen(t *testing.T, server *httptest.Server, lastEventID string) *listener {
	t.Helper()
	return listenAt(t, server.URL+"/_emulator/events", server, lastEventID)
}

func listenAt(t *testing.T, address string, server *httptest.Server, lastEventID string) *listener {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	require.NoError(t, err)
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	t.Cleanup(func() { response.Body.Close() })
	return &listener{response, bufio.NewReader(response.Body)}
}

// next returns the next event of a name.
func (l *listener) next(t *testing.T, name string) event {
	t.Helper()
	var e event
	for {
		line, err := l.lines.ReadString('\n')
		require.NoError(t, err)
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name == name {
				return e
			}
			e = event{}
		}
	}
}

func (l *listener) nextCalls(t *testing.T) (numbers []int64, skipped int64, id string) {
	t.Helper()
	e := l.next(t, "calls")
	var data struct {
		Calls   []RecentCall
		Skipped int64
	}
	require.NoError(t, json.Unmarshal([]byte(e.data), &data))
	for _, c := range data.Calls {
		numbers = append(numbers, c.Number)
	}
	return numbers, data.Skipped, e.id
}

func TestEventsTellOfCallsAndOfWhatChanged(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 1000, Token: "s3cret"})
	server := startServer(t, e)
	serve(t, e, postForm(t, goldUpdate))

	l := listen(t, server, "")
	l.next(t, "start")
	numbers, skipped, id := l.nextCalls(t)
	assert.Equal(t, []int64{1}, numbers, "what was before is told first")
	assert.Zero(t, skipped)
	var first state
	text := l.next(t, "state").data
	assert.NotContains(t, text, "s3cret")
	require.NoError(t, json.Unmarshal([]byte(text), &first))
	assert.Equal(t, 1, first.Stats.Attempts)
	assert.True(t, first.Token)

	require.NoError(t, e.SetFaults([]Fault{{Kind: FaultStatus, Status: 503, RetryAfter: 10 * time.Second}}))
	for len(first.Faults) == 0 {
		require.NoError(t, json.Unmarshal([]byte(l.next(t, "state").data), &first))
	}
	assert.Equal(t, 503, first.Faults[0].Status)

	serve(t, e, postForm(t, goldUpdate))
	numbers, _, _ = l.nextCalls(t)
	assert.Equal(t, []int64{2}, numbers)

	again := listen(t, server, id)
	numbers, _, _ = again.nextCalls(t)
	assert.Equal(t, []int64{2}, numbers, "a reader goes on behind what it saw")
	again = listenAt(t, server.URL+"/_emulator/events?after="+id, server, "")
	numbers, _, _ = again.nextCalls(t)
	assert.Equal(t, []int64{2}, numbers, "so does one that names it in the query")

	e.Reset()
	l.next(t, "start")
	serve(t, e, postForm(t, goldUpdate))
	numbers, _, _ = l.nextCalls(t)
	assert.Equal(t, []int64{1}, numbers)
}

func TestAReaderOfAnotherTimeBeginsAnew(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 10})
	server := startServer(t, e)
	serve(t, e, postForm(t, goldUpdate))
	for _, id := range []string{"other-1", "nonsense", e.world.Load().recent.epoch + "-7", e.world.Load().recent.epoch + "--7", e.world.Load().recent.epoch + "-x"} {
		l := listen(t, server, id)
		l.next(t, "start")
		numbers, _, _ := l.nextCalls(t)
		assert.Equal(t, []int64{1}, numbers, id)
	}
}

func TestManyCallsAreToldTogetherAndTheOldestSkipped(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 1000})
	server := startServer(t, e)
	for range mostInEvent + 23 {
		serve(t, e, postForm(t, goldUpdate))
	}
	epoch := e.world.Load().recent.epoch
	for after, want := range map[string]int64{epoch + "-0": 23, epoch + "-3": 20, "": 0} {
		numbers, skipped, _ := listen(t, server, after).nextCalls(t)
		assert.Len(t, numbers, mostInEvent)
		assert.Equal(t, int64(24), numbers[0])
		assert.Equal(t, want, skipped, "after %q: what was before a reader came is not skipped", after)
	}
}

func TestReadersAreBoundedAndEndWithTheEmulator(t *testing.T) {
	e := newEmulator(t, Settings{RecentCalls: 1})
	server := startServer(t, e)
	var all []*listener
	for range mostStreams {
		all = append(all, listen(t, server, ""))
	}
	status, _ := serve(t, e, newControlRequest(t, "events"))
	assert.Equal(t, http.StatusServiceUnavailable, status)

	e.Close()
	for _, l := range all {
		_, err := l.lines.ReadString(0)
		require.Error(t, err, "the stream ends")
	}
	require.Eventually(t, func() bool { return e.streams.Load() == 0 }, waitFor, tick)
}

func TestTheStateCostsNoMoreWithManyBatches(t *testing.T) {
	cost := func(batches int) float64 {
		c := newClock()
		e := newEmulator(t, Settings{RecentCalls: 1, Now: c.now})
		for range batches {
			c.advance(time.Minute) // as a minute has a limit
			serve(t, e, newRequest(t, http.MethodPost, bulkURL, "", "batch=thirdPartyId,tier\ncrm-1,gold\n"))
		}
		require.Len(t, e.Uploads(), batches)
		assert.Len(t, e.shownState().Uploads, shownUploads, "the newest")
		return testing.AllocsPerRun(5, func() { e.shownState() })
	}
	assert.Less(t, cost(20*shownUploads), 2*cost(shownUploads))
}
