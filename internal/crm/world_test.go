// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// world is a CRM with one record, of which every version is kept, and what the ledger knows of it.
type world struct {
	reflector *crm.Reflector
	remembers bool // the CRM tells the history of its fields

	versions []crm.Record
	known    *crm.Known
	standing crm.Standing
}

func worldDefinition() lead.Definition {
	return lead.Definition{
		Fields: []lead.Field{
			{Name: "company", Type: lead.String},
			{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
			{Name: "size", Type: lead.Number, Property: "numberofemployees"},
		},
		Dispositions: []lead.Disposition{
			{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"},
			{Name: "NoBudget", Outcome: lead.Recycled, Status: "Nurture"},
			{Name: "NoFit", Outcome: lead.Disqualified, Status: "Unqualified"},
			{Name: "Spam", Outcome: lead.Disqualified},
			{Name: "Working", Outcome: lead.Accepted, Status: "InProgress"},
		},
	}
}

func worldSettings() crm.Settings {
	return crm.Settings{Type: crm.TypeHubSpot, Mapping: crm.Mapping{
		Fields:     crm.Fields{Stage: "lifecycle", Status: "lead_status", Reason: "reason", Score: "score"},
		Stages:     map[string]string{"Inquiry": "lead", "MQL": "mql", "SAL": "sal", "SQL": "sql", "Opportunity": "opportunity", "Recycled": "lead"},
		Statuses:   map[string]string{"InProgress": "IN_PROGRESS"},
		Activities: []crm.Activity{{Name: "FormSubmit", At: "form_at", Properties: map[string]string{"form": "form_name"}}},
		Qualification: map[string]string{
			"budget": "has_budget", "need": "need",
		},
		OptOut: "opt_out",
	}, SetBack: crm.SetBack{After: time.Minute, Limit: 3}}
}

func newWorld(created time.Time, remembers bool) *world {
	w := &world{reflector: crm.NewReflector("42", worldSettings(), worldDefinition()), remembers: remembers, standing: crm.Standing{Enforced: true}}
	r := crm.Record{ID: "7", Created: created, Modified: created, Values: map[string]any{}}
	for _, field := range crm.ReadFields(worldSettings(), worldDefinition()) {
		r.Values[field] = nil
	}
	w.versions = []crm.Record{r}
	return w
}

func (w *world) latest() crm.Record { return w.versions[len(w.versions)-1] }

// set values, and the owner under its name, at a time: another version.
func (w *world) set(at time.Time, ours bool, values map[string]any) {
	r := w.latest()
	r.Modified, r.Values, r.History = at, maps.Clone(r.Values), slices.Clone(r.History)
	for _, field := range slices.Sorted(maps.Keys(values)) {
		value := values[field]
		before := crm.Text(r.Values[field])
		if field == crm.OwnerField {
			before = r.Owner
			r.Owner = crm.Text(value)
		} else {
			r.Values[field] = value
		}
		tracked := slices.Contains([]string{crm.OwnerField, "lifecycle", "lead_status", "reason"}, field)
		if w.remembers && tracked && before != crm.Text(value) {
			r.History = append(r.History, crm.FieldChange{Field: field, Value: crm.Text(value), At: at, Ours: ours})
		}
	}
	w.versions = append(w.versions, r)
}

var seenAs = map[string]string{"lifecycle": crm.SeenStage, "lead_status": crm.SeenStatus, "reason": crm.SeenReason}

// write is what Handoff does: it knows what it wrote.
func (w *world) write(at time.Time, values map[string]any) {
	w.set(at, true, values)
	if w.known == nil {
		w.known = &crm.Known{Record: "7", Lead: "7"}
	}
	w.known.Wrote = maps.Clone(w.known.Wrote)
	if w.known.Wrote == nil {
		w.known.Wrote = map[string]string{}
	}
	for field, value := range values {
		name := field
		if seen, is := seenAs[field]; is {
			name = seen
		}
		w.known.Wrote[name] = crm.Text(value)
	}
	w.known.WroteAt = at
	w.known.Restore = nil
}

// read a version.
func (w *world) read(r crm.Record, now time.Time) crm.Reflection {
	out := w.reflector.Reflect(crm.ReflectInput{Record: r, Known: w.known, Standing: w.standing, Now: now})
	if !out.Stale {
		known := out.Known
		w.known = &known
	}
	return out
}
