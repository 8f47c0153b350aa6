// SPDX-License-Identifier: Apache-2.0

package sample

import "time"

var reps = []string{"rep-1@example.com", "rep-2@example.com", "rep-3@example.com", "rep-4@example.com"}

// sales is what happens after a lead qualified.
func (t *teller) sales(s *story) {
	t.handsOff(s)
	if s.intent == standard && t.chance(10) {
		t.refuse(s)
		return
	}
	t.noise(s)
	t.contacts(s)
	t.accepts(s)
	t.disposes(s)
}

func (t *teller) handsOff(s *story) {
	s.owner = pick(t, reps)
	s.owned = s.qualified.Add(t.between(time.Minute, 3*time.Minute))
	if t.chance(5) {
		s.owned = s.qualified.Add(t.between(20*time.Minute, 40*time.Minute))
	}
}

// refuse turns a lead away with a reason before anybody had to call it.
func (t *teller) refuse(s *story) {
	s.disposed = &disposal{at: s.owned.Add(t.between(30*time.Minute, 90*time.Minute)), outcome: "Disqualified", reason: "NotICP", coded: true}
	t.saysWhy(s)
}

// noise is what must not count as contact.
func (t *teller) noise(s *story) {
	if t.chance(50) {
		s.touches = append(s.touches, touch{at: s.owned.Add(time.Minute), channel: "Email", direction: "Outbound", actor: "Automated"})
	}
	if t.chance(20) {
		s.touches = append(s.touches, touch{at: s.owned.Add(2 * time.Minute), channel: "Email", direction: "Inbound", actor: "Human"})
	}
}

// contacts is mostly in time, sometimes late, sometimes never.
func (t *teller) contacts(s *story) {
	inTime, late := t.windows(s)
	switch roll := t.rand.IntN(100); {
	case roll < 86:
		t.call(s, s.owned.Add(inTime))
	case roll < 95:
		t.call(s, s.owned.Add(late))
	}
}

// windows are a wait in time and one that is too long, for the lead's intent and time of day.
func (t *teller) windows(s *story) (inTime, late time.Duration) {
	switch {
	case s.intent == standard:
		return t.between(30*time.Minute, 170*time.Minute), 4 * 24 * time.Hour
	case t.cal.open(s.owned):
		return t.between(time.Minute, 4*time.Minute), t.between(20*time.Minute, 3*time.Hour)
	default:
		return t.between(10*time.Minute, 50*time.Minute), t.between(13*time.Hour, 15*time.Hour)
	}
}

func (t *teller) call(s *story, at time.Time) {
	s.touches = append(s.touches, touch{at: at, channel: pick(t, []string{"Phone", "Email", "Phone"}), direction: "Outbound", actor: "Human", answered: t.chance(40)})
	if t.chance(70) {
		s.touches = append(s.touches, touch{at: at.Add(24 * time.Hour), channel: "Email", direction: "Outbound", actor: "Human", twoWay: t.chance(70)})
	}
}

// accepts mostly on the same day, sometimes late, sometimes never.
func (t *teller) accepts(s *story) {
	switch roll := t.rand.IntN(100); {
	case roll < 92:
		s.accepted = s.owned.Add(t.between(30*time.Minute, 6*time.Hour))
	case roll < 96:
		s.accepted = s.owned.Add(t.between(26*time.Hour, 40*time.Hour))
	}
}

// disposes within days, a few too late or never; rejections mostly carry a code at the first attempt.
func (t *teller) disposes(s *story) {
	wait := t.between(42*time.Hour, 10*24*time.Hour)
	switch roll := t.rand.IntN(100); {
	case roll < 4:
		return
	case roll < 10:
		wait = t.between(17*24*time.Hour, 19*24*time.Hour)
	}
	d := &disposal{at: s.owned.Add(wait), outcome: "Accepted", reason: "AcceptAsSQL", coded: true}
	s.disposed = d
	switch roll := t.rand.IntN(100); {
	case roll < 25:
		d.outcome, d.reason = "Recycled", pick(t, []string{"BadTiming", "NoResponse", "StakeholderChange"})
	case roll < 40:
		d.outcome, d.reason = "Disqualified", pick(t, []string{"NotICP", "InvalidContact"})
	default:
		t.goesOn(s)
		return
	}
	careless := t.chance(20)
	t.persists(s)
	t.saysWhy(s)
	if careless {
		t.tries(s)
	}
}

// tries to reject the lead without a code first: that is refused, and mostly a code follows hours later.
func (t *teller) tries(s *story) {
	d := s.disposed
	s.tried = &disposal{at: d.at.Add(-t.between(2*time.Hour, 20*time.Hour)), outcome: d.outcome, reason: pick(t, []string{"", "Other"})}
	if t.chance(15) {
		s.disposed, s.feedback = nil, time.Time{} // nobody looked at the answer
	}
}

// goesOn with most of those that were accepted: sales finds out what makes them an SQL, and some become deals.
func (t *teller) goesOn(s *story) {
	if !t.chance(70) {
		return
	}
	s.found = s.disposed.at.Add(t.between(24*time.Hour, 48*time.Hour))
	if !t.chance(70) {
		return
	}
	opened := s.found.Add(24 * time.Hour)
	s.deal = &deal{opened: opened, closed: opened.Add(t.between(3*24*time.Hour, 9*24*time.Hour)), end: "Lost", amount: 1000 * t.rand.IntN(90)}
	if t.chance(45) {
		s.deal.end = "Won"
	}
}

// saysWhy gives marketing feedback on most rejections.
func (t *teller) saysWhy(s *story) {
	if t.chance(65) {
		s.feedback = s.disposed.at.Add(t.between(time.Hour, 48*time.Hour))
		s.rating, s.category = 1+t.rand.IntN(3), pick(t, []string{"Timing", "Budget", "Fit", "Data"})
	}
}

// persists tries as often as the reason demands before it is given, but for a few that give up early: theirs is no reason.
func (t *teller) persists(s *story) {
	d, early := s.disposed, t.chance(20)
	switch {
	case d.reason == "BadTiming" && !early:
		for n := s.attempts(d.at); n < badTimingAttempts; n++ {
			at := d.at.Add(-t.between(time.Hour, 20*time.Hour))
			s.touches = append(s.touches, touch{at: at, channel: "Email", direction: "Outbound", actor: "Automated"})
		}
	case d.reason == "NoResponse":
		for i := range s.touches {
			s.touches[i].answered, s.touches[i].twoWay = false, false
		}
		if !early {
			t.cadence(s)
		}
	}
	if d.reason == "BadTiming" {
		d.coded = s.attempts(d.at) >= badTimingAttempts
	}
}

// cadence is what config/samples/slacontract.yaml demands before a lead is given up: six attempts over ten days through two channels.
func (t *teller) cadence(s *story) {
	for n := range 6 {
		at := s.owned.Add(2*time.Hour + time.Duration(n)*49*time.Hour)
		one := touch{at: at, channel: "Email", direction: "Outbound", actor: "Automated"}
		if n%2 == 1 {
			one.channel, one.actor = "Phone", "Human"
		}
		s.touches = append(s.touches, one)
	}
	s.disposed.at = s.owned.Add(t.between(11*24*time.Hour, 13*24*time.Hour))
}

// badTimingAttempts is what config/samples/leaddefinition.yaml demands before the timing is found to be bad.
const badTimingAttempts = 5

// attempts to reach the lead up to an instant.
func (s *story) attempts(until time.Time) int {
	n := 0
	for _, one := range s.touches {
		if one.direction == "Outbound" && !one.at.Before(s.qualified) && !one.at.After(until) {
			n++
		}
	}
	return n
}
