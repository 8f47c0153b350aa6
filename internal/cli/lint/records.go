// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleOpenPeriod = define("record-of-an-open-period", Error, operator,
		"a record of a period that is not closed, or that was held before its period ended",
		"nobody can have reviewed what was not over: the record does not count",
		"record the review of a closed period, on the day on which it was held")
	ruleOtherPeriod = define("record-misfit", Error, operator,
		"a record whose period is not of its review's type, or whose review does not exist",
		"an Operational review is of weeks (2027-W03), a Performance review of months (2027-01), a Strategic review of quarters (2027-Q1): the record does not count",
		"correct the period or the review's name")
	ruleHeldLong = define("held-within-too-long", Warning, semantics,
		"a review that may be held later than the next one of its kind is due",
		"the numbers of two periods would be talked about at once, and a miss would be as old as two periods",
		"shorten heldWithin: 4d for an Operational review, 10d for Performance, 21d for Strategic are the defaults")
)

// lengths of the periods of a review's type: the shortest that there are.
var lengths = map[slav1alpha1.ReviewType]time.Duration{
	slav1alpha1.ReviewOperational: 7 * 24 * time.Hour, slav1alpha1.ReviewPerformance: 28 * 24 * time.Hour, slav1alpha1.ReviewStrategic: 90 * 24 * time.Hour,
}

var fits = map[slav1alpha1.ReviewType]func(sla.Period) bool{
	slav1alpha1.ReviewOperational: sla.Period.Week, slav1alpha1.ReviewPerformance: sla.Period.Month, slav1alpha1.ReviewStrategic: sla.Period.Quarter,
}

var nouns = map[slav1alpha1.ReviewType]string{
	slav1alpha1.ReviewOperational: "weeks", slav1alpha1.ReviewPerformance: "months", slav1alpha1.ReviewStrategic: "quarters",
}

// checkHeldWithin of each review.
func (o *object) checkHeldWithin() {
	for i, r := range o.Cadence.Spec.Reviews {
		path := fmt.Sprintf("spec.reviews[%d].heldWithin", i)
		if r.HeldWithin == "" || o.failed(path) {
			continue
		}
		within, err := sla.ParseWindow(string(r.HeldWithin))
		if longest := lengths[r.Type]; err == nil && longest > 0 && within > longest {
			o.report(ruleHeldLong, path, "review %q may be held %s after its time, and its periods are %s", r.Name, r.HeldWithin, nouns[r.Type])
		}
	}
}

// checkRecords against the reviews. Days and periods are those of the contract's zone.
func (o *object) checkRecords(zone *time.Location, now time.Time) {
	reviews := o.Cadence.Spec.Reviews
	for i, record := range o.Cadence.Spec.Records {
		path := fmt.Sprintf("spec.records[%d]", i)
		if o.failed(path) {
			continue
		}
		at := slices.IndexFunc(reviews, func(r slav1alpha1.Review) bool { return r.Name == record.Review })
		if at < 0 {
			o.report(ruleOtherPeriod, path+".review", "there is no review %q", record.Review)
			continue
		}
		period := sla.Period(record.Period)
		if fit := fits[reviews[at].Type]; fit == nil || !fit(period) {
			o.report(ruleOtherPeriod, path+".period", "review %q is of %s, and %s is none", record.Review, nouns[reviews[at].Type], record.Period)
			continue
		}
		_, ends, err := period.Bounds(zone)
		switch {
		case err != nil:
			o.report(ruleOtherPeriod, path+".period", "%v", err)
		case ends.After(now):
			o.report(ruleOpenPeriod, path+".period", "%s is not over before %s", record.Period, ends.Format(time.RFC3339))
		case string(record.Held) < ends.Format(time.DateOnly):
			o.report(ruleOpenPeriod, path+".held", "%s was not over on %s", record.Period, record.Held)
		}
	}
}
