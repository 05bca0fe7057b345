// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command benthos is Redpanda Benthos with the plugins that the comparison needs. It has a module of its own, so that
// nothing of Benthos comes into the exporter's.
//
// No setting of Benthos keeps more than two connections open between calls. With -keep-connections as the first argument
// this one does, to show what that alone costs it.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/benthos"

import (
	"context"
	"net/http"
	"os"
	"slices"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-keep-connections" {
		os.Args = slices.Delete(os.Args, 1, 2)
		http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	}
	service.RunCLI(context.Background())
}
