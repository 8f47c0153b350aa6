// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// scene is one lead under fullTerms; times are wall times in New York, empty means none. Wednesday 20 January 2027 is in 2027-W03.
type scene struct {
	reached, qualified, owned, contact, now string
	missing                                 []string
	intent                                  string // High when empty
	below                                   bool   // score below the threshold
	noCapacity                              bool
	disposals                               []Disposal
}

func (s scene) facts(t *testing.T) Facts {
	t.Helper()
	at := func(text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		return local(t, newYork, text)
	}
	f := Facts{OwnedAt: at(s.owned), ContactAt: at(s.contact), NoCapacity: s.noCapacity, Disposals: s.disposals}
	if s.reached != "" {
		f.Reached = &Reached{At: at(s.reached), Missing: s.missing}
	}
	if s.qualified != "" {
		f.Qualified = &Qualified{At: at(s.qualified), Intent: s.intent, MetThreshold: !s.below}
		if s.intent == "" {
			f.Qualified.Intent = "High"
		}
	}
	return f
}

// show makes obligations readable: "firstContact/High Met due 18:58 warn 18:46 2027-W03", with the date where it is not the 20th.
func show(obligations []Obligation, loc *time.Location) []string {
	var texts []string
	clock := func(label string, t time.Time) string {
		if t.IsZero() {
			return ""
		}
		t = t.In(loc)
		if t.Format(time.DateOnly) == "2027-01-20" {
			return " " + label + " " + t.Format("15:04:05")
		}
		return " " + label + " " + t.Format("01-02 15:04:05")
	}
	for _, o := range obligations {
		text := string(o.Clause)
		if o.Tier != "" {
			text += "/" + o.Tier
		}
		texts = append(texts, text+" "+string(o.State)+clock("due", o.Due)+clock("warn", o.Warn)+" "+string(o.Period))
	}
	return texts
}

