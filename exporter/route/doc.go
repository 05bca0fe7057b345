// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package route makes one call of Adobe Target's Single Profile Update API and
// says what its answer means. It is the only place that knows HTTP.
//
// It does not know log records, when a call may leave, or what becomes of an
// update that was not taken. Nothing it returns or logs holds an id, a value, a
// token or a URL, but for the calls that a dry run is asked to show.
package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"
