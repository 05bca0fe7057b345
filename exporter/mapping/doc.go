// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package mapping turns a log record into an update of one visitor's profile:
// which id names the visitor, which attributes, prefixes and OTTL values become
// which profile parameters, and which records are not meant to be sent at all.
//
// A record that gives no update has exactly one reason, and so has every
// parameter that is left out of an update. The package knows Target's rules for
// names, values and ids through package profile; it does not know calls, quotas
// or outcomes.
package mapping // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/mapping"
