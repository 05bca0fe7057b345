// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package report turns what was measured into text: medians, Markdown tables, and the marked parts of a page whose prose
// is written by hand.
package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
