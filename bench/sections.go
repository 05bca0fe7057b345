// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// section is a part of the report.
type section struct {
	name string
	run  func(*suite, context.Context) (string, error)
}

func allSections() []section {
	return []section{
		{"exporter", (*suite).exporterSection},
		{"distribution", (*suite).distributionSection},
		{"record", (*suite).recordSection},
		{"merging", (*suite).mergingSection},
		{"memory", (*suite).memorySection},
		{"start", (*suite).startSection},
		{"concurrency", (*suite).concurrencySection},
	}
}

func sectionNames() []string {
	var names []string
	for _, s := range allSections() {
		names = append(names, s.name)
	}
	return names
}

// suite is one run of the harness.
type suite struct {
	options
	folder  string // for files of the run
	machine report.Machine
	log     io.Writer // for whoever waits
}

// runSections runs what was asked for. A target that is missed is reported and is no error.
func runSections(ctx context.Context, o options) (err error) {
	folder, err := os.MkdirTemp("", "adobe-target-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := writeCertificate(folder); err != nil {
		return err
	}
	s := &suite{options: o, folder: folder, machine: report.ThisMachine(), log: os.Stderr}
	for _, section := range allSections() {
		if !slices.Contains(o.only, section.name) {
			continue
		}
		s.progress("%s", section.name)
		text, err := section.run(s, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
		text += "\n" + s.machine.Line(o.command) + "\n"
		fmt.Printf("\n## %s\n\n%s\n", section.name, text)
		if err := s.write(section.name, text); err != nil {
			return err
		}
	}
	return nil
}

// progress tells whoever waits what is being done.
func (s *suite) progress(format string, args ...any) {
	fmt.Fprintf(s.log, "bench: "+format+"\n", args...)
}

// write puts the results of a section in their place on the page.
func (s *suite) write(section, text string) error {
	if s.page == "" {
		return nil
	}
	page, err := os.ReadFile(s.page)
	if err != nil {
		return fmt.Errorf("-page: %w", err)
	}
	changed, err := report.Replace(string(page), section, text)
	if err != nil {
		return fmt.Errorf("%s: %w", s.page, err)
	}
	return os.WriteFile(s.page, []byte(changed), 0o644) //nolint:gosec // G306: a page of the repository
}

// draw writes a chart beside the page.
func (s *suite) draw(name string, chart plot.Chart) error {
	if s.page == "" {
		return nil
	}
	path := filepath.Join(filepath.Dir(s.page), name)
	return os.WriteFile(path, []byte(chart.SVG()), 0o644) //nolint:gosec // G306: a picture of the repository
}

func (s *suite) path(name string) string { return filepath.Join(s.folder, name) }
