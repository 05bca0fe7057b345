// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"
)

func newTest() *cobra.Command {
	var o testOptions
	command := &cobra.Command{
		Use:     "test FILE…",
		Short:   "Run the tests of a mapping that stand in YAML beside its configuration",
		Long:    testIntroduction,
		Example: testExamples,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := regexp.Compile(o.run)
			if err != nil {
				return fmt.Errorf("--run: %w", err)
			}
			t := &testRun{options: o, chosen: chosen, out: cmd.OutOrStdout(), logger: warnings(cmd.ErrOrStderr())}
			return t.all(cmd.Context(), args)
		},
	}
	o.define(command.Flags())
	return command
}

// testOptions are the flags of test.
type testOptions struct {
	run, junit string
	update     bool
}

func (o *testOptions) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&o.run, "run", "", "run only tests whose names match a regular `expression`")
	flags.BoolVar(&o.update, "update", false, "write what comes of the records as what is expected, in tests that do not pass")
	flags.StringVar(&o.junit, "junit", "", "write a report for CI systems to a `file`, as JUnit XML")
}

// testRun runs files of tests.
type testRun struct {
	options testOptions
	chosen  *regexp.Regexp
	out     io.Writer
	logger  *zap.Logger

	suites        []mappingtest.Suite
	tests, failed int
	unreadable    int
}

func (t *testRun) all(ctx context.Context, args []string) error {
	paths, err := mappingtest.Files(args)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(paths, t.isReport) {
		return errors.New("--junit: is a file of tests, which the report would replace")
	}
	for _, path := range paths {
		t.file(ctx, path)
		if ctx.Err() != nil {
			return failure{errors.New("interrupted")}
		}
	}
	if t.options.junit != "" {
		if err := t.report(); err != nil {
			return fmt.Errorf("--junit: %w", err)
		}
	}
	fmt.Fprintf(t.out, "%s: %d passed, %d failed\n", count(t.tests, "test"), t.tests-t.failed, t.failed)
	switch {
	case t.unreadable > 0:
		return fmt.Errorf("%s could not be run", count(t.unreadable, "file"))
	case t.tests == 0:
		return failure{errors.New("--run: no test has a name that matches")}
	case t.failed > 0:
		return failure{fmt.Errorf("%s failed", count(t.failed, "test"))}
	}
	return nil
}

// file runs the tests of one file.
func (t *testRun) file(ctx context.Context, path string) {
	s := mappingtest.Suite{Path: path}
	if s.Results, s.Err = t.runFile(ctx, path); s.Err != nil {
		t.unreadable++
		fmt.Fprintf(t.out, "%s: cannot be run\n%s", path, indented(strings.Split(s.Err.Error(), "\n")))
	}
	t.suites = append(t.suites, s)
}

func (t *testRun) runFile(ctx context.Context, path string) ([]*mappingtest.Result, error) {
	file, err := mappingtest.Read(path)
	if err != nil {
		return nil, err
	}
	results, err := file.Run(ctx, t.chosen.MatchString, t.logger)
	if err == nil && t.options.update {
		results, err = t.update(file, results)
	}
	for _, r := range results {
		t.tests++
		if !r.Passed() {
			t.failed++
			fmt.Fprintf(t.out, "FAIL %s:%d: %s\n%s", path, r.Line, r.Name, indented(r.Differences))
		}
	}
	return results, err
}

// isReport reports whether a file of tests is also the one to write the report to.
func (t *testRun) isReport(path string) bool {
	report, err := os.Stat(t.options.junit)
	if err != nil {
		return false
	}
	tests, err := os.Stat(path)
	return err == nil && os.SameFile(report, tests)
}

// update writes the file with what came of the tests, which are as expected then.
func (t *testRun) update(file *mappingtest.File, results []*mappingtest.Result) ([]*mappingtest.Result, error) {
	text, err := file.Updated(results)
	if err != nil {
		return results, err
	}
	if err := mappingtest.Replace(file.Path, text); err != nil {
		return results, err
	}
	for _, r := range results {
		if !r.Passed() {
			fmt.Fprintf(t.out, "updated %s:%d: %s\n", file.Path, r.Line, r.Name)
			r.Differences = nil
		}
	}
	return results, nil
}

func (t *testRun) report() error {
	file, err := os.Create(t.options.junit)
	if err != nil {
		return err
	}
	return errors.Join(mappingtest.WriteJUnit(file, t.suites), file.Close())
}

func indented(lines []string) string {
	return "    " + strings.Join(lines, "\n    ") + "\n"
}

func count(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