func TestObligations(t *testing.T) {
	disposal := func(text string, outcome lead.Outcome, coded bool) Disposal {
		return Disposal{At: local(t, newYork, text), Outcome: outcome, Coded: coded}
	}
	const q = "2027-01-20 10:00"
	const late = "2027-03-01 10:00"
	cases := map[string]struct {
		scene scene
		want  []string // only the clauses that the case is about
		about []Clause // all when empty
	}{
		"a lead that reached nothing owes nothing": {scene: scene{now: q}},
		"a held lead misses completeness only": {
			scene: scene{reached: q, missing: []string{"phone"}, now: late, disposals: []Disposal{disposal("2027-01-21 10:00", lead.Recycled, false)}},
			want:  []string{"completeness Missed 2027-W03"},
		},
		"complete, not yet handed off": {scene: scene{reached: q, now: q}, want: []string{"completeness Met 2027-W03"}},
		"just qualified, waits for an owner": {
			scene: scene{reached: q, qualified: q, now: q},
			want: []string{
				"volume Met 2027-01", "completeness Met 2027-W03", "score Met 2027-W03",
				"delivery Open due 10:05:00 warn 10:04:00 2027-W03",
			},
		},
		"everything open": {
			scene: scene{reached: q, qualified: q, owned: "2027-01-20 10:01", now: "2027-01-20 10:02"},
			want: []string{
				"volume Met 2027-01", "completeness Met 2027-W03", "score Met 2027-W03",
				"delivery Met due 10:05:00 warn 10:04:00 2027-W03",
				"firstContact/High Open due 10:06:00 warn 10:05:00 2027-W03",
				"disposition Open due 02-05 10:01:00 warn 02-02 05:13:00 2027-W05",
			},
		},
		"everything late": {
			scene: scene{reached: q, missing: []string{"phone"}, qualified: "2027-01-20 11:00", below: true, owned: "2027-01-20 11:06", now: late},
			want: []string{
				"volume Met 2027-01", "completeness Missed 2027-W03", "score Missed 2027-W03",
				"delivery Missed due 11:05:00 warn 11:04:00 2027-W03",
				"firstContact/High Missed due 11:11:00 warn 11:10:00 2027-W03",
				"disposition Missed due 02-05 11:06:00 warn 02-02 06:18:00 2027-W05",
			},
		},
		"delivery exactly at its deadline": {
			scene: scene{qualified: q, owned: "2027-01-20 10:05", now: late}, about: []Clause{ClauseDelivery},
			want: []string{"delivery Met due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"delivery a second late": {
			scene: scene{qualified: q, owned: "2027-01-20 10:05:01", now: late}, about: []Clause{ClauseDelivery},
			want: []string{"delivery Missed due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"delivery not late at the instant of its deadline": {
			scene: scene{qualified: q, now: "2027-01-20 10:05"}, about: []Clause{ClauseDelivery},
			want: []string{"delivery Open due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"never delivered": {
			scene: scene{qualified: q, now: "2027-01-20 10:05:01"}, about: []Clause{ClauseDelivery, ClauseFirstContact, ClauseDisposition},
			want: []string{"delivery Missed due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"delivery is excused without capacity, sales' clocks start at qualification": {
			scene: scene{qualified: q, noCapacity: true, owned: "2027-01-20 14:00", now: "2027-01-20 14:00"},
			about: []Clause{ClauseDelivery, ClauseFirstContact, ClauseDisposition},
			want: []string{
				"delivery Excused due 10:05:00 warn 10:04:00 2027-W03",
				"firstContact/High Missed due 10:05:00 warn 10:04:00 2027-W03",
				"disposition Open due 02-05 10:00:00 warn 02-02 05:12:00 2027-W05",
			},
		},
		"nobody has it yet, the clocks run all the same": {
			scene: scene{qualified: q, noCapacity: true, now: "2027-01-20 10:01"}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/High Open due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"owned before it qualified": {
			scene: scene{qualified: q, owned: "2027-01-19 10:00", now: q}, about: []Clause{ClauseDelivery, ClauseFirstContact},
			want: []string{
				"delivery Met due 10:05:00 warn 10:04:00 2027-W03",
				"firstContact/High Open due 10:05:00 warn 10:04:00 2027-W03",
			},
		},
		"contacted exactly at the deadline": {
			scene: scene{qualified: q, owned: q, contact: "2027-01-20 10:05", now: late}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/High Met due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"contacted a second late": {
			scene: scene{qualified: q, owned: q, contact: "2027-01-20 10:05:01", now: late}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/High Missed due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"contacted before a rep owned it": {
			scene: scene{qualified: q, owned: "2027-01-20 10:03", contact: "2027-01-20 10:01", now: late}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/High Met due 10:08:00 warn 10:07:00 2027-W03"},
		},
		"the tier of the intent": {
			scene: scene{qualified: q, owned: q, intent: "Standard", now: q}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/Standard Open due 18:00:00 warn 16:24:00 2027-W03"},
		},
		"an intent without a tier has no clock": {
			scene: scene{qualified: q, owned: q, intent: "Low", now: late}, about: []Clause{ClauseFirstContact},
		},
		"the week of the deadline, not of the start": {
			scene: scene{qualified: "2027-01-22 17:00", owned: "2027-01-22 17:00", intent: "Standard", now: late}, about: []Clause{ClauseFirstContact},
			want: []string{"firstContact/Standard Missed due 01-25 16:00:00 warn 01-25 14:24:00 2027-W04"},
		},
		"disqualified with a code before the deadline": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-01-20 10:04", lead.Disqualified, true)}},
			about: []Clause{ClauseFirstContact, ClauseRejection}, want: []string{
				"firstContact/High Excused due 10:05:00 warn 10:04:00 2027-W03", "rejection Met 2027-W03",
			},
		},
		"disqualified with a code at the deadline is not before it": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-01-20 10:05", lead.Disqualified, true)}},
			about: []Clause{ClauseFirstContact}, want: []string{"firstContact/High Missed due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"disqualified with a code after the deadline": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-01-20 10:06", lead.Disqualified, true)}},
			about: []Clause{ClauseFirstContact}, want: []string{"firstContact/High Missed due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"disqualified without a code does not excuse": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-01-20 10:04", lead.Disqualified, false)}},
			about: []Clause{ClauseFirstContact, ClauseRejection}, want: []string{
				"firstContact/High Missed due 10:05:00 warn 10:04:00 2027-W03", "rejection Missed 2027-W03",
			},
		},
		"recycled does not stop the clock": {
			scene: scene{qualified: q, owned: q, now: "2027-01-20 10:05", disposals: []Disposal{disposal("2027-01-20 10:04", lead.Recycled, true)}},
			about: []Clause{ClauseFirstContact}, want: []string{"firstContact/High Open due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"contacted, then disqualified": {
			scene: scene{
				qualified: q, owned: q, contact: "2027-01-20 10:02", now: late, disposals: []Disposal{disposal("2027-01-20 10:04", lead.Disqualified, true)},
			},
			about: []Clause{ClauseFirstContact}, want: []string{"firstContact/High Met due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"disqualified, contacted all the same": {
			scene: scene{
				qualified: q, owned: q, contact: "2027-01-20 10:30", now: late, disposals: []Disposal{disposal("2027-01-20 10:04", lead.Disqualified, true)},
			},
			about: []Clause{ClauseFirstContact}, want: []string{"firstContact/High Excused due 10:05:00 warn 10:04:00 2027-W03"},
		},
		"disposed exactly in time": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-02-05 10:00", lead.Accepted, true)}},
			about: []Clause{ClauseDisposition, ClauseRejection}, want: []string{"disposition Met due 02-05 10:00:00 warn 02-02 05:12:00 2027-W05"},
		},
		"disposed late": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{disposal("2027-02-05 10:00:01", lead.Accepted, true)}},
			about: []Clause{ClauseDisposition}, want: []string{"disposition Missed due 02-05 10:00:00 warn 02-02 05:12:00 2027-W05"},
		},
		"a code that comes later does not mend the first rejection": {
			scene: scene{qualified: q, owned: q, now: late, disposals: []Disposal{
				disposal("2027-01-20 12:00", lead.Accepted, true), disposal("2027-01-26 12:00", lead.Recycled, false), disposal("2027-02-02 13:00", lead.Recycled, true),
			}},
			about: []Clause{ClauseRejection}, want: []string{"rejection Missed 2027-W04"},
		},
		"volume counts in the month of the contract's zone": {
			scene: scene{qualified: "2027-01-31 23:30", now: "2027-01-31 23:30"}, about: []Clause{ClauseVolume}, want: []string{"volume Met 2027-01"},
		},
	}
	c := compiled(t, fullTerms())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Obligations(c, tc.scene.facts(t), local(t, newYork, tc.scene.now))
			if len(tc.about) > 0 {
				got = slices.DeleteFunc(got, func(o Obligation) bool { return !slices.Contains(tc.about, o.Clause) })
			}
			if diff := cmp.Diff(tc.want, show(got, c.Hours().Location())); diff != "" {
				t.Errorf("obligations (-want +got):\n%s", diff)
			}
		})
	}
}

