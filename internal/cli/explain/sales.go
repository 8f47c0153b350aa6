// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
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
	Coded       bool      `json:"coded"` // the reason is a code, and there were attempts enough or the terms only observe
	Attempts    int       `json:"attempts,omitempty"`
	MinAttempts int       `json:"minAttempts,omitempty"`
	FullCadence bool      `json:"fullCadence,omitempty"` // the code counts only after the follow-up of the contract
	Status      string    `json:"status,omitempty"`      // what the CRM shows
	Overturned  bool      `json:"overturned,omitempty"`  // by both parties: it counts for nothing
	Refused     bool      `json:"refused,omitempty"`     // for want of a reason code: sales only tried
}

// LateContact is a genuine contact that was put on record too late to count as the first.
type LateContact struct {
	Cycle int       `json:"cycle"`
	At    time.Time `json:"at"`
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

// Raise is when a lead showed a higher intent than at its hand-off: until the first contact it may set an earlier deadline.
type Raise struct {
	Cycle  int       `json:"cycle"`
	At     time.Time `json:"at"`
	Intent string    `json:"intent"`
}

// sales fills in what came after the hand-off.
func (e *Explainer) sales(x *Explanation, c *Case) {
	judge := e.judge(c, len(x.HandOffs))
	x.Sales = judge.qualification(x, c)
	if x.Sales != nil && judge != e {
		x.Sales.Revision = judge.name
	}
	e.disposals(x, c)
	e.raises(x, c)
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

// disposals and the contacts that do not count, of every hand-off.
func (e *Explainer) disposals(x *Explanation, c *Case) {
	for number := 1; number <= max(1, len(x.HandOffs)); number++ {
		var stamps sla.Stamps
		if len(x.HandOffs) > 0 {
			stamps.Qualified = &sla.Qualified{At: x.HandOffs[number-1].At}
		}
		judge := e.judge(c, number)
		codes, history := judge.definition.Dispositions, cycleOf(c.History, x.HandOffs, number)
		facts := sla.FactsOf(stamps, codes, history)
		for i, d := range append(slices.Clone(facts.Disposals), facts.Voided...) {
			x.Disposals = append(x.Disposals, Disposal{
				Cycle: number, At: d.At, Outcome: string(d.Outcome), Reason: d.Reason, Coded: judge.coded(d), Attempts: d.Attempts, MinAttempts: d.MinAttempts,
				FullCadence: d.FullCadence, Status: judge.status(d), Overturned: i >= len(facts.Disposals) || overturned(codes, c.History, d),
			})
		}
		x.Disposals = append(x.Disposals, refused(codes, history, stamps.Qualified, number)...)
		for _, at := range facts.LateContacts {
			x.LateContacts = append(x.LateContacts, LateContact{Cycle: number, At: at})
		}
	}
	slices.SortStableFunc(x.Disposals, func(a, b Disposal) int { return cmp.Or(cmp.Compare(a.Cycle, b.Cycle), a.At.Compare(b.At)) })
}

// coded says whether the reason of a disposition counts as a code, as far as that hangs on attempts.
func (e *Explainer) coded(d sla.Disposal) bool {
	return d.Coded && (e.observes || d.Attempts >= d.MinAttempts)
}

// refused are the attempts at a rejection, in a cycle, that were refused.
func refused(codes []lead.Disposition, history []lead.Event, handOff *sla.Qualified, cycle int) (all []Disposal) {
	void := lead.VoidIn(codes, history)
	for i, one := range history {
		if one.Kind != lead.KindRefused || one.Disposition == nil || handOff != nil && one.Time.Before(handOff.At) {
			continue
		}
		all = append(all, Disposal{Cycle: cycle, At: one.Time, Outcome: string(one.Disposition.Outcome), Refused: true, Overturned: void[i]})
	}
	return all
}

// overturned says whether a disposition was found void, be it after the next hand-off.
func overturned(codes []lead.Disposition, history []lead.Event, d sla.Disposal) bool {
	return slices.ContainsFunc(lead.OverturnedIn(codes, history), func(o lead.Overturned) bool {
		e := history[o.Rejection]
		return e.Time.Equal(d.At) && e.Disposition.Reason == d.Reason
	})
}

func (e *Explainer) raises(x *Explanation, c *Case) {
	for i, h := range x.HandOffs {
		var until time.Time
		if i+1 < len(x.HandOffs) {
			until = x.HandOffs[i+1].At
		}
		for _, r := range e.judge(c, i+1).program.Raises(c.History, h.At, h.Intent, until) {
			x.Raises = append(x.Raises, Raise{Cycle: i + 1, At: r.At, Intent: r.Intent})
		}
	}
}

// status that the code of a disposition sets.
func (e *Explainer) status(d sla.Disposal) string {
	for _, code := range e.definition.Dispositions {
		if e.coded(d) && code.Name == d.Reason && code.Outcome == d.Outcome {
			return code.Status
		}
	}
	return ""
}

// stands is the latest disposition of a cycle that was taken and not overturned; nil when there is none.
func (x *Explanation) stands(cycle int) *Disposal {
	for i := range slices.Backward(x.Disposals) {
		if d := &x.Disposals[i]; d.Cycle == cycle && !d.Overturned && !d.Refused {
			return d
		}
	}
	return nil
}

// cycleOf is the events from a hand-off to the next.
func cycleOf(history []lead.Event, all []HandOff, number int) []lead.Event {
	return slices.DeleteFunc(slices.Clone(history), func(one lead.Event) bool {
		return number > 1 && one.Time.Before(all[number-1].At) || number < len(all) && !one.Time.Before(all[number].At)
	})
}

// reentry of a lead whose latest hand-off ended in the outcome Recycled. The definition that is explained says how it comes back.
func (e *Explainer) reentry(x *Explanation, c *Case) *Reentry {
	latest := x.stands(x.Cycle)
	if x.Qualified == nil || latest == nil || latest.Outcome != string(lead.Recycled) {
		return nil
	}
	comeback := e.program.Comeback(c.History, x.Qualified.At)
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
