// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Chart is a picture of lines, bars, marks and labels. It says nothing that is not in a table beside it.
type Chart struct {
	ID     string
	Title  string
	Desc   string // what it shows, for those who do not see it
	Width  int
	Height int
	Bars   []Bar
	Lines  []Line
	Marks  []Mark
	Labels []Label
}

// Bar of a chart.
type Bar struct{ X, Y, W, H, Class string }

// Line of a chart, in the form of an SVG path.
type Line struct{ Path, Class string }

// Mark of a chart: its shape tells what its colour tells.
type Mark struct{ Path, Class, Title string }

// Label of a chart.
type Label struct{ X, Y, Anchor, Class, Text string }

// The size of every chart, and what the axes leave of it. Charts are as wide as a phone, so that their letters stay readable on one.
const (
	chartWidth  = 360
	chartHeight = 200
	plotLeft    = 42
	plotRight   = 348
	plotTop     = 14
	plotBottom  = 164
)

func newChart(id, title string) *Chart {
	return &Chart{ID: "chart-" + strings.ToLower(id), Title: title, Width: chartWidth, Height: chartHeight}
}

// coordinate with one decimal: a longer one would differ between machines.
func coordinate(f float64) string { return fmt.Sprintf("%.1f", f) }

func (c *Chart) label(x, y float64, anchor, class, text string) {
	c.Labels = append(c.Labels, Label{X: coordinate(x), Y: coordinate(y), Anchor: anchor, Class: class, Text: text})
}

func (c *Chart) line(class string, points ...[2]float64) {
	var b strings.Builder
	for i, p := range points {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + coordinate(p[0]) + " " + coordinate(p[1]))
	}
	c.Lines = append(c.Lines, Line{Path: b.String(), Class: class})
}

func (c *Chart) bar(x, y, w, h float64, class string) {
	c.Bars = append(c.Bars, Bar{X: coordinate(x), Y: coordinate(y), W: coordinate(w), H: coordinate(h), Class: class})
}

// least of an axis of shares: half where nothing is below it, so that small changes can be seen.
func least(shown []Point) float64 {
	for _, p := range shown {
		target, ok := strings.CutSuffix(p.Target, "%")
		if p.Share.at() < 55 || (ok && whole(target) < 55) {
			return 0
		}
	}
	return 50
}

// above is where a value between the lowest and the highest of an axis stands.
func above(value, lowest, highest float64) float64 {
	return y(min(highest, value)-lowest, highest-lowest)
}

// y of a value on an axis from 0 to most.
func y(value, most float64) float64 { return plotBottom - (plotBottom-plotTop)*value/most }

// x of the i-th of n things.
func x(i, n int) float64 {
	if n < 2 {
		return (plotLeft + plotRight) / 2
	}
	return plotLeft + 10 + float64(i)*(plotRight-plotLeft-20)/float64(n-1)
}

// axis of shares.
func (c *Chart) axis(lowest, highest float64) {
	step := 10.0
	if width := highest - lowest; width > 60 || width < 40 {
		step = width / 4
	}
	for v := lowest; v <= highest; v += step {
		at := above(v, lowest, highest)
		c.line("grid", [2]float64{plotLeft, at}, [2]float64{plotRight, at})
		c.label(plotLeft-5, at+4, "end", "", fmt.Sprintf("%.0f%%", v))
	}
}

// topOf an axis of shares.
func topOf(highest float64) float64 {
	for _, top := range []float64{20, 40, 60} {
		if highest <= top {
			return top
		}
	}
	return 100
}

// dot has a shape for each indicator: a circle, a triangle, a square, a ring.
func (c *Chart) dot(px, py float64, lamp sla.Indicator, title string) {
	circle := fmt.Sprintf("M%s %sa4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z", coordinate(px-4.5), coordinate(py))
	path, class := circle, "dot"
	switch lamp {
	case sla.Yellow:
		path, class = fmt.Sprintf("M%s %sl5.5 10h-11Z", coordinate(px), coordinate(py-6)), "yellow"
	case sla.Red:
		path, class = fmt.Sprintf("M%s %sh9v9h-9Z", coordinate(px-4.5), coordinate(py-4.5)), "red"
	case sla.Green:
		class = "green"
	case sla.Grey:
		class = "grey"
	default:
	}
	c.Marks = append(c.Marks, Mark{Path: path, Class: class, Title: title})
}

// trendChart of a clause over its weeks; nil with fewer than two.
func trendChart(t Trend) *Chart {
	var shown []Point
	for _, p := range t.Points {
		if p.Share.Of > 0 {
			shown = append(shown, p)
		}
	}
	shown = shown[max(0, len(shown)-13):]
	if len(shown) < 2 {
		return nil
	}
	name := named(t.Clause, t.Tier)
	var told []string
	points := make([][2]float64, 0, len(shown))
	c := newChart("trend-"+slug(string(t.Clause)+" "+t.Tier), name)
	lowest := least(shown)
	c.axis(lowest, 100)
	for i, p := range shown {
		at := [2]float64{x(i, len(shown)), above(p.Share.at(), lowest, 100)}
		points = append(points, at)
		c.dot(at[0], at[1], p.Indicator, fmt.Sprintf("%s: %s, target %s, %s", p.Period, p.Share, p.Target, strings.ToLower(verdict(p.Verdict))))
		told = append(told, fmt.Sprintf("%s %s", p.Period, p.Share.short()))
		if every := (len(shown) + 5) / 6; i%every == (len(shown)-1)%every {
			c.label(at[0], plotBottom+18, "middle", "", weekNumber(p.Period))
		}
	}
	c.targets(shown, lowest)
	c.line("trend", points...)
	last := shown[len(shown)-1]
	c.label(plotRight, plotBottom+33, "end", "", fmt.Sprintf("last %s, target %s", last.Share.short(), last.Target))
	c.Desc = fmt.Sprintf("Share of %s by week: %s. The dashed line is the target.", lowerFirst(name), strings.Join(told, ", "))
	return c
}

// targets draws the target of each week as a dashed line, where it is a share.
func (c *Chart) targets(shown []Point, lowest float64) {
	var points [][2]float64
	for i, p := range shown {
		percent, ok := strings.CutSuffix(p.Target, "%")
		if !ok {
			return
		}
		points = append(points, [2]float64{x(i, len(shown)), above(float64(whole(percent)), lowest, 100)})
	}
	points[0][0], points[len(points)-1][0] = plotLeft, plotRight
	c.line("target", points...)
}

// weekNumber leaves the year out: W03.
func weekNumber(p sla.Period) string {
	_, week, _ := strings.Cut(string(p), "-")
	return week
}

// slug of a text for an id.
func slug(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, text), "-")
}
