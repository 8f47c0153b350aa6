// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Case is what is known of a lead.
type Case struct {
	Lead    string
	History []lead.Event // in order of time

	// Contacts are the others of its account with their scores; nil when they are not known, for the reason in Unknown.
	Contacts []Contact
	Unknown  string
	Then     func(at time.Time) []Contact // as they were at a time; nil where only how they are now is known

	Kept   *Kept   // nil: what this definition alone would have made of the history is told
	Ledger *Ledger // where the lead is from there
}

// Contact of an account.
type Contact struct {
	Lead  string `json:"lead"`
	Score int    `json:"score"`
}

// Kept is what the ledger stamped: a lead that was handed off stays so, and is judged by the revision of that moment.
type Kept struct {
	HandOffs []HandOff
	Judges   []*Explainer // of each hand-off
	Cycle    int
	Unscored bool // events wait for the scorer
}

// Ledger says where the lead was read, and what the ledger made of it.
type Ledger struct {
	Tenant   string    `json:"tenant"`
	Contract string    `json:"contract,omitempty"`
	InForce  string    `json:"inForce,omitempty"` // revision of the definition
	Pair     int64     `json:"pair,omitempty"`    // sequence
	Since    time.Time `json:"since,omitzero"`
	Stage    string    `json:"stage"`
	HandOffs []HandOff `json:"handOffs,omitempty"`
	Draft    bool      `json:"draft,omitempty"` // another definition was asked than that in force
}

func (c *Case) peers() *lead.Contacts { return together(c.Contacts) }

func together(contacts []Contact) *lead.Contacts {
	if contacts == nil {
		return nil
	}
	peers := &lead.Contacts{Count: len(contacts)}
	for _, one := range contacts {
		peers.Score += one.Score
	}
	return peers
}

// journey of the lead after a hand-off, or from its beginning. An account path holds at the last event of a history only, by how the other
// contacts are then: where it is known how they were, each event is made the last once.
func (e *Explainer) journey(c *Case, again *lead.Again) lead.Journey {
	if c.Then == nil || !e.NeedsAccount() {
		return e.program.QualifyIn(c.History, lead.Circumstances{Judge: always, Peers: c.peers(), Again: again})
	}
	var whole lead.Journey
	for i, one := range c.History {
		if !evaluated(one) {
			continue
		}
		j := e.program.QualifyIn(c.History[:i+1], lead.Circumstances{Judge: always, Peers: together(c.Then(one.Time)), Again: again})
		if whole.Reached != nil {
			j.Reached = whole.Reached
		}
		if whole = j; j.Qualified != nil {
			break
		}
	}
	return whole
}

// handOffs of the lead, and the cycle in which it is.
func (e *Explainer) handOffs(c *Case) ([]HandOff, int) {
	if c.Kept != nil {
		return c.Kept.HandOffs, c.Kept.Cycle
	}
	var again *lead.Again
	var all []HandOff
	for cycle := 1; ; cycle++ {
		q := e.journey(c, again).Qualified
		if q == nil {
			return all, cycle
		}
		all = append(all, HandOff{
			Cycle: cycle, At: q.At, Path: q.Path, Score: q.Score, Intent: q.Intent, Contacts: q.Account.Count, Account: q.Account.Score,
		})
		again = &lead.Again{Since: q.At}
		if e.program.Comeback(c.History, q.At).Disposed.IsZero() || e.journey(c, again).Reached == nil {
			return all, cycle
		}
	}
}

// again is the hand-off after which score and paths are asked about: for a lead that sales recycled, its next one; else that of its cycle.
func (e *Explainer) again(history []lead.Event, all []HandOff, cycle int) *lead.Again {
	if n := len(all); n == cycle && !e.program.Comeback(history, all[n-1].At).From().IsZero() {
		return &lead.Again{Since: all[n-1].At}
	}
	return inCycle(all, cycle)
}

// inCycle is the hand-off before the lead's cycle, if there was one, and that of the cycle.
func inCycle(all []HandOff, cycle int) *lead.Again {
	switch n := len(all); {
	case n > 0 && n < cycle:
		return &lead.Again{Since: all[n-1].At}
	case n > 1:
		return &lead.Again{Since: all[n-2].At, Until: all[n-1].At}
	default:
		return nil
	}
}

// Score of a lead in its cycle, as it counts for its account.
func (e *Explainer) Score(history []lead.Event) int {
	return e.program.ExplainIn(history, lead.Circumstances{Again: inCycle(e.handOffs(&Case{History: history}))}).Clamped
}

// Among other leads, of which all is known up to a time: those of its account are its contacts.
func (e *Explainer) Among(c *Case, others map[string][]lead.Event, at time.Time) {
	account := e.AccountOf(c.History)
	c.Then = func(at time.Time) []Contact {
		contacts := []Contact{}
		for _, id := range slices.Sorted(maps.Keys(others)) {
			history := others[id]
			if n := slices.IndexFunc(history, func(one lead.Event) bool { return one.Time.After(at) }); n >= 0 {
				history = history[:n]
			}
			if id != c.Lead && e.AccountOf(history) == account {
				contacts = append(contacts, Contact{Lead: id, Score: e.Score(history)})
			}
		}
		return contacts
	}
	c.Contacts = c.Then(at)
}

// AccountOf is the account of a lead; "" when it has none.
func (e *Explainer) AccountOf(history []lead.Event) string {
	return e.program.AccountOf(e.program.Qualify(history, nil).Record)
}

// NeedsAccount says whether the other contacts of a lead's account matter.
func (e *Explainer) NeedsAccount() bool { return e.program.HasAccountPath() }
