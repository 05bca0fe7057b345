// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package plot draws line charts as SVG: small files that read well on a light and on a dark page, and that differ only
// where the data does.
package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"
