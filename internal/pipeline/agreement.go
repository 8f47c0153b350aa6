// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Agreement is what the cluster says of a contract, which the ledger does not know.
type Agreement struct {
	Contract string          // namespace/name
	Cadence  string          // name
	Notices  bool            // the contract names a Secret with the addresses of people
	Made     time.Time       // when the cadence was
	Meetings []judge.Meeting // the reviews of the cadence that can be scheduled
	Minutes  []Minutes       // of the reviews that were held

	Terms, Definition []time.Time // when both parties had signed a text of each
	Dispute           *judge.Dispute
	Remediations      []judge.Remediation

	Waivers []judge.Waiver // as they are written: Signed is the later of both signatures, zero where one is missing
	Judged  []JudgedWeek   // by the manager, which alone has the keys: whether a waiver counts is read from here

	// Propose makes the manifests for the quarter that begins at an instant, of what the quarter before has shown.
	Propose func(results review.Results, from time.Time) (*review.Proposal, error)
}

// JudgedWeek is a closed week in the status of the contract.
type JudgedWeek struct {
	Period sla.Period
	Waived []sla.Clause
}

// Minutes of a review that was held.
type Minutes struct {
	Review    string
	Period    sla.Period
	Held      string // date
	By        []string
	Decisions []string
	Actions   []review.Action
}

// waived are the waivers as they count, one for each week that the manager judged by one.
func (a Agreement) waived(zone *time.Location) []judge.Waiver {
	var out []judge.Waiver
	for _, week := range a.Judged {
		first, last, err := daysOf(week.Period, zone)
		if err != nil {
			continue // written by hand: it is no week
		}
		for _, w := range a.Waivers {
			if slices.Contains(week.Waived, w.Clause) && w.To >= first && w.From <= last && !w.Signed.IsZero() {
				w.From, w.To = first, last
				out = append(out, w)
			}
		}
	}
	return out
}

// unjudged is an error while the manager has not judged a week that a waiver touches which both signed: only it can tell whether their
// signatures count. Weeks before those in the status are not waited for.
func (a Agreement) unjudged(weeks []sla.Period, zone *time.Location) error {
	for _, week := range weeks {
		first, last, err := daysOf(week, zone)
		if err != nil {
			return err
		}
		known := slices.ContainsFunc(a.Judged, func(j JudgedWeek) bool { return j.Period >= week })
		for _, w := range a.Waivers {
			if touches := w.To >= first && w.From <= last; touches && !w.Signed.IsZero() && !known {
				return shownError{fmt.Errorf("the contract's status does not have %s yet, which the waiver %q touches; the report waits", week, w.Name)}
			}
		}
	}
	return nil
}

// shownWaivers are those that touch the days, as they are written; without a signature where none counted.
func (a Agreement) shownWaivers(first, last string, zone *time.Location) []review.Waiver {
	counted := a.waived(zone)
	waivers := slices.Clone(a.Waivers)
	for i, w := range waivers {
		if !slices.ContainsFunc(counted, func(c judge.Waiver) bool { return c.Name == w.Name }) {
			waivers[i].Signed = time.Time{}
		}
	}
	return review.WaiversOf(waivers, first, last)
}

// reviews that were due by an instant, as far as it was known then; none before a go-live. now is the ledger's.
func (a Agreement) reviews(goLive, at, now time.Time, zone *time.Location) []judge.Review {
	if goLive.IsZero() {
		return nil
	}
	from := judge.ReviewsFrom(goLive, a.Made, now)
	var all []judge.Review
	for _, m := range a.Meetings {
		all = append(all, judge.DueReviews(m, from, at, zone)...)
	}
	return all
}

// heldReviews are those that were due within a period, the last that was held of each by its end, and all with actions that are open or were done within
// it. What was agreed later belongs into later reports, also when this one is made late.
func (a Agreement) heldReviews(due []judge.Review, from, to time.Time, zone *time.Location) []review.HeldReview {
	first, end := from.In(zone).Format(time.DateOnly), to.In(zone).Format(time.DateOnly)
	a.Minutes = slices.DeleteFunc(slices.Clone(a.Minutes), func(m Minutes) bool { return m.Held >= end })
	last := map[string]sla.Period{}
	for _, m := range a.Minutes {
		last[m.Review] = max(last[m.Review], m.Period)
	}
	seen := map[string]bool{}
	var all []review.HeldReview
	for _, d := range due {
		h := review.HeldReview{Name: d.Name, Period: d.Period, Due: d.Due}
		m, recorded := a.minutesOf(d.Name, d.Period)
		if recorded {
			h.Held, h.By, h.Decisions, h.Actions = m.Held, m.By, m.Decisions, actionsOf(m, first)
		}
		within := !d.Due.Before(from) && d.Due.Before(to)
		if within || recorded && (len(h.Actions) > 0 || last[d.Name] == d.Period) {
			all, seen[d.Name+"/"+string(d.Period)] = append(all, h), true
		}
	}
	// Of a review that is no longer scheduled, or was held beside the schedule, what was agreed still holds.
	for _, m := range a.Minutes {
		if actions := actionsOf(m, first); len(actions) > 0 && !seen[m.Review+"/"+string(m.Period)] {
			all = append(all, review.HeldReview{Name: m.Review, Period: m.Period, Held: m.Held, By: m.By, Decisions: m.Decisions, Actions: actions})
		}
	}
	return all
}

func (a Agreement) minutesOf(name string, period sla.Period) (Minutes, bool) {
	i := slices.IndexFunc(a.Minutes, func(m Minutes) bool { return m.Review == name && m.Period == period })
	if i < 0 {
		return Minutes{}, false
	}
	return a.Minutes[i], true
}

// actionsOf are those that are open, and those done on a date or later.
func actionsOf(m Minutes, since string) []review.Action {
	var all []review.Action
	for _, action := range m.Actions {
		if action.Done == "" || action.Done >= since {
			all = append(all, action)
		}
	}
	return all
}

// daysOf are the first and the last day of a period.
func daysOf(p sla.Period, zone *time.Location) (first, last string, err error) {
	from, to, err := p.Bounds(zone)
	if err != nil {
		return "", "", err
	}
	return from.In(zone).Format(time.DateOnly), to.In(zone).AddDate(0, 0, -1).Format(time.DateOnly), nil
}
