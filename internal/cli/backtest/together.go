// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// step is one event of one of several leads.
type step struct {
	lead int
	at   time.Time
	e    *lead.Event
}

// together judges leads whose accounts have to do with each other. Their events are taken in order of time, across leads; each lead
// stands among the contacts that its account has then, with the score of each at its own last event, as the scorer has it when every event
// is scored as it happens. leads are in order of their ids, which is that of events of the same time.
func (j *judge) together(courses []course) []judgement {
	followers := make([]follower, len(courses))
	var steps []step
	for i, c := range courses {
		if i == len(j.others) {
			j.others = append(j.others, j.program.NewTracker())
		}
		followers[i] = follower{tracker: j.others[i], course: c, returns: j.returns}
		followers[i].tracker.Reset()
		for n := range c.events {
			steps = append(steps, step{lead: i, at: c.events[n].Time, e: &c.events[n]})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.lead, b.lead)) })
	accounts := map[string]lead.Contacts{}
	for _, s := range steps {
		f := &followers[s.lead]
		if s.e.Kind == lead.KindDisposition && f.sum.mql { // news to the scorer, which looks at the lead's last event again
			f.among(accounts, f.last)
		}
		if f.tracker.Apply(*s.e) {
			f.last = *s.e
			f.among(accounts, f.last)
		}
	}
	sums := make([]judgement, len(followers))
	for i := range followers {
		sums[i] = followers[i].sum
	}
	return sums
}

// among the contacts of its account as they are now, the lead stands at its last event.
func (f *follower) among(accounts map[string]lead.Contacts, last lead.Event) {
	f.count(accounts, -1)
	f.account = f.tracker.Account()
	peers := accounts[f.account]
	f.tracker.Among(&peers)
	f.stand(last)
	f.count(accounts, 1)
}

// count the lead among the contacts of its account, or not any more.
func (f *follower) count(accounts map[string]lead.Contacts, times int) {
	if f.account == "" {
		return
	}
	c := accounts[f.account]
	accounts[f.account] = lead.Contacts{Count: c.Count + times, Score: c.Score + times*f.score}
}
