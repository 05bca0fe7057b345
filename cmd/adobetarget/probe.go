// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
)

const (
	probeTokenVariable = "ADOBE_TARGET_TOKEN"
	probeWait          = 30 * time.Second
)

// probeOptions are the command line.
type probeOptions struct {
	source    sourceOptions
	visitor   string
	only      []string
	tokenFile string
	yes, json bool
	options   probe.Options
}

func newProbe() *cobra.Command {
	var o probeOptions
	command := &cobra.Command{
		Use:   "probe --config FILE --visitor mbox3rdPartyId=ID|mboxPC=ID",
		Short: "Ask a sandbox of Adobe Target what Adobe does not document",
		Long:  probeIntroduction + probeQuestions(),
		Example: `  adobetarget probe --config collector.yaml --visitor mbox3rdPartyId=probe-1
  adobetarget probe --config collector.yaml --visitor mbox3rdPartyId=probe-1 --only values,seen --wait 1h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	o.define(command.Flags())
	return command
}

func (o *probeOptions) define(flags *pflag.FlagSet) {
	o.source.define(flags)
	flags.StringVar(&o.visitor, "visitor", "", "the `visitor` whose profile is changed: mbox3rdPartyId=ID or mboxPC=ID, one that the sandbox knows")
	flags.StringSliceVar(&o.only, "only", nil, "the `questions` to ask, with commas between them; all but those of unused routes when not given")
	flags.StringVar(&o.tokenFile, "token-file", "", "`file` of the profile token, for a configuration with auth; else the variable "+probeTokenVariable)
	flags.DurationVar(&o.options.Wait, "wait", probeWait, "for how `long` the profile is looked at until it shows what was sent")
	flags.BoolVar(&o.options.ShowIDs, "show-ids", false, "show answers with the ids in them")
	flags.BoolVar(&o.yes, "yes", false, "do not ask whether to go on")
	flags.BoolVar(&o.json, "json", false, "write the findings as JSON")
}

func (o *probeOptions) run(cmd *cobra.Command) error {
	if cmd.Flags().Changed("only") && len(o.only) == 0 { // as of a variable that is not set
		return errors.New("--only: names no question, leave it out to ask all")
	}
	stderr := cmd.ErrOrStderr()
	subject, plan, err := o.prepare(cmd.Context(), stderr)
	if err != nil {
		return err
	}
	plan.Write(stderr, subject, o.options)
	if !o.yes {
		switch goOn, unasked := confirm(cmd.Context(), cmd.InOrStdin(), stderr); {
		case unasked != nil:
			return unasked
		case !goOn:
			return failure{errors.New("nothing was asked")}
		}
	}
	report, err := probe.Run(cmd.Context(), subject, plan, o.options)
	if err != nil {
		return err
	}
	write := report.Write
	if o.json {
		write = report.WriteJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return failure{err}
	}
	switch {
	case report.Ended != "":
		return failure{errors.New("ended early: " + report.Ended + "; " + report.Do)}
	case !report.Fits():
		return failure{errors.New("the configuration differs from what was answered, or a question is open")}
	}
	return nil
}

// prepare reads what to ask and of whom.
func (o *probeOptions) prepare(ctx context.Context, stderr io.Writer) (*probe.Subject, probe.Plan, error) {
	if err := o.source.validate(); err != nil {
		return nil, nil, err
	}
	switch {
	case o.visitor == "":
		return nil, nil, errors.New("--visitor: required, one that the sandbox knows: mbox3rdPartyId=ID or mboxPC=ID")
	case o.options.Wait < 0:
		return nil, nil, errors.New("--wait: must be 0 or more")
	}
	visitor, err := probe.ParseVisitor(o.visitor)
	if err != nil {
		return nil, nil, fmt.Errorf("--visitor: %w", err)
	}
	exporter, err := preview.Load(ctx, o.source.on(stderr))
	if err != nil {
		return nil, nil, err
	}
	token, err := o.token()
	if err != nil {
		return nil, nil, err
	}
	subject, err := probe.NewSubject(exporter.ID.String(), exporter.Config, visitor, token)
	if err != nil {
		return nil, nil, err
	}
	plan, err := probe.NewPlan(subject, o.only)
	return subject, plan, err
}

// token reads the token, "" when there is none. Errors do not repeat it.
func (o *probeOptions) token() (string, error) {
	text, from := os.Getenv(probeTokenVariable), probeTokenVariable
	if o.tokenFile != "" {
		read, err := os.ReadFile(o.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		text, from = string(read), "--token-file"
	}
	token := strings.TrimSpace(text)
	if strings.ContainsAny(token, " \t\r\n") || token == "" && o.tokenFile != "" {
		return "", fmt.Errorf("%s: must hold the token and nothing else", from)
	}
	return token, nil
}

// confirm asks on the terminal whether to go on.
func confirm(ctx context.Context, stdin io.Reader, stderr io.Writer) (bool, error) {
	file, isFile := stdin.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		return false, errors.New("there is no terminal to ask on: say --yes to make these calls")
	}
	return question(ctx, file, stderr), nil
}

// question reads an answer, of which only y and yes go on.
func question(ctx context.Context, stdin io.Reader, stderr io.Writer) bool {
	fmt.Fprint(stderr, "\nMake these calls? [y/N] ")
	line, _ := bufio.NewReader(&interruptible{ctx: ctx, from: stdin}).ReadString('\n') // what cannot be read is no yes
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}
