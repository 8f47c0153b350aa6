// SPDX-License-Identifier: Apache-2.0

package sample

import "time"

// rareEvery so many leads there is one of each rare story, always at the same place.
const rareEvery = 60

// rare tells a rare story, and says whether it did.
func (t *teller) rare(s *story, n, weeks int, before []*story) bool {
	switch n % rareEvery {
	case 10:
		t.comesTwice(s, before[n-2])
	case 20:
		t.isCustomer(s, weeks)
	case 30:
		return t.isMerged(s, before)
	case 40:
		t.optsOut(s, weeks, n%(2*rareEvery) == 40)
	case 50:
		t.isRejectedWrongly(s, weeks)
	default:
		return false
	}
	return true
}

// comesTwice fills in another form half an hour later, under the same address.
func (t *teller) comesTwice(s, first *story) {
	t.raisesHand(s, first.captured.Add(40*time.Minute))
	s.reached, s.aside = time.Time{}, "Duplicate"
	for _, name := range []string{"email", "fullname", "phone"} {
		s.contact[name] = first.contact[name]
	}
}

// isCustomer already.
func (t *teller) isCustomer(s *story, weeks int) {
	t.raisesHand(s, t.workMoment(weeks))
	s.reached, s.aside = time.Time{}, "Excluded"
	s.contact["lifecyclestage"] = "customer"
}

// isMerged into the latest lead before that is open: the same person, who had read something under a private address days before.
func (t *teller) isMerged(s *story, before []*story) bool {
	for i := len(before) - 1; i >= 0; i-- {
		into := before[i]
		at := into.owned.Add(3 * time.Hour)
		if into.qualified.IsZero() || into.missing != "" || into.takes != "" || into.voided != nil || !into.optedOut.IsZero() ||
			into.disposed != nil && !into.disposed.at.After(at) {
			continue
		}
		into.takes, into.takesAt = s.lead, at
		s.captured, s.taken = into.captured.Add(-72*time.Hour), at
		s.views(s.captured.Add(time.Minute), "/blog/alignment")
		s.contact["email"] = s.lead + "@gmail.com" // a sample id, nobody's address
		return true
	}
	return false
}

// optsOut before anybody has called, or after.
func (t *teller) optsOut(s *story, weeks int, atOnce bool) {
	t.returns(s, t.workMoment(weeks))
	s.qualified = s.reached
	t.handsOff(s)
	if atOnce {
		s.optedOut = s.owned.Add(20 * time.Minute)
		return
	}
	s.touches = append(s.touches, touch{at: s.owned.Add(time.Hour), channel: "Phone", direction: "Outbound", actor: "Human"})
	s.accepted = s.owned.Add(2 * time.Hour)
	s.optedOut = s.owned.Add(30 * time.Hour)
}

// isRejectedWrongly: sales takes the company for another one, marketing disputes that, both overturn it, and it becomes a deal.
func (t *teller) isRejectedWrongly(s *story, weeks int) {
	t.returns(s, t.workMoment(weeks))
	s.qualified = s.reached
	t.handsOff(s)
	after := func(hours int) time.Time { return s.owned.Add(time.Duration(hours) * time.Hour) }
	s.touches = append(s.touches, touch{at: after(1), channel: "Phone", direction: "Outbound", actor: "Human"})
	s.accepted = after(2)
	s.voided = &disposal{at: after(26), outcome: "Disqualified", reason: "NotICP", coded: true}
	s.disputed, s.ruled = after(40), after(64)
	s.touches = append(s.touches, touch{at: after(90), channel: "Meeting", direction: "Outbound", actor: "Human", twoWay: true})
	s.disposed = &disposal{at: after(92), outcome: "Accepted", reason: "AcceptAsSQL", coded: true}
	s.found = after(93)
	s.deal = &deal{opened: after(96), closed: after(240), end: "Won", amount: 50_000}
}
