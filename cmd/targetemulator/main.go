// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command targetemulator runs an in-memory Adobe Target: profile updates to develop, demonstrate and test against.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/targetemulator"

import (
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

const (
	exitOK = iota
	exitFailure
	exitUsage
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	o, err := parseOptions(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	}
	var e *emulator.Emulator
	if err == nil {
		e, err = emulator.New(o.settings)
	}
	if err != nil {
		logger.Error("impossible setting", slog.Any("error", err))
		return exitUsage
	}
	if err := serve(ctx, e, o, stdout, logger); err != nil {
		logger.Error("stopped by an error", slog.Any("error", err))
		return exitFailure
	}
	return exitOK
}
