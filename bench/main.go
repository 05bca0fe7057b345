// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// roles are what this program is when it starts itself.
var roles = map[string]func(context.Context, []string) error{
	server.Role:            server.Serve,
	contender.FloorRole:    contender.Floor,
	contender.ExporterRole: contender.Exporter,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 {
		if role, ok := roles[args[0]]; ok {
			return role(ctx, args[1:])
		}
	}
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	return section.Run(ctx, o)
}
