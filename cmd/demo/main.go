// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command demo shows the whole way on one machine: it starts the emulator and a
// collector that reads the sample records, waits until every record has come to
// its end, and says what became of them. Then it goes on with a record now and then.
//
// It knows the two programs only from outside, by their command lines, the
// collector's metrics and the emulator's control, as any user does.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/demo"

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// options are the command line.
type options struct {
	collector string
	emulator  string
	config    string
	data      string
	route     string
	listen    string
	once      bool
	wait      time.Duration
}

func main() {
	o, err := parseOptions(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = o.check()
	}
	if err == nil {
		err = runUntilSignal(o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// sameSignal is for how long a second signal counts as the first one, which some
// tools send both to a program and to its group.
const sameSignal = time.Second

// runUntilSignal ends the demo in order when the user, the terminal or the reader
// of its output is gone, and at once when the user asks a second time.
func runUntilSignal(o options, out io.Writer) error {
	runtime.LockOSThread() // see ownGroup
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	hurry := make(chan struct{})
	go func() {
		<-signals
		end()
		time.Sleep(sameSignal)
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		<-again
		close(hurry)
	}()
	return run(ctx, hurry, o, out)
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.collector, "collector", "dist/otelcol-adobetarget", "the collector's `program`")
	flags.StringVar(&o.emulator, "emulator", "dist/adobetarget", "the `program` that has the emulator")
	flags.StringVar(&o.config, "config", "examples/demo.yaml", "the collector's configuration `file`")
	flags.StringVar(&o.data, "data", "testdata/actions.jsonl", "`file` of records, one JSON object a line")
	flags.StringVar(&o.route, "route", "single", "the exporter's `route`, single, delivery or bulk")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8089", "`address` of the emulator and its page; where it is taken, another one")
	flags.BoolVar(&o.once, "once", false, "end after the summary")
	flags.DurationVar(&o.wait, "wait", 2*time.Minute, "longest `time` until every record has come to its end")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	if flags.NArg() > 0 {
		return options{}, errors.New("only flags are taken, no other arguments")
	}
	return o, nil
}

// check returns an error that names every file that is missing.
func (o options) check() error {
	var errs []error
	for _, f := range []struct{ flag, path, hint string }{
		{"collector", o.collector, "make build makes it"},
		{"emulator", o.emulator, "make build makes it"},
		{"config", o.config, "run the demo from the root of the repository"},
		{"data", o.data, "run the demo from the root of the repository"},
	} {
		if info, err := os.Stat(f.path); err != nil || !info.Mode().IsRegular() {
			errs = append(errs, fmt.Errorf("-%s: %s is no file; %s", f.flag, f.path, f.hint))
		}
	}
	return errors.Join(errs...)
}
