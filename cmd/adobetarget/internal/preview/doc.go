// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package preview shows the calls that a configuration of the exporter makes of records, without making any. It is put
// together of what the exporter itself is: its Config, the Mapper that Config makes, the merging of package profile and the
// calls that package route composes.
//
// Load reads the exporter's part of a Collector's configuration, a Reader reads records, and Preview.Run says of each record
// what becomes of it, and shows the calls. It opens nothing on the network and starts no extension.
package preview // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/preview"
