// SPDX-License-Identifier: Apache-2.0

package scorecard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

const missed slav1alpha1.Verdict = "Missed"

var indicators = []slav1alpha1.Indicator{"Green", "Yellow", "Red", "Grey"}

// shapes tell the indicators apart where colour does not.
var shapes = map[slav1alpha1.Indicator]string{"Green": "●", "Yellow": "▲", "Red": "■", "Grey": "○"}

func signal(i slav1alpha1.Indicator) string { return shapes[i] + " " + strings.ToLower(string(i)) }

var verdicts = map[slav1alpha1.Verdict]string{
	"Met": "met", "AtRisk": "behind pace", missed: "fell short", "InsufficientData": "too few leads", "Waived": "waived", "Unknown": "unknown",
}

func verdict(row slav1alpha1.ScorecardRow) string {
	said, known := verdicts[row.Verdict]
	if !known {
		said = string(row.Verdict)
	}
	if row.Party == string(sla.PartyBoth) && row.Verdict == slav1alpha1.Verdict(sla.VerdictInsufficientData) {
		said = "not due yet" // what both owe the agreement itself lacks no leads
	}
	if row.Waiver != "" {
		said += " (" + row.Waiver + ")"
	}
	return said
}

func clause(row slav1alpha1.ScorecardRow) string {
	if row.Tier == "" {
		return row.Clause
	}
	return row.Clause + ", " + row.Tier
}

func weeks(n *int32) string {
	if n == nil || *n == 0 {
		return ""
	}
	return fmt.Sprint(*n)
}

// wait is a measured length of time as people say it; empty for what is none.
func wait(text slav1alpha1.WaitedFor) string {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return ""
	}
	return inWords(d)
}

// inWords is a length of time in two units at most.
func inWords(d time.Duration) string {
	seconds := int64(d / time.Second)
	switch days, hours := int64(d/(24*time.Hour)), int64(d/time.Hour); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", seconds)
	case d < time.Hour:
		return pair(seconds/60, "m", seconds%60, "s")
	case d < 24*time.Hour:
		return pair(hours, "h", seconds/60%60, "m")
	default:
		return pair(days, "d", hours%24, "h")
	}
}

func pair(n int64, unit string, m int64, smaller string) string {
	if m == 0 {
		return fmt.Sprintf("%d%s", n, unit)
	}
	return fmt.Sprintf("%d%s %d%s", n, unit, m, smaller)
}

// times of a row: median, p90, share within 5 and 15 minutes; empty where the clause has no clock.
func times(row slav1alpha1.ScorecardRow) [4]string {
	t := row.Times
	if t == nil || t.Leads == nil || *t.Leads == 0 {
		return [4]string{}
	}
	return [4]string{wait(t.Median), wait(t.P90), share(t.Within5m, *t.Leads), share(t.Within15m, *t.Leads)}
}

func share(part *int64, of int64) string {
	if part == nil {
		return ""
	}
	return fmt.Sprintf("%d%%", 100**part/of)
}

// compliant in one sentence.
func (c *Card) compliant() string {
	if c.Compliant == nil {
		return "Not judged yet: nothing is in force, or the operator has not looked at it."
	}
	said := map[metav1.ConditionStatus]string{metav1.ConditionTrue: "Compliant", metav1.ConditionFalse: "Not compliant"}[c.Compliant.Status]
	if said == "" {
		said = "Whether it is compliant is not known"
	}
	return sentence(said + ": " + c.Compliant.Message)
}

// fresh says of when the numbers are, and by which texts.
func (c *Card) fresh() string {
	var parts []string
	if c.AsOf == nil {
		parts = append(parts, "When the counts last changed is not known.")
	} else {
		parts = append(parts, fmt.Sprintf("Counts last changed on %s%s.", c.moment(*c.AsOf), c.ago(c.AsOf.Time)))
	}
	if c.ClosedThrough != "" {
		parts = append(parts, "Weeks are closed through "+c.ClosedThrough+".")
	}
	if c.Measured != nil && c.Measured.Status != metav1.ConditionTrue {
		parts = append(parts, sentence("The counts may be old: "+c.Measured.Message))
	}
	if c.Terms != "" {
		parts = append(parts, fmt.Sprintf("In force: %s and %s.", c.Terms, c.Definition))
	}
	return strings.Join(parts, " ")
}

func (c *Card) ago(at time.Time) string {
	switch passed := c.now.Sub(at); {
	case passed < 0:
		return " (ahead of this machine's clock)"
	case passed < time.Minute:
		return " (just now)"
	default:
		return " (" + inWords(passed.Truncate(time.Minute)) + " ago)"
	}
}

func (c *Card) moment(at metav1.Time) string { return at.In(c.zone).Format("2006-01-02 15:04 MST") }

