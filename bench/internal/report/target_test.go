// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestEachTargetIsSaidToBeMetOrMissed(t *testing.T) {
	var v Verdicts
	v.AtLeast("calls/s over the floor's", 0.85, 0.85)
	v.AtMost("CPU of a call over the floor's", 1.404, 1.3)
	v.Note("%d connections", 64)
	assert.Equal(t, `- calls/s over the floor's at least 0.85: 0.85, met
- CPU of a call over the floor's at most 1.3: 1.4, missed
- 64 connections
`, v.String())
}

func TestNoTargetsAreNoText(t *testing.T) {
	assert.Empty(t, new(Verdicts).String())
}

func TestNumbersHaveThreeDigitsThatCount(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 0.004: "0", 0.5: "0.5", 1.234: "1.23", 12.34: "12.3", 100: "100", 53_012.7: "53013",
		20: "20", -12.34: "-12.3",
	} {
		assert.Equal(t, want, Short(value))
	}
}
