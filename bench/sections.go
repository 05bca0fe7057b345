// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

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

func (s *suite) path(name string) string { return filepath.Join(s.folder, name) }
