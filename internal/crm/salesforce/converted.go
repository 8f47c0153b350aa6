// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// beforeConversion are the touches of leads that are converted. Salesforce moves their tasks and events to the contact, and so out of what is read of
// leads: a rep who notes a call and converts the lead at once would have made none. Of the contact counts what was done from the lead's creation to
// its conversion.
func (s *System) beforeConversion(ctx context.Context, o *org, list []row, records []crm.Record) ([]crm.Touch, error) {
	of := map[string][]crm.Record{} // by contact: several leads may have become one
	for i, r := range list {
		of[r.text(convertedContact)] = append(of[r.text(convertedContact)], records[i])
	}
	contacts := column(list, convertedContact)
	tasks, err := s.wholeOf(ctx, all, ids("WhoId", contacts, maxRows), func(condition string) string {
		return selectFrom(objectTask, o.taskFields(), "", closed, kept, condition)
	})
	if err != nil {
		return nil, err
	}
	events, err := s.wholeOf(ctx, all, ids("WhoId", contacts, maxRows), func(condition string) string {
		return selectFrom(objectEvent, o.eventFields(), "", fmt.Sprintf("%s <= %s", ends, literal(s.now())), kept, condition)
	})
	if err != nil {
		return nil, err
	}
	incoming, err := s.incoming(ctx, tasks)
	if err != nil {
		return nil, err
	}
	p, err := s.workers(ctx, o, append(append([]row{}, tasks...), events...))
	if err != nil {
		return nil, err
	}
	var out []crm.Touch
	keep := func(r row, touch func(lead string) (crm.Touch, bool)) {
		for _, lead := range of[r.text("WhoId")] {
			if t, is := touch(lead.ID); is && !t.Time.Before(lead.Created) && !t.Time.After(lead.DealAt.Add(time.Minute)) {
				out = append(out, t)
				return
			}
		}
	}
	for _, r := range tasks {
		keep(r, func(lead string) (crm.Touch, bool) { return touchOf(r, lead, p, incoming[r.text("Id")]) })
	}
	for _, r := range events {
		keep(r, func(lead string) (crm.Touch, bool) { return meeting(r, lead, p) })
	}
	return out, nil
}
