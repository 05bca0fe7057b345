// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	width, height = 540, 315 // points, which a browser shows as 720 x 420 pixels
	margin        = 8
	names         = 110 // the room for the names of the lines, beside the plot
)

// colors can be told apart by those who see no red or green too (Okabe and Ito).
var colors = []color.Color{
	color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
	color.RGBA{R: 0xd5, G: 0x5e, B: 0x00, A: 0xff},
	color.RGBA{R: 0x00, G: 0x9e, B: 0x73, A: 0xff},
	color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
	color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
	color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff},
}

// Chart is lines over two axes.
type Chart struct {
	Title string
	X, Y  Axis
	Lines []Line
}

// Axis is one side of a chart.
type Axis struct {
	Label string
	// Log puts equal ratios at equal distances. All values have to be over 0 then. Without it the
	// axis begins at 0.
	Log bool
	// Ticks are the values written beside the axis; without any they are chosen.
	Ticks []float64
}

// Line is a named row of points, in the order in which they are joined.
type Line struct {
	Name   string
	Points []Point
}

// Point is one measured value.
type Point = plotter.XY

// SVG returns the chart as a picture of its own.
func (c Chart) SVG() (string, error) {
	p := plot.New()
	p.Title.Text = c.Title
	legend := plot.NewLegend()
	legend.Top, legend.Left, legend.Padding = true, true, vg.Points(5)
	p.Add(plotter.NewGrid())
	for i, line := range c.Lines {
		curve, points, err := plotter.NewLinePoints(plotter.XYs(line.Points))
		if err != nil {
			return "", fmt.Errorf("the line %q: %w", line.Name, err)
		}
		curve.Color, curve.Width = colors[i%len(colors)], vg.Points(1.5)
		points.Color, points.Shape, points.Radius = curve.Color, draw.CircleGlyph{}, vg.Points(2.5)
		p.Add(curve, points)
		legend.Add(line.Name, curve, points)
	}
	c.X.dress(&p.X)
	c.Y.dress(&p.Y)
	sans(&p.Title.TextStyle, &p.X.Label.TextStyle, &p.X.Tick.Label, &p.Y.Label.TextStyle,
		&p.Y.Tick.Label, &legend.TextStyle)

	picture := vgsvg.New(width, height)
	whole := draw.New(picture)
	whole.SetColor(color.White)
	whole.Fill(whole.Path())
	p.Draw(draw.Crop(whole, margin, -names-margin, margin, -margin))
	legend.Draw(draw.Crop(whole, width-names, 0, 0, -5*margin))
	var svg strings.Builder
	if _, err := picture.WriteTo(&svg); err != nil {
		return "", err
	}
	// Few have the font that texts were measured with; those named behind it are as wide.
	return strings.ReplaceAll(svg.String(), "font-family:Liberation Sans;",
		"font-family:Liberation Sans,Arial,Helvetica,sans-serif;"), nil
}

// dress gives an axis of a plot its scale, its ticks and its name.
func (a Axis) dress(axis *plot.Axis) {
	axis.Label.Text = a.Label
	if a.Log {
		axis.Scale, axis.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		axis.Min, axis.Tick.Marker = min(0, axis.Min), plot.TickerFunc(evenTicks)
	}
	if len(a.Ticks) == 0 {
		return
	}
	ticks := make(plot.ConstantTicks, len(a.Ticks))
	for i, value := range a.Ticks {
		ticks[i] = plot.Tick{Value: value, Label: tickText(value)}
		axis.Min, axis.Max = min(axis.Min, value), max(axis.Max, value)
	}
	axis.Tick.Marker = ticks
}

// evenTicks are gonum's, each with its value.
func evenTicks(least, most float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(least, most)
	for i := range ticks {
		ticks[i].Label = tickText(ticks[i].Value)
	}
	return ticks
}

func sans(styles ...*text.Style) {
	for _, style := range styles {
		style.Font = font.Font{Typeface: style.Font.Typeface, Variant: "Sans", Size: vg.Points(9)}
	}
	styles[0].Font.Size = vg.Points(11)
}

// tickText writes thousands and millions short.
func tickText(value float64) string {
	switch {
	case value >= 1e6:
		return fmt.Sprintf("%gM", value/1e6)
	case value >= 1e4:
		return fmt.Sprintf("%gk", value/1e3)
	default:
		return fmt.Sprintf("%g", value)
	}
}
