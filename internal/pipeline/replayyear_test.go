// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// berlin has two changes of its clocks in the year.
var berlin = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		panic(err)
	}
	return zone
}()

// The year that is lived twice.
var (
	yearBegins = time.Date(2027, 1, 13, 9, 0, 0, 0, berlin) // a Wednesday: the contract goes live within a week and a month
	yearTurns  = time.Date(2027, 7, 14, 9, 0, 0, 0, berlin) // other terms, also within both
	yearEnds   = time.Date(2028, 1, 17, 9, 0, 0, 0, berlin)
)

// arrival is an event and when the ledger hears of it.
type arrival struct {
	at    time.Time
	entry ledger.Entry
}

// termsOfYear are the two pairs of the year: the second asks for more leads and less haste.
func termsOfYear(sequence int64) bundle.Bundle {
	return pipelinetest.Bundle(sequence, sla.CRM, func(b *bundle.Bundle) {
		b.Lead.Dispositions[1].MinAttempts = 2
		t := &b.SLA
		t.EffectiveFrom, b.EffectiveFrom = yearBegins, yearBegins
		t.Calendar = sla.Calendar{TimeZone: "Europe/Berlin", Hours: []sla.WeekHours{{
			Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "12:30"}, {From: "13:30", To: "18:00"}},
		}}}
		t.MinimumSample = new(3)
		t.Governance = sla.Governance{DefinitionRefresh: "Quarterly"}
		t.Marketing.Volume = &sla.Volume{MQLsPerMonth: 20}
		t.Marketing.Delivery.TargetPercent = 80
		t.Sales = &sla.Sales{
			Acceptance: &sla.Acceptance{Within: 48 * time.Hour, TargetPercent: 70},
			FirstContact: &sla.FirstContact{TargetPercent: 70, Tiers: []sla.Tier{
				{Intent: "High", Within: time.Hour, OutsideHours: 4 * time.Hour}, {Intent: "Standard", Within: 8 * time.Hour},
			}},
			FollowUp:    &sla.FollowUp{Attempts: 3, Channels: 2, Within: 14 * 24 * time.Hour, TargetPercent: 50},
			Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 70},
			Rejection:   &sla.Share{TargetPercent: 60},
			Feedback:    &sla.Share{TargetPercent: 40},
		}
		if sequence > 1 {
			t.EffectiveFrom, b.EffectiveFrom = yearTurns, yearTurns
			t.Marketing.Volume.MQLsPerMonth = 26
			t.Sales.FirstContact.TargetPercent = 60
			t.Sales.FirstContact.Tiers[0].Within = 2 * time.Hour
		}
	})
}

// yearOf leads, in the order in which the ledger hears of what happened to them.
func yearOf(r *rand.Rand, perWeek int) []arrival {
	var all []arrival
	n := 0
	for week := yearBegins.AddDate(0, 0, -2); week.Before(yearEnds.AddDate(0, 0, -14)); week = week.AddDate(0, 0, 7) {
		for range perWeek - 1 + r.IntN(3) {
			n++
			at := week.Add(time.Duration(r.IntN(6*24*60)) * time.Minute)
			all = append(all, replayedLife(r, fmt.Sprintf("lead-%d", n), at)...)
		}
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return a.at.Compare(b.at) })
	return all
}

// replayedLife of a lead. What evaluates the definition is heard of in order, and all of it later for some leads; the rest in any order.
func replayedLife(r *rand.Rand, id string, at time.Time) []arrival {
	var all []arrival
	heard := time.Duration(r.IntN(30)) * time.Second
	if r.IntN(15) == 0 {
		heard += time.Duration(r.IntN(12*24)) * time.Hour // brought in from a fair, say
	}
	tell := func(kind lead.Kind, after time.Duration, data ledger.Data) {
		happened := at.Add(after).UTC()
		late := heard + time.Duration(r.IntN(60))*time.Second
		if !kind.Evaluated() && r.IntN(8) == 0 {
			late += time.Duration(r.IntN(25*24)) * time.Hour
		}
		all = append(all, arrival{happened.Add(late), ledger.Entry{
			Source: pipelinetest.Source, ID: fmt.Sprintf("%s/%d", id, len(all)), Lead: id, Kind: kind, Time: happened, Data: data,
		}})
	}
	behave := func(after time.Duration, kind lead.Kind, data ledger.Data) { // in order, also of arrival
		happened := at.Add(after).UTC()
		all = append(all, arrival{happened.Add(heard), ledger.Entry{
			Source: pipelinetest.Source, ID: fmt.Sprintf("%s/%d", id, len(all)), Lead: id, Kind: kind, Time: happened, Data: data,
		}})
	}
	properties := map[string]any{"numberofemployees": float64(r.IntN(200))}
	if r.IntN(8) > 0 {
		properties["company"] = "Acme"
	}
	behave(0, lead.KindCaptured, ledger.Data{Properties: properties})
	if r.IntN(2) == 0 {
		behave(time.Minute, lead.KindActivity, ledger.Data{Activity: "PageView", Properties: map[string]any{"path": "/pricing"}})
	}
	behave(2*time.Minute, lead.KindActivity, ledger.Data{Activity: "FormSubmit"})
	if properties["company"] == nil && r.IntN(3) > 0 {
		behave(3*time.Hour, lead.KindUpdated, ledger.Data{Properties: map[string]any{"company": "Initech"}})
	}
	replayedSales(r, at, tell)
	return all
}

