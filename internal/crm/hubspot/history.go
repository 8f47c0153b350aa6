// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// contestedProperties are what people set, and we do.
func (s *System) contestedProperties() []string {
	f := s.access.Settings.Mapping.Fields
	return slices.DeleteFunc([]string{ownerProperty, f.Stage, f.Status, f.Reason}, func(name string) bool { return name == "" })
}

// contested says whether a contact has something besides a stage that people set.
func (s *System) contested(o object) bool {
	return slices.ContainsFunc(s.contestedProperties(), func(name string) bool {
		return name != s.access.Settings.Mapping.Fields.Stage && said(o.Properties[name]) != ""
	})
}

// own is a property that nobody but us writes; "" when none is mapped.
func (s *System) own() string {
	f := s.access.Settings.Mapping.Fields
	for _, name := range []string{f.Score, f.Attempts, f.Revision, f.Due, f.FirstTouch, f.Missing} {
		if name != "" {
			return name
		}
	}
	return ""
}

// historic are the properties that are read with their history.
func (s *System) historic() []string {
	names := s.contestedProperties()
	if own := s.own(); own != "" {
		names = append(names, own)
	}
	return names
}

// source of a change, as HubSpot's history has it.
type source struct{ kind, id string }

// learn how the history names our own credential. HubSpot does not tell a Service Key which source it is, so it is known by what nobody else writes.
// People and workflows are other kinds of sources: what they write into our properties teaches nothing.
func (s *System) learn(found []object) {
	own := s.own()
	if own == "" {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, o := range found {
		for _, v := range o.History[own] {
			if (v.SourceType == "INTEGRATION" || v.SourceType == "API") && v.SourceID != "" {
				s.sources[source{v.SourceType, v.SourceID}] = true
			}
		}
	}
}

// history of a contact, oldest first; nil when it was not read with it. As long as nothing of our own was seen, no change is known to be ours.
func (s *System) history(o object, people owners) []crm.FieldChange {
	if o.History == nil {
		return nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	changes := []crm.FieldChange{}
	for _, name := range s.contestedProperties() {
		versions := slices.Clone(o.History[name])
		slices.Reverse(versions) // HubSpot has the latest one first
		for _, v := range versions {
			change := crm.FieldChange{Field: name, Value: v.Value, At: v.At.UTC(), Ours: s.sources[source{v.SourceType, v.SourceID}]}
			if name == ownerProperty {
				change.Field = crm.OwnerField
				if change.Value = people.byID[v.Value]; change.Value == "" && v.Value != "" {
					continue // to somebody without an e-mail address: Record.OwnerUnknown tells of the last one
				}
			}
			changes = append(changes, change)
		}
	}
	slices.SortStableFunc(changes, func(a, b crm.FieldChange) int { return a.At.Compare(b.At) })
	return changes
}

// ownersOf objects and of their history.
func (s *System) ownersOf(ctx context.Context, found []object) (owners, error) {
	people, err := s.people(ctx, func(all owners) bool {
		for _, o := range found {
			if id := said(o.Properties[ownerProperty]); id != "" && all.byID[id] == "" {
				return false
			}
		}
		return true
	})
	return people, port(err, nil)
}

// recall remembers contacts that were read with their history lately: each pass begins before the end of the last one and sees the same again, and what
// was not modified since is as it was. It remembers those that were gone, too.
type recall struct {
	properties  string // that were read
	young, aged map[string]crm.Record
}

const maxRecall = 10_000 // in each of its halves

// with the properties that are read now: what was read with others is forgotten.
func (r *recall) with(properties []string) {
	if now := strings.Join(properties, ","); r.properties != now {
		*r = recall{properties: now}
	}
}

func (s *System) remembered(o object) (crm.Record, bool) {
	properties := s.properties()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.recent.with(properties)
	record, found := s.recent.young[o.ID]
	if !found {
		record, found = s.recent.aged[o.ID]
	}
	return record, found && !o.UpdatedAt.IsZero() && record.Modified.Equal(o.UpdatedAt.Truncate(time.Nanosecond))
}

func (s *System) remember(o object, record crm.Record) {
	properties := s.properties()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.recent.with(properties)
	if s.recent.young == nil || len(s.recent.young) >= maxRecall {
		s.recent.young, s.recent.aged = map[string]crm.Record{}, s.recent.young
	}
	s.recent.young[o.ID] = record
}
