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
	Refused       int       `json:"refused"` // events: rejections without a reason code

	Stages map[string]int `json:"stages"` // leads of the history by stage; those that were merged are not among Captured
	Today  Today          `json:"today"`  // comes on top, once today's leads are sent
	Rows   []Row          `json:"rows"`   // of the history, without today's leads
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
	deliveryWithin   = 5 * time.Minute
	highMinutes      = 5
	highOutside      = time.Hour
	standardMinutes  = 8 * 60
	acceptanceWithin = 24 * time.Hour
	dispositionDays  = 16

	followUpDays     = 14
	followUpAttempts = 6
	followUpSpan     = 10 * 24 * time.Hour
	followUpChannels = 2
)

// Expect counts what the stories mean.
func (s *Set) Expect() Expectation {
	o := &oracle{cal: s.cal, now: s.now, rows: map[rowKey]*Row{}}
	e := Expectation{Now: s.now, ClosedThrough: s.cal.week(s.now.Add(-7 * 24 * time.Hour)), Stages: map[string]int{}}
	for _, one := range s.history {
		stage := o.stage(one)
		e.Stages[stage]++
		if stage != "Merged" {
			e.Captured++
		}
		if !one.qualified.IsZero() {
			e.MQLs++
		}
		if o.tried(one) {
			e.Refused++
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

// clock counts a clause with a deadline. A zero stop means not yet; an excuse before the deadline counts unless it was stopped in time.
func (o *oracle) clock(clause, tier string, due, stop, excuse time.Time) {
	row := o.row(clause, tier, o.cal.week(due))
	stop, excuse = o.seen(stop), o.seen(excuse)
	inTime := !stop.IsZero() && !stop.After(due)
	switch {
	case inTime:
		row.Met++
	case !excuse.IsZero() && excuse.Before(due):
		row.Excused++
	case !stop.IsZero() || o.now.After(due):
		row.Missed++
	default:
		row.Open++
	}
}

// seen is a time that has come; zero for one that has not.
func (o *oracle) seen(at time.Time) time.Time {
	if at.After(o.now) {
		return time.Time{}
	}
	return at
}

func (o *oracle) moment(clause, period string, met bool) {
	if met {
		o.row(clause, "", period).Met++
		return
	}
	o.row(clause, "", period).Missed++
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
