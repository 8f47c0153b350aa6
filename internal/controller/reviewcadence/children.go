// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/resources"
)

// gather reads the CronJobs and reports that exist.
func (s *scope) gather(ctx context.Context) error {
	jobs := &batchv1.CronJobList{}
	reports := &corev1.ConfigMapList{}
	selector := client.MatchingLabels{resources.CadenceLabel: s.owner.Name}
	for _, list := range []client.ObjectList{jobs, reports} {
		if err := s.client.List(ctx, list, client.InNamespace(s.owner.Namespace), selector); err != nil {
			return fmt.Errorf("list %T of cadence %s/%s: %w", list, s.owner.Namespace, s.owner.Name, err)
		}
	}
	s.cronJobs = slices.DeleteFunc(jobs.Items, func(j batchv1.CronJob) bool { return !metav1.IsControlledBy(&j, s.cadence) })
	s.reports = slices.DeleteFunc(reports.Items, func(c corev1.ConfigMap) bool {
		return c.Annotations[resources.PeriodAnnotation] == "" || !owned(&c, s.cadence)
	})
	// Periods of one type sort as text: 2027-W03.
	slices.SortFunc(s.reports, func(a, b corev1.ConfigMap) int {
		return cmp.Compare(b.Annotations[resources.PeriodAnnotation], a.Annotations[resources.PeriodAnnotation])
	})
	s.gathered = true
	return nil
}

func owned(object, owner metav1.Object) bool {
	return slices.ContainsFunc(object.GetOwnerReferences(), func(r metav1.OwnerReference) bool { return r.UID == owner.GetUID() })
}

// applyChildren makes the objects of each review that can be scheduled.
func (s *scope) applyChildren(ctx context.Context) error {
	if s.contract == nil || s.refused {
		return nil // said already
	}
	name := s.contract.Name
	wanted := []runtime.ApplyConfiguration{
		resources.ReviewAccount(s.owner, name), resources.ReviewRole(s.owner, name, s.contract.Spec.DefinitionRef.Name), resources.ReviewRoleBinding(s.owner, name),
	}
	for _, review := range s.cadence.Spec.Reviews {
		if s.schedules[review.Name] == nil {
			continue
		}
		wanted = append(wanted, resources.ReviewCronJob(resources.ReviewInput{
			Owner: s.owner, Review: review, HistoryLimit: s.historyLimit(), Image: s.image, Contract: name,
			TimeZone: s.zone.String(), Bundle: s.contract.Status.InForce.Bundle, Ledger: s.contract.Spec.Ledger,
		}))
	}
	for _, object := range wanted {
		s.outcome.Add(child.Apply(ctx, s.client, s.live, object))
	}
	return nil
}

// pruneCronJobs deletes those of reviews that are no longer listed, and all of a cadence that is not to run.
func (s *scope) pruneCronJobs(ctx context.Context) error {
	listed := map[string]bool{}
	for _, review := range s.cadence.Spec.Reviews {
		listed[resources.ReviewJobName(s.owner.Name, review.Name)] = !s.refused
	}
	for i := range s.cronJobs {
		job := &s.cronJobs[i]
		if listed[job.Name] || !job.DeletionTimestamp.IsZero() {
			continue
		}
		if err := s.client.Delete(ctx, job, client.PropagationPolicy(metav1.DeletePropagationBackground)); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete CronJob %s/%s: %w", job.Namespace, job.Name, err)
		}
	}
	return nil
}

// pruneReports deletes the reports of each review beyond historyLimit, the oldest first. Reports of a review that is no longer listed
// are history and stay, within the limit.
func (s *scope) pruneReports(ctx context.Context) error {
	kept := map[string]int32{}
	for i := range s.reports {
		report := &s.reports[i]
		review := report.Labels[resources.ReviewLabel]
		kept[review]++
		if kept[review] <= s.historyLimit() || !report.DeletionTimestamp.IsZero() {
			continue
		}
		if err := s.client.Delete(ctx, report); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete report ConfigMap %s/%s: %w", report.Namespace, report.Name, err)
		}
	}
	return nil
}

// newest report of a review, nil when there is none.
func (s *scope) newest(review string) *slav1alpha1.ReviewReport {
	for i := range s.reports {
		if report := &s.reports[i]; report.Labels[resources.ReviewLabel] == review {
			return &slav1alpha1.ReviewReport{
				Period: cut(report.Annotations[resources.PeriodAnnotation], 16),
				Result: cut(report.Annotations[resources.ResultAnnotation], 128),
				Report: report.Name,
			}
		}
	}
	return nil
}

// cut what a job wrote to what the status may hold.
func cut(text string, limit int) string { return text[:min(len(text), limit)] }
