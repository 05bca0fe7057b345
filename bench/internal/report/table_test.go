// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package report // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/report"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestATableLinesUpItsColumnsWithNumbersToTheRight(t *testing.T) {
	table := NewTable("what", "calls/s", "µs")
	table.Add("floor", "53000", "19")
	table.Add("exporter alone", "46000")
	assert.Equal(t, strings.TrimLeft(`
| what           | calls/s |  µs |
| -------------- | ------: | --: |
| floor          |   53000 |  19 |
| exporter alone |   46000 |     |
`, "\n"), table.String())
}

func TestABarInACellDoesNotEndTheCell(t *testing.T) {
	table := NewTable("a", "b")
	table.Add("x|y", "1", "too many")
	assert.Contains(t, table.String(), `| x\|y |   1 |`)
	assert.NotContains(t, table.String(), "too many")
}
