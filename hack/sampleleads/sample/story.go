// SPDX-License-Identifier: Apache-2.0

package sample

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// story is what happens to one lead, and what is meant by it: the expected counts come from here.
type story struct {
	lead    string
	contact map[string]any // properties, by the names of config/samples/leaddefinition.yaml
	missing string         // a required property that the lead comes without; "" for none

	captured  time.Time
	behaviour []behaviour
	reached   time.Time // the event that makes it a lead for sales; zero when it never is
	completed time.Time // when the missing property comes; zero when it does not
	qualified time.Time // reached and complete; zero when it never is
	intent    string

	owner    string
	owned    time.Time
	accepted time.Time
	touches  []touch
	tried    *disposal // a rejection without a code, which is refused
	disposed *disposal
	feedback time.Time // on a rejection
	rating   int
	category string

	voided          *disposal // a rejection before, which marketing disputed and both overturned
	disputed, ruled time.Time

	found    time.Time // that budget, authority, need and timeline are there
	deal     *deal
	optedOut time.Time

	aside   string // Duplicate or Excluded: what keeps it from sales
	takes   string // the lead that it takes in
	takesAt time.Time
	taken   time.Time // when it is taken into another
}

type behaviour struct {
	at         time.Time
	activity   string
	properties map[string]any
}

type touch struct {
	at                        time.Time
	channel, direction, actor string
	answered, twoWay          bool
}

// genuine contact is made by a person, outbound; the stories hold no inbound call and no meeting.
func (t touch) genuine() bool { return t.actor == "Human" && t.direction == "Outbound" }

// conversation is one in which the lead took part.
func (t touch) conversation() bool {
	return t.actor == "Human" && (t.twoWay || t.channel == "Meeting" || t.channel == "Phone" && t.answered)
}

type deal struct {
	opened, closed time.Time
	end            string // Won or Lost
	amount         int
}

type disposal struct {
	at              time.Time
	outcome, reason string
	coded           bool
}

const (
	high     = "High"
	standard = "Standard"
)

var (
	industries = []string{"Manufacturing", "Logistics", "Retail", "Finance", "Health", "Education"}
	origins    = []string{"organic_search", "paid_search", "social", "referral", "webinar", "direct"}
	juniors    = []string{"manager", "specialist", "assistant"}
	seniors    = []string{"director", "vp", "cxo"}
)

// teller makes stories.
type teller struct {
	rand *rand.Rand
	cal  calendar
	now  time.Time
}

func (t *teller) chance(percent int) bool { return t.rand.IntN(100) < percent }

func (t *teller) between(from, to time.Duration) time.Duration {
	minutes := int((to - from) / time.Minute)
	return from + time.Duration(t.rand.IntN(minutes+1))*time.Minute
}

func pick[T any](t *teller, from []T) T { return from[t.rand.IntN(len(from))] }

// person is nobody: numbered names, the domain and the phone numbers that are set aside for examples.
func (t *teller) person(n int) map[string]any {
	return map[string]any{
		"company": fmt.Sprintf("Example %s %d", pick(t, industries), n), "numberofemployees": 5 + t.rand.IntN(900),
		"industry": pick(t, []string{"saas", "manufacturing", "retail", "finance"}), "fullname": fmt.Sprintf("Sample Contact %d", n),
		"jobtitle": "Head of Samples", "seniority": pick(t, juniors), "email": fmt.Sprintf("contact%d@example.com", n),
		"phone": fmt.Sprintf("+1-212-555-01%02d", n%100), "origin": pick(t, origins),
	}
}

// fits gives the person all 50 points of fit.
func (t *teller) fits(contact map[string]any) {
	contact["numberofemployees"] = 50 + t.rand.IntN(451)
	contact["industry"] = "saas"
	contact["seniority"] = pick(t, seniors)
}

func (s *story) does(at time.Time, activity string, properties map[string]any) {
	s.behaviour = append(s.behaviour, behaviour{at, activity, properties})
}

func (s *story) views(at time.Time, path string) {
	s.does(at, "PageView", map[string]any{"path": path})
}

func (s *story) downloads(at time.Time) {
	s.does(at, "Download", map[string]any{"gated": true, "document": "buyers-guide"})
}

// raisesHand asks for a demo or a trial.
func (t *teller) raisesHand(s *story, at time.Time) {
	s.captured, s.reached, s.intent = at.Add(-9*time.Minute), at, high
	s.views(at.Add(-8*time.Minute), "/")
	s.views(at.Add(-5*time.Minute), "/product")
	if t.chance(30) {
		s.does(at, "TrialSignup", map[string]any{"plan": "team"})
		return
	}
	s.does(at, "FormSubmit", map[string]any{"form": "demo"})
}

// researches reads, downloads and looks at prices last: the pricing page makes it urgent.
func (t *teller) researches(s *story, at time.Time) {
	t.fits(s.contact)
	s.captured, s.reached, s.intent = at.Add(-48*time.Hour), at, high
	s.views(at.Add(-47*time.Hour), "/blog/alignment")
	s.downloads(at.Add(-24 * time.Hour))
	s.views(at, "/pricing")
}

// returns looked at prices nine days before and downloads now: qualified, but not urgent.
func (t *teller) returns(s *story, at time.Time) {
	t.fits(s.contact)
	before := at.Add(-9 * 24 * time.Hour)
	s.captured, s.reached, s.intent = before.Add(-10*time.Minute), at, standard
	s.views(before, "/pricing")
	s.views(before.Add(5*time.Minute), "/pricing/enterprise")
	s.downloads(at)
}

// browses and never qualifies.
func (t *teller) browses(s *story, at time.Time) {
	s.captured = at.Add(-5 * time.Minute)
	s.views(at.Add(-4*time.Minute), "/blog/alignment")
	if t.chance(50) {
		s.views(at, "/pricing") // a look at prices alone, and by nobody who decides
	}
	if t.chance(30) {
		s.contact["email"] = fmt.Sprintf("%s@gmail.com", s.lead) // a sample id, nobody's address
	}
}

// workMoment is a minute in the working hours of a day of the window, and early enough for what follows to be the same day.
func (t *teller) workMoment(weeks int) time.Time {
	for {
		day := t.now.Add(-time.Duration(t.rand.IntN(weeks*7*24)) * time.Hour)
		at := t.cal.at(day, openHour, 30).Add(t.between(0, 7*time.Hour+30*time.Minute))
		if t.cal.workday(at) && t.past(at) {
			return at
		}
	}
}

// nightMoment is a minute in the evening of any day.
func (t *teller) nightMoment(weeks int) time.Time {
	for {
		day := t.now.Add(-time.Duration(t.rand.IntN(weeks*7*24)) * time.Hour)
		if at := t.cal.at(day, 20, 0).Add(t.between(0, 2*time.Hour)); t.past(at) {
			return at
		}
	}
}

// past leaves time for an owner to be assigned before now: a qualified lead without one would be Handoff's to route.
func (t *teller) past(at time.Time) bool { return at.Before(t.now.Add(-2 * time.Hour)) }
