// SPDX-License-Identifier: Apache-2.0

package scorecard

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"signal": signal, "clause": clause, "verdict": verdict, "weeks": weeks, "times": times, "legend": legend, "lower": lower,
}).Parse(pageText))

func lower(i slav1alpha1.Indicator) string { return strings.ToLower(string(i)) }

// view of a card for the page: what the other forms say, in the same words.
type view struct{ *Card }

func (v view) Sentence() string                              { return v.compliant() }
func (v view) Fresh() string                                 { return v.fresh() }
func (v view) Lines(e slav1alpha1.EscalationStatus) []string { return v.escalation(e) }
func (v view) DisputeText() string                           { return v.dispute() }
func (v view) PlanText(p Plan) string                        { return p.text() }
func (v view) Ask() string                                   { return v.unplanned() }
func (v view) WaiverText(w Waiver) string                    { return w.text() }
func (v view) NotAccepted() []string                         { return v.notAccepted() }
func (v view) Strips() []strip                               { return v.strips() }
func (v view) Span() string                                  { return v.span() }
func (v view) RestatementText(r slav1alpha1.Restatement) string {
	return restatement(r, v.moment(r.At))
}

// HTML is a page of its own: no script, no resource from elsewhere.
func HTML(w io.Writer, cards []Card) error {
	views := make([]view, len(cards))
	for i := range cards {
		views[i] = view{&cards[i]}
	}
	return page.Execute(w, views)
}

// Aloud is a strip for those who hear the page.
func (s strip) Aloud() string {
	words := make([]string, len(s.Marks))
	for i, m := range s.Marks {
		words[i] = m.word
	}
	return strings.Join(words, ", ")
}
