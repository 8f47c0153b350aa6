// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/handoff-sla/handoff/internal/crm"
)

// Read one page of a stream.
func (s *System) Read(ctx context.Context, stream crm.Stream, from crm.Position) (crm.Page, error) {
	switch stream {
	case crm.Leads:
		return s.readLeads(ctx, from)
	case crm.Deals:
		return s.readDeals(ctx, from)
	case crm.Calls, crm.Emails, crm.Meetings, crm.Tasks:
		return s.readTouches(ctx, stream, from)
	default:
		return crm.Page{Next: from}, nil
	}
}

// readLeads reads a page of contacts. Whoever has an owner, a status or a reason is read with the history of what people set: there a change of theirs
// may have been overtaken by a write of ours. Of all others the values say enough, so that the first pass over an account, whose contacts are mostly
// nobody's, is not read twice.
func (s *System) readLeads(ctx context.Context, from crm.Position) (crm.Page, error) {
	fields, err := s.fields(ctx)
	if err != nil {
		return crm.Page{}, port(err, nil)
	}
	w := window{contacts, "lastmodifieddate", s.properties()}
	lean := len(strings.Join(w.properties, `","`)) > maxNames
	if lean { // then it is only searched for what to fetch
		w.properties = nil
	}
	found, next, more, err := s.since(ctx, w, from)
	if err != nil {
		return crm.Page{}, err
	}
	page := crm.Page{Next: next, More: more}
	var contested []string
	for _, o := range found {
		switch record, remembered := s.remembered(o); {
		case remembered:
			page.Records = append(page.Records, record)
		case lean, record.Gone != "", s.contested(o): // the index may still show what is gone
			contested = append(contested, o.ID)
		default:
			people, err := s.ownersOf(ctx, []object{o})
			if err != nil {
				return crm.Page{}, err
			}
			page.Records = append(page.Records, s.record(o, fields, people))
		}
	}
	return page, s.fetch(ctx, contested, &page)
}

// Fetch reads contacts as they are now, not from the search index.
func (s *System) Fetch(ctx context.Context, records []string) (crm.Page, error) {
	var page crm.Page
	records = slices.DeleteFunc(slices.Clone(records), func(id string) bool { return id == "" }) // hints that are about no contact by name
	slices.Sort(records)
	return page, s.fetch(ctx, slices.Compact(records), &page)
}

// properties that are read of contacts.
func (s *System) properties() []string {
	m := s.access.Settings.Mapping
	names := []string{ownerProperty, mergedProperty, mergedVids, "createdate", m.Fields.Stage, m.Fields.Status, m.Fields.Reason, m.OptOut}
	for _, activity := range m.Activities {
		names = append(names, activity.At)
		for _, name := range activity.Properties {
			names = append(names, name)
		}
	}
	for _, name := range m.Qualification {
		names = append(names, name)
	}
	if s.access.Fields != nil {
		names = append(names, s.access.Fields()...)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	slices.Sort(names)
	return slices.Compact(names)
}

// fetch contacts by id into a page.
func (s *System) fetch(ctx context.Context, ids []string, page *crm.Page) error {
	if len(ids) == 0 {
		return nil
	}
	fields, err := s.fields(ctx)
	if err != nil {
		return port(err, nil)
	}
	chunks := slices.Collect(slices.Chunk(ids, maxHistory))
	found, err := s.batchReads(ctx, chunks)
	if err != nil {
		return err
	}
	s.learn(slices.Concat(found...))
	for i, chunk := range chunks {
		people, err := s.ownersOf(ctx, found[i])
		if err != nil {
			return err
		}
		there := map[string]bool{}
		for _, o := range found[i] {
			record := s.record(o, fields, people)
			s.remember(o, record)
			page.Records = append(page.Records, record)
			there[record.ID] = true
			for _, merged := range record.Merged {
				there[merged] = true
			}
		}
		for _, id := range chunk {
			if there[id] {
				continue
			}
			if page.Gone == nil {
				page.Gone = map[string]crm.Gone{}
			}
			page.Gone[id] = crm.Deleted
			s.remember(object{ID: id}, crm.Record{ID: id, Gone: crm.Deleted})
		}
	}
	return nil
}

// batchReads reads batches of contacts with their history, some at once: the budget says how fast.
func (s *System) batchReads(ctx context.Context, chunks [][]string) ([][]object, error) {
	found, errs := make([][]object, len(chunks)), make([]error, len(chunks))
	properties := append(s.properties(), "lastmodifieddate")
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i, chunk := range chunks {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found[i], errs[i] = s.batchRead(ctx, contacts, "", chunk, properties, s.historic())
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

type batchID struct {
	ID string `json:"id"`
}

// batchRead reads objects by their ids, or by the values of a property. Those that are not there are not in what it returns.
func (s *System) batchRead(ctx context.Context, kind, by string, ids, properties, history []string) ([]object, error) {
	request := struct {
		By         string    `json:"idProperty,omitempty"`
		Inputs     []batchID `json:"inputs"`
		Properties []string  `json:"properties"`
		History    []string  `json:"propertiesWithHistory"`
	}{By: by, Properties: properties, History: append([]string{}, history...)}
	for _, id := range ids {
		request.Inputs = append(request.Inputs, batchID{id})
	}
	var answer batchAnswer
	err := s.call(ctx, http.MethodPost, s.objects(kind, "/batch/read"), request, &answer)
	if err != nil {
		return nil, port(err, properties)
	}
	for _, one := range answer.Errors {
		if one.Category != notFound {
			return nil, &crm.UnavailableError{Cause: "could not read all of a batch, " + one.reason(properties)}
		}
	}
	if answer.Status != "" && answer.Status != "COMPLETE" {
		return nil, &crm.UnavailableError{Cause: "did not complete the reading of a batch"}
	}
	return answer.Results, nil
}

// record that a contact is.
func (s *System) record(o object, fields map[string]crm.SchemaField, people owners) crm.Record {
	record := crm.Record{
		ID: o.ID, Created: moment(o.Properties["createdate"]), Modified: o.UpdatedAt.UTC(), Values: map[string]any{},
	}
	if record.Created.IsZero() {
		record.Created = o.CreatedAt.UTC()
	}
	if record.Modified.IsZero() {
		record.Modified = moment(o.Properties["lastmodifieddate"])
	}
	for _, name := range s.properties() {
		if name != ownerProperty && name != mergedProperty && name != mergedVids {
			record.Values[name] = value(o.Properties[name], fields[name].Type)
		}
	}
	if id := said(o.Properties[ownerProperty]); id != "" {
		if record.Owner = people.byID[id]; record.Owner == "" {
			record.OwnerUnknown = id
		}
	}
	record.Merged = o.merged()
	record.History = s.history(o, people)
	return record
}

// merged are the ids of contacts that this one took in. HubSpot keeps them in one property, with semicolons, and those of contacts in another one, too,
// each with its time: 17:1750000000000;18:1750000000001. Merges of long ago are in the latter alone.
func (o object) merged() []string {
	var all []string
	both := said(o.Properties[mergedProperty]) + ";" + said(o.Properties[mergedVids])
	for one := range strings.FieldsFuncSeq(both, func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
		id, _, _ := strings.Cut(one, ":")
		if id != "" && id != o.ID && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}
