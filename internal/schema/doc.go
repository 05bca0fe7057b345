// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Package schema makes a JSON Schema that stands alone of a config.schema.yaml, for editors.
//
// A config.schema.yaml is written in the dialect of the Collector: it refers to definitions of
// other Go packages, and its types are Go's. Resolve follows the references through the Go modules,
// and Standalone writes Go's types as what may stand in YAML. The package knows no exporter; it is
// for tests and tools, and no part of one.
package schema // import "github.com/otelcol-adobetarget/adobetargetexporter/internal/schema"
