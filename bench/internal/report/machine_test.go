// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestTheMachineIsSaidInOneLine(t *testing.T) {
	m := Machine{Cores: 2, CPU: "Some CPU @ 2 GHz", OS: "linux 6.1", Go: "go1.26.8", Date: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	assert.Equal(t, "2 cores (Some CPU @ 2 GHz), linux 6.1, go1.26.8, 2026-01-05: `make bench-compare`.", m.Line("make bench-compare"))
}

func TestTheModelOfTheCPUIsFoundWhereLinuxTellsIt(t *testing.T) {
	assert.Equal(t, "Some CPU @ 2 GHz", cpuModel(strings.NewReader("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: other\n")))
	assert.Empty(t, cpuModel(strings.NewReader("processor\t: 0\n")))
}

func TestThisMachineHasCores(t *testing.T) {
	assert.Positive(t, ThisMachine().Cores)
}
