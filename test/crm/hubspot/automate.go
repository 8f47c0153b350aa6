// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"slices"
	"strings"
	"time"
)

// automate runs what the account does by itself when properties have changed.
func (f *Fake) automate(r *record, fields []string, at time.Time) {
	switch {
	case r.kind.plural == "contacts":
		f.runWorkflows(r, fields, at)
	case r.kind.plural == "deals" && slices.Contains(fields, "dealstage"):
		f.moveStages(r, at)
	}
}

func (f *Fake) runWorkflows(r *record, fields []string, at time.Time) {
	for _, w := range f.settings.Workflows {
		if slices.Contains(fields, w.Property) && r.values[w.Property] == w.When && w.When != w.Set {
			f.write(r, map[string]string{w.Property: w.Set}, author{kind: "AUTOMATION_PLATFORM", id: "enrollmentId:1;actionExecutionIndex:0", label: w.Name, log: "workflow " + w.Name}, at)
		}
	}
}

// moveStages of the contacts of a deal.
func (f *Fake) moveStages(deal *record, at time.Time) {
	if !f.settings.DealsMoveStage {
		return
	}
	stage := "opportunity"
	if deal.values["hs_is_closed_won"] == "true" {
		stage = "customer"
	}
	for _, id := range f.linked(deal.kind.plural, deal.id, "contacts") {
		contact := f.objects["contacts"][id]
		if contact != nil && contact.archived.IsZero() && !f.backwards(contact, stage) {
			f.write(contact, map[string]string{"lifecyclestage": stage}, author{kind: "DEALS", id: "deal sync triggered by deal id " + deal.id, log: "deals"}, at)
		}
	}
}

// log what an activity does to its contacts: their time of the last activity, and with it the watermark, moves.
func (f *Fake) logged(r *record, contact *record, at time.Time) {
	if !r.kind.isActivity() {
		return
	}
	when := r.values["hs_timestamp"]
	by := system("CALCULATED", "")
	contact.put("notes_last_updated", stamp(at), by, at)
	if reached := r.kind.singular == "call" || r.kind.singular == "email" || r.kind.singular == "meeting"; reached && strings.Compare(when, contact.values["notes_last_contacted"]) > 0 {
		contact.put("notes_last_contacted", when, by, at)
	}
	f.touch(contact, at)
}
