// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package sample writes invented records of offline actions, one JSON object a
// line, as a shop or a bank could have them: calls, loans, loyalty cards, kiosks
// and appointments, with several records of one visitor, and among them, evenly
// spread, records as odd as real ones are.
//
// The same settings always write the same bytes, on every platform and with
// every version of Go. The package knows neither the exporter nor its
// configuration: it makes lines, and what becomes of them is for others to say.
package sample // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"
