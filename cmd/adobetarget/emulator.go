// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/emulator"
)

// recentCalls is how many of the newest calls the page can show.
const recentCalls = 1_000

func newEmulator() *cobra.Command {
	var o emulatorOptions
	command := &cobra.Command{
		Use:     "emulator",
		Short:   "Run an Adobe Target in memory, with a page that shows what arrives",
		Long:    emulatorIntroduction,
		Example: emulatorExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.read(); err != nil {
				return err
			}
			e, err := emulator.New(o.settings)
			if err != nil {
				return err
			}
			logger := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			if err := serve(cmd.Context(), e, o, cmd.OutOrStdout(), logger); err != nil {
				return failure{err}
			}
			return nil
		},
	}
	o.define(command.Flags())
	command.SetUsageTemplate(command.UsageTemplate() + emulatorControl)
	return command
}

// read checks the flags and reads the files they name.
func (o *emulatorOptions) read() error {
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key belong together")
	}
	if o.page {
		o.settings.RecentCalls = recentCalls
	}
	return errors.Join(o.readKnown(), o.parseFaults())
}