// The examples of the law: nine to six, five minutes, an hour outside hours.
func TestFirstContactDeadline(t *testing.T) {
	cases := map[string]struct {
		start, due, warn string
		outside          time.Duration
	}{
		"17:58 with outsideHours":    {"2027-01-20 17:58", "2027-01-20 18:58", "2027-01-20 18:46", time.Hour},
		"18:01 with outsideHours":    {"2027-01-20 18:01", "2027-01-20 19:01", "2027-01-20 18:49", time.Hour},
		"08:58 with outsideHours":    {"2027-01-20 08:58", "2027-01-20 09:05", "2027-01-20 09:04", time.Hour},
		"17:58 without":              {"2027-01-20 17:58", "2027-01-21 09:03", "2027-01-21 09:02", 0},
		"18:01 without":              {"2027-01-20 18:01", "2027-01-21 09:05", "2027-01-21 09:04", 0},
		"ends at closing time":       {"2027-01-20 17:55", "2027-01-20 18:00", "2027-01-20 17:59", time.Hour},
		"at opening time it is open": {"2027-01-20 08:00", "2027-01-20 09:05", "2027-01-20 09:04", time.Hour},
		"just before opening":        {"2027-01-20 07:59", "2027-01-20 08:59", "2027-01-20 08:47", time.Hour},
		"Friday evening":             {"2027-01-22 19:00", "2027-01-22 20:00", "2027-01-22 19:48", time.Hour},
		"at closing it is closed":    {"2027-01-20 17:00", "2027-01-20 17:05", "2027-01-20 17:04", time.Hour},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			terms := fullTerms()
			terms.Sales.FirstContact.Tiers[0].OutsideHours = tc.outside
			facts := scene{qualified: tc.start, owned: tc.start}.facts(t)
			got := Obligations(compiled(t, terms), facts, local(t, newYork, tc.start))
			i := slices.IndexFunc(got, func(o Obligation) bool { return o.Clause == ClauseFirstContact })
			if i < 0 {
				t.Fatal("no first-contact clock")
			}
			if due, warn := local(t, newYork, tc.due), local(t, newYork, tc.warn); !got[i].Due.Equal(due) || !got[i].Warn.Equal(warn) {
				t.Errorf("due %v, warn %v; want %v, %v", got[i].Due, got[i].Warn, due, warn)
			}
		})
	}
}