func sentence(text string) string {
	if text = strings.TrimSpace(text); strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// lines of an escalation below its head.
func (c *Card) escalation(e slav1alpha1.EscalationStatus) []string {
	when := "since " + c.moment(e.Since)
	if !e.LevelSince.Equal(&e.Since) {
		when += ", at this level since " + c.moment(e.LevelSince)
	}
	out := []string{sentence(e.Reason), fmt.Sprintf("With %s, %s.", strings.Join(e.Owners, ", "), when)}
	if e.Due != nil {
		out = append(out, fmt.Sprintf("Goes to level %d on %s unless it is resolved.", e.Level+1, c.moment(*e.Due)))
	}
	out = append(out, sentence("Resolved by: "+e.Clears))
	if len(e.Remediations) > 0 {
		out = append(out, "Plans: "+strings.Join(e.Remediations, ", ")+".")
	}
	return out
}

func (c *Card) dispute() string {
	about := "the terms"
	if c.Dispute.Clause != "" {
		about = string(c.Dispute.Clause)
	}
	return fmt.Sprintf("%s disputes %s since %s: %s", c.Dispute.RaisedBy, about, c.moment(c.Dispute.At), sentence(c.Dispute.Reason))
}

func (p Plan) text() string {
	out := fmt.Sprintf("%s: %s %s, by %s", p.Clause, sentence(p.Plan), p.Owner, p.Due)
	if p.Overdue {
		out += " (that day has passed)"
	}
	if p.Cause != "" {
		out += "; a question of " + strings.ToLower(string(p.Cause))
	}
	return out
}

// unplanned asks for the plan.
func (c *Card) unplanned() string {
	return fmt.Sprintf("No plan yet for %s. Is it a question of resource, process, data or people? spec.remediations takes the plan.",
		strings.Join(c.Unplanned, ", "))
}

func (w Waiver) text() string {
	signed := "signed by nobody: without effect until both do"
	switch len(w.Signed) {
	case 1:
		signed = fmt.Sprintf("signed by %s only: without effect until both do", w.Signed[0])
	case 2:
		signed = "signed by both"
	}
	return fmt.Sprintf("%s, %s to %s: %s (%s)", w.Clause, w.From, w.To, w.Reason, signed)
}

// notAccepted says what of the waivers, plans and disputes does not count; nothing when all does.
func (c *Card) notAccepted() []string {
	if c.Records == nil || c.Records.Status != metav1.ConditionFalse {
		return nil
	}
	return []string{sentence(c.Records.Message)}
}

// mark is how a clause was judged in a closed week.
type mark struct{ shape, word string }

var marks = []mark{
	{"●", "met"}, {"▲", "behind pace"}, {"■", "fell short"}, {"✖", "fell short by far"}, {"○", "too few leads"}, {"–", "waived"}, {"·", "not judged"},
}

func markOf(w slav1alpha1.ClosedWeek, name slav1alpha1.ClauseName) mark {
	// The severe are among the missed: they come first.
	for i, found := range [][]slav1alpha1.ClauseName{w.Severe, w.Missed, w.AtRisk, w.Waived, w.Insufficient, w.Met} {
		if slices.Contains(found, name) {
			return marks[[]int{3, 2, 1, 5, 4, 0}[i]]
		}
	}
	return marks[len(marks)-1]
}

// strip is a clause's closed weeks, the oldest first.
type strip struct {
	Clause slav1alpha1.ClauseName
	Marks  []mark
}

func (c *Card) strips() []strip {
	var out []strip
	for _, name := range clauses {
		s := strip{Clause: name}
		judged := false
		for i := len(c.History) - 1; i >= 0; i-- {
			m := markOf(c.History[i], name)
			judged = judged || m.word != "not judged"
			s.Marks = append(s.Marks, m)
		}
		if judged {
			out = append(out, s)
		}
	}
	return out
}

// clauses in the order in which they are shown.
var clauses = []slav1alpha1.ClauseName{
	"volume", "completeness", "score", "delivery", "acceptance", "firstContact", "followUp", "disposition", "rejection", "feedback", "reviewsHeld",
	"definitionRefresh",
}

// legend of the marks that were used.
func legend(all []strip) string {
	var out []string
	for _, m := range marks {
		if slices.ContainsFunc(all, func(s strip) bool { return slices.Contains(s.Marks, m) }) {
			out = append(out, m.shape+" "+m.word)
		}
	}
	return strings.Join(out, "  ")
}

// span of the weeks shown.
func (c *Card) span() string {
	first, last := c.History[len(c.History)-1].Period, c.History[0].Period
	if first == last {
		return last
	}
	return first + " to " + last
}
