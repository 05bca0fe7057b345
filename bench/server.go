// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// What Target answers to an update that it takes, see internal/emulator.
const (
	answerType = "text/xml; charset=utf-8"
	answerBody = "<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>"
)

// serverStats are what a counting server has seen.
type serverStats struct {
	Calls int64 `json:"calls"`
	// Bytes are those of the bodies, by which one sees that two clients sent the same.
	Bytes    int64 `json:"bytes"`
	Opened   int64 `json:"opened"`
	MostOpen int64 `json:"most_open"`
	// First and Last are when the first and the last call came, in Unix nanoseconds.
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// countingServer answers every call as Target does, and counts.
type countingServer struct {
	latency                          time.Duration
	calls, bytes, opened, open, most atomic.Int64
	first, last                      atomic.Int64
	// visitors are those who were seen; nil, which costs nothing, when nobody asks for them.
	visitors *visitorSet
}

func (s *countingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := s.read(r.Body)
	now := time.Now().UnixNano()
	s.first.CompareAndSwap(0, now)
	s.last.Store(now)
	s.bytes.Add(n)
	s.calls.Add(1)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.latency > 0 {
		time.Sleep(s.latency)
	}
	header := w.Header()
	header.Set("Content-Type", answerType)
	header.Set("Content-Length", strconv.Itoa(len(answerBody)))
	_, _ = io.WriteString(w, answerBody)
}

// read returns the length of a body. The error is about a visitor that is none of those expected.
func (s *countingServer) read(body io.Reader) (int64, error) {
	if s.visitors == nil {
		n, _ := io.Copy(io.Discard, body)
		return n, nil
	}
	form, _ := io.ReadAll(body)
	visitor, err := visitorIn(form)
	if err == nil {
		err = s.visitors.add(visitor)
	}
	return int64(len(form)), err
}

func (s *countingServer) connState(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.opened.Add(1)
		open := s.open.Add(1)
		for most := s.most.Load(); open > most && !s.most.CompareAndSwap(most, open); most = s.most.Load() {
			continue
		}
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}

func (s *countingServer) stats() serverStats {
	return serverStats{
		Calls: s.calls.Load(), Bytes: s.bytes.Load(), Opened: s.opened.Load(), MostOpen: s.most.Load(),
		First: s.first.Load(), Last: s.last.Load(),
	}
}
