// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// needs says for each path that does not hold what would make it hold.
func needs(x *Explanation) []string {
	var all []string
	for _, p := range x.Paths {
		if p.Holds {
			continue
		}
		all = append(all, fmt.Sprintf("%s: %s", p.Name, strings.Join(p.Lacks(), "; ")))
	}
	if len(x.Missing) > 0 {
		all = append(all, "every path: a value for "+strings.Join(x.Missing, ", "))
	}
	return all
}

// Lacks is what keeps a path from holding.
func (p Path) Lacks() []string {
	var lacks []string
	if p.Short > 0 {
		lacks = append(lacks, fmt.Sprintf("%d more points (threshold %d)", p.Short, *p.Threshold))
	}
	if p.Account != "" {
		lacks = append(lacks, p.Account+"; one lead alone does not show that")
	}
	for _, c := range p.Criteria {
		if !c.Holds {
			lacks = append(lacks, cmp.Or(c.Message, c.Expression)+absence(c.Absent))
		}
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", x.verdict())
	if x.Definition != "" {
		fmt.Fprintf(w, "Definition %s, as of %s\n", x.Definition, x.At.UTC().Format(time.RFC3339))
	}
	fmt.Fprintf(w, "\nRECORD\n")
	for _, v := range x.Record {
		fmt.Fprintf(w, "  %s\t%s\n", v.Field, v.text())
	}
	fmt.Fprintf(w, "\nSCORE\t%d of %d\n", x.Score.Clamped, x.Score.Max)
	for _, g := range x.Groups {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", g.Name, points(g.Points), g.note())
		for _, r := range g.Rules {
			fmt.Fprintf(w, "    %s\t%s\t%s\n", r.Name, points(r.Points), r.note())
		}
	}
	if float64(x.Score.Clamped) != x.Score.Raw {
		fmt.Fprintf(w, "  rounded and clamped\t%s\tfrom %s to %d\n", points(float64(x.Score.Clamped)-x.Score.Raw), points(x.Score.Raw), x.Score.Clamped)
	}
	fmt.Fprintf(w, "\nPATHS TO MQL\n")
	for _, p := range x.Paths {
		p.text(w)
	}
	fmt.Fprintf(w, "\nINTENT\t%s\n", x.Intent)
	if len(x.Needs) > 0 {
		fmt.Fprintf(w, "\nWHAT IS LACKING\n")
	}
	for _, need := range x.Needs {
		fmt.Fprintf(w, "  %s\n", need)
	}
	return w.Flush()
}

func (x *Explanation) verdict() string {
	switch {
	case x.Qualified != nil:
		return fmt.Sprintf("%s is an MQL since %s: path %s, score %d, intent %s",
			x.Lead, x.Qualified.At.UTC().Format(time.RFC3339), x.Qualified.Path, x.Qualified.Score, x.Qualified.Intent)
	case len(x.Missing) > 0 && x.anyHolds():
		return fmt.Sprintf("%s is held: a path to MQL holds, but these required fields are missing: %s", x.Lead, strings.Join(x.Missing, ", "))
	default:
		return fmt.Sprintf("%s is no MQL: no path holds", x.Lead)
	}
}

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
		text = t.UTC().Format(time.RFC3339)
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
		return fmt.Sprintf("%s, %d times, up to the rule's max", r.Signal, r.Occurrences)
	case r.Signal != "" && r.Points != 0:
		return fmt.Sprintf("%s, %d times, %d points each when fresh", r.Signal, r.Occurrences, r.Worth)
	case r.Signal != "":
		return fmt.Sprintf("%s did not happen; %d points each time", r.Signal, r.Worth)
	case r.Points != 0:
		return r.When
	default:
		return fmt.Sprintf("would be %d: %s%s", r.Worth, r.When, absence(r.Absent))
	}
}

func (p Path) text(w io.Writer) {
	fmt.Fprintf(w, "  %s\t%s\t%s\n", p.Name, yes(p.Holds), p.Account)
	if p.Threshold != nil {
		fmt.Fprintf(w, "    threshold %d\t%s\t%s\n", *p.Threshold, yes(p.Short == 0), short(p.Short))
	}
	for _, c := range p.Criteria {
		note := c.Expression
		if !c.Holds {
			note = cmp.Or(c.Message, "not so") + absence(c.Absent) + ": " + c.Expression
		}
		fmt.Fprintf(w, "    criterion\t%s\t%s\n", yes(c.Holds), note)
	}
}

func short(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d points short", n)
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
