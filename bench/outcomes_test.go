// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main // import "github.com/otelcol-adobetarget/adobetargetexporter/bench"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRecordsAreToldApartByTheirOutcome(t *testing.T) {
	got := outcomesOn(strings.NewReader(`# TYPE otelcol_adobe_target_records counter
otelcol_adobe_target_records{exporter="adobe_target",outcome="delivered",reason=""} 39000
otelcol_adobe_target_records{exporter="adobe_target/other",outcome="delivered"} 1e+03
otelcol_adobe_target_records{outcome="skipped",exporter="adobe_target",reason="no_visitor"} 7
otelcol_adobe_target_records_merged{exporter="adobe_target",outcome="delivered"} 99
otelcol_adobe_target_calls{exporter="adobe_target",outcome="delivered"} 98
`))
	assert.Equal(t, outcomes{"delivered": 40_000, "skipped": 7}, got)
	assert.Equal(t, 40_007, got.records())
}

func TestAPageWithoutRecordsHasNoOutcomes(t *testing.T) {
	assert.Empty(t, outcomesOn(strings.NewReader("# nothing yet\n")))
	assert.Zero(t, outcomes(nil).records())
}
