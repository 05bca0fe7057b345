// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
	"github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
)

// checkPage returns an error unless the results of the sections have their places on the page and
// can be written there, and plots beside it.
func checkPage(path string, sections []string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0) //nolint:gosec // G304: the user names the page
	if err != nil {
		return fmt.Errorf("-page: %w; name a page that is there, or with -page '' none to write nothing down", err)
	}
	err = file.Close()
	if err != nil {
		return fmt.Errorf("-page: %w", err)
	}
	text, err := os.ReadFile(path) //nolint:gosec // G304: the user names the page
	if err != nil {
		return fmt.Errorf("-page: %w", err)
	}
	errs := []error{checkFolder("-page", filepath.Dir(path))}
	for _, section := range sections {
		if _, err := report.Replace(string(text), section, ""); err != nil {
			errs = append(errs, fmt.Errorf("-page %s: %w", path, err))
		}
	}
	return errors.Join(errs...)
}

// checkFolder returns an error, that names the flag, unless files can be made in the folder.
func checkFolder(flag, folder string) error {
	file, err := os.CreateTemp(folder, ".bench-")
	if err != nil {
		return fmt.Errorf("%s: no file can be made in the folder %s: %w", flag, folder, err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// write puts the results of a section in their place on the page, if there is one.
func (s *suite) write(section, text string) error {
	if s.Page == "" {
		return nil
	}
	page, err := os.ReadFile(s.Page)
	if err != nil {
		return fmt.Errorf("-page: %w", err)
	}
	changed, err := report.Replace(string(page), section, text)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Page, err)
	}
	return os.WriteFile(s.Page, []byte(changed), 0o644) //nolint:gosec // G306: a page of the repository
}

// draw writes a chart beside the page, if there is one.
func (s *suite) draw(name string, chart plot.Chart) error {
	if s.Page == "" {
		return nil
	}
	svg, err := chart.SVG()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	path := filepath.Join(filepath.Dir(s.Page), name)
	return os.WriteFile(path, []byte(svg), 0o644) //nolint:gosec // G306: a picture of the repository
}
