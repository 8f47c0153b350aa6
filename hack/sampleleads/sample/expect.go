// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"cmp"
	"slices"
	"time"
)

// Expectation is what Handoff should count once it has worked off the history.
type Expectation struct {
	Now           time.Time `json:"now"`
	ClosedThrough string    `json:"closedThrough"` // the last ISO week that is over
	Captured      int       `json:"captured"`
	MQLs          int       `json:"mqls"`
	Held          int       `json:"held"`
	Today         Today     `json:"today"` // comes on top, once today's leads are sent
	Rows          []Row     `json:"rows"`  // of the history, without today's leads
}

// Today is what today's leads add.
type Today struct {
	Captured int `json:"captured"`
	MQLs     int `json:"mqls"`
	Urgent   int `json:"urgent"` // with a first contact in Touches
}

// Row counts a clause in a period, as of Now.
type Row struct {
	Clause  string `json:"clause"`
	Tier    string `json:"tier,omitempty"`
	Period  string `json:"period"`
	Met     int    `json:"met"`
	Missed  int    `json:"missed"`
	Open    int    `json:"open"`
	Excused int    `json:"excused"`
}

type rowKey struct{ clause, tier, period string }

// oracle counts stories.
type oracle struct {
	cal  calendar
	now  time.Time
	rows map[rowKey]*Row
}

// Windows of config/samples/slacontract.yaml.
const (
	deliveryWithin  = 5 * time.Minute
	highMinutes     = 5
	highOutside     = time.Hour
	standardMinutes = 8 * 60
	dispositionDays = 16
)

// Expect counts what the stories mean.
func (s *Set) Expect() Expectation {
	o := &oracle{cal: s.cal, now: s.now, rows: map[rowKey]*Row{}}
	e := Expectation{Now: s.now, ClosedThrough: s.cal.week(s.now.Add(-7 * 24 * time.Hour)), Captured: len(s.history)}
	for _, one := range s.history {
		switch {
		case !one.qualified.IsZero():
			e.MQLs++
		case !one.reached.IsZero():
			e.Held++
		}
		o.story(one)
	}
	for _, one := range s.today {
		e.Today.Captured++
		e.Today.MQLs++
		if one.intent == high {
			e.Today.Urgent++
		}
	}
	e.Rows = o.sorted()
	return e
}

func (o *oracle) row(clause, tier, period string) *Row {
	key := rowKey{clause, tier, period}
	if o.rows[key] == nil {
		o.rows[key] = &Row{Clause: clause, Tier: tier, Period: period}
	}
	return o.rows[key]
}

// clock counts a clause with a deadline; a zero stop means not yet.
func (o *oracle) clock(clause, tier string, due, stop time.Time) {
	row := o.row(clause, tier, o.cal.week(due))
	happened := !stop.IsZero() && !stop.After(o.now)
	switch {
	case happened && !stop.After(due):
		row.Met++
	case happened || o.now.After(due):
		row.Missed++
	default:
		row.Open++
	}
}

func (o *oracle) moment(clause, period string, met bool) {
	if met {
		o.row(clause, "", period).Met++
		return
	}
	o.row(clause, "", period).Missed++
}

func (o *oracle) story(s *story) {
	if s.reached.IsZero() {
		return
	}
	o.moment("completeness", o.cal.week(s.reached), s.missing == "")
	if s.qualified.IsZero() {
		return
	}
	o.moment("volume", o.cal.month(s.qualified), true)
	o.moment("score", o.cal.week(s.qualified), true) // a path that demands a score holds only at that score
	o.clock("delivery", "", s.qualified.Add(deliveryWithin), s.owned)
	o.firstContact(s)
	var disposed time.Time
	if s.disposed != nil {
		disposed = s.disposed.at
	}
	o.clock("disposition", "", s.owned.Add(dispositionDays*24*time.Hour), disposed)
	if d := s.disposed; d != nil && d.outcome != "Accepted" && !d.at.After(o.now) {
		o.moment("rejection", o.cal.week(d.at), d.coded)
	}
}

func (o *oracle) firstContact(s *story) {
	due := o.contactDue(s)
	var contact time.Time
	for _, t := range s.touches {
		if t.genuine() && (contact.IsZero() || t.at.Before(contact)) {
			contact = t.at
		}
	}
	d := s.disposed
	gone := d != nil && d.outcome == "Disqualified" && d.coded && !d.at.After(due) && !d.at.After(o.now)
	if gone && (contact.IsZero() || contact.After(d.at)) {
		o.row("firstContact", s.intent, o.cal.week(due)).Excused++
		return
	}
	o.clock("firstContact", s.intent, due, contact)
}

func (o *oracle) contactDue(s *story) time.Time {
	if s.intent == standard {
		return o.cal.due(s.owned, standardMinutes)
	}
	due := o.cal.due(s.owned, highMinutes)
	if outside := s.owned.Add(highOutside); outside.Before(due) && !o.cal.open(outside) {
		return outside
	}
	return due
}

func (o *oracle) sorted() []Row {
	var out []Row
	for _, row := range o.rows {
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Period, b.Period), cmp.Compare(a.Clause, b.Clause), cmp.Compare(a.Tier, b.Tier))
	})
	return out
}
