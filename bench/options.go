// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"
)

// defaultPage is what the results are written into unless -page names another one.
const defaultPage = "docs/performance.md"

// parseOptions reads the command line, and looks at all that could fail after a long time of
// measuring.
func parseOptions(args []string) (section.Options, error) {
	o := section.Options{Command: command(args)}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	var asked section.Sizes
	quick := flags.Bool("quick", false, "everything in small, written down only with -page")
	only := flags.String("only", "",
		"`sections`, separated by commas: "+strings.Join(section.Names(), ", "))
	flags.IntVar(&asked.Rounds, "rounds", 0,
		"`number` of rounds of which the median counts (5, quick 1)")
	flags.IntVar(&asked.Calls, "calls", 0, "`number` of calls of a round (200000, quick 30000)")
	flags.IntVar(&asked.Lines, "lines", 0, "`number` of lines of a file (200000, quick 40000)")
	flags.StringVar(&o.Page, "page", defaultPage,
		"`file` whose marked parts are replaced, with plots beside it; '' writes nothing down, as -quick does without -page")
	flags.StringVar(&o.Collector, "collector", "dist/otelcol-adobetarget", "the `distribution`")
	flags.StringVar(&o.Benthos, "benthos", ".tools/benthos",
		"`Benthos`; its rows are left out when it is missing")
	flags.StringVar(&o.Profiles, "profiles", "",
		"`folder` for a CPU profile of the exporter alone and of the distribution")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.Sizes = section.Full()
	if *quick {
		o.Sizes = section.Quick()
		if !isSet(flags, "page") {
			o.Page = ""
		}
	}
	o.Rounds, o.Calls, o.Lines = cmp.Or(asked.Rounds, o.Rounds), cmp.Or(asked.Calls,
		o.Calls), cmp.Or(asked.Lines, o.Lines)
	o.Only = section.Names()
	if *only != "" {
		o.Only = strings.Split(*only, ",")
	}
	var rest error
	if flags.NArg() > 0 {
		rest = fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	return o, errors.Join(rest, o.Validate())
}

// isSet reports whether the command line has the flag, be it with an empty value.
func isSet(flags *flag.FlagSet, name string) bool {
	set := false
	flags.Visit(func(f *flag.Flag) { set = set || f.Name == name })
	return set
}

// command returns what is typed to give these arguments to make.
func command(args []string) string {
	if len(args) == 0 {
		return "make bench-compare"
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
	return "make bench-compare ARGS=" + quote + all + quote
}
