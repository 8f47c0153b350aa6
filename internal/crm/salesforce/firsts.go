// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// first contact of a lead as Sales Engagement keeps it, by the field.
type first struct {
	lead, field string
	at          time.Time
}

// maxFirsts is how many are remembered before they are looked up again.
const maxFirsts = 50_000

// apart is how far a task may be from a first contact and still be it.
const apart = time.Minute

// firstContacts are the times of Sales Engagement at which a lead was first called, and first written to, where no task says the same: what has a
// task is told by that, with who did it. Tasks are read before leads, so a task that there is has been told.
func (s *System) firstContacts(ctx context.Context, o *org, list []row) ([]crm.Touch, error) {
	var contacts []first
	who := map[string]string{}
	for _, r := range list {
		who[r.text("Id")] = cmp.Or(r.text(convertedContact), r.text("Id")) // to whom its tasks went
		for _, field := range []string{firstCall, firstEmail} {
			if at := r.time(field); !at.IsZero() {
				contacts = append(contacts, first{r.text("Id"), field, at})
			}
		}
	}
	told, err := s.lookUp(ctx, o, contacts, who)
	if err != nil {
		return nil, err
	}
	var out []crm.Touch
	for _, f := range contacts {
		if told[f] {
			continue
		}
		t := crm.Touch{Stream: crm.Calls, ID: f.lead, Records: []string{f.lead}, Time: f.at, Logged: f.at, Channel: "Phone", Direction: "Outbound", Actor: "Human"}
		if f.field == firstEmail {
			t.Stream, t.Channel = crm.Emails, "Email"
		}
		out = append(out, t)
	}
	return out, nil
}

// lookUp which first contacts have a task: in Salesforce those that were not looked up before.
func (s *System) lookUp(ctx context.Context, o *org, wanted []first, who map[string]string) (map[first]bool, error) {
	told := map[first]bool{}
	s.mu.Lock()
	var unknown []first
	if len(s.firsts)+len(wanted) > maxFirsts {
		clear(s.firsts)
	}
	for _, f := range wanted {
		is, looked := s.firsts[f]
		if told[f] = is; !looked {
			unknown = append(unknown, f)
		}
	}
	s.mu.Unlock()
	var people []string
	for _, f := range unknown {
		people = append(people, who[f.lead])
	}
	slices.Sort(people)
	fields := append([]string{"WhoId", createdDate}, o.having(objectTask, taskFields)...)
	tasks, err := s.wholeOf(ctx, all, ids("WhoId", slices.Compact(people), maxRows), func(condition string) string {
		return selectFrom(objectTask, fields, "", closed, kept, condition)
	})
	if err != nil {
		return nil, fmt.Errorf("tasks of first contacts: %w", err)
	}
	of := map[string][]row{}
	for _, r := range tasks {
		of[r.text("WhoId")] = append(of[r.text("WhoId")], r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range unknown {
		told[f] = slices.ContainsFunc(of[who[f.lead]], f.told)
		s.firsts[f] = told[f]
	}
	return told, nil
}

// told says whether a task is the first contact.
func (f first) told(r row) bool {
	of := map[string]string{firstCall: "Phone", firstEmail: "Email"}[f.field]
	near := func(at time.Time) bool { return !at.IsZero() && at.Sub(f.at).Abs() <= apart }
	return channel(r) == of && (near(r.time("CompletedDateTime")) || near(r.time(createdDate)))
}
