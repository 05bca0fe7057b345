// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// latencies is a chart with all that one can have: both sorts of axis, given and chosen ticks, and names to escape.
func latencies() Chart {
	return Chart{
		Title: "Calls <by> concurrency",
		X:     Axis{Label: "concurrency", Log: true, Ticks: []float64{1, 64}},
		Y:     Axis{Label: "calls/s"},
		Lines: []Line{
			{Name: "0 ms", Points: []Point{{1, 0}, {8, 50}, {64, 100}}},
			{Name: "5 ms & more", Points: []Point{{1, 10}}},
		},
	}
}

func TestAChartIsAPictureWithItsLinesNamesAndLabels(t *testing.T) {
	drawn := parse(t, latencies().SVG())
	assert.Equal(t, "70.0,365.0 330.0,207.5 590.0,50.0", drawn.Curves[0].Points, "the first point stands at the foot, the last at the top")
	assert.Len(t, drawn.Circles, 4)
	texts := drawn.words()
	for _, want := range []string{"Calls <by> concurrency", "concurrency", "calls/s", "0 ms", "5 ms & more"} {
		assert.Contains(t, texts, want)
	}
}

func TestEachTickHasAGridLineFromOneSideOfThePlotToTheOther(t *testing.T) {
	drawn := parse(t, latencies().SVG())
	want := []straight{
		{70, 50, 70, 365, gridColor}, {590, 50, 590, 365, gridColor}, // concurrency of 1 and 64
	}
	for _, callsPerSecond := range []float64{0, 20, 40, 60, 80, 100} {
		y := 365 - callsPerSecond/100*315
		want = append(want, straight{70, y, 590, y, gridColor})
	}
	assert.Equal(t, want, drawn.grid())
}

func TestTheNamesHaveTheColorsOfTheirCurves(t *testing.T) {
	c := latencies()
	for len(c.Lines) < len(colors)+1 {
		c.Lines = append(c.Lines, c.Lines[0])
	}
	drawn := parse(t, c.SVG())
	samples := drawn.samples()
	require.Len(t, samples, len(c.Lines))
	for i, sample := range samples {
		assert.Equal(t, drawn.Curves[i].Stroke, sample.Stroke, c.Lines[i].Name)
		assert.InDelta(t, sample.Y1, sample.Y2, 0)
		assert.Greater(t, sample.X1, 590., "beside the plot")
		assert.Greater(t, sample.X2, sample.X1)
		assert.Less(t, sample.X2, drawn.Width)
	}
	assert.NotEqual(t, samples[0].Stroke, samples[1].Stroke)
}

func TestAChartWithoutDataIsStillAPicture(t *testing.T) {
	drawn := parse(t, Chart{Title: "empty"}.SVG())
	assert.Contains(t, drawn.words(), "empty")
	assert.NotEmpty(t, drawn.grid())
}

func TestPicturesDifferOnlyWhereTheDataDoes(t *testing.T) {
	before, changed := latencies(), latencies()
	changed.Lines[0].Points[1].Y = 40
	was, is := strings.Split(before.SVG(), "\n"), strings.Split(changed.SVG(), "\n")
	require.Len(t, is, len(was))
	var differ []string
	for i := range is {
		if is[i] != was[i] {
			element, _, _ := strings.Cut(is[i], " ")
			differ = append(differ, element)
		}
	}
	assert.Equal(t, []string{"<polyline", "<circle"}, differ)
}
