// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
)

func newPreview() *cobra.Command {
	var o previewOptions
	command := &cobra.Command{
		Use:     "preview --config FILE [--records FILE]",
		Short:   "Show the calls that a configuration makes of records, without making any",
		Long:    previewIntroduction,
		Example: previewExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			if cmd.Flags().Changed("fail-on") && len(o.failOn) == 0 { // as of a variable that is not set
				return errors.New("--fail-on: names no outcome, so nothing would fail")
			}
			return o.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	o.define(command.Flags())
	return command
}

// run previews. What is not as expected is a failure, and what cannot be read is none.
func (o *previewOptions) run(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) error {
	exporter, err := preview.Load(ctx, o.source.on(stderr))
	if err != nil {
		return err
	}
	p, err := preview.New(exporter, preview.Options{Each: o.noMerge, ShowIDs: o.showIDs})
	if err != nil {
		return err
	}
	from, closes, err := openRecords(ctx, o.records, stdin, stderr)
	if err != nil {
		return err
	}
	defer closes()
	reader := preview.NewReader(from, preview.Form(o.as), o.floats)
	out := o.output(stdout, exporter)
	totals, err := p.Run(ctx, reader.Records(), out)
	if err == nil {
		totals.As = string(reader.Form())
		err = out.Summary(totals)
	}
	switch {
	case errors.Is(err, syscall.EPIPE) && len(o.failOn) == 0: // whoever reads has seen enough
		return nil
	case ctx.Err() != nil:
		return failure{errors.New("interrupted")}
	case isWrite(err):
		return failure{fmt.Errorf("the output ends before the records: %w", err)}
	case err != nil:
		return fmt.Errorf("--records: %w", err)
	}
	return o.expect(totals)
}

// isWrite reports whether it is the output that failed.
func isWrite(err error) bool {
	path, is := errors.AsType[*os.PathError](err)
	return is && path.Op == "write"
}

// openRecords opens the file of records, "-" for stdin. Reading ends with ctx.
func openRecords(ctx context.Context, name string, stdin io.Reader, stderr io.Writer) (from io.Reader, closes func(), err error) {
	if name == "-" {
		if file, is := stdin.(*os.File); is && term.IsTerminal(int(file.Fd())) {
			fmt.Fprintln(stderr, "Records are read from the terminal; Ctrl-D ends them.")
		}
		return &interruptible{ctx: ctx, from: stdin}, func() {}, nil
	}
	file, err := os.Open(name) //nolint:gosec // it is named by who runs this
	if err != nil {
		return nil, nil, fmt.Errorf("--records: %w", err)
	}
	return &interruptible{ctx: ctx, from: file}, func() { _ = file.Close() }, nil
}

// interruptible reads until ctx ends, also where nothing comes.
type interruptible struct {
	ctx    context.Context //nolint:containedctx // a reader has no other way to be given one
	from   io.Reader
	buffer []byte
}

func (i *interruptible) Read(p []byte) (int, error) {
	if len(i.buffer) < len(p) {
		i.buffer = make([]byte, len(p))
	}
	into := i.buffer[:len(p)]
	type read struct {
		n   int
		err error
	}
	done := make(chan read, 1)
	go func() {
		n, err := i.from.Read(into)
		done <- read{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, into[:r.n]), r.err
	case <-i.ctx.Done():
		return 0, i.ctx.Err()
	}
}
