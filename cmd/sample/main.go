// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

// Command sample writes invented records of offline actions to its standard
// output, one JSON object a line.
package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/sample"

import (
	"flag"
	"fmt"
	"os"

	"github.com/otelcol-adobetarget/adobetargetexporter/internal/sample"
)

func main() {
	settings := sample.NewDefaultSettings()
	flag.IntVar(&settings.Records, "records", settings.Records, "number of records")
	flag.IntVar(&settings.Visitors, "visitors", settings.Visitors, "number of different visitors")
	flag.Uint64Var(&settings.Seed, "seed", settings.Seed, "seed; the same seed gives the same records")
	flag.Float64Var(&settings.Zipf, "zipf", settings.Zipf, "skew of the visitors; 0 gives each as many records")
	flag.IntVar(&settings.OddEvery, "odd", settings.OddEvery, "one record in so many is odd; 0 makes none")
	flag.Parse()

	if err := sample.Write(os.Stdout, settings); err != nil {
		fmt.Fprintln(os.Stderr, "sample:", err)
		os.Exit(1)
	}
}
