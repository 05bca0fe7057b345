// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	startTimeout = 20 * time.Second
	// keepOrder makes the collector's file receiver hand on records in order, see
	// examples/files-to-target.yaml.
	keepOrder = "--feature-gates=stanza.synchronousLogEmitter"
)

// An upload takes minutes until it is complete, and the demo is to take seconds.
const (
	routeBulk      = "bulk"
	bulkProcessing = "--bulk-processing=1s"
	shortTimes     = "yaml:exporters::adobe_target::bulk: " +
		"{interval: 2s, status: {initial_delay: 1s, max_interval: 2s, timeout: 1m}}"
)

// arguments are those of the two programs.
func (o options) arguments(listen string) (emulator, collector []string) {
	emulator, collector = []string{"emulator", "--listen", listen}, []string{"--config", o.config, keepOrder}
	if o.route == routeBulk {
		emulator, collector = append(emulator, bulkProcessing), append(collector, "--config", shortTimes)
	}
	return emulator, collector
}

// run starts the two programs, tells what became of the records and, unless it is
// to end then, stays until the context is over. It leaves nothing behind.
func run(ctx context.Context, hurry <-chan struct{}, o options, out io.Writer) (err error) {
	folder, err := os.MkdirTemp("", "adobe-target-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	d := &demo{options: o, folder: folder, web: newWeb(), out: out}
	defer d.web.close()
	// The collector ends before the emulator, or it would end with an outage.
	defer func() { err = errors.Join(err, d.stop(hurry)) }()

	switch err = d.tell(ctx); {
	case ctx.Err() != nil:
		return nil // ended by the user
	case err != nil || o.once:
		return err
	}
	return d.stay(ctx)
}

// demo is one run.
type demo struct {
	options
	folder    string
	web       *web
	out       io.Writer
	emulator  *program
	collector *program
	places    places
	example   *emulator.Profile // a visitor of whom there is something to see
}

// places are the addresses at which the demo can be looked at while it runs.
type places struct {
	emulator string // its base URL
	metrics  string // the collector's metrics page
	records  string // the file that the collector reads, where it can grow
}

func (d *demo) tell(ctx context.Context) error {
	lines, err := countLines(d.data)
	if err == nil {
		err = d.startBoth(ctx)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "Sending %s records of %s to the emulator at %s\n\n", grouped(lines), d.data, d.places.emulator)

	s, err := d.settle(ctx, lines)
	if err != nil {
		return err
	}
	s.write(d.out)
	if held := s.lines - s.account.ended(); held > 0 {
		return d.collector.failed(fmt.Sprintf("has records left after %s: %d", d.wait, held))
	}
	return nil
}

func (d *demo) startBoth(ctx context.Context) error {
	if err := d.startEmulator(ctx); err != nil {
		return err
	}
	return d.startCollector(ctx)
}

func (d *demo) startEmulator(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	arguments, _ := d.arguments(freeOr(ctx, d.listen, "127.0.0.1:0"))
	d.emulator, err = start(d.folder, "emulator", d.options.emulator, arguments, nil)
	if err != nil {
		return err
	}
	line, err := d.emulator.firstLine(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return d.emulator.failed("does not say where it listens")
	}
	if err != nil {
		return err
	}
	address, found := strings.CutPrefix(line, "listening on ")
	if !found {
		return d.emulator.failed("does not say where it listens")
	}
	d.places.emulator = address
	return nil
}

func (d *demo) startCollector(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	data, err := d.records()
	if err != nil {
		return err
	}
	host, port, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	d.places.metrics = "http://" + net.JoinHostPort(host, port) + "/metrics"
	_, arguments := d.arguments("")
	d.collector, err = start(d.folder, "collector", d.options.collector, arguments, []string{
		"DEMO_DATA=" + data,
		"DEMO_ENDPOINT=" + d.places.emulator,
		"DEMO_ROUTE=" + d.route,
		"DEMO_METRICS_HOST=" + host,
		"DEMO_METRICS_PORT=" + port,
	})
	if err != nil {
		return err
	}
	err = d.collector.until(ctx, func() bool {
		_, failed := d.web.account(ctx, d.places.metrics)
		return failed == nil
	})
	if errors.Is(err, context.DeadlineExceeded) {
		return d.collector.failed("does not show its metrics at the address that DEMO_METRICS_HOST and DEMO_METRICS_PORT name")
	}
	return err
}

// stay sends a record now and then until the user ends the demo, or one of the programs ends by
// itself.
func (d *demo) stay(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	fed := make(chan error, 1)
	go func() { fed <- d.feed(ctx) }()
	writePlaces(d.out, d.places, d.config, d.collector.log, d.example)
	select {
	case err := <-fed:
		if err == nil {
			fmt.Fprint(d.out, "\nEnding: the collector first sends what it holds. Ctrl-C again does not wait for that.\n")
		}
		return err
	case <-d.emulator.ended:
		return d.emulator.failed("has ended")
	case <-d.collector.ended:
		return d.collector.failed("has ended")
	}
}

func (d *demo) stop(hurry <-chan struct{}) error {
	var errs []error
	for _, p := range []*program{d.collector, d.emulator} {
		if p != nil {
			errs = append(errs, p.stop(hurry))
		}
	}
	return errors.Join(errs...)
}

// freeOr returns the wanted address when nobody listens there, and the other one else.
func freeOr(ctx context.Context, wanted, other string) string {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", wanted)
	if err != nil {
		return other
	}
	_ = listener.Close()
	return wanted
}

// freeAddress returns a loopback address that nobody listened on a moment ago.
func freeAddress(ctx context.Context) (host, port string, err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer listener.Close()
	return net.SplitHostPort(listener.Addr().String())
}
