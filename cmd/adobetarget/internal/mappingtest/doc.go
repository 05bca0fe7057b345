// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package mappingtest runs tests of a mapping that stand in YAML beside the configuration: records, and the calls and skipped
// records that are expected of them. What comes of the records is what package preview shows.
//
// Read reads a file of tests, File.Run runs them, and Update writes what came of them as what is expected.
package mappingtest // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/mappingtest"
