// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
)

const (
	headerTimeout = 10 * time.Second
	visitorsPath  = "/visitors"
)

// serverOptions are those of the role that answers calls.
type serverOptions struct {
	latency  time.Duration
	tls      string
	http2    bool
	visitors int
}

func parseServer(args []string) serverOptions {
	var o serverOptions
	flags := flag.NewFlagSet("serve", flag.ExitOnError)
	flags.DurationVar(&o.latency, "latency", 0, "`time` before an answer")
	flags.StringVar(&o.tls, "tls", "", "`folder` of the certificate to serve with")
	flags.BoolVar(&o.http2, "http2", false, "offer HTTP/2")
	flags.IntVar(&o.visitors, "visitors", 0, "`number` of visitors of whom those are noted who were seen; 0 notes none")
	_ = flags.Parse(args) // it exits
	return o
}

// addresses are what a server process says first: where calls go, and where its statistics are.
type addresses struct {
	URL   string `json:"url"`
	Stats string `json:"stats"`
}

// serve is the role of the counting server. It ends with its standard input.
func serve(ctx context.Context, args []string) error {
	signal.Ignore(os.Interrupt) // or Ctrl-C would end it before those who call it
	o := parseServer(args)
	s := &countingServer{latency: o.latency}
	if o.visitors > 0 {
		s.visitors = newVisitorSet(o.visitors)
	}
	calls, err := listen(ctx)
	if err != nil {
		return err
	}
	control, err := listen(ctx)
	if err != nil {
		return err
	}
	ended := make(chan error, 3)
	go func() { ended <- s.answerCalls(calls, o) }()
	go func() { ended <- s.answerQuestions(control) }()
	go func() { ended <- inputEnd() }()
	scheme := "http"
	if o.tls != "" {
		scheme = "https"
	}
	if err := say(addresses{URL: scheme + "://" + calls.Addr().String(), Stats: "http://" + control.Addr().String()}); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// answerCalls answers what clients send, until it fails.
func (s *countingServer) answerCalls(listener net.Listener, o serverOptions) error {
	server := &http.Server{Handler: s, ConnState: s.connState, ReadHeaderTimeout: headerTimeout, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(o.http2)
	if o.tls == "" {
		return server.Serve(listener)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return server.ServeTLS(listener, certificateFile(o.tls), keyFile(o.tls))
}

// answerQuestions answers what the harness asks, until it fails.
func (s *countingServer) answerQuestions(listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.stats()) })
	if s.visitors != nil {
		mux.HandleFunc(visitorsPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(s.visitors.bytes()) })
	}
	return (&http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}).Serve(listener)
}

// inputEnd waits for the end of the standard input, which is an io.EOF.
func inputEnd() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return cmp.Or(err, io.EOF)
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
