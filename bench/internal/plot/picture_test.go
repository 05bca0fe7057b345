// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"encoding/xml"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// picture is what a reader of SVG sees in a chart. Attributes that are no numbers where numbers belong do not parse.
type picture struct {
	Width    float64    `xml:"width,attr"`
	Height   float64    `xml:"height,attr"`
	ViewBox  string     `xml:"viewBox,attr"`
	Straight []straight `xml:"line"`
	Curves   []struct {
		Points string `xml:"points,attr"`
		Stroke string `xml:"stroke,attr"`
	} `xml:"polyline"`
	Circles []struct {
		X float64 `xml:"cx,attr"`
		Y float64 `xml:"cy,attr"`
	} `xml:"circle"`
	Texts []struct {
		X    float64 `xml:"x,attr"`
		Y    float64 `xml:"y,attr"`
		Text string  `xml:",chardata"`
	} `xml:"text"`
}

// straight is a line of the grid or the sample of a curve beside its name.
type straight struct {
	X1     float64 `xml:"x1,attr"`
	Y1     float64 `xml:"y1,attr"`
	X2     float64 `xml:"x2,attr"`
	Y2     float64 `xml:"y2,attr"`
	Stroke string  `xml:"stroke,attr"`
}

// parse reads a chart, and checks what holds for each of them: it is SVG, and all of it lies inside.
func parse(t *testing.T, svg string) picture {
	t.Helper()
	var p picture
	require.NoError(t, xml.Unmarshal([]byte(svg), &p), svg)
	for _, broken := range []string{"%!", "NaN", "Inf"} {
		assert.NotContains(t, svg, broken)
	}
	assert.Equal(t, "0 0 720 420", p.ViewBox)
	inside := func(x, y float64) {
		assert.True(t, x >= 0 && x <= p.Width && y >= 0 && y <= p.Height, "(%v, %v) is not in the picture", x, y)
	}
	for _, s := range p.Straight {
		inside(s.X1, s.Y1)
		inside(s.X2, s.Y2)
	}
	for _, c := range p.Circles {
		inside(c.X, c.Y)
	}
	for _, text := range p.Texts {
		inside(text.X, text.Y)
	}
	return p
}

func (p picture) words() []string {
	words := make([]string, len(p.Texts))
	for i, text := range p.Texts {
		words[i] = text.Text
	}
	return words
}

func (p picture) grid() []straight { return p.strokes(true) }

// samples are the short lines beside the names.
func (p picture) samples() []straight { return p.strokes(false) }

func (p picture) strokes(ofGrid bool) []straight {
	var found []straight
	for _, s := range p.Straight {
		if (s.Stroke == gridColor) == ofGrid {
			found = append(found, s)
		}
	}
	return found
}
