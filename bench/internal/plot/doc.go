// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package plot draws line charts as SVG: small files that read well on a light and on a dark page.
// It chooses what gonum's plotter leaves open, so that all charts of a page look alike. It does not
// know what is plotted or how it was measured, writes no file, and leaves it to its user that
// values on a logarithmic axis are over 0.
package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
