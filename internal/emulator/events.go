// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package emulator // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// eventsEvery is how often a stream looks for calls, stateEvery for anything else that changed.
	eventsEvery = 100 * time.Millisecond
	stateEvery  = 500 * time.Millisecond
	// heartbeat keeps a stream open, and finds out that nobody reads it.
	heartbeat = 15 * time.Second
	// mostInEvent is how many calls an event tells of; older ones are counted as skipped.
	mostInEvent = 100
	mostStreams = 32
	// streamTimeout ends a stream whose reader does not take what was written.
	streamTimeout = 10 * time.Second
	shownUploads  = 50
)

// stream tells one reader what happens. It looks for itself: no call knows of it.
type stream struct {
	e     *Emulator
	to    *http.ResponseController
	w     http.ResponseWriter
	world *world
	sent  int64
	state []byte
}

// serveEvents sends server-sent events until the reader or the emulator goes away:
//
//	start  before the first calls, and whenever those before are forgotten
//	calls  {"calls":[…],"skipped":0}, with an id to go on from: as the Last-Event-ID, or as ?after=
//	state  {"stats":…,"quota":…,"faults":…,"latency":…,"uploads":…,"token":false} when it has changed
func (e *Emulator) serveEvents(w http.ResponseWriter, r *http.Request) {
	defer e.streams.Add(-1)
	if e.streams.Add(1) > mostStreams {
		jsonError(http.StatusServiceUnavailable, "too many readers of the events").write(w)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	s := &stream{e: e, to: http.NewResponseController(w), w: w}
	s.resume(cmp.Or(r.Header.Get("Last-Event-ID"), r.URL.Query().Get("after")))
	ticks := time.NewTicker(eventsEvery)
	defer ticks.Stop()
	var stated, written time.Time
	for at := time.Now(); ; {
		var events bytes.Buffer
		s.writeCalls(&events)
		if at.Sub(stated) >= stateEvery {
			s.writeState(&events)
			stated = at
		}
		if events.Len() == 0 && at.Sub(written) >= heartbeat {
			events.WriteString(":\n\n")
		}
		if events.Len() > 0 {
			if s.send(events.Bytes()) != nil {
				return
			}
			written = at
		}
		select {
		case at = <-ticks.C:
		case <-r.Context().Done():
			return
		case <-e.closed:
			return
		}
	}
}

// resume goes on after the event that a reader saw last, if it was of this world.
func (s *stream) resume(lastEventID string) {
	world := s.e.world.Load()
	epoch, number, _ := strings.Cut(lastEventID, "-")
	sent, err := strconv.ParseInt(number, 10, 64)
	if err == nil && epoch == world.recent.epoch && sent >= 0 && sent <= world.recent.last.Load() {
		s.world, s.sent = world, sent
	}
}

func (s *stream) writeCalls(events *bytes.Buffer) {
	world := s.e.world.Load()
	if s.world != world {
		fmt.Fprintf(events, "event: start\nid: %s-0\nretry: 1000\ndata: {}\n\n", world.recent.epoch)
		before := int64(0)
		if s.world == nil { // what there was before is not skipped
			before = max(0, world.recent.last.Load()-mostInEvent)
		}
		s.world, s.sent, s.state = world, before, nil
	}
	if world.recent.last.Load() == s.sent {
		return
	}
	calls := world.recent.since(s.sent, mostInEvent)
	last := calls[len(calls)-1].Number
	skipped := last - s.sent - int64(len(calls))
	s.sent = last
	s.write(events, "calls", world.recent.epoch+"-"+strconv.FormatInt(last, 10), struct {
		Calls   []RecentCall `json:"calls"`
		Skipped int64        `json:"skipped"`
	}{calls, skipped})
}

func (s *stream) writeState(events *bytes.Buffer) {
	state := s.e.shownState()
	text, err := json.Marshal(state)
	if err != nil || bytes.Equal(text, s.state) {
		return
	}
	s.state = text
	s.write(events, "state", "", json.RawMessage(text))
}

func (*stream) write(events *bytes.Buffer, name, id string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		return
	}
	fmt.Fprintf(events, "event: %s\n", name)
	if id != "" {
		fmt.Fprintf(events, "id: %s\n", id)
	}
	fmt.Fprintf(events, "data: %s\n\n", text)
}

// send fails where the reader does not read.
func (s *stream) send(events []byte) error {
	// What has no deadlines is no connection.
	_ = s.to.SetWriteDeadline(time.Now().Add(streamTimeout))
	if _, err := s.w.Write(events); err != nil {
		return err
	}
	return s.to.Flush()
}

// state is all that is shown besides calls and visitors.
type state struct {
	Stats   Stats       `json:"stats"`
	Quota   quotaShown  `json:"quota"`
	Faults  []faultWire `json:"faults"`
	Latency latencyWire `json:"latency"`
	Uploads []Upload    `json:"uploads"`
	// Token tells that one is asked for.
	Token bool `json:"token"`
}

func (e *Emulator) shownState() state {
	return state{
		Stats: e.Stats(), Quota: e.shownQuota(), Faults: e.faultsOnWire(), Latency: e.latencyOnWire(),
		Uploads: e.newestUploads(shownUploads), Token: *e.token.Load() != "",
	}
}
