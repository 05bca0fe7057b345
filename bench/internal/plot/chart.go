// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package plot // import "github.com/otelcol-adobetarget/adobetargetexporter/bench/internal/plot"

import (
	"fmt"
	"html"
	"strings"
)

const (
	width, height            = 720, 420
	left, right, top, bottom = 70, 130, 50, 55
)

const gridColor = "#e5e5e5"

// colors can be told apart by those who see no red or green too (Okabe and Ito).
var colors = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"}

// color returns the color of a curve and of its name; with more curves than colors they come again.
func color(i int) string { return colors[i%len(colors)] }

// Chart is lines over two axes.
type Chart struct {
	Title string
	X, Y  Axis
	Lines []Line
}

// Line is a named row of points, in the order in which they are joined.
type Line struct {
	Name   string
	Points []Point
}

// Point is one measured value.
type Point struct{ X, Y float64 }

// SVG returns the chart as a picture of its own.
func (c Chart) SVG() string {
	var xs, ys []float64
	for _, line := range c.Lines {
		for _, p := range line.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	d := drawing{x: newScale(c.X, xs), y: newScale(c.Y, ys)}
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`,
		width, height, width, height)
	d.printf(`<rect width="%d" height="%d" fill="#fff"/>`, width, height)
	d.text(left, 25, `font-size="15" font-weight="bold"`, c.Title)
	d.grid()
	for i, line := range c.Lines {
		d.line(line, color(i))
	}
	d.names(c.Lines)
	d.printf("</svg>")
	return d.b.String()
}

type drawing struct {
	b    strings.Builder
	x, y scale
}

func (d *drawing) printf(format string, args ...any) {
	fmt.Fprintf(&d.b, format+"\n", args...)
}

// rule draws a straight line from one point to another.
func (d *drawing) rule(x1, y1, x2, y2 float64, stroke string, pixels int) {
	d.printf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%d"/>`, x1, y1, x2, y2, stroke, pixels)
}

func (d *drawing) text(x, y float64, attributes, text string) {
	d.printf(`<text x="%.1f" y="%.1f" fill="#222" %s>%s</text>`, x, y, attributes, html.EscapeString(text))
}

func (d *drawing) left(value float64) float64 { return left + d.x.at(value)*(width-left-right) }
func (d *drawing) down(value float64) float64 {
	return height - bottom - d.y.at(value)*(height-top-bottom)
}

func (d *drawing) grid() {
	for _, tick := range d.x.axis.Ticks {
		d.rule(d.left(tick), top, d.left(tick), height-bottom, gridColor, 1)
		d.text(d.left(tick), height-bottom+18, `text-anchor="middle"`, tickText(tick))
	}
	for _, tick := range d.y.axis.Ticks {
		d.rule(left, d.down(tick), width-right, d.down(tick), gridColor, 1)
		d.text(left-8, d.down(tick)+4, `text-anchor="end"`, tickText(tick))
	}
	d.printf(`<path d="M%d %dV%dH%d" fill="none" stroke="#222"/>`, left, top, height-bottom, width-right)
	d.text((left+width-right)/2, height-15, `text-anchor="middle"`, d.x.axis.Label)
	middle := (top + height - bottom) / 2
	d.text(18, float64(middle), fmt.Sprintf(`text-anchor="middle" transform="rotate(-90 18 %d)"`, middle), d.y.axis.Label)
}

func (d *drawing) line(line Line, stroke string) {
	points := make([]string, len(line.Points))
	for i, p := range line.Points {
		points[i] = fmt.Sprintf("%.1f,%.1f", d.left(p.X), d.down(p.Y))
	}
	d.printf(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>`, strings.Join(points, " "), stroke)
	for _, p := range line.Points {
		d.printf(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, d.left(p.X), d.down(p.Y), stroke)
	}
}

func (d *drawing) names(lines []Line) {
	for i, line := range lines {
		y := float64(top + 10 + i*20)
		d.rule(width-right+15, y, width-right+35, y, color(i), 2)
		d.text(width-right+40, y+4, "", line.Name)
	}
}
