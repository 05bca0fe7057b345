// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// latencies is a chart with all that one can have: both sorts of axis, given and chosen ticks, and
// names to escape.
func latencies() Chart {
	return Chart{
		Title: "Calls <by> concurrency",
		X:     Axis{Label: "concurrency", Log: true, Ticks: []float64{1, 64}},
		Y:     Axis{Label: "calls/s"},
		Lines: []Line{
			{Name: "0 ms", Points: []Point{{X: 1, Y: 0}, {X: 8, Y: 50}, {X: 64, Y: 100}}},
			{Name: "5 ms & more", Points: []Point{{X: 1, Y: 10}}},
		},
	}
}

// words returns the texts of a picture, in their order.
func words(t *testing.T, svg string) []string {
	t.Helper()
	var texts []string
	for decoder := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err, svg)
		if element, ok := token.(xml.StartElement); ok && element.Name.Local == "text" {
			var text string
			require.NoError(t, decoder.DecodeElement(&text, &element))
			texts = append(texts, text)
		}
	}
}

func drawn(t *testing.T, c Chart) string {
	t.Helper()
	svg, err := c.SVG()
	require.NoError(t, err)
	for _, broken := range []string{"%!", "NaN", "Inf"} {
		assert.NotContains(t, svg, broken)
	}
	return svg
}

func TestAChartIsAPictureWithItsNamesLabelsAndTicks(t *testing.T) {
	texts := words(t, drawn(t, latencies()))
	assert.Subset(t, texts, []string{
		"Calls <by> concurrency", "concurrency", "calls/s", "0 ms",
		"5 ms & more", "1", "64", "0", "100",
	})
	assert.NotContains(t, texts, "8", "only the ticks that were asked for")
}

func TestALogarithmicAxisHasATickForEachPowerOfTen(t *testing.T) {
	c := latencies()
	c.Y.Log = true
	c.Lines = []Line{{Name: "calls", Points: []Point{{X: 1, Y: 5}, {X: 64, Y: 42_000}}}}
	assert.Subset(t, words(t, drawn(t, c)), []string{"10", "100", "1000", "10000"})
}

func TestEachLineHasAColorOfItsOwn(t *testing.T) {
	c := latencies()
	for len(c.Lines) < len(colors)+1 {
		c.Lines = append(c.Lines, c.Lines[0])
	}
	svg := drawn(t, c)
	for _, color := range []string{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"} {
		assert.Contains(t, svg, "stroke:"+color)
	}
}

func TestAChartWithoutDataIsStillAPicture(t *testing.T) {
	assert.Contains(t, words(t, drawn(t, Chart{Title: "empty"})), "empty")
}

func TestAValueThatIsNoneIsAnErrorWithItsLine(t *testing.T) {
	c := latencies()
	c.Lines[0].Points[1].Y = math.NaN()
	_, err := c.SVG()
	assert.ErrorContains(t, err, `the line "0 ms": `)
}

func TestTextsAreLegibleWithoutTheFontTheyWereMeasuredWith(t *testing.T) {
	svg := drawn(t, latencies())
	assert.Equal(t, strings.Count(svg, "font-family:"), strings.Count(svg, "sans-serif;"))
}

func TestPicturesDifferOnlyWhereTheDataDoes(t *testing.T) {
	before, changed := latencies(), latencies()
	changed.Lines[0].Points[1].Y = 40
	was, is := strings.Split(drawn(t, before), "\n"), strings.Split(drawn(t, changed), "\n")
	require.Len(t, is, len(was))
	differ := 0
	for i := range is {
		if is[i] != was[i] {
			differ++
		}
	}
	assert.Equal(t, 2, differ, "the curve and the point")
}

func TestTicksAreWrittenShort(t *testing.T) {
	for value, want := range map[float64]string{0: "0", 0.5: "0.5", 200: "200", 5_000: "5000", 50_000: "50k", 1_000_000: "1M"} {
		assert.Equal(t, want, tickText(value))
	}
}