// replayedSales is what sales does with a lead: in spring and in autumn there is nobody to do it.
func replayedSales(r *rand.Rand, at time.Time, tell func(lead.Kind, time.Duration, ledger.Data)) {
	const rep = "rep-1@acme.example"
	short := at.Month() == time.April || at.Month() == time.October || at.Month() == time.November
	mostly := func(percent int) bool {
		if short {
			percent /= 2
		}
		return r.IntN(100) < percent
	}
	owned := 4 * time.Minute
	if !mostly(90) {
		owned = 3 * time.Hour
	}
	tell(lead.KindAssigned, owned, ledger.Data{Owner: rep})
	touch := ledger.Data{Rep: rep, Channel: "Phone", Direction: "Outbound", Actor: "Human"}
	if mostly(97) {
		after := time.Duration(5+r.IntN(50)) * time.Minute
		if !mostly(85) {
			after = time.Duration(10+r.IntN(90)) * time.Hour
		}
		tell(lead.KindTouch, owned+after, touch)
		for i := range r.IntN(4) {
			touch.Channel = []string{"Email", "Phone"}[i%2]
			touch.TwoWay = r.IntN(4) == 0
			tell(lead.KindTouch, owned+after+time.Duration((i+1)*30)*time.Hour, touch)
		}
	}
	if mostly(75) {
		tell(lead.KindAccepted, owned+time.Duration(1+r.IntN(40))*time.Hour, ledger.Data{By: rep})
	}
	if r.IntN(25) == 0 {
		tell(lead.KindOptedOut, time.Duration(r.IntN(72))*time.Hour, ledger.Data{Scope: lead.ScopeContact})
	}
	if !mostly(90) {
		return
	}
	days := time.Duration(1+r.IntN(15)) * 24 * time.Hour
	tell(lead.KindDisposition, owned+days, ledger.Data{Reason: []string{"SQL", "SQL", "BadTiming", "NoAnswer", "NoFit", "because"}[r.IntN(6)], By: rep})
	if mostly(60) {
		tell(lead.KindFeedback, owned+days+time.Hour, ledger.Data{Rating: 1 + r.IntN(5), Categories: []string{"Timing"}, By: rep})
	}
	if r.IntN(10) == 0 {
		tell(lead.KindContested, owned+days+30*time.Hour, ledger.Data{Ruling: lead.ContestOverturned, Parties: []string{"Marketing", "Sales"}})
	}
}

// agreed is what both parties recorded in the year.
func agreed(t *testing.T) judge.Input {
	t.Helper()
	in := judge.Input{
		Book:       map[string]*sla.Compiled{},
		Terms:      []time.Time{yearBegins, yearTurns, yearTurns.AddDate(0, 5, 0)},
		Definition: []time.Time{yearBegins, yearTurns.AddDate(0, 1, 0), yearTurns.AddDate(0, 5, 0)},
		Waivers: []judge.Waiver{{
			Name: "crm-migration", Clause: sla.ClauseFirstContact, From: "2027-04-21", To: "2027-04-30", Reason: "the CRM is migrated",
			Signed: time.Date(2027, 5, 4, 12, 0, 0, 0, berlin),
		}},
		Spells: []judge.Spell{{From: yearBegins, Revision: "mid-market-terms-1"}, {From: yearTurns, Revision: "mid-market-terms-2"}},
	}
	for sequence := int64(1); sequence <= 2; sequence++ {
		b := termsOfYear(sequence)
		c, err := sla.Compile(b.SLA)
		if err != nil {
			t.Fatal(err)
		}
		in.Book[b.Terms.Name] = c
	}
	return in
}

// knownAt leaves out what was not yet recorded.
func knownAt(in judge.Input, now time.Time) judge.Input {
	after := func(at time.Time) bool { return at.After(now) }
	in.Terms = slices.DeleteFunc(slices.Clone(in.Terms), after)
	in.Definition = slices.DeleteFunc(slices.Clone(in.Definition), after)
	in.Waivers = slices.DeleteFunc(slices.Clone(in.Waivers), func(w judge.Waiver) bool { return after(w.Signed) })
	in.Spells = slices.DeleteFunc(slices.Clone(in.Spells), func(s judge.Spell) bool { return after(s.From) })
	in.Now, in.InForce = now, in.Spells[len(in.Spells)-1].Revision
	return in
}
