// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

// mostMissed is how many reviews that were not held the status names.
const mostMissed = 10

// governance is what was due of the reviews and the signatures by the ledger's clock.
type governance struct {
	now      time.Time
	zone     *time.Location
	reviews  []judge.Review // by the order of the spec, the oldest first
	standing judge.Ratification
	flaws    []string // records that count for nothing, and why
}

// govern finds what is due. Nothing is before a pair is in force.
func (s *scope) govern(ctx context.Context) error {
	if s.refused {
		s.unread = false // the older cadence says what is due
	}
	if s.contract == nil || s.refused {
		return nil
	}
	m := &slav1alpha1.SLAMeasurement{}
	if err := s.client.Get(ctx, client.ObjectKeyFromObject(s.contract), m); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("get SLAMeasurement %s: %w", client.ObjectKeyFromObject(s.contract), err)
	}
	d := &slav1alpha1.LeadDefinition{}
	key := client.ObjectKey{Namespace: s.owner.Namespace, Name: s.terms.Terms().Definition}
	if err := s.client.Get(ctx, key, d); err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("get LeadDefinition %s: %w", key, err)
	}
	g := &governance{now: convert.LedgerNow(s.now, m.Status, s.zone), zone: s.zone}
	in := judge.Input{
		Book: map[string]*sla.Compiled{s.contract.Status.InForce.Revision: s.terms}, InForce: s.contract.Status.InForce.Revision, Now: g.now,
		ClosedThrough: sla.Period(m.Status.ClosedThrough), Spells: convert.Spells(m.Status),
		Terms: signed(s.contract.Status.Terms), Definition: signed(d.Status.InForce),
	}
	g.reviews = convert.Reviews(s.cadence, judge.GoLive(in), g.now, s.zone)
	in.Reviews = g.reviews
	g.standing = judge.Judge(in).Ratification
	g.flaws = s.flaws(g.now)
	s.governed, s.unread = g, false
	return nil
}

func signed(f *slav1alpha1.InForce) []time.Time {
	if f == nil {
		return nil
	}
	out := make([]time.Time, 0, len(f.Signed))
	for _, at := range f.Signed {
		out = append(out, at.Time)
	}
	return out
}

// flaws of the records: what they name is not there, or was not over yet.
func (s *scope) flaws(now time.Time) []string {
	kinds := map[string]slav1alpha1.ReviewType{}
	for _, review := range s.cadence.Spec.Reviews {
		kinds[review.Name] = review.Type
	}
	var out []string
	for _, r := range s.cadence.Spec.Records {
		if why := flaw(r, kinds[r.Review], now, s.zone); why != "" {
			out = append(out, fmt.Sprintf("the record of review %q of %s counts for nothing: %s", r.Review, r.Period, why))
		}
	}
	return out
}

func flaw(r slav1alpha1.ReviewRecord, kind slav1alpha1.ReviewType, now time.Time, zone *time.Location) string {
	period := sla.Period(r.Period)
	from, end, err := period.Bounds(zone)
	if err != nil {
		return err.Error()
	}
	if fits, what := fitting(kind, period); !fits {
		return fmt.Sprintf("the review is %s and looks at %s", kind, what)
	}
	day, _, err := sla.Day(string(r.Held), zone)
	switch {
	case err != nil:
		return err.Error()
	case now.Before(from):
		return "the period has not begun"
	case day.Before(end):
		return fmt.Sprintf("the period ends on %s, and it was held on %s", end.AddDate(0, 0, -1).Format(time.DateOnly), r.Held)
	default:
		return ""
	}
}

// fitting says whether a review looks at such periods. One that is no longer listed is history.
func fitting(kind slav1alpha1.ReviewType, p sla.Period) (fits bool, what string) {
	switch kind {
	case slav1alpha1.ReviewOperational:
		return p.Week(), "weeks"
	case slav1alpha1.ReviewPerformance:
		return p.Month(), "months"
	case slav1alpha1.ReviewStrategic:
		return p.Quarter(), "quarters"
	default:
		return true, ""
	}
}

// dates at which something of it changes by itself.
func (g *governance) dates() []time.Time {
	if g == nil {
		return nil
	}
	var out []time.Time
	for _, r := range g.reviews {
		if r.Held.IsZero() {
			out = append(out, g.over(r))
		}
	}
	if _, ends, err := sla.QuarterOf(g.now, g.zone).Bounds(g.zone); err == nil {
		out = append(out, ends)
	}
	return append(out, g.standing.Due)
}

// over is when the day is over by which a review is to be held.
func (g *governance) over(r judge.Review) time.Time {
	_, ends, err := sla.Day(r.Due.In(g.zone).Format(time.DateOnly), g.zone)
	if err != nil {
		return r.Due
	}
	return ends
}

// missed are the reviews of a name that were not held by their date and are not held yet, the newest first.
func (g *governance) missed(name string) []string {
	var out []string
	for _, r := range g.reviews {
		if r.Name == name && r.Held.IsZero() && !g.now.Before(g.over(r)) {
			out = append(out, string(r.Period))
		}
	}
	slices.Reverse(out)
	return out[:min(len(out), mostMissed)]
}

