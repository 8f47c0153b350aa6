// SPDX-License-Identifier: Apache-2.0

// Package sample makes the project's own sample leads. They are synthetic: companies, people, addresses and numbers are
// invented, ids begin with sample- and every event has the source urn:handoff:sample-leads. The same options give the same
// events.
//
// Each lead is a story for config/samples: it enters, shows some behaviour and, if that qualifies it, gets an owner, contacts and
// an outcome; some of that late, some never, so that no clause is all green. A few come twice, turn out to be the person of another lead, are
// customers, opt out, or are rejected wrongly. The newest leads, "today", have no owner yet: they are for Handoff to route. What the stories mean is counted by a plain oracle, Expect, which shares no code with Handoff.
package sample

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Options of the generator.
type Options struct {
	Now   time.Time // no event is later
	Weeks int       // that the leads are spread over
	Leads int       // in all, one in twenty of them today's
	Seed  uint64
}

// Set of sample leads.
type Set struct {
	now     time.Time
	cal     calendar
	history []*story
	today   []*story
}

// Generate makes a set.
func Generate(o Options) (*Set, error) {
	if o.Weeks < 1 || o.Weeks > 52 || o.Leads < 1 || o.Leads > 1_000_000 || o.Now.IsZero() {
		return nil, errors.New("1 to 52 weeks, 1 to 1,000,000 leads and a time that is now")
	}
	cal, err := newCalendar()
	if err != nil {
		return nil, err
	}
	now := o.Now.UTC().Truncate(time.Second)
	t := &teller{rand: rand.New(rand.NewPCG(o.Seed, 0)), cal: cal, now: now}
	s := &Set{now: now, cal: cal}
	today := o.Leads / 20
	for n := 1; n <= o.Leads-today; n++ {
		s.history = append(s.history, t.tell(n, o.Weeks, s.history))
	}
	for n := o.Leads - today + 1; n <= o.Leads; n++ {
		s.today = append(s.today, t.todays(n))
	}
	return s, nil
}

func leadID(n int) string { return fmt.Sprintf("sample-%04d", n) }

// tell is the story of a lead of the past weeks; before are those that were told.
func (t *teller) tell(n, weeks int, before []*story) *story {
	s := &story{lead: leadID(n), contact: t.person(n)}
	if t.rare(s, n, weeks, before) {
		return s
	}
	switch roll := t.rand.IntN(100); {
	case roll < 25:
		t.raisesHand(s, t.workMoment(weeks))
	case roll < 33:
		t.raisesHand(s, t.nightMoment(weeks))
	case roll < 50:
		t.researches(s, t.workMoment(weeks))
	case roll < 70:
		t.returns(s, t.workMoment(weeks))
	case roll < 76:
		t.raisesHand(s, t.workMoment(weeks))
		t.incomplete(s)
	default:
		t.browses(s, t.workMoment(weeks))
	}
	if s.missing == "" {
		s.qualified = s.reached
	}
	if !s.qualified.IsZero() {
		t.sales(s)
	}
	return s
}

// incomplete leads come without something that sales needs; most are completed on the next working day.
func (t *teller) incomplete(s *story) {
	s.missing = pick(t, []string{"phone", "jobtitle"})
	day := s.reached.Add(24 * time.Hour)
	for !t.cal.workday(day) {
		day = day.Add(24 * time.Hour)
	}
	completed := t.cal.at(day, 10, 0).Add(t.between(0, 90*time.Minute))
	if t.chance(60) && t.past(completed) {
		s.completed, s.qualified = completed, completed
		return
	}
	s.qualified = time.Time{}
}

// todays are the leads that Handoff routes itself: three urgent ones in four, and some that came back.
func (t *teller) todays(n int) *story {
	s := &story{lead: leadID(n), contact: t.person(n)}
	at := t.now.Add(-time.Duration(1+t.rand.IntN(15)) * time.Second)
	if n%4 == 0 {
		t.returns(s, at)
	} else {
		s.captured, s.reached, s.intent = at.Add(-4*time.Second), at, high
		s.views(at.Add(-3*time.Second), "/product")
		s.does(at, "FormSubmit", map[string]any{"form": "demo"})
	}
	s.qualified = s.reached
	return s
}

// History is the events of the past weeks, all events of a lead together.
func (s *Set) History() []Event { return events(s.history, s.now) }

// Today is the events of the leads that Handoff routes itself. They happened in the last seconds before now.
func (s *Set) Today() []Event { return events(s.today, s.now) }

// Touches are the first contacts of today's urgent leads, made at the given time. The others still wait for theirs.
func (s *Set) Touches(at time.Time) []Event {
	var out []Event
	for _, one := range s.today {
		if one.intent != high {
			continue
		}
		w := &writer{lead: one.lead, now: at, counts: map[string]int{}}
		w.add("touch", at, map[string]any{"channel": "Phone", "direction": "Outbound", "actor": "Human", "answered": true})
		out = append(out, w.events...)
	}
	return out
}

func events(stories []*story, now time.Time) []Event {
	var out []Event
	for _, s := range stories {
		out = append(out, s.events(now)...)
	}
	return out
}
