// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget"

import (
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/otelcol-adobetarget/adobetargetexporter/cmd/adobetarget/internal/probe"
)

const probeIntroduction = `Asks a sandbox of Adobe Target what Adobe does not document, and says which settings of the exporter fit
the answers. Never point it at production: it changes the profile of the visitor that is named.

It says beforehand which calls it makes and what they change, and asks whether to go on. Two calls a second
are made at most, and no more than 54 altogether. Ctrl-C ends it with what was found so far.

The configuration is the Collector's own: its endpoint, TLS, proxy and headers apply. Extensions are not
started, so the token of an auth comes from --token-file or the variable ADOBE_TARGET_TOKEN.

Exit codes: 0 the configuration fits, 1 something differs, is open or failed, 2 wrong arguments.

Questions:
`

// probeQuestions lists the questions and what each costs.
func probeQuestions() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, q := range probe.Questions() {
		_, _ = table.Write([]byte("  " + q.Name + "\t" + strconv.Itoa(q.Calls) + "\t" + q.Asks + "\n")) // a builder never fails
	}
	_ = table.Flush()
	return text.String()
}
