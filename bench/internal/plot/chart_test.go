// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAChartIsAPictureWithItsLinesNamesAndLabels(t *testing.T) {
	svg := Chart{
		Title: "Calls <by> concurrency",
		X:     Axis{Label: "concurrency", Log: true, Ticks: []float64{1, 64}},
		Y:     Axis{Label: "calls/s"},
		Lines: []Line{
			{Name: "0 ms", Points: []Point{{1, 0}, {8, 50}, {64, 100}}},
			{Name: "5 ms & more", Points: []Point{{1, 10}}},
		},
	}.SVG()

	requireXML(t, svg)
	assert.Contains(t, svg, `points="70.0,365.0 330.0,207.5 590.0,50.0"`, "the first point stands at the foot, the last at the top")
	assert.Equal(t, 4, strings.Count(svg, "<circle"))
	assert.Contains(t, svg, "Calls &lt;by&gt; concurrency")
	assert.Contains(t, svg, "5 ms &amp; more")
}

func TestAChartWithoutDataIsStillAPicture(t *testing.T) {
	svg := Chart{Title: "empty"}.SVG()
	requireXML(t, svg)
	assert.NotContains(t, svg, "NaN")
	assert.NotContains(t, svg, "Inf")
}

func TestTheSameDataGivesTheSamePicture(t *testing.T) {
	c := Chart{Lines: []Line{{Name: "a", Points: []Point{{1, 2}, {3, 4}}}}}
	first := c.SVG()
	assert.Equal(t, first, c.SVG())
}

func requireXML(t *testing.T, text string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}
