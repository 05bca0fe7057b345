// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package report turns what was measured into text: medians, Markdown tables, and the marked parts
// of a page whose prose is written by hand. It does not know what was measured, how often or in
// which unit: its users say so. A verdict compares one number with one target, and knows nothing of
// the noise of the machine.
package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"
