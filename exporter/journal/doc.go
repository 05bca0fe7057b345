// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package journal stands before a storage extension. It opens parts of it, and says what is wrong
// with one that cannot be opened or panics. It prepares values: it seals them behind a checksum,
// and packs large ones. A storage can give back less than it took, or something else, and what
// is not a record can be read as one.
//
// The package does not know what the values mean, or when they are written.
package journal // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/journal"
