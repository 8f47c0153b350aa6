// SPDX-License-Identifier: Apache-2.0

package review

import (
	"cmp"
	"slices"

	"github.com/handoff-sla/handoff/internal/sla"
)

// sort brings every list into one order, in copies, and makes empty ones of those that are nil: facts from two sources with the same content have the
// same seal. Rows keep the order in which they were judged: worst first.
func (f *Facts) sort() {
	f.GeneratedAt = f.GeneratedAt.UTC()
	f.Scorecard, f.Advice, f.Notes = full(f.Scorecard), full(f.Advice), full(f.Notes)
	f.Revisions = ordered(f.Revisions, func(a, b Revision) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Terms, b.Terms)) })
	f.Calendar = ordered(f.Calendar, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	f.Weeks = ordered(f.Weeks, func(a, b Week) int { return cmp.Compare(a.Period, b.Period) })
	for i := range f.Weeks {
		f.Weeks[i].Rows = full(f.Weeks[i].Rows)
	}
	f.Escalations = ordered(f.Escalations, func(a, b Escalation) int { return cmp.Or(cmp.Compare(b.Level, a.Level), byClause(a.Clause, b.Clause)) })
	for i := range f.Escalations {
		f.Escalations[i].Owners = full(f.Escalations[i].Owners)
	}
	f.Steps = ordered(f.Steps, func(a, b Step) int {
		return cmp.Or(a.At.Compare(b.At), byClause(a.Clause, b.Clause), cmp.Compare(a.Level, b.Level))
	})
	f.Waivers = ordered(f.Waivers, func(a, b Waiver) int { return cmp.Compare(a.Name, b.Name) })
	f.Plans = ordered(f.Plans, func(a, b Plan) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Name, b.Name)) })
	f.Reviews = ordered(f.Reviews, func(a, b HeldReview) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Period, b.Period))
	})
	f.Restatements = ordered(f.Restatements, func(a, b Restatement) int {
		return cmp.Or(cmp.Compare(a.Period, b.Period), byClause(string(a.Clause), string(b.Clause)), cmp.Compare(a.Tier, b.Tier), a.At.Compare(b.At))
	})
	f.Outcomes = ordered(f.Outcomes, func(a, b Outcome) int {
		return cmp.Or(cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(b.Leads, a.Leads), cmp.Compare(a.Reason, b.Reason))
	})
	f.sortLeads()
	f.utc()
}

func (f *Facts) sortLeads() {
	f.Misses = ordered(f.Misses, func(a, b Miss) int {
		return cmp.Or(byClause(string(a.Clause), string(b.Clause)), cmp.Compare(a.Tier, b.Tier))
	})
	for i := range f.Misses {
		m := &f.Misses[i]
		m.Reps, m.Sources, m.MissingFields = ordered(m.Reps, byKey), ordered(m.Sources, byKey), ordered(m.MissingFields, most)
		m.Worst = ordered(m.Worst, func(a, b LateLead) int {
			return cmp.Or(cmp.Compare(b.LateSeconds, a.LateSeconds), cmp.Compare(a.Lead, b.Lead))
		})
	}
	f.Contests.Reasons = ordered(f.Contests.Reasons, most)
	f.Feedback.Categories, f.Feedback.Sources = ordered(f.Feedback.Categories, most), ordered(f.Feedback.Sources, most)
	f.Feedback.Ratings = ordered(f.Feedback.Ratings, func(a, b Tally) int { return cmp.Compare(a.Key, b.Key) })
	f.Feedback.Examples = ordered(f.Feedback.Examples, func(a, b FeedbackExample) int {
		return cmp.Or(cmp.Compare(a.Rating, b.Rating), cmp.Compare(a.Lead, b.Lead))
	})
	f.Months = ordered(f.Months, func(a, b Month) int { return cmp.Compare(a.Month, b.Month) })
	f.Segments = ordered(f.Segments, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(b.MQLs, a.MQLs), cmp.Compare(a.Key, b.Key))
	})
	if f.Scores != nil {
		s := *f.Scores
		s.Paths = full(s.Paths)
		s.MQLs = ordered(s.MQLs, func(a, b Scored) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Score, b.Score)) })
		s.Near = ordered(s.Near, func(a, b Tally) int { return cmp.Or(cmp.Compare(len(a.Key), len(b.Key)), cmp.Compare(a.Key, b.Key)) })
		f.Scores = &s
	}
}

// utc brings every instant into one zone.
func (f *Facts) utc() {
	for i := range f.Revisions {
		f.Revisions[i].Since = f.Revisions[i].Since.UTC()
	}
	for i := range f.Escalations {
		e := &f.Escalations[i]
		e.Since, e.LevelSince, e.Due = e.Since.UTC(), e.LevelSince.UTC(), e.Due.UTC()
	}
	for i := range f.Steps {
		f.Steps[i].At = f.Steps[i].At.UTC()
	}
	for i := range f.Waivers {
		f.Waivers[i].Signed = f.Waivers[i].Signed.UTC()
	}
	for i := range f.Reviews {
		f.Reviews[i].Due = f.Reviews[i].Due.UTC()
	}
	for i := range f.Restatements {
		f.Restatements[i].At = f.Restatements[i].At.UTC()
	}
	f.Ratification.Signed, f.Ratification.Due = f.Ratification.Signed.UTC(), f.Ratification.Due.UTC()
}

// ordered is a sorted copy, never nil.
func ordered[T any](all []T, compare func(a, b T) int) []T {
	out := full(all)
	slices.SortStableFunc(out, compare)
	return out
}

// full is a copy, never nil.
func full[T any](all []T) []T { return append(make([]T, 0, len(all)), all...) }

func byClause(a, b string) int {
	return cmp.Or(cmp.Compare(order(sla.Clause(a)), order(sla.Clause(b))), cmp.Compare(a, b))
}

func byKey(a, b Share) int { return cmp.Compare(a.Key, b.Key) }

func most(a, b Tally) int { return cmp.Or(cmp.Compare(b.Leads, a.Leads), cmp.Compare(a.Key, b.Key)) }
