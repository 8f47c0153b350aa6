// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
)

const ends = "EndDateTime"

// readEvents reads meetings that are over. One is news when it ends, which modifies nothing, or when it is put on record afterwards: so a position is
// in both times at once, and each has a query of its own. What one of them cuts off is where both go on.
func (s *System) readEvents(ctx context.Context, o *org, from crm.Position) (crm.Page, error) {
	now := s.now()
	over := fmt.Sprintf("%s <= %s", ends, literal(now))
	noted, err := s.events(ctx, o, modstamp, from, over)
	if err != nil {
		return crm.Page{}, err
	}
	ended, err := s.events(ctx, o, ends, from, over)
	if err != nil {
		return crm.Page{}, err
	}
	if s.now().Before(now.Add(-lag)) {
		return crm.Page{}, &crm.UnavailableError{Cause: "says another time than our clock, which was set under way: meetings are asked for again"}
	}
	page := crm.Page{Next: from, More: noted.cut || ended.cut}
	switch {
	case noted.cut && (!ended.cut || before(noted.last, ended.last)):
		page.Next = noted.last
	case ended.cut:
		page.Next = ended.last
	default:
		// Nothing is cut off: on to now, and not to what was modified last, by a clock that may be ahead of ours, before which a meeting has yet to end.
		page.Next = latest(from, crm.Position{Time: now.Add(-lag)})
	}
	p, err := s.workers(ctx, o, append(noted.rows, ended.rows...))
	if err != nil {
		return crm.Page{}, err
	}
	seen := map[string]bool{}
	for _, r := range append(noted.rows, ended.rows...) {
		id, lead := r.text("Id"), r.text("WhoId")
		if seen[id] {
			continue
		}
		seen[id] = true
		if t, is := meeting(r, lead, p); is {
			page.Touches = append(page.Touches, t)
		}
	}
	return page, nil
}

// meeting with a lead, of an event that is over. The event of whoever was invited is a copy, and that of a series is none by itself.
func meeting(r row, lead string, p *people) (crm.Touch, bool) {
	return crm.Touch{
		Stream: crm.Meetings, ID: r.text("Id"), Records: []string{lead}, Time: r.time("StartDateTime"), Logged: r.time(createdDate),
		Rep: p.byID[r.text(ownerField)].email, Channel: "Meeting", Direction: "Outbound", Actor: "Human", TwoWay: true,
	}, isLead(lead) && !r.is("IsChild") && !r.is("IsRecurrence")
}

func (o *org) eventFields() []string {
	return append([]string{"Id", "WhoId", ownerField, createdBy, createdDate, "StartDateTime", ends, modstamp}, o.having(objectEvent, eventFields)...)
}

// part of a page that goes by one time.
type part struct {
	rows []row
	last crm.Position
	cut  bool
}

func (s *System) events(ctx context.Context, o *org, by string, from crm.Position, over string) (part, error) {
	after, err := since(by, from)
	if err != nil {
		return part{}, err
	}
	answer, err := s.query(ctx, all, selectFrom(objectEvent, o.eventFields(), by+", Id", over, kept, "Who.Type = 'Lead'", after)+fmt.Sprintf(" LIMIT %d", maxRows))
	if err != nil {
		return part{}, err
	}
	out := part{rows: answer.Records, cut: !answer.Done || len(answer.Records) >= maxRows}
	if n := len(out.rows); n > 0 {
		out.last = out.rows[n-1].position(by)
	}
	return out, nil
}

// before says which position comes first. Ids are ordered as Salesforce does it: digits, capitals, small letters.
func before(a, b crm.Position) bool {
	if !a.Time.Equal(b.Time) {
		return a.Time.Before(b.Time)
	}
	return strings.Compare(a.ID, b.ID) < 0
}

func latest(a, b crm.Position) crm.Position {
	if before(a, b) {
		return b
	}
	return a
}
