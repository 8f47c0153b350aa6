// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

func enforcing(t *testing.T, mode Mode) *Compiled {
	t.Helper()
	c, err := Compile(Terms{
		Definition: "d", Parties: Parties{Marketing: Contact{Owner: "M"}, Sales: Contact{Owner: "S"}}, Enforcement: mode,
		Calendar:  Calendar{TimeZone: "UTC", Hours: []WeekHours{{Days: []string{"Mon"}, Shifts: []Shift{{From: "09:00", To: "17:00"}}}}},
		Marketing: &Marketing{Completeness: &Share{TargetPercent: 100}},
		Sales: &Sales{
			Rejection: &Share{TargetPercent: 100}, Acceptance: &Acceptance{Within: 24 * time.Hour, TargetPercent: 90},
			FollowUp: &FollowUp{Attempts: 2, Within: 14 * 24 * time.Hour, TargetPercent: 90},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What the clauses say of one lead, handed off without a required field, that sales tries to give back.
func TestEnforcement(t *testing.T) {
	monday := time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return monday.Add(time.Duration(hours) * time.Hour) }
	said := func(kind lead.Kind, hours int, outcome lead.Outcome, reason string) lead.Event {
		return lead.Event{Kind: kind, Time: at(hours), Disposition: &lead.Disposed{Outcome: outcome, Reason: reason}}
	}
	codes := []lead.Disposition{
		{Name: "BadTiming", Outcome: lead.Recycled},
		{Name: "NoAnswer", Outcome: lead.Recycled, MinAttempts: 2},
		{Name: "NoResponse", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired},
	}
	refused, coded := said(lead.KindRefused, 2, lead.Recycled, ""), said(lead.KindDisposition, 5, "", "BadTiming")
	uncoded, early := said(lead.KindDisposition, 2, lead.Recycled, ""), said(lead.KindDisposition, 3, "", "NoAnswer")
	overturned := lead.Event{Kind: lead.KindContested, Time: at(9), Contest: &lead.Contest{Ruling: lead.ContestOverturned}}
	for name, c := range map[string]struct {
		mode    Mode
		history []lead.Event
		want    []string // rejection, acceptance, followUp; what is missed names its hour
	}{
		"a code at the first attempt":                   {history: []lead.Event{coded}, want: []string{"Met", "Met", "Excused"}},
		"a refused attempt alone":                       {history: []lead.Event{refused}, want: []string{"Missed 2", "Open", "Open"}},
		"a code after a refused attempt":                {history: []lead.Event{refused, coded}, want: []string{"Missed 2", "Met", "Excused"}},
		"whichever is known first":                      {history: []lead.Event{coded, refused}, want: []string{"Missed 2", "Met", "Excused"}},
		"a refused attempt after a code":                {history: []lead.Event{said(lead.KindRefused, 7, lead.Recycled, ""), coded}, want: []string{"Met", "Met", "Excused"}},
		"the attempt at a rejection that is void":       {history: []lead.Event{refused, coded, overturned}, want: []string{"", "Open", "Open"}},
		"an attempt from before the hand-off":           {history: []lead.Event{said(lead.KindRefused, -1, lead.Recycled, "")}, want: []string{"", "Open", "Open"}},
		"one that was taken":                            {history: []lead.Event{uncoded, coded}, want: []string{"Missed 2", "Met", "Missed"}},
		"one that was taken, observing":                 {mode: Observe, history: []lead.Event{uncoded, coded}, want: []string{"Missed 2", "Met", "Missed"}},
		"a code before its attempts":                    {history: []lead.Event{early}, want: []string{"Missed 3", "Open", "Missed"}},
		"a code before its attempts, observing":         {mode: Observe, history: []lead.Event{early}, want: []string{"Met", "Met", "Missed"}},
		"a code before the follow-up":                   {history: []lead.Event{said(lead.KindDisposition, 3, "", "NoResponse")}, want: []string{"Missed 3", "Open", "Missed"}},
		"a code before the follow-up, observing":        {mode: Observe, history: []lead.Event{said(lead.KindDisposition, 3, "", "NoResponse")}, want: []string{"Met", "Met", "Missed"}},
		"refused while another revision was, observing": {mode: Observe, history: []lead.Event{refused, coded}, want: []string{"Missed 2", "Met", "Excused"}},
	} {
		t.Run(name, func(t *testing.T) {
			stamps := Stamps{
				Reached: &Reached{At: monday, Missing: []string{"phone"}}, Qualified: &Qualified{At: monday}, OwnedAt: monday,
			}
			got := map[Clause]string{}
			for _, o := range Obligations(enforcing(t, c.mode), FactsOf(stamps, codes, c.history), at(10)) {
				got[o.Clause] = string(o.State)
				if o.Clause == ClauseRejection && o.State == Missed {
					got[o.Clause] += " " + o.Stop.Sub(monday).Truncate(time.Hour).String()[:1]
				}
			}
			if got[ClauseCompleteness] != "Missed" {
				t.Errorf("completeness is %s", got[ClauseCompleteness])
			}
			if found := []string{got[ClauseRejection], got[ClauseAcceptance], got[ClauseFollowUp]}; !slices.Equal(found, c.want) {
				t.Errorf("got %q, want %q", found, c.want)
			}
		})
	}
}
