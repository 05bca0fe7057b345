// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package plot draws line charts as SVG: small files that read well on a light and on a dark page, and that differ only
// where the data does. It does not know what is plotted or how it was measured, writes no file, measures no text (a long
// name runs out of the picture), and leaves it to its user that values on a logarithmic axis are over 0.
package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
