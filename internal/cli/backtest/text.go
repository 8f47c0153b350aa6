// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// shownProblems of the input are told one by one to people; JSON has a hundred.
const shownProblems = 10

// barWidth of a bar in text.
const barWidth = 24

// Text for people.
func (r *Report) Text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	r.headline(w)
	r.monthsText(w)
	r.bandsText(w)
	r.partsText(w)
	r.flipsText(w)
	r.termsText(w)
	r.inputText(w)
	return w.Flush()
}

func (r *Report) headline(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n", r.Definition)
	if r.Against == nil {
		fmt.Fprintf(w, "leads\t%d\nMQLs\t%d\t%s of the leads\n", r.Leads, r.MQLs, percent(share(r.MQLs, r.Leads)))
	} else {
		fmt.Fprintf(w, "\tNEW\tOLD\t(%s)\nleads\t%d\nMQLs\t%d\t%d\n", r.Against.Definition, r.Leads, r.MQLs, r.Against.MQLs)
	}
	for _, x := range r.counted() {
		fmt.Fprintf(w, "%s\t%d\t%s\n", x.name, x.count, x.meaning)
	}
	if r.Converted == nil {
		return
	}
	fmt.Fprintf(w, "converted\t%d\t%s of the leads\n", *r.Converted, percent(r.BaseRate))
	for _, row := range r.qualityRows() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.Name, row.Now, row.Was, row.Meaning)
	}
}

// counted leads of sorts that mostly there are none of.
type counted struct {
	name    string
	count   int64
	meaning string
}

func (r *Report) counted() []counted {
	var all []counted
	if r.Held > 0 {
		all = append(all, counted{"held", r.Held, "reached a path, but lacked required fields"})
	}
	if r.Returned > 0 {
		all = append(all, counted{"returned", r.Returned, "MQLs that were handed off again after sales recycled them"})
	}
	if r.SQL != nil {
		all = append(all, counted{"SQLs", r.SQL.SQLs, r.SQL.sentence()})
	}
	return all
}

type qualityRow struct{ Name, Now, Was, Change, Meaning string }

// qualityRows of the headline, in all forms of the report.
func (r *Report) qualityRows() []qualityRow {
	old := &Against{}
	if r.Against != nil {
		old = r.Against
	}
	rows := []qualityRow{
		{"precision", percent(r.Precision), percent(old.Precision), change(r.Precision, old.Precision, 100, 1, " points"), "of the MQLs converted"},
		{"recall", percent(r.Recall), percent(old.Recall), change(r.Recall, old.Recall, 100, 1, " points"), "of the converted leads were MQLs"},
		{"lift", decimal(r.Lift, 2), decimal(old.Lift, 2), change(r.Lift, old.Lift, 1, 2, ""), "precision over the share of all leads that converted"},
		{"AUC", decimal(r.AUC, 3), decimal(old.AUC, 3), change(r.AUC, old.AUC, 1, 3, ""), "chance that a converted lead scores higher than another"},
	}
	if r.Against == nil {
		for i := range rows {
			rows[i].Was = ""
		}
	}
	return rows
}

