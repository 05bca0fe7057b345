// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command benthos is Redpanda Benthos with the plugins that the comparison needs. It has a module of its own, so that
// nothing of Benthos comes into the exporter's.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/benthos"

import (
	"context"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

func main() {
	service.RunCLI(context.Background())
}
