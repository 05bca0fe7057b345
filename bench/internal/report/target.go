// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"fmt"
	"strings"
)

// Verdicts are targets with what was reached, as a Markdown list.
type Verdicts struct {
	lines []string
}

// AtLeast says whether a value is at least its target.
func (v *Verdicts) AtLeast(what string, value, target float64) {
	v.add(value >= target, fmt.Sprintf("%s at least %s", what, Short(target)), Short(value))
}

// AtMost says whether a value is at most its target.
func (v *Verdicts) AtMost(what string, value, target float64) {
	v.add(value <= target, fmt.Sprintf("%s at most %s", what, Short(target)), Short(value))
}

func (v *Verdicts) add(met bool, target, value string) {
	verdict := "missed"
	if met {
		verdict = "met"
	}
	v.lines = append(v.lines, fmt.Sprintf("- %s: %s, %s", target, value, verdict))
}

// Note adds a line that is no target.
func (v *Verdicts) Note(format string, args ...any) {
	v.lines = append(v.lines, "- "+fmt.Sprintf(format, args...))
}

func (v *Verdicts) String() string {
	if len(v.lines) == 0 {
		return ""
	}
	return strings.Join(v.lines, "\n") + "\n"
}

// Short returns a number with three digits that count, without an exponent.
func Short(value float64) string {
	switch {
	case value >= 100 || value <= -100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10 || value <= -10:
		return trimZeros(fmt.Sprintf("%.1f", value))
	default:
		return trimZeros(fmt.Sprintf("%.2f", value))
	}
}

func trimZeros(number string) string {
	return strings.TrimSuffix(strings.TrimRight(number, "0"), ".")
}
