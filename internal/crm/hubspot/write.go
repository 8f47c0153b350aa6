// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
)

// Write contacts. Who has an id is updated by it; who has none is found by the match, or made. After an error that does not say whether a request was
// taken, the same may be written again: a batch sets values, and adds nothing.
func (s *System) Write(ctx context.Context, writes []crm.Write) []crm.Written {
	items := make([]*item, len(writes))
	for i, w := range writes {
		items[i] = &item{at: i, id: w.Record, was: w.Was}
		if w.Record == "" && w.Match != nil {
			items[i].by, items[i].match = w.Match.Field, strings.TrimSpace(w.Match.Value)
			if w.Match.Field == emailProperty { // HubSpot keeps addresses in lower case
				items[i].match = strings.ToLower(items[i].match)
			}
		}
	}
	if err := s.prepare(ctx, items, writes); err != nil {
		failAll(items, port(err, nil))
	} else {
		s.find(ctx, items)
		for round := range rounds(pending(items)) {
			s.writeRound(ctx, round)
		}
	}
	out := make([]crm.Written, len(items))
	for i, one := range items {
		out[i] = one.written()
	}
	return out
}

// pending are the items that nothing has gone wrong with.
func pending(items []*item) []*item {
	return slices.DeleteFunc(slices.Clone(items), func(one *item) bool { return one.err != nil })
}

// rounds of at most as many as a batch takes, none with two of one record: HubSpot refuses those. What comes later in the call is written later.
func rounds(items []*item) func(func([]*item) bool) {
	return func(yield func([]*item) bool) {
		for len(items) > 0 {
			var round, rest []*item
			taken := map[string]bool{}
			for _, one := range items {
				if taken[one.key()] || len(round) == maxBatch {
					rest = append(rest, one)
					continue
				}
				taken[one.key()] = true
				round = append(round, one)
			}
			if !yield(round) {
				return
			}
			items = rest
		}
	}
}

func (s *System) writeRound(ctx context.Context, round []*item) {
	updates, upserts := split(round, func(one *item) bool { return one.id != "" })
	s.update(ctx, updates)
	s.send(ctx, "upsert", upserts)
}

// prepare the properties of each item. What HubSpot would refuse by what is known of it, is refused here: one such spoils a batch there.
func (s *System) prepare(ctx context.Context, items []*item, writes []crm.Write) error {
	fields, err := s.fields(ctx)
	if err != nil {
		return err
	}
	if s.foreign(fields, writes) {
		if fields, err = s.readFields(ctx); err != nil {
			return err
		}
	}
	people, err := s.people(ctx, func(all owners) bool {
		return !slices.ContainsFunc(writes, func(w crm.Write) bool {
			return w.Owner != nil && *w.Owner != "" && all.byEmail[strings.ToLower(*w.Owner)] == ""
		})
	})
	if err != nil {
		return err
	}
	for i, w := range writes {
		one := items[i]
		one.fill(fields, w)
		if bad := badOptions(fields, w.Values); len(bad) > 0 {
			one.fail(&crm.RefusedError{Status: http.StatusBadRequest, Reason: "INVALID_OPTION of " + strings.Join(bad, ", ")})
		}
		if w.Owner != nil && *w.Owner != "" {
			if one.properties[ownerProperty] = people.byEmail[strings.ToLower(*w.Owner)]; one.properties[ownerProperty] == "" {
				one.fail(ownerRefusal())
			}
		}
		if one.id == "" && one.match == "" {
			one.fail(&crm.RefusedError{Status: http.StatusBadRequest, Reason: "neither a record nor a value to find it by"})
		}
	}
	return nil
}

// fill in the properties as HubSpot has them.
func (i *item) fill(fields map[string]crm.SchemaField, w crm.Write) {
	i.properties = map[string]string{}
	for name, v := range w.Values {
		i.properties[name] = text(v, fields[name].Type)
	}
	if w.Match != nil {
		i.begins = beginning(fields, w.Match.Values)
	}
}

// foreign says whether a value is none of its property's options as they were read a while ago.
func (s *System) foreign(fields map[string]crm.SchemaField, writes []crm.Write) bool {
	s.mutex.Lock()
	read := s.known.read
	s.mutex.Unlock()
	if s.fresh(read) {
		return false
	}
	return slices.ContainsFunc(writes, func(w crm.Write) bool {
		return len(badOptions(fields, w.Values)) > 0 || w.Match != nil && len(badOptions(fields, w.Match.Values)) > 0
	})
}

func badOptions(fields map[string]crm.SchemaField, values map[string]any) []string {
	var bad []string
	for name, v := range values {
		field := fields[name]
		if field.Type == crm.TypeOptions && !field.ReadOnly && text(v, field.Type) != "" && !field.Takes(v, several(field)) {
			bad = append(bad, name)
		}
	}
	slices.Sort(bad)
	return bad
}

// find the contacts of items without an id. Those that are there are updated, so that nothing of theirs is overwritten by the values of a new one; the
// others are made by an upsert, which finds one that somebody else has made in between.
func (s *System) find(ctx context.Context, items []*item) {
	byField := map[string][]*item{}
	for _, one := range pending(items) {
		if one.id == "" {
			byField[one.by] = append(byField[one.by], one)
		}
	}
	for _, field := range slices.Sorted(maps.Keys(byField)) {
		for chunk := range slices.Chunk(byField[field], maxBatch) {
			s.findBy(ctx, field, chunk)
		}
	}
}

