// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/contender"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/server"
)

// section is a part of the page.
type section struct {
	name string
	run  func(*suite, context.Context) (string, error)
}

func all() []section {
	return []section{
		{"exporter", (*suite).exporter},
		{"distribution", (*suite).distribution},
		{"record", (*suite).record},
		{"merging", (*suite).merging},
		{"intake", (*suite).intake},
		{"memory", (*suite).memory},
		{"uploads", (*suite).uploads},
		{"start", (*suite).start},
		{"latency", (*suite).latency},
		{"concurrency", (*suite).concurrency},
	}
}

// Names returns those of all sections, in their order.
func Names() []string {
	var names []string
	for _, s := range all() {
		names = append(names, s.name)
	}
	return names
}

// suite is one run of the harness.
type suite struct {
	Options
	folder  string // for files of the run
	machine report.Machine
	log     io.Writer // for whoever waits
}

// Run runs the sections that were asked for. A target that is missed is reported and is no error.
func Run(ctx context.Context, o Options) (err error) {
	folder, err := os.MkdirTemp("", "adobe-target-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := server.WriteCertificate(folder); err != nil {
		return err
	}
	s := &suite{Options: o, folder: folder, machine: report.ThisMachine(), log: os.Stderr}
	for _, section := range all() {
		if !slices.Contains(o.Only, section.name) {
			continue
		}
		s.progress("%s", section.name)
		text, err := section.run(s, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", section.name, err)
		}
		text += "\n" + s.machine.Line(o.Command) + "\n"
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

func (s *suite) collectors() contender.Distribution {
	return contender.Distribution{Program: s.Collector, Folder: s.folder}
}
