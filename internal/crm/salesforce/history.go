// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// history of a lead: the changes of owner, status, stage and reason from its creation on, and when it was converted.
type history struct {
	changes   []crm.FieldChange
	converted time.Time
}

// Names under which histories have changes of the owner: by a person or a program, by an assignment rule, and by whoever took the lead out of a queue.
const (
	byHand  = "Owner"
	byRule  = "ownerAssignment"
	byQueue = "ownerAccepted"
)

// watched are the fields whose changes are told, by Salesforce's names of them in histories.
func (s *System) watched() map[string]string {
	f := s.access.Settings.Mapping.Fields
	out := map[string]string{byHand: ownerField}
	for _, field := range []string{f.Stage, f.Status, f.Reason} {
		if fieldForm.MatchString(field) {
			out[field] = field
		}
	}
	return out
}

// histories of leads, by id. An org that remembers nothing of leads, or does not show it, has none.
func (s *System) histories(ctx context.Context, o *org, p *people, list []row) (map[string]history, error) {
	t, err := s.auth.current(ctx)
	if err != nil || t.user == "" {
		return nil, err // without our own id nobody could say which changes are ours
	}
	watched := s.watched()
	rows, err := s.changes(ctx, list, slices.Sorted(maps.Keys(watched)))
	if err != nil {
		return nil, err
	}
	out := map[string]history{}
	for _, lead := range list {
		out[lead.text("Id")] = remembered(lead, rows[lead.text("Id")], watched, t.user, o, p)
	}
	return out, nil
}

// noted are the rows that a lead had when it was modified last. A lead is read several times, until all that may show late has shown.
type noted struct {
	modified time.Time
	rows     []row
}

// maxNoted is of how many leads they are kept.
const maxNoted = 50_000

// changes of leads, by id: rows of their histories, in order.
func (s *System) changes(ctx context.Context, list []row, fields []string) (map[string][]row, error) {
	out := map[string][]row{}
	var unknown []row
	s.mu.Lock()
	for _, lead := range list {
		if n, there := s.noted[lead.text("Id")]; there && n.modified.Equal(lead.time(modstamp)) {
			out[lead.text("Id")] = n.rows
		} else {
			unknown = append(unknown, lead)
		}
	}
	s.mu.Unlock()
	names := []string{quote("leadConverted"), quote(byRule), quote(byQueue)}
	for _, field := range fields {
		names = append(names, quote(field))
	}
	found, err := s.optional(ctx, "LeadHistory", ids("LeadId", column(unknown, "Id"), maxRows), func(condition string) string {
		return selectFrom("LeadHistory", []string{"Id", "LeadId", "Field", "OldValue", "NewValue", createdBy, createdDate}, createdDate+", Id",
			condition, lists("Field", names, len(names))[0])
	})
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		out[r.text("LeadId")] = append(out[r.text("LeadId")], r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.noted)+len(unknown) > maxNoted {
		clear(s.noted)
	}
	for _, lead := range unknown {
		// Of the last seconds there may be more under the same time.
		if at := lead.time(modstamp); s.access.Now().Sub(at) > settled && !s.absent["LeadHistory"] {
			s.noted[lead.text("Id")] = noted{at, out[lead.text("Id")]}
		}
	}
	return out, nil
}

// settled is how old a modification is that no other one shares its time with, however the clocks differ.
const settled = 5 * time.Second

// remembered is the history of one lead. A field without rows is left out, since nobody could say whether it was never changed or is not tracked; and
// so is one whose rows do not end with what it holds: it is not tracked any more, or the value was too long.
func remembered(lead row, rows []row, watched map[string]string, us string, o *org, p *people) history {
	var h history
	for _, r := range rows {
		if r.text("Field") == "leadConverted" {
			h.converted = r.time(createdDate)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(watched)) {
		field := watched[name]
		if changes, agrees := timeline(lead, field, changesOf(rows, name), us, o.lead[field].Type); agrees {
			h.changes = append(h.changes, changes...)
		}
	}
	for i, c := range h.changes {
		if c.Field == crm.OwnerField {
			h.changes[i].Value = p.byID[c.Value].email // nobody, where the owner is a queue
		}
	}
	slices.SortStableFunc(h.changes, func(a, b crm.FieldChange) int { return a.At.Compare(b.At) })
	return h
}

// changesOf one field. Of a change of the owner there are two rows, one with the names and one with the ids; the names say nothing.
func changesOf(rows []row, name string) []row {
	var out []row
	for _, r := range rows {
		field := r.text("Field")
		ofOwner := name == byHand && slices.Contains([]string{byHand, byRule, byQueue}, field) && isID(r.text("NewValue"), "")
		if ofOwner || name != byHand && field == name {
			out = append(out, r)
		}
	}
	return out
}

// timeline of a field, from the lead's creation on. Salesforce has whole seconds, and remembers no order within one: changes are set apart by
// milliseconds, and none is at the very time at which the lead was modified, so that a change which was not there when that was read is a later one.
func timeline(lead row, field string, rows []row, us string, kind crm.FieldType) (changes []crm.FieldChange, agrees bool) {
	if len(rows) == 0 {
		return nil, false
	}
	name := field
	if field == ownerField {
		name = crm.OwnerField
	}
	last := lead.time(createdDate)
	changes = append(changes, crm.FieldChange{Field: name, Value: plain(rows[0]["OldValue"], kind), At: last, Ours: lead.text(createdBy) == us})
	for _, r := range rows {
		at := r.time(createdDate)
		if at.Before(last) {
			at = last
		}
		last = at.Add(time.Millisecond)
		changes = append(changes, crm.FieldChange{Field: name, Value: plain(r["NewValue"], kind), At: last, Ours: r.text(createdBy) == us})
	}
	return changes, changes[len(changes)-1].Value == plain(lead[field], kind)
}

// plain is a value as text.
func plain(raw any, kind crm.FieldType) string { return crm.Text(value(raw, kind)) }
