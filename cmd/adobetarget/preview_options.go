// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/term"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
)

// sourceOptions are the flags that say where a configuration stands, as those of the Collector.
type sourceOptions struct {
	configs, sets []string
	exporter      string
}

func (o *sourceOptions) define(flags *pflag.FlagSet) {
	flags.StringArrayVar(&o.configs, "config", nil,
		"`file` of a Collector's configuration, or a URI as its --config takes (file:, yaml:, env:); may be given several times, a later one wins")
	flags.StringArrayVar(&o.sets, "set", nil,
		"a `key=value` over the configuration, as exporters.adobe_target.route=bulk; may be given several times")
	flags.StringVar(&o.exporter, "exporter", "", "the `id` of the exporter, as adobe_target/second, where the configuration has several")
}

func (o *sourceOptions) validate() error {
	if len(o.configs) == 0 {
		return errors.New("--config: required, the configuration of the Collector")
	}
	return nil
}

// on returns the source, whose warnings are written to stderr.
func (o *sourceOptions) on(stderr io.Writer) preview.Source {
	return preview.Source{URIs: o.configs, Sets: o.sets, Exporter: o.exporter, Logger: warnings(stderr)}
}

// warnings returns a logger that writes what the Collector would warn of.
func warnings(stderr io.Writer) *zap.Logger {
	encoder := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "msg", LevelKey: "level", EncodeLevel: zapcore.LowercaseLevelEncoder})
	return zap.New(zapcore.NewCore(encoder, zapcore.AddSync(stderr), zap.WarnLevel))
}

// previewOptions are the flags of preview.
type previewOptions struct {
	source                           sourceOptions
	records, as                      string
	floats, noMerge, showIDs, pretty bool
	failOn                           []string
}

func (o *previewOptions) define(flags *pflag.FlagSet) {
	flags.SortFlags = false
	o.source.define(flags)
	flags.StringVar(&o.records, "records", "-", "`file` of records, - for standard input")
	flags.StringVar(&o.as, "as", string(preview.Auto), "how a line that is no OTLP/JSON becomes a record: `auto`, record, attributes, body or text")
	flags.BoolVar(&o.floats, "floats", false, "read all numbers as floating-point ones, as json_parser does without parse_ints: true")
	flags.BoolVar(&o.noMerge, "no-merge", false, "show a call for each record, as if none waited for others of its visitor")
	flags.BoolVar(&o.pretty, "pretty", false, "write for people: records on the left, their calls on the right")
	flags.BoolVar(&o.showIDs, "show-ids", false, "show the ids of visitors, which are masked otherwise")
	flags.StringSliceVar(&o.failOn, "fail-on", nil, "exit with 1 where a record had one of these `outcomes`: skipped, dropped or one of their reasons")
}

func (o *previewOptions) validate() error {
	if err := o.source.validate(); err != nil {
		return err
	}
	if err := preview.Form(o.as).Validate(); err != nil {
		return fmt.Errorf("--as: %w", err)
	}
	for _, name := range o.failOn {
		if !slices.Contains(preview.Outcomes(), name) {
			return fmt.Errorf("--fail-on: %q is unknown, use some of %s", name, strings.Join(preview.Outcomes(), ", "))
		}
	}
	return nil
}

// summarizing is an output that ends with a summary.
type summarizing interface {
	preview.Output
	Summary(t preview.Totals) error
}

func (o *previewOptions) output(w io.Writer, e *preview.Exporter) summarizing {
	if !o.pretty {
		return preview.NewLines(w)
	}
	style := styleOf(w)
	style.ShowIDs = o.showIDs
	return preview.NewPretty(w, e, style)
}

// usualWidth is that of what is no terminal and does not say how wide it is.
const usualWidth = 120

// styleOf returns how wide w is, and whether it shows colors.
func styleOf(w io.Writer) preview.Style {
	s := preview.Style{Width: usualWidth}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		s.Width = columns
	}
	file, is := w.(*os.File)
	if !is {
		return s
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return s // it is no terminal
	}
	s.Width = width
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// expect returns a failure where the records were not as they are to be.
func (o *previewOptions) expect(t preview.Totals) error {
	if t.Records == 0 {
		return failure{errors.New("there were no records")}
	}
	counts := t.Outcomes()
	var found []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		if slices.Contains(o.failOn, name) {
			found = append(found, fmt.Sprintf("%s %d", name, counts[name]))
		}
	}
	if len(found) > 0 {
		return failure{fmt.Errorf("--fail-on: %s", strings.Join(found, ", "))}
	}
	return nil
}
