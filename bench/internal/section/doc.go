// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package section measures, a file for each section of the page: what is compared, with which
// settings, and what has to be reached. A section returns its tables and its verdicts as text, and
// an error, without numbers, when something was lost.
package section // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/section"
