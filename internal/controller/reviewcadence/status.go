// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/resources"
)

// writeStatus makes the whole status from what was found.
func (s *scope) writeStatus(status *slav1alpha1.ReviewCadenceStatus) {
	generation := s.cadence.Generation
	status.ObservedGeneration = generation
	condition.SetReady(&status.Conditions, generation, s.now, &s.outcome, s.success())
	if !s.gathered {
		return
	}
	s.setGovernance(&status.Conditions)
	status.TimeZone = ""
	if s.zone != nil {
		status.TimeZone = s.zone.String()
	}
	before := status.Reviews
	status.Reviews = make([]slav1alpha1.ReviewStatus, 0, len(s.cadence.Spec.Reviews))
	for _, review := range s.cadence.Spec.Reviews {
		shown := s.review(review.Name)
		if s.unread || s.schedules[review.Name] == nil {
			keep(&shown, before)
		}
		status.Reviews = append(status.Reviews, shown)
	}
}

// keep what was last known to be due of a review.
func keep(out *slav1alpha1.ReviewStatus, before []slav1alpha1.ReviewStatus) {
	for _, last := range before {
		if last.Name == out.Name {
			out.Held, out.HeldBy, out.Missed, out.OpenActions = last.Held, last.HeldBy, last.Missed, last.OpenActions
		}
	}
}

func (s *scope) review(name string) slav1alpha1.ReviewStatus {
	out := slav1alpha1.ReviewStatus{Name: name, Last: s.newest(name)}
	if schedule := s.schedules[name]; schedule != nil && s.zone != nil && !s.refused {
		at := metav1.NewTime(nextRun(schedule, s.now, s.zone))
		out.Next = &at
	}
	for i := range s.cronJobs {
		if s.cronJobs[i].Name == resources.ReviewJobName(s.owner.Name, name) {
			out.LastRun = s.cronJobs[i].Status.LastScheduleTime.DeepCopy()
		}
	}
	s.show(&out)
	return out
}

func (s *scope) success() string {
	if s.zone == nil {
		return ""
	}
	text := fmt.Sprintf("%d reviews are scheduled in %s", len(s.cadence.Spec.Reviews), s.zone)
	if p := s.cadence.Spec.Publish; p != nil && p.Notify == slav1alpha1.PublishAll && s.contract.Spec.Notify == nil {
		text += fmt.Sprintf("; their reports are sent to nobody, although spec.publish says All: SLAContract %s has no spec.notify", s.contract.Name)
	}
	return text
}

// changes are the events of the step from one status to the next.
func changes(before, after *slav1alpha1.ReviewCadenceStatus) []condition.Event {
	was := map[string]string{}
	for _, review := range before.Reviews {
		if review.Last != nil {
			was[review.Name] = review.Last.Report
		}
	}
	var out []condition.Event
	for _, review := range after.Reviews {
		if review.Last == nil || was[review.Name] == review.Last.Report {
			continue
		}
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: "ReportPublished", Action: "Review",
			Note:    fmt.Sprintf("review %s of %s: %s, in ConfigMap %s", review.Name, review.Last.Period, review.Last.Result, review.Last.Report),
			Related: condition.ConfigMap(review.Last.Report),
		})
	}
	out = append(out, governanceEvents(before, after)...)
	return append(out, condition.StalledEvent(before.Conditions, after.Conditions)...)
}

// governanceEvents say when a review is past its date without having been held, when it was held after all, and when the ratification changes.
func governanceEvents(before, after *slav1alpha1.ReviewCadenceStatus) []condition.Event {
	was := map[string]slav1alpha1.ReviewStatus{}
	for _, review := range before.Reviews {
		was[review.Name] = review
	}
	var out []condition.Event
	for _, review := range after.Reviews {
		old := was[review.Name]
		for _, period := range review.Missed {
			if !slices.Contains(old.Missed, period) && period > newestOf(old.Missed) {
				out = append(out, condition.Event{
					Type: corev1.EventTypeWarning, Reason: "ReviewMissed", Action: "Review",
					Note: fmt.Sprintf("review %s of %s was not held by its date: hold it, and record it for both parties in spec.records", review.Name, period),
				})
			}
		}
		if review.Held > old.Held {
			out = append(out, condition.Event{
				Type: corev1.EventTypeNormal, Reason: "ReviewHeld", Action: "Review",
				Note: fmt.Sprintf("review %s of %s was held by both", review.Name, review.Held),
			})
		}
	}
	old, now := meta.FindStatusCondition(before.Conditions, slav1alpha1.RatificationCurrentCondition),
		meta.FindStatusCondition(after.Conditions, slav1alpha1.RatificationCurrentCondition)
	if now == nil || (old != nil && old.Reason == now.Reason) || now.Reason == slav1alpha1.ReasonNotDue {
		return out
	}
	kind := corev1.EventTypeNormal
	if now.Status == metav1.ConditionFalse {
		kind = corev1.EventTypeWarning
	}
	return append(out, condition.Event{Type: kind, Reason: "Ratification" + now.Reason, Action: "Review", Note: now.Message})
}

// newestOf the periods: the list is cut, and what falls back into it when a newer one was held is no news.
func newestOf(periods []string) string {
	if len(periods) == 0 {
		return ""
	}
	return slices.Max(periods)
}
