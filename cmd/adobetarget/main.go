// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command adobetarget is the companion of the exporter adobe_target: a Target in memory to develop and test against, and
// what shows the calls that a mapping makes before any reaches Adobe.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"context"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"go.opentelemetry.io/collector/featuregate"
)

// version is that of the release, the same as in builder-config.yaml.
const version = "0.1.0"

// The exit codes of every command.
const (
	// exitOK: all is as expected.
	exitOK = iota
	// exitFailure: it ran, and something is not as expected.
	exitFailure
	// exitUsage: arguments, a configuration or an input that cannot be read.
	exitUsage
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // where nobody reads on, a write says so, and the exit code is one of ours
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command until it or the context ends.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRoot() //nolint:contextcheck // a command is given its context when it runs
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return exitCode(root.ExecuteContext(ctx), stderr)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:     "adobetarget",
		Short:   "A Target to develop against, and the calls that a mapping makes, before Adobe sees any",
		Args:    cobra.NoArgs,
		Version: version,
		// Errors are printed by run alone, with the exit code that they mean.
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	gates := flag.NewFlagSet("", flag.ContinueOnError)
	featuregate.GlobalRegistry().RegisterFlags(gates)
	root.PersistentFlags().AddGoFlagSet(gates)
	root.AddCommand(newEmulator(), newPreview(), newTest(), newProbe())
	return root
}
