// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package server // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/process"
)

// Role is the name of the role that Serve is.
const Role = "serve"

const (
	headerTimeout = 10 * time.Second
	arrivalsPath  = "/arrivals"
	upPath        = "/up"
)

// Options are how a server answers. The zero value takes every call at once.
type Options struct {
	// Latency is the time before an answer.
	Latency time.Duration
	// Certificate is the folder of the certificate to serve with; without it calls come in the
	// clear.
	Certificate string
	HTTP2       bool
	// Visitors is the number of visitors whose arrivals are noted; 0 notes none.
	Visitors int
	// Down has all calls refused until Up.
	Down bool
}

// args returns the options as parse reads them.
func (o Options) args() []string {
	return []string{
		"-latency", o.Latency.String(), "-tls", o.Certificate,
		"-http2=" + strconv.FormatBool(o.HTTP2),
		"-visitors", strconv.Itoa(o.Visitors), "-down=" + strconv.FormatBool(o.Down),
	}
}

func parse(args []string) (o Options, err error) {
	flags := flag.NewFlagSet(Role, flag.ContinueOnError)
	flags.DurationVar(&o.Latency, "latency", 0, "`time` before an answer")
	flags.StringVar(&o.Certificate, "tls", "", "`folder` of the certificate to serve with")
	flags.BoolVar(&o.HTTP2, "http2", false, "offer HTTP/2")
	flags.IntVar(&o.Visitors, "visitors", 0,
		"`number` of visitors whose arrivals are noted; 0 notes none")
	flags.BoolVar(&o.Down, "down", false, "refuse all calls until told otherwise")
	return o, flags.Parse(args)
}

// addresses are what a server process says first: where calls go, and where the harness asks.
type addresses struct {
	URL     string `json:"url"`
	Control string `json:"control"`
}

// Serve is the role of a server. It ends with its standard input.
func Serve(ctx context.Context, args []string) error {
	signal.Ignore(os.Interrupt) // or Ctrl-C would end it before those who call it
	o, err := parse(args)
	if err != nil {
		return err
	}
	c := &counter{latency: o.Latency}
	c.down.Store(o.Down)
	if o.Visitors > 0 {
		c.arrivals = NewArrivals(o.Visitors)
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
	go func() { ended <- c.answerCalls(calls, o) }()
	go func() { ended <- c.answerHarness(control) }()
	go func() { ended <- inputEnd() }()
	scheme := "http"
	if o.Certificate != "" {
		scheme = "https"
	}
	err = process.Say(addresses{
		URL: scheme + "://" + calls.Addr().String(), Control: "http://" + control.Addr().String(),
	})
	if err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// answerCalls answers what clients send, until it fails.
func (c *counter) answerCalls(listener net.Listener, o Options) error {
	server := &http.Server{
		Handler: c, ConnState: c.connState, ReadHeaderTimeout: headerTimeout,
		Protocols: new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(o.HTTP2)
	if o.Certificate == "" {
		return server.Serve(listener)
	}
	server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	return server.ServeTLS(listener, CertificateFile(o.Certificate), keyFile(o.Certificate))
}

// answerHarness answers what the harness asks, until it fails.
func (c *counter) answerHarness(listener net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/",
		func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(c.stats()) })
	mux.HandleFunc(upPath, func(http.ResponseWriter, *http.Request) { c.down.Store(false) })
	if c.arrivals != nil {
		mux.HandleFunc(arrivalsPath, func(w http.ResponseWriter, _ *http.Request) {
			_,
				_ = w.Write(c.arrivals.bytes())
		})
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