func (r *Report) monthsText(w io.Writer) {
	if len(r.Months) == 0 {
		return
	}
	fmt.Fprintf(w, "\nMONTH (%s)\tLEADS\tMQLS\t%sCONVERTED\t\n", r.Zone, only(r.Against != nil, "OLD\t"))
	most := int64(0)
	for _, m := range r.Months {
		most = max(most, m.MQLs)
	}
	for _, m := range r.Months {
		old := ""
		if m.Against != nil {
			old = fmt.Sprintf("%d\t", *m.Against)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s%s\t%s\n", m.Month, m.Leads, m.MQLs, old, whole(m.Converted), bar(float64(m.MQLs), float64(most)))
	}
	if v := r.Volume; v != nil {
		fmt.Fprintf(w, "\n%s\n", v.sentence())
	}
}

func (v *Volume) sentence() string {
	reach := "reach"
	if v.MonthsMet == 1 {
		reach = "reaches"
	}
	text := fmt.Sprintf("volume: contract %s asks for %s a month; %d of %s %s it, %.0f on average",
		v.Contract, several(int64(v.Target), "MQL"), v.MonthsMet, several(int64(v.Months), "month"), reach, v.Average)
	if v.AgainstMet != nil {
		text += fmt.Sprintf(" (before: %s, %.0f on average)", several(int64(*v.AgainstMet), "month"), *v.AgainstMean)
	}
	return text
}

func (r *Report) bandsText(w io.Writer) {
	fmt.Fprintf(w, "\nSCORE\tLEADS\t%sCONVERTED\tRATE\t95 %%\t\n", only(r.Against != nil, "OLD\t"))
	highest := 0.0
	for _, b := range r.Scores {
		if b.Rate != nil {
			highest = max(highest, *b.Rate)
		}
	}
	for _, b := range r.Scores {
		old, length := "", ""
		if b.Against != nil {
			old = fmt.Sprintf("%d\t", *b.Against)
		}
		if b.Rate != nil {
			length = bar(*b.Rate, highest)
		}
		fmt.Fprintf(w, "%d-%d\t%d\t%s%s\t%s\t%s\t%s\n", b.From, b.To, b.Leads, old, whole(b.Converted), percent(b.Rate), interval(b.Low, b.High), length)
	}
}

func (r *Report) partsText(w io.Writer) {
	for _, list := range []struct {
		title string
		parts []Part
	}{{"PATH", r.Paths}, {"INTENT", r.Intents}} {
		fmt.Fprintf(w, "\n%s\tMQLS\tCONVERTED\tPRECISION\n", list.title)
		for _, p := range list.parts {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", p.Name, p.MQLs, whole(p.Converted), percent(p.Precision))
		}
	}
	if len(r.Missing) > 0 {
		fmt.Fprintf(w, "\nMISSING FIELD\tLEADS HELD\n")
	}
	for _, f := range r.Missing {
		fmt.Fprintf(w, "%s\t%d\n", f.Field, f.Leads)
	}
	if len(r.Reasons) > 0 {
		fmt.Fprintf(w, "\nREASON\tOUTCOME\tLEADS\tMQLS\n")
	}
	for _, x := range r.Reasons {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d%s\n", orNone(x.Reason), x.Outcome, x.Leads, x.MQLs, only(!x.Coded, "\tno code of the definition"))
	}
}

func (r *Report) flipsText(w io.Writer) {
	f := r.Flips
	if r.Against == nil {
		return
	}
	fmt.Fprintf(w, "\nAgainst %s: %s\n", r.Against.Definition, f.sentence())
	for _, list := range []struct {
		title    string
		examples []Example
	}{{"gained", f.GainedExamples}, {"lost", f.LostExamples}} {
		for _, x := range list.examples {
			fmt.Fprintf(w, "  %s\t%s\tscore %d -> %d\t%s%s\n", list.title, x.ID, x.OldScore, x.Score, converted(x.Converted), strings.Join(x.Why, "; "))
		}
	}
}

func (r *Report) termsText(w io.Writer) {
	if r.Terms == nil {
		return
	}
	fmt.Fprintf(w, "\nTERMS OF %s\tTIER\tWITHIN\tMET\tSHARE\tTARGET\tMEDIAN\tTARGET NEEDS\n", r.Terms.Contract)
	for _, c := range r.Terms.Clauses {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%s\t%s\t%s\t%s\n", c.Clause, c.Tier, c.Within, c.Met, c.Met+c.Missed, percent(c.Share), percent(&c.Target),
			length(c.MedianTook), c.needs())
	}
	fmt.Fprintln(w, "Lengths of firstContact are business time.")
	if n := r.Terms.AssumedOwned; n > 0 {
		fmt.Fprintln(w, assumed(n))
	}
}