// findBy a property. What HubSpot refuses to look for as a whole is looked for in halves, as with send.
func (s *System) findBy(ctx context.Context, field string, items []*item) {
	values := idsOf(items, func(one *item) string { return one.match })
	slices.Sort(values)
	properties := []string{field, stageProperty}
	if field == emailProperty {
		properties = append(properties, additionalEmails)
	}
	found, err := s.batchRead(ctx, contacts, field, slices.Compact(values), properties, nil)
	switch {
	case isRefusal(err) && len(items) > 1:
		half := len(items) / 2
		s.findBy(ctx, field, items[:half])
		s.findBy(ctx, field, items[half:])
		return
	case err != nil:
		failAll(items, err)
		return
	}
	for _, one := range items {
		i := slices.IndexFunc(found, func(o object) bool { return o.isFoundBy(field, one.match) })
		if i >= 0 {
			one.id = found[i].ID
			one.was = map[string]any{stageProperty: said(found[i].Properties[stageProperty])}
			continue
		}
		one.complete()
	}
}

// isFoundBy says whether a value of a property leads to the object: a contact is found by each of its addresses, and the answer does not say by which.
func (o object) isFoundBy(property, value string) bool {
	values := []string{said(o.Properties[property])}
	if property == emailProperty {
		values = append(values, strings.Split(said(o.Properties[additionalEmails]), ";")...)
	}
	return slices.ContainsFunc(values, func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), value) })
}

// beginning is what a new contact has of a lead: what HubSpot computes, nobody may write or has no room for is left out, and keeps no contact from being
// made. Who owns it is routed.
func beginning(fields map[string]crm.SchemaField, values map[string]any) map[string]string {
	begins := map[string]string{}
	for name, v := range values {
		if field := fields[name]; v != nil && name != ownerProperty && field.Takes(v, several(field)) {
			begins[name] = text(v, field.Type)
		}
	}
	return begins
}

// complete the properties of a new contact.
func (i *item) complete() {
	for name, v := range i.begins {
		if _, given := i.properties[name]; !given {
			i.properties[name] = v
		}
	}
	i.properties[i.by] = i.match
}

// update contacts by their ids.
//
// HubSpot moves the lifecycle stage forward only: to move it back it has to be emptied first. That is done for those whose stage is known to move back,
// and for those whose stage turns out to have stayed where it was.
func (s *System) update(ctx context.Context, items []*item) {
	back, _ := split(items, s.movesBack)
	s.empty(ctx, back)
	s.send(ctx, "update", pending(items))
	s.putBack(ctx, back)
	stuck, _ := split(pending(items), (*item).stuck)
	if len(stuck) == 0 {
		return
	}
	s.empty(ctx, stuck)
	s.send(ctx, "update", pending(stuck))
	for _, one := range pending(stuck) {
		if one.stuck() {
			one.fail(&crm.RefusedError{Status: http.StatusBadRequest, Reason: "the value was not taken, of " + stageProperty})
		}
	}
	s.putBack(ctx, stuck)
}

// empty the lifecycle stage of contacts.
func (s *System) empty(ctx context.Context, items []*item) {
	emptied := make([]*item, len(items))
	for i, one := range items {
		emptied[i] = one.withStage("")
	}
	s.send(ctx, "update", emptied)
	for i, one := range emptied {
		if one.err != nil && !isRefusal(one.err) { // a refusal is left to the write itself: an account may not need it
			items[i].fail(one.err)
		}
	}
}

// putBack the lifecycle stage where it had been emptied for a write that was refused then: nothing is left as nobody wanted it. What it had been is asked of
// HubSpot, since a person may have set another one than is known here. Where that cannot be done now, the whole is to be written again.
func (s *System) putBack(ctx context.Context, items []*item) {
	refused, _ := split(items, func(one *item) bool { return isRefusal(one.err) })
	for chunk := range slices.Chunk(refused, maxHistory) {
		found, err := s.batchRead(ctx, contacts, "", idsOf(chunk, func(one *item) string { return one.id }),
			[]string{stageProperty, mergedProperty, mergedVids}, []string{stageProperty})
		if err != nil {
			failAll(chunk, err)
			continue
		}
		var owed, back []*item
		for _, one := range chunk {
			if i := slices.IndexFunc(found, one.is); i >= 0 && found[i].emptied() != "" {
				owed, back = append(owed, one), append(back, one.withStage(found[i].emptied()))
			}
		}
		s.send(ctx, "update", back)
		for i, one := range back {
			if one.err != nil && !isRefusal(one.err) {
				owed[i].fail(one.err)
			}
		}
	}
}

// emptied is the lifecycle stage that a contact without one had last; "" when it has one.
func (o object) emptied() string {
	if said(o.Properties[stageProperty]) != "" {
		return ""
	}
	for _, v := range o.History[stageProperty] { // the latest comes first
		if v.Value != "" {
			return v.Value
		}
	}
	return ""
}

func (i *item) withStage(stage string) *item {
	return &item{at: i.at, id: i.id, properties: map[string]string{stageProperty: stage}}
}

func isRefusal(err error) bool {
	var refused *crm.RefusedError
	return errors.As(err, &refused)
}

// movesBack says whether the lifecycle stage moves to one before the one that it had. A stage that is not known moves back, as far as we know.
func (s *System) movesBack(i *item) bool {
	to, moves := i.properties[stageProperty]
	if !moves || to == "" {
		return false
	}
	was, known := i.was[stageProperty]
	if !known {
		return false // whether it moved is seen by the answer
	}
	from := text(was, "")
	s.mutex.Lock()
	stages := s.known.fields[stageProperty].Options
	s.mutex.Unlock()
	return from != "" && slices.Index(stages, to) < slices.Index(stages, from)
}

// stuck says whether the answer has another lifecycle stage than was written.
func (i *item) stuck() bool {
	to, moves := i.properties[stageProperty]
	if !moves || i.answer == nil {
		return false
	}
	is, told := i.answer.Properties[stageProperty]
	return told && said(is) != to
}
