// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"testing"
	"time"
)

func TestTook(t *testing.T) {
	c, err := Compile(Terms{
		Definition: "mid-market",
		Parties:    Parties{Marketing: Contact{Owner: "a"}, Sales: Contact{Owner: "b"}},
		Calendar: Calendar{TimeZone: "UTC", Hours: []WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []Shift{{From: "09:00", To: "17:00"}},
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	friday := time.Date(2027, 1, 8, 16, 0, 0, 0, time.UTC)
	monday := time.Date(2027, 1, 11, 10, 0, 0, 0, time.UTC)
	clock := func(clause Clause, stop time.Time, state State) Obligation {
		return Obligation{Clause: clause, Start: friday, Due: monday.Add(-time.Hour), Stop: stop, State: state}
	}
	for name, tt := range map[string]struct {
		o    Obligation
		want time.Duration
		done bool
	}{
		"the first contact in business time":          {clock(ClauseFirstContact, monday, Missed), 2 * time.Hour, true},
		"the others by the hour":                      {clock(ClauseDelivery, monday, Missed), 66 * time.Hour, true},
		"before the clock began":                      {clock(ClauseFirstContact, friday.Add(-time.Hour), Met), 0, true},
		"before the clock began, by the hour":         {clock(ClauseAcceptance, friday.Add(-time.Hour), Met), 0, true},
		"it still runs":                               {clock(ClauseDelivery, time.Time{}, Missed), 0, false},
		"excused":                                     {clock(ClauseDelivery, monday, Excused), 0, false},
		"given up before its time":                    {clock(ClauseFollowUp, friday.Add(time.Hour), Missed), 0, false},
		"what happens at an instant takes no time":    {Obligation{Clause: ClauseScore, Start: friday, Stop: friday, State: Met}, 0, false},
		"a weekend that only the first contact skips": {clock(ClauseFirstContact, friday.Add(48*time.Hour), Met), time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got, done := c.Took(tt.o); got != tt.want || done != tt.done {
				t.Errorf("%s, %t; want %s, %t", got, done, tt.want, tt.done)
			}
		})
	}
}