// show writes what is due of a review into its status.
func (s *scope) show(out *slav1alpha1.ReviewStatus) {
	if s.governed == nil {
		return
	}
	for _, r := range s.governed.reviews {
		if r.Name != out.Name {
			continue
		}
		if !r.Held.IsZero() {
			out.Held = string(r.Period)
		}
		if out.Last != nil && string(r.Period) == out.Last.Period && r.Held.IsZero() {
			at := metav1.NewTime(r.Due)
			out.HeldBy = &at
		}
	}
	out.Missed = s.governed.missed(out.Name)
	open := int32(0)
	for _, record := range s.cadence.Spec.Records {
		for _, action := range record.Actions {
			if record.Review == out.Name && action.Done == "" {
				open++
			}
		}
	}
	if open > 0 {
		out.OpenActions = &open
	}
}

// setGovernance sets the two conditions. Neither turns Ready False: the operator has done its part.
func (s *scope) setGovernance(conditions *[]metav1.Condition) {
	held := func(status metav1.ConditionStatus, reason, message string) {
		condition.Set(conditions, s.cadence.Generation, s.now, slav1alpha1.ReviewsHeldCondition, status, reason, message)
	}
	if s.unread && meta.FindStatusCondition(*conditions, slav1alpha1.ReviewsHeldCondition) != nil {
		return // the last good outcome stays
	}
	if s.governed == nil {
		review, sign := "nothing is in force yet that could be reviewed", "nothing is in force yet that could be signed again"
		if s.refused {
			review = "another ReviewCadence is older and says what is due"
			sign = review
		}
		held(metav1.ConditionUnknown, slav1alpha1.ReasonNotDue, review)
		condition.Set(conditions, s.cadence.Generation, s.now, slav1alpha1.RatificationCurrentCondition, metav1.ConditionUnknown, slav1alpha1.ReasonNotDue, sign)
		return
	}
	notes := ""
	if len(s.governed.flaws) > 0 {
		notes = "; " + strings.Join(s.governed.flaws, "; ")
	}
	switch missed, due := s.notHeld(); {
	case len(missed) > 0:
		held(metav1.ConditionFalse, slav1alpha1.ReasonNotHeld,
			"not held by both yet, and past the date: "+strings.Join(missed, ", ")+"; hold it and add it to spec.records"+notes)
	case len(s.schedules) < len(s.cadence.Spec.Reviews):
		held(metav1.ConditionUnknown, slav1alpha1.ReasonInvalidSchedule, "a review has no schedule that can be kept, so that it is not known when it was due"+notes)
	case due == 0:
		held(metav1.ConditionUnknown, slav1alpha1.ReasonNotDue, "no review was due yet"+notes)
	default:
		held(metav1.ConditionTrue, slav1alpha1.ReasonHeld, fmt.Sprintf("%d reviews were due, and each was held by both%s", due, notes))
	}
	state, reason, message := s.ratification()
	condition.Set(conditions, s.cadence.Generation, s.now, slav1alpha1.RatificationCurrentCondition, state, reason, message)
}

// notHeld names the reviews that are past their date, and counts those that were due.
func (s *scope) notHeld() (missed []string, due int) {
	for _, r := range s.governed.reviews {
		if !s.governed.now.Before(s.governed.over(r)) || !r.Held.IsZero() {
			due++
		}
	}
	for _, review := range s.cadence.Spec.Reviews {
		for _, period := range s.governed.missed(review.Name) {
			missed = append(missed, fmt.Sprintf("%s of %s", review.Name, period))
		}
	}
	return missed, due
}

// ratification in words. A lapse is loud and changes nothing about what is in force.
func (s *scope) ratification() (status metav1.ConditionStatus, reason, message string) {
	r := s.governed.standing
	at := func(t time.Time) string { return t.In(s.zone).Format("2 January 2006") }
	again := fmt.Sprintf("definition %s and contract %s; the same text may be signed again with a new date: kubectl sla sign",
		s.terms.Terms().Definition, s.contract.Name)
	switch r.Currency {
	case judge.Current:
		return metav1.ConditionTrue, slav1alpha1.ReasonCurrent,
			fmt.Sprintf("both signed on %s; next in %s", at(r.Signed), r.Quarter)
	case judge.Due:
		return metav1.ConditionTrue, slav1alpha1.ReasonDue,
			fmt.Sprintf("both are to sign again in %s, by %s: %s", r.Quarter, at(r.Due), again)
	case judge.Overdue:
		return metav1.ConditionFalse, slav1alpha1.ReasonOverdue,
			fmt.Sprintf("both were to sign again in %s, by %s: %s. What is in force stays in force", r.Quarter, at(r.Due), again)
	case judge.Lapsed:
		return metav1.ConditionFalse, slav1alpha1.ReasonLapsed,
			fmt.Sprintf("no new signatures since %s, for more than a quarter: the agreement goes on as it was signed then, and may not be what the teams need now. Sign %s",
				at(r.Signed), again)
	default:
		return metav1.ConditionUnknown, slav1alpha1.ReasonNotDue, "nothing was signed by both yet"
	}
}
