// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// needs says for each path that does not hold what would make it hold. A lead that is an MQL needs none, unless sales recycled it.
func needs(x *Explanation) []string {
	if x.waits != "" || x.Qualified != nil && (x.Reentry == nil || x.Reentry.From == nil) {
		return nil
	}
	var all []string
	for _, p := range x.Paths {
		if p.Holds {
			continue
		}
		all = append(all, fmt.Sprintf("%s: %s", p.Name, strings.Join(p.Lacks(), "; ")))
	}
	if len(x.Missing) > 0 && !x.observes {
		all = append(all, "every path: a value for "+strings.Join(x.Missing, ", "))
	}
	if x.Reentry != nil && len(x.Reentry.Signals) == 0 {
		all = append(all, "every path: a signal after "+instant(x.Reentry.Recycled)+": "+strings.Join(x.Reentry.By, ", "))
	}
	return all
}

// Lacks is what keeps a path from holding.
func (p Path) Lacks() []string {
	var lacks []string
	if p.Short > 0 {
		lacks = append(lacks, fmt.Sprintf("%s (threshold %d)", counted(p.Short, "more point"), *p.Threshold))
	}
	if p.Account != nil && !p.Account.holds() {
		lacks = append(lacks, p.Account.Asks()+"; "+p.Account.has())
	}
	for _, c := range p.Criteria {
		if !c.Holds {
			lacks = append(lacks, cmp.Or(c.Message, c.Expression)+absence(c.Absent))
		}
	}
	if p.Recycled {
		lacks = append(lacks, "it is not open to the lead again yet: see re-entry")
	}
	return lacks
}

func absence(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " (no value for " + strings.Join(names, ", ") + ")"
}

