// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// options are the command line.
type options struct {
	rounds      int
	calls       int
	lines       int
	backlogs    []int
	concurrency []int
	paced       time.Duration
	idle        time.Duration
	perPoint    time.Duration

	only      []string
	page      string
	collector string
	benthos   string
	profiles  string
	command   string
}

// defaultPage is what the results are written into unless -page names another one.
const defaultPage = "docs/performance.md"

func parseOptions(args []string) (options, error) {
	o := options{command: strings.Join(append([]string{"make bench-compare"}, quoted(args)...), " ")}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	quick := flags.Bool("quick", false, "everything in small, written down only with -page")
	only := flags.String("only", "", "`sections`, separated by commas: "+strings.Join(sectionNames(), ", "))
	flags.IntVar(&o.rounds, "rounds", 0, "`number` of rounds of which the median counts (5, quick 1)")
	flags.IntVar(&o.calls, "calls", 0, "`number` of calls of a round (200000, quick 30000)")
	flags.IntVar(&o.lines, "lines", 0, "`number` of lines of a file (200000, quick 40000)")
	flags.StringVar(&o.page, "page", defaultPage, "`file` whose marked parts are replaced, with plots beside it; '' writes nothing down, as -quick does without -page")
	flags.StringVar(&o.collector, "collector", "dist/otelcol-adobetarget", "the `distribution`")
	flags.StringVar(&o.benthos, "benthos", ".tools/benthos", "`Benthos`; its rows are left out when it is missing")
	flags.StringVar(&o.profiles, "profiles", "", "`folder` for a CPU profile of the exporter alone and of the distribution")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.setSizes(*quick)
	if *quick && !isSet(flags, "page") {
		o.page = ""
	}
	o.only = sectionNames()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	return o, o.validate(flags.Args())
}

// setSizes sets how much is measured, as far as the command line leaves it open.
func (o *options) setSizes(quick bool) {
	if quick {
		o.backlogs, o.concurrency = []int{10_000, 50_000}, []int{1, 8, 64}
		o.paced, o.idle, o.perPoint = 5*time.Second, 5*time.Second, 500*time.Millisecond
		setDefault(&o.rounds, 1)
		setDefault(&o.calls, 30_000)
		setDefault(&o.lines, 40_000)
		return
	}
	o.backlogs, o.concurrency = []int{10_000, 100_000, 1_000_000}, []int{1, 2, 4, 8, 16, 32, 64}
	o.paced, o.idle, o.perPoint = 30*time.Second, 20*time.Second, time.Second
	setDefault(&o.rounds, 5)
	setDefault(&o.calls, 200_000)
	setDefault(&o.lines, 200_000)
}

// isSet tells whether the command line has the flag, be it with an empty value.
func isSet(flags *flag.FlagSet, name string) bool {
	set := false
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

func setDefault(number *int, value int) {
	if *number == 0 {
		*number = value
	}
}

// validate looks at all that could fail after a long time of measuring.
func (o options) validate(rest []string) error {
	var errs []error
	if len(rest) > 0 {
		errs = append(errs, fmt.Errorf("%q is no flag", rest[0]))
	}
	var known []string
	for _, name := range o.only {
		if slices.Contains(sectionNames(), name) {
			known = append(known, name)
			continue
		}
		errs = append(errs, fmt.Errorf("-only: there is no section %q, only %s", name, strings.Join(sectionNames(), ", ")))
	}
	if o.rounds < 1 || o.calls < 1 || o.lines < 1 {
		errs = append(errs, errors.New("-rounds, -calls and -lines have to be 1 or more"))
	}
	if _, err := os.Stat(o.collector); err != nil {
		errs = append(errs, fmt.Errorf("-collector: %w; make build makes it, in the root of the repository", err))
	}
	if o.page != "" {
		errs = append(errs, checkPage(o.page, known))
	}
	if o.profiles != "" {
		errs = append(errs, o.checkProfiles())
	}
	return errors.Join(errs...)
}

// quoted returns the arguments as they are given to make.
func quoted(args []string) []string {
	if len(args) == 0 {
		return nil
	}
	words := slices.Clone(args)
	for i, word := range words {
		if word == "" {
			words[i] = "''"
		}
	}
	all, quote := strings.Join(words, " "), "'"
	if strings.Contains(all, quote) {
		quote = `"`
	}
	return []string{"ARGS=" + quote + all + quote}
}
