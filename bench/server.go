// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"time"
)

// What Target answers to an update that it takes, see internal/emulator.
const (
	answerType = "text/xml; charset=utf-8"
	answerBody = "<response><success>true</success><pcId></pcId><message>Request successfully submitted</message></response>"
)

const headerTimeout = 10 * time.Second

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
}

func (s *countingServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	now := time.Now().UnixNano()
	s.first.CompareAndSwap(0, now)
	s.last.Store(now)
	s.bytes.Add(n)
	s.calls.Add(1)
	if s.latency > 0 {
		time.Sleep(s.latency)
	}
	header := w.Header()
	header.Set("Content-Type", answerType)
	header.Set("Content-Length", strconv.Itoa(len(answerBody)))
	_, _ = io.WriteString(w, answerBody)
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

// addresses are what a server process says first: where calls go, and where its statistics are.
type addresses struct {
	URL   string `json:"url"`
	Stats string `json:"stats"`
}

// serve is the role of the counting server. It ends with its standard input.
func serve(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	latency := flags.Duration("latency", 0, "`time` before an answer")
	folder := flags.String("tls", "", "`folder` of the certificate to serve with")
	http2 := flags.Bool("http2", false, "offer HTTP/2")
	_ = flags.Parse(args)       // it exits
	signal.Ignore(os.Interrupt) // or Ctrl-C would end it before those who call it

	s := &countingServer{latency: *latency}
	server := &http.Server{Handler: s, ConnState: s.connState, ReadHeaderTimeout: headerTimeout}
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(*http2)
	calls, err := listen(ctx)
	if err != nil {
		return err
	}
	control, err := listen(ctx)
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	scheme := "http"
	if *folder == "" {
		go func() { ended <- server.Serve(calls) }()
	} else {
		scheme = "https"
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		go func() { ended <- server.ServeTLS(calls, certificateFile(*folder), keyFile(*folder)) }()
	}
	go func() {
		statistics := &http.Server{ReadHeaderTimeout: headerTimeout, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(s.stats())
		})}
		ended <- statistics.Serve(control)
	}()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- cmp.Or(err, io.EOF)
	}()
	if err := say(addresses{URL: scheme + "://" + calls.Addr().String(), Stats: "http://" + control.Addr().String()}); err != nil {
		return err
	}
	if err := <-ended; err != io.EOF { //nolint:errorlint // it is sent as it is
		return err
	}
	return nil
}

func listen(ctx context.Context) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
}

// say writes one line of JSON for the process that started this one.
func say(what any) error {
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return nil
}