// sentence of the leads that change.
func (f Flips) sentence() string {
	become, no := "become", "do"
	if *f.Gained == 1 {
		become = "becomes"
	}
	if *f.Lost == 1 {
		no = "does"
	}
	return fmt.Sprintf("%s %s MQL%s, %d no longer %s%s.", several(*f.Gained, "lead"), become, ofThem(*f.Gained, f.GainedConverted), *f.Lost, no, ofThem(*f.Lost, f.LostConverted))
}

// sentence of what sales told; the files have qualified events only where there is one.
func (s *SQL) sentence() string {
	text := fmt.Sprintf("of the %s that sales told what it found out about", several(s.Asked, "MQL"))
	if s.Converted != nil {
		text += fmt.Sprintf("; %d of the SQLs converted", *s.Converted)
	}
	for i, u := range s.Unmet {
		if i == 0 {
			text += "; not met:"
		} else {
			text += ","
		}
		text += fmt.Sprintf(" %s %d", u.Criterion, u.MQLs)
	}
	return text
}

// several of a thing, in the right number.
func several(n int64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// needs says which window would have met the target.
func (c Clause) needs() string {
	switch {
	case c.Within == "":
		return ""
	case c.Needs == nil:
		return "no window: too few ever"
	default:
		return length(c.Needs)
	}
}

func (r *Report) inputText(w io.Writer) {
	fmt.Fprintf(w, "\n%s read", several(r.Rows, "row"))
	if r.Skipped > 0 {
		fmt.Fprintf(w, ", %d of them left out", r.Skipped)
	}
	fmt.Fprintf(w, ", %s\n", several(int64(r.Problems.Count), "problem"))
	for _, kind := range sortedKeys(r.Problems.ByKind) {
		fmt.Fprintf(w, "  %s\t%d\n", kind, r.Problems.ByKind[kind])
	}
	for i, p := range r.Problems.First {
		if i == shownProblems {
			fmt.Fprintf(w, "  and %d more\n", r.Problems.Count-i)
			break
		}
		fmt.Fprintf(w, "  %s\n", p)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
}

func assumed(n int64) string {
	if n == 1 {
		return "The files name no owner of 1 hand-off: taken as owned when it qualified."
	}
	return fmt.Sprintf("The files name no owner of %d hand-offs: taken as owned when they qualified.", n)
}

func only(yes bool, text string) string {
	if yes {
		return text
	}
	return ""
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return text
}

func percent(f *float64) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100**f)
}

func decimal(f *float64, digits int) string {
	if f == nil {
		return "-"
	}
	return fmt.Sprintf("%.*f", digits, *f)
}

// change from old to now, in units of which there are so many in 1.
func change(now, old *float64, units float64, digits int, name string) string {
	if now == nil || old == nil {
		return ""
	}
	return fmt.Sprintf("%+.*f%s", digits, (*now-*old)*units, name)
}

func whole(n *int64) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprint(*n)
}

func interval(low, high *float64) string {
	if low == nil || high == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f to %.1f%%", 100**low, 100**high)
}

func length(s *int64) string {
	if s == nil {
		return "-"
	}
	if *s < 60 {
		return fmt.Sprintf("%ds", *s)
	}
	rounded := time.Duration(*s) * time.Second
	switch {
	case rounded >= 48*time.Hour:
		rounded = rounded.Round(time.Hour)
	default:
		rounded = rounded.Round(time.Minute)
	}
	return sla.FormatWindow(rounded)
}

func ofThem(all int64, n *int64) string {
	switch {
	case n == nil || all == 0:
		return ""
	case all == 1 && *n == 1:
		return " (it converted)"
	case all == 1:
		return " (it did not convert)"
	}
	return fmt.Sprintf(" (%d of them converted)", *n)
}

func converted(yes *bool) string {
	switch {
	case yes == nil:
		return ""
	case *yes:
		return "converted; "
	default:
		return "not converted; "
	}
}

func bar(value, most float64) string {
	if most <= 0 {
		return ""
	}
	return strings.Repeat("#", int(math.Round(barWidth*value/most)))
}
