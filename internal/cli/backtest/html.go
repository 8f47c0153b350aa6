// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": percent, "whole": whole, "interval": interval, "length": length, "join": strings.Join, "orNone": orNone, "several": several, "assumed": assumed,
	"ofTotal": func(c Clause) string { return fmt.Sprintf("%d of %d", c.Met, c.Met+c.Missed) },
	"needs":   Clause.needs, "target": func(f float64) string { return percent(&f) },
	"kinds":   func(m map[string]int) []string { return sortedKeys(m) },
	"outcome": func(b *bool) string { return strings.TrimSuffix(converted(b), "; ") },
	"volume":  (*Volume).sentence, "flips": Flips.sentence, "sqls": (*SQL).sentence,
	"problems": func(p Problems) string { return several(int64(p.Count), "problem") },
}).Parse(pageText))

// HTML is a page of its own: no script, no resource from elsewhere.
func (r *Report) HTML(out io.Writer) error {
	return page.Execute(out, struct {
		*Report
		Quality []qualityRow
		Monthly template.HTML
		Curve   template.HTML
	}{r, r.qualityRows(), r.monthlyChart(), r.curveChart()})
}

// Measures of a chart, in its own units; it is scaled to the width of the page.
const (
	chartWidth  = 640.0
	chartHeight = 240.0
	chartLeft   = 48.0
	chartBottom = 34.0
	chartTop    = 10.0
)

// chart draws into an SVG. It takes numbers and texts of this package's own only, and escapes texts all the same.
type chart struct {
	b    strings.Builder
	most float64
	n    int
}

func newChart(label string, n int, most float64, format func(float64) string) *chart {
	c := &chart{most: niceAbove(most), n: max(1, n)}
	fmt.Fprintf(&c.b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, chartWidth, chartHeight, template.HTMLEscapeString(label))
	for i := range 5 {
		value := c.most * float64(i) / 4
		y := c.y(value)
		fmt.Fprintf(&c.b, `<line class="grid" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/>`, chartLeft, chartWidth, y, y)
		c.text(chartLeft-6, y+4, "end", format(value))
	}
	return c
}

func (c *chart) y(value float64) float64 {
	return chartHeight - chartBottom - value/c.most*(chartHeight-chartBottom-chartTop)
}

// slot is where the i-th group of bars begins, and how wide it is.
func (c *chart) slot(i int) (x, width float64) {
	width = (chartWidth - chartLeft) / float64(c.n)
	return chartLeft + width*float64(i), width
}

func (c *chart) text(x, y float64, anchor, text string) {
	fmt.Fprintf(&c.b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, template.HTMLEscapeString(text))
}

func (c *chart) bar(class string, x, width, value float64, title string) {
	y := c.y(value)
	fmt.Fprintf(&c.b, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`,
		class, x, y, width, max(0, chartHeight-chartBottom-y), template.HTMLEscapeString(title))
}

// label under a slot; with many slots only some have one, so that they stay readable on a phone.
func (c *chart) label(i int, text string) {
	if every := (c.n + 5) / 6; i%every == 0 {
		x, width := c.slot(i)
		c.text(x+width/2, chartHeight-12, "middle", text)
	}
}

func (c *chart) svg() template.HTML {
	c.b.WriteString("</svg>")
	return template.HTML(c.b.String()) //nolint:gosec // every text in it is escaped above
}

// niceAbove is a round number not below the value, for an axis.
func niceAbove(value float64) float64 {
	if value <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 2, 4, 5, 10} {
		if step*power >= value {
			return step * power
		}
	}
	return 10 * power
}

func (r *Report) monthlyChart() template.HTML {
	if len(r.Months) == 0 {
		return ""
	}
	most := 0.0
	for _, m := range r.Months {
		most = max(most, float64(m.MQLs))
		if m.Against != nil {
			most = max(most, float64(*m.Against))
		}
	}
	if r.Volume != nil {
		most = max(most, float64(r.Volume.Target))
	}
	c := newChart("MQLs a month", len(r.Months), most, func(f float64) string { return number(math.Round(f*10) / 10) })
	for i, m := range r.Months {
		x, width := c.slot(i)
		if m.Against != nil {
			c.bar("old", x+width*0.1, width*0.38, float64(*m.Against), fmt.Sprintf("%s: %d before", m.Month, *m.Against))
			c.bar("new", x+width*0.5, width*0.38, float64(m.MQLs), fmt.Sprintf("%s: %d", m.Month, m.MQLs))
		} else {
			c.bar("new", x+width*0.15, width*0.7, float64(m.MQLs), fmt.Sprintf("%s: %d", m.Month, m.MQLs))
		}
		c.label(i, m.Month)
	}
	if r.Volume != nil {
		y := c.y(float64(r.Volume.Target))
		fmt.Fprintf(&c.b, `<line class="target" x1="%.0f" x2="%.0f" y1="%.1f" y2="%.1f"/>`, chartLeft, chartWidth, y, y)
	}
	return c.svg()
}

// curveChart is the calibration: the rate of each band of scores with its interval.
func (r *Report) curveChart() template.HTML {
	most := 0.0
	for _, b := range r.Scores {
		if b.High != nil && b.Leads > 0 {
			most = max(most, *b.Rate*1.3, min(*b.High, *b.Rate*2))
		}
	}
	if most == 0 {
		return ""
	}
	c := newChart("share that converted by score", len(r.Scores), min(1, most), func(f float64) string { return fmt.Sprintf("%.3g%%", 100*f) })
	for i, b := range r.Scores {
		x, width := c.slot(i)
		if b.Rate != nil && b.Low != nil && b.High != nil {
			c.bar("new", x+width*0.15, width*0.7, *b.Rate,
				fmt.Sprintf("%d to %d: %s of %d leads, %s", b.From, b.To, percent(b.Rate), b.Leads, interval(b.Low, b.High)))
			mid := x + width/2
			fmt.Fprintf(&c.b, `<line class="whisker" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, mid, mid, c.y(min(*b.High, c.most)), c.y(*b.Low))
		}
		c.label(i, fmt.Sprintf("%d-%d", b.From, b.To))
	}
	return c.svg()
}
