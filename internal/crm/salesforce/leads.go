// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// always are the fields of a lead that are read whatever the mapping is.
var always = []string{
	"Id", createdDate, createdBy, modstamp, lastModifiedAt, ownerField, "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedDate", convertedContact,
	convertedDeal,
}

// deepest is how many mergers are followed, of a lead that was merged into one that was merged.
const deepest = 10

// fields of leads in groups that fit into a query each; the first has what is always read.
func (s *System) fields(o *org) [][]string {
	list := slices.Clone(always)
	for _, field := range []string{firstCall, firstEmail} {
		if _, there := o.lead[field]; there {
			list = append(list, field)
		}
	}
	for _, field := range s.access.Fields() {
		named := func(other string) bool { return strings.EqualFold(field, other) }
		if fieldForm.MatchString(field) && !slices.ContainsFunc(list, named) {
			list = append(list, field)
		}
	}
	return split(list[1:])
}

// readLeads reads deleted ones, too: of a lead that was merged, Salesforce says that only there.
func (s *System) readLeads(ctx context.Context, o *org, from crm.Position) (crm.Page, error) {
	groups := s.fields(o)
	soql, err := pageOf(objectLead, groups[0], from)
	if err != nil {
		return crm.Page{}, err
	}
	answer, err := s.query(ctx, all, soql)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: from, More: !answer.Done || len(answer.Records) >= maxRows}
	if n := len(answer.Records); n > 0 {
		page.Next = answer.Records[n-1].position(modstamp)
	}
	return page, s.leads(ctx, o, answer.Records, groups, &page)
}

// Fetch implements crm.Reader. Which is not there any more, or not for us, is gone.
func (s *System) Fetch(ctx context.Context, records []string) (crm.Page, error) {
	o, err := s.described(ctx)
	if err != nil {
		return crm.Page{}, wire.Failure(err)
	}
	groups := s.fields(o)
	var page crm.Page
	list, err := s.byID(ctx, records, groups[0])
	if err == nil {
		err = s.leads(ctx, o, list, groups, &page)
	}
	if err != nil {
		return crm.Page{}, wire.Failure(err)
	}
	found := map[string]bool{}
	for _, id := range column(list, "Id") {
		found[id] = true
	}
	for _, id := range records {
		if !found[id] {
			page.Gone[id] = crm.Deleted
		}
	}
	return page, nil
}

func (s *System) byID(ctx context.Context, records, fields []string) ([]row, error) {
	records = slices.DeleteFunc(slices.Clone(records), func(id string) bool { return !isLead(id) })
	slices.Sort(records)
	return s.wholeOf(ctx, all, ids("Id", slices.Compact(records), maxWrites), func(condition string) string {
		return selectFrom(objectLead, fields, "", condition)
	})
}

// leads puts rows into a page, with what else is to be read of them.
func (s *System) leads(ctx context.Context, o *org, list []row, groups [][]string, page *crm.Page) error {
	page.Gone = map[string]crm.Gone{}
	list, merged, err := s.mergers(ctx, list, groups[0], page.Gone)
	if err != nil {
		return err
	}
	if err := s.widen(ctx, list, groups[1:]); err != nil {
		return err
	}
	owners := column(list, ownerField)
	p, err := s.peopleWith(ctx, o, func(p *people) bool {
		return !slices.ContainsFunc(owners, func(id string) bool { _, there := p.byID[id]; return !there && isID(id, userPrefix) })
	})
	if err != nil {
		return err
	}
	histories, err := s.histories(ctx, o, p, list)
	if err != nil {
		return err
	}
	for _, r := range list {
		record := s.record(o, p, r)
		record.Merged = merged[record.ID]
		if h, there := histories[record.ID]; there {
			record.History = h.changes
			if record.Gone == crm.Converted && !h.converted.IsZero() {
				record.DealAt = h.converted
			}
		}
		page.Records = append(page.Records, record)
	}
	first, err := s.firstContacts(ctx, o, list)
	if err != nil {
		return err
	}
	before, err := s.beforeConversion(ctx, o, list, page.Records)
	if err != nil {
		return err
	}
	page.Touches = append(first, before...)
	page.Deals, err = s.dealsOf(ctx, o, list)
	return err
}

// mergers takes the deleted rows out: they are gone, and those that were merged are told of with the lead that took them in, which is read if it is
// not among the rows.
func (s *System) mergers(ctx context.Context, list []row, fields []string, gone map[string]crm.Gone) (alive []row, merged map[string][]string, err error) {
	merged = map[string][]string{}
	there := map[string]bool{}
	for depth := 0; ; depth++ {
		for _, r := range list {
			id, master := r.text("Id"), r.text("MasterRecordId")
			there[id] = true
			switch {
			case !r.is("IsDeleted"):
				alive = append(alive, r)
				continue
			case isLead(master) && master != id:
				merged[master] = append(merged[master], id)
			}
			gone[id] = crm.Deleted
		}
		var missing []string
		for master, parts := range merged {
			if !there[master] {
				missing = append(missing, master)
			}
			slices.Sort(parts)
		}
		if len(missing) == 0 || depth == deepest {
			break
		}
		if list, err = s.byID(ctx, missing, fields); err != nil {
			return nil, nil, err
		}
		for _, id := range missing {
			there[id] = true // also those that are not there any more
		}
	}
	return alive, upwards(merged), nil
}

// upwards hands what was merged into a lead that was itself merged on to the one that took it in.
func upwards(merged map[string][]string) map[string][]string {
	out := map[string][]string{}
	for master, parts := range merged {
		for _, into := range above(merged, master, map[string]bool{master: true}) {
			out[into] = append(out[into], parts...)
		}
	}
	for into := range out {
		slices.Sort(out[into])
	}
	return out
}

// above is the lead itself and those that it was merged into, one after the other.
func above(merged map[string][]string, id string, seen map[string]bool) []string {
	out := []string{id}
	for master, parts := range merged {
		if !seen[master] && slices.Contains(parts, id) {
			seen[master] = true
			out = append(out, above(merged, master, seen)...)
		}
	}
	return out
}

// widen reads the fields that did not fit into the first query.
func (s *System) widen(ctx context.Context, list []row, groups [][]string) error {
	byID := map[string]row{}
	for _, r := range list {
		byID[r.text("Id")] = r
	}
	for _, group := range groups {
		more, err := s.byID(ctx, column(list, "Id"), group)
		if err != nil {
			return err
		}
		for _, r := range more {
			for _, field := range group {
				if to := byID[r.text("Id")]; to != nil {
					to[field] = r[field]
				}
			}
		}
	}
	return nil
}

func (s *System) record(o *org, p *people, r row) crm.Record {
	out := crm.Record{ID: r.text("Id"), Created: r.time(createdDate), Modified: r.time(modstamp), Values: map[string]any{}}
	out.Owner, out.OwnerUnknown = p.owner(r.text(ownerField))
	for _, field := range s.access.Fields() {
		if raw, there := r[field]; there {
			out.Values[field] = value(raw, o.lead[field].Type)
		}
	}
	if r.is("IsConverted") {
		out.Gone, out.Deal, out.DealAt = crm.Converted, r.text(convertedDeal), conversion(r)
	}
	return out
}

// conversion is about when a lead was converted, of which Salesforce keeps no more than the day: a converted lead is hardly ever modified again.
func conversion(r row) time.Time {
	day, modified := r.time("ConvertedDate"), r.time(lastModifiedAt)
	if from := modified.Sub(day); day.IsZero() || from > -24*time.Hour && from < 48*time.Hour {
		return modified // the day is that of the org's time zone
	}
	return day.Add(12 * time.Hour)
}
