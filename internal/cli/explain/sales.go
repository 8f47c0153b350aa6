// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Sales is how the lead stands with sales: what it found out, and what the criteria make of that.
type Sales struct {
	Revision string      `json:"revision,omitempty"` // whose criteria they are, where that is another one than the one explained
	Since    *time.Time  `json:"since,omitempty"`    // when it became a sales qualified lead
	Told     bool        `json:"told"`               // whether anything is known of a conversation
	Criteria []Criterion `json:"criteria,omitempty"`
}

// Disposal is what sales decided, and what of it counts.
type Disposal struct {
	Cycle       int       `json:"cycle"`
	At          time.Time `json:"at"`
	Outcome     string    `json:"outcome"`
	Reason      string    `json:"reason,omitempty"`
	Coded       bool      `json:"coded"` // the reason is a code, and there were attempts enough
	Attempts    int       `json:"attempts,omitempty"`
	MinAttempts int       `json:"minAttempts,omitempty"`
}

// Reentry says how a lead that sales recycled may come back.
type Reentry struct {
	Recycled   time.Time  `json:"recycled"`
	Reason     string     `json:"reason,omitempty"`
	From       *time.Time `json:"from,omitempty"` // when any path is open again; absent when this lead does not come back
	NewContact bool       `json:"newContact,omitempty"`
	ScoreDelta int        `json:"scoreDelta,omitempty"`
	Early      []string   `json:"early,omitempty"`      // paths that are open before, to newer signals alone
	By         []string   `json:"by,omitempty"`         // signals of which one must be newer than the disposition
	Signals    []string   `json:"newSignals,omitempty"` // that are
}

// sales fills in what came after the hand-off.
func (e *Explainer) sales(x *Explanation, c *Case) {
	judge := e.judge(c, len(x.HandOffs))
	x.Sales = judge.qualification(x, c)
	if x.Sales != nil && judge != e {
		x.Sales.Revision = judge.name
	}
	x.Disposals = e.disposals(x.HandOffs, c)
	x.Reentry = e.reentry(x, c)
}

// judge of a hand-off: the revision that made it.
func (e *Explainer) judge(c *Case, number int) *Explainer {
	if c.Kept == nil || number < 1 || number > len(c.Kept.Judges) || c.Kept.Judges[number-1] == nil {
		return e
	}
	return c.Kept.Judges[number-1]
}

// qualification by sales.
func (e *Explainer) qualification(x *Explanation, c *Case) *Sales {
	history, since, s := c.conversations(x)
	if len(e.definition.SQL) == 0 && !s.Told {
		return nil
	}
	found := e.program.SQL(history, since)
	if x.Qualified != nil && !found.At.IsZero() {
		s.Since = &found.At
	}
	told, record := e.told(history), e.program.Qualify(history, nil).Record
	for _, one := range e.definition.SQL {
		criterion := Criterion{Name: one.Name, Expression: one.Expression, Message: one.Message}
		criterion.Holds = !found.At.IsZero() || s.Told && !slices.Contains(found.Unmet, one.Name)
		if !criterion.Holds {
			criterion.Absent = append(e.absent("qualification", one.Expression, told), e.absent("lead", one.Expression, record)...)
		}
		s.Criteria = append(s.Criteria, criterion)
	}
	return &s
}

// conversations are the history as the sales criteria see it, and from when on they are asked: since the hand-off; of a lead that is no MQL,
// at its latest event, as it would begin. What sales was told in an earlier cycle is not taken for granted in the next.
func (c *Case) conversations(x *Explanation) (history []lead.Event, since time.Time, s Sales) {
	if x.Qualified != nil {
		since = x.Qualified.At
	}
	for _, one := range c.History {
		told := one.Kind == lead.KindQualified
		if told && x.Cycle > 1 && (x.Qualified == nil || one.Time.Before(since)) {
			continue
		}
		history = append(history, one)
		s.Told = s.Told || told
		if x.Qualified == nil && (told || evaluated(one)) {
			since = one.Time
		}
	}
	return history, since, s
}

// told is what is known of conversations.
func (e *Explainer) told(history []lead.Event) map[string]any {
	told := map[string]any{}
	for _, one := range history {
		for _, f := range lead.QualificationFields() {
			value, stated := one.Qualification[f.Name]
			if !stated {
				continue
			}
			delete(told, f.Name)
			if typed, err := lead.Coerce(f, value); err == nil && typed != nil {
				told[f.Name] = typed
			}
		}
	}
	return told
}

func (e *Explainer) disposals(all []HandOff, c *Case) []Disposal {
	var out []Disposal
	for number := 1; number <= max(1, len(all)); number++ {
		var stamps sla.Stamps
		if len(all) > 0 {
			stamps.Qualified = &sla.Qualified{At: all[number-1].At}
		}
		facts := sla.FactsOf(stamps, e.judge(c, number).definition.Dispositions, cycleOf(c.History, all, number))
		for _, d := range facts.Disposals {
			out = append(out, Disposal{
				Cycle: number, At: d.At, Outcome: string(d.Outcome), Reason: d.Reason, Coded: d.Coded, Attempts: d.Attempts, MinAttempts: d.MinAttempts,
			})
		}
	}
	return out
}

// cycleOf is the events from a hand-off to the next.
func cycleOf(history []lead.Event, all []HandOff, number int) []lead.Event {
	return slices.DeleteFunc(slices.Clone(history), func(one lead.Event) bool {
		return number > 1 && one.Time.Before(all[number-1].At) || number < len(all) && !one.Time.Before(all[number].At)
	})
}

// reentry of a lead whose latest hand-off ended in the outcome Recycled. The definition that is explained says how it comes back.
func (e *Explainer) reentry(x *Explanation, c *Case) *Reentry {
	n := len(x.Disposals)
	if x.Qualified == nil || n == 0 || x.Disposals[n-1].Cycle != x.Cycle || x.Disposals[n-1].Outcome != string(lead.Recycled) {
		return nil
	}
	latest, comeback := x.Disposals[n-1], e.program.Comeback(c.History, x.Qualified.At)
	r := &Reentry{Recycled: latest.At, Reason: latest.Reason}
	if comeback.Rule == nil {
		return r
	}
	r.NewContact = comeback.Rule.NewContact != ""
	from := comeback.From()
	if from.IsZero() {
		return r
	}
	r.From, r.ScoreDelta, r.Signals = &from, comeback.Rule.ScoreDelta, comeback.Signals
	for _, s := range e.definition.Signals {
		r.By = append(r.By, s.Name)
	}
	for _, p := range e.definition.Paths {
		if p.Threshold == nil && p.Account == nil {
			r.Early = append(r.Early, p.Name)
		}
	}
	return r
}
