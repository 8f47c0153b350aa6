// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"strings"
)

// funnelChart is a bar a step.
func funnelChart(m Month) *Chart {
	steps := []struct {
		name string
		n    int64
	}{{"MQL", m.MQLs}, {"SAL", m.Accepted}, {"SQL", m.SQLs}, {"Opportunity", m.Opportunities}, {"Won", m.Won}}
	c := newChart("funnel", "From MQL to won")
	const left, height, gap = 84, 24, 10
	var told []string
	for i, s := range steps {
		top := float64(plotTop + i*(height+gap))
		width := 0.0
		if m.MQLs > 0 {
			width = min(1, float64(s.n)/float64(m.MQLs)) * (plotRight - left - 92)
		}
		c.bar(left, top, max(1, width), height, "bar")
		c.label(left-8, top+16, "end", "", s.name)
		text := grouped(s.n)
		if i > 0 {
			text += ", " + rateOf(s.n, m.MQLs).short()
		}
		c.label(left+width+7, top+16, "start", "strong", text)
		told = append(told, fmt.Sprintf("%s %s", s.name, text))
	}
	c.Height = plotTop + len(steps)*(height+gap)
	c.Desc = "Bars of the leads that reached each step, in parts of the MQLs: " + strings.Join(told, "; ") + "."
	return c
}

// calibrationChart shows the share of each band of scores with its interval, and the share of all.
func calibrationChart(all []Band, cohort Month) *Chart {
	c := newChart("calibration", "Share of MQLs that became opportunities, by score")
	overall := rateOf(cohort.Opportunities, cohort.MQLs).at()
	highest := overall
	for _, b := range all {
		_, high := b.Opportunities.bounds()
		highest = max(highest, high)
	}
	most := topOf(highest)
	c.axis(0, most)
	c.line("target", [2]float64{plotLeft, y(overall, most)}, [2]float64{plotRight, y(overall, most)})
	var told []string
	points := make([][2]float64, 0, len(all))
	for i, b := range all {
		low, high := b.Opportunities.bounds()
		px, py := x(i, len(all)), y(min(most, b.Opportunities.at()), most)
		points = append(points, [2]float64{px, py})
		c.line("interval", [2]float64{px, y(low, most)}, [2]float64{px, y(high, most)})
		c.line("interval", [2]float64{px - 4, y(low, most)}, [2]float64{px + 4, y(low, most)})
		c.line("interval", [2]float64{px - 4, y(high, most)}, [2]float64{px + 4, y(high, most)})
		text := fmt.Sprintf("%d to %d points: %s, true share %s", b.From, b.To, b.Opportunities, b.Opportunities.between())
		c.dot(px, py, "", text)
		c.label(px, plotBottom+18, "middle", "", fmt.Sprintf("%d+", b.From))
		c.label(px, plotBottom+33, "middle", "quiet", grouped(b.Opportunities.Of))
		told = append(told, text)
	}
	c.line("trend", points...)
	c.label(2, plotBottom+33, "start", "quiet", "MQLs")
	c.Desc = fmt.Sprintf("%s. The dashed line is the share of all, %.0f%%; the bars are 95%% intervals.", strings.Join(told, "; "), overall)
	return c
}

// sweepChart shows the MQLs of each threshold as bars, and the opportunities among them as the lower, darker part.
func sweepChart(s Sweep) *Chart {
	c := newChart("sweep-"+slug(s.Path), "MQLs and opportunities of path "+s.Path+" by threshold")
	var most int64 = 1
	for _, t := range s.Steps {
		most = max(most, t.MQLs+t.Near)
	}
	n := len(s.Steps)
	width := float64(plotRight-plotLeft)/float64(max(1, n)) - 6
	var told []string
	for i, t := range s.Steps {
		left := plotLeft + float64(i)*(width+6) + 3
		part := func(from, to int64, class string) {
			if to > from {
				c.bar(left, y(float64(to), float64(most)), width, y(float64(from), float64(most))-y(float64(to), float64(most)), class)
			}
		}
		part(0, t.Opportunities, "bar")
		part(t.Opportunities, t.MQLs, "rest")
		part(t.MQLs, t.MQLs+t.Near, "near")
		class := ""
		if t.Score == s.Now {
			class = "strong"
			c.label(left+width/2, plotBottom+33, "middle", "strong", "now")
		}
		c.label(left+width/2, plotBottom+18, "middle", class, fmt.Sprintf("%d", t.Score))
		c.label(left+width/2, y(float64(t.MQLs+t.Near), float64(most))-3, "middle", "small", grouped(t.MQLs+t.Near))
		told = append(told, fmt.Sprintf("%d: %s, %s, %s more below the threshold in force", t.Score, several(t.MQLs, "MQL"),
			several(t.Opportunities, "opportunity"), grouped(t.Near)))
	}
	c.line("grid", [2]float64{plotLeft, plotBottom}, [2]float64{plotRight, plotBottom})
	c.label(2, plotBottom+18, "start", "quiet", "Score")
	left := 6.0
	for _, part := range [][2]string{{"bar", "opportunities"}, {"rest", "other MQLs"}, {"near", "leads below now"}} {
		c.bar(left, plotBottom+43, 10, 10, part[0])
		c.label(left+15, plotBottom+52, "start", "", part[1])
		left += 118
	}
	c.Height = plotBottom + 60
	c.Desc = "By threshold: " + strings.Join(told, "; ") + "."
	return c
}
