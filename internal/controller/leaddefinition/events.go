// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// changes are the events of the step from one status to the next.
func changes(before, after *slav1alpha1.LeadDefinitionStatus, now time.Time) []condition.Event {
	var out []condition.Event
	if after.InForce != nil && (before.InForce == nil || before.InForce.Revision != after.InForce.Revision) {
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: "Ratified", Action: "Ratify", Note: after.InForce.Revision + " is in force",
			Related: condition.Revision(after.InForce.Revision),
		})
	}
	out = append(out, scheduled(before, after, now)...)
	if after.Pending != nil && len(after.Pending.Missing) > 0 && (before.Pending == nil || before.Pending.Digest != after.Pending.Digest) {
		ratified := meta.FindStatusCondition(after.Conditions, slav1alpha1.RatifiedCondition)
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: slav1alpha1.ReasonSignOffMissing, Action: "Ratify", Note: condition.Note(ratified),
		})
	}
	return append(out, condition.StalledEvent(before.Conditions, after.Conditions)...)
}

// scheduled are said once, when a revision is ratified whose time is to come, and when it is superseded before that.
func scheduled(before, after *slav1alpha1.LeadDefinitionStatus, now time.Time) []condition.Event {
	var out []condition.Event
	event := func(reason, action, note, revision string) {
		out = append(out, condition.Event{
			Type: corev1.EventTypeNormal, Reason: reason, Action: action, Note: note, Related: condition.Revision(revision),
		})
	}
	has := func(all []slav1alpha1.ScheduledRevision, name string) bool {
		return slices.ContainsFunc(all, func(r slav1alpha1.ScheduledRevision) bool { return r.Revision == name })
	}
	for _, r := range after.Scheduled {
		if !has(before.Scheduled, r.Revision) {
			event("Scheduled", "Ratify", fmt.Sprintf("%s is ratified and comes into force at %s", r.Revision,
				r.EffectiveFrom.UTC().Format(time.RFC3339)), r.Revision)
		}
	}
	for _, r := range before.Scheduled {
		if !has(after.Scheduled, r.Revision) && r.EffectiveFrom.After(now) {
			event("Superseded", "Ratify", fmt.Sprintf("%s does not come into force: a text that was ratified later took its place", r.Revision),
				r.Revision)
		}
	}
	return out
}