// Terms name what is owed: a clause that is left out has no obligation but volume, and a warning mark of their own is kept.
func TestObligationsFollowTheTerms(t *testing.T) {
	facts := scene{reached: "2027-01-20 10:00", qualified: "2027-01-20 10:00", owned: "2027-01-20 10:00"}.facts(t)
	now := local(t, newYork, "2027-01-20 10:01")
	without := compiled(t, Terms{Calendar: workdays(newYork)})
	if got, want := show(Obligations(without, facts, now), now.Location()), []string{"volume Met 2027-01"}; !cmp.Equal(want, got) {
		t.Errorf("terms without clauses give %v, want %v", got, want)
	}
	half := 50
	terms := Terms{Calendar: workdays(newYork), WarnAtPercent: &half, Marketing: &Marketing{Delivery: &Delivery{Within: 10 * time.Minute, TargetPercent: 99}}}
	facts.OwnedAt = time.Time{}
	got := Obligations(compiled(t, terms), facts, now)
	if want := []string{"volume Met 2027-01", "delivery Open due 10:10:00 warn 10:05:00 2027-W03"}; !cmp.Equal(want, show(got, now.Location())) {
		t.Errorf("got %v, want %v", show(got, now.Location()), want)
	}
}

func TestAtRiskAndLateBy(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2027, 1, 20, 10, minute, 0, 0, time.UTC) }
	open := Obligation{State: Open, Due: at(10), Warn: at(8)}
	for minute, want := range map[int]bool{7: false, 8: true, 9: true} {
		if got := open.AtRisk(at(minute)); got != want {
			t.Errorf("AtRisk at minute %d = %v, want %v", minute, got, want)
		}
	}
	for name, tc := range map[string]struct {
		o    Obligation
		want time.Duration
	}{
		"open is not late":       {open, 0},
		"met is not late":        {Obligation{State: Met, Due: at(10), Stop: at(9)}, 0},
		"stopped late":           {Obligation{State: Missed, Due: at(10), Stop: at(13)}, 3 * time.Minute},
		"still running":          {Obligation{State: Missed, Due: at(10)}, 20 * time.Minute},
		"without a clock no lag": {Obligation{State: Missed, Stop: at(13)}, 0},
	} {
		if got := tc.o.LateBy(at(30)); got != tc.want {
			t.Errorf("%s: LateBy = %v, want %v", name, got, tc.want)
		}
		if tc.o.State != Open && tc.o.AtRisk(at(30)) {
			t.Errorf("%s: at risk", name)
		}
	}
}