// Text for people.
func (x *Explanation) Text(out io.Writer) error {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", x.verdict())
	if x.Definition != "" {
		fmt.Fprintf(w, "Definition %s, as of %s\n", x.Definition, instant(x.At))
	}
	x.ledgerText(w)
	fmt.Fprintf(w, "\nRECORD\n")
	for _, v := range x.Record {
		fmt.Fprintf(w, "  %s\t%s\n", v.Field, v.text())
	}
	x.scoreText(w)
	fmt.Fprintf(w, "\nPATHS TO MQL\n")
	for _, p := range x.Paths {
		p.text(w)
	}
	fmt.Fprintf(w, "\nINTENT\t%s\n", x.Intent)
	x.cyclesText(w)
	x.salesText(w)
	x.reentryText(w)
	if len(x.Needs) > 0 {
		fmt.Fprintf(w, "\nWHAT IS LACKING\n")
	}
	for _, need := range x.Needs {
		fmt.Fprintf(w, "  %s\n", need)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(text.String()) { // the columns leave spaces at the end
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func (x *Explanation) scoreText(w io.Writer) {
	fmt.Fprintf(w, "\nSCORE\t%d of %d%s\n", x.Score.Clamped, x.Score.Max, x.scoredAt())
	for _, g := range x.Groups {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", g.Name, points(g.Points), g.note())
		for _, r := range g.Rules {
			fmt.Fprintf(w, "    %s\t%s\t%s\n", r.Name, points(r.Points), r.note())
		}
	}
	if x.Score.Reentry != 0 {
		fmt.Fprintf(w, "  re-entry\t%s\tby the disposition that recycled the lead\n", points(float64(x.Score.Reentry)))
	}
	if float64(x.Score.Clamped) != x.Score.Raw {
		fmt.Fprintf(w, "  rounded and clamped\t%s\tfrom %s to %d\n", points(float64(x.Score.Clamped)-x.Score.Raw), points(x.Score.Raw), x.Score.Clamped)
	}
}

// scoredAt says when the score was this, where something happened since that does not change it.
func (x *Explanation) scoredAt() string {
	if x.Score.At.IsZero() || x.Score.At.Equal(x.At) {
		return ""
	}
	return ", as of " + instant(x.Score.At)
}

func (x *Explanation) verdict() string {
	switch {
	case x.Qualified != nil && x.Reentry != nil:
		return fmt.Sprintf("%s was recycled at %s%s: %s", x.Lead, instant(x.Reentry.Recycled), because(x.Reentry.Reason), x.Reentry.verdict())
	case x.Qualified != nil:
		text := fmt.Sprintf("%s is an MQL since %s: %s", x.Lead, instant(x.Qualified.At), x.Qualified.text())
		if x.Sales != nil && x.Sales.Since != nil {
			text += "; SQL since " + instant(*x.Sales.Since)
		}
		if d := x.stands(x.Cycle); d != nil {
			text += fmt.Sprintf("; %s at %s%s", strings.ToLower(d.Outcome), instant(d.At), because(d.Reason))
		}
		return text
	case len(x.Missing) > 0 && x.anyHolds():
		return fmt.Sprintf("%s is held: a path to MQL holds, but these required fields are missing: %s", x.Lead, strings.Join(x.Missing, ", "))
	case x.waits != "":
		return fmt.Sprintf("%s is no MQL yet: %s", x.Lead, x.waits)
	default:
		return fmt.Sprintf("%s is no MQL: no path holds", x.Lead)
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " for " + reason
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (x *Explanation) anyHolds() bool {
	for _, p := range x.Paths {
		if p.Holds {
			return true
		}
	}
	return false
}

func (v Value) text() string {
	text := fmt.Sprint(v.Value)
	switch t := v.Value.(type) {
	case nil:
		text = "-"
	case []string:
		text = strings.Join(t, "; ")
	case time.Time:
		text = instant(t)
	}
	if v.Required && v.Value == nil {
		text += "  (required)"
	}
	return text
}

func (g Group) note() string {
	if g.Points == g.Sum {
		return ""
	}
	if g.Max == nil || g.Sum < 0 {
		return fmt.Sprintf("its rules give %s; a group is never below 0", points(g.Sum))
	}
	return fmt.Sprintf("its rules give %s; the group's max is %d", points(g.Sum), *g.Max)
}

func (r Rule) note() string {
	switch {
	case r.Signal != "" && r.Points != 0 && r.Capped:
		return fmt.Sprintf("%s, %s, up to the rule's max", r.Signal, counted(r.Occurrences, "time"))
	case r.Signal != "" && r.Points != 0:
		return fmt.Sprintf("%s, %s, %s each when fresh", r.Signal, counted(r.Occurrences, "time"), counted(r.Worth, "point"))
	case r.Signal != "":
		return fmt.Sprintf("%s did not happen; %s each time", r.Signal, counted(r.Worth, "point"))
	case r.Points != 0:
		return r.When
	default:
		return fmt.Sprintf("would be %d: %s%s", r.Worth, r.When, absence(r.Absent))
	}
}

func (p Path) text(w io.Writer) {
	note := ""
	if p.Recycled {
		note = "not open to the lead again yet"
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\n", p.Name, yes(p.Holds), note)
	if p.Threshold != nil {
		fmt.Fprintf(w, "    threshold %d\t%s\t%s\n", *p.Threshold, yes(p.Short == 0), short(p.Short))
	}
	if p.Account != nil {
		p.Account.text(w)
	}
	for _, c := range p.Criteria {
		c.text(w)
	}
}

func (c Criterion) text(w io.Writer) {
	note := c.Expression
	if !c.Holds {
		note = cmp.Or(c.Message, "not so") + absence(c.Absent) + ": " + c.Expression
	}
	fmt.Fprintf(w, "    %s\t%s\t%s\n", cmp.Or(c.Name, "criterion"), yes(c.Holds), note)
}

func short(n int) string {
	if n == 0 {
		return ""
	}
	return counted(n, "point") + " short"
}

func yes(b bool) string {
	if b {
		return "holds"
	}
	return "does not hold"
}

// points with the sign, and no more digits than needed.
func points(p float64) string {
	text := strconv.FormatFloat(p, 'f', -1, 64)
	if i := strings.IndexByte(text, '.'); i >= 0 && len(text) > i+3 {
		text = strconv.FormatFloat(p, 'f', 2, 64)
	}
	if p > 0 {
		text = "+" + text
	}
	return text
}
