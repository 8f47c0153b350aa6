// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Limits of a review's job.
const (
	// A missed schedule starts up to a day late; beyond, the next one reports what was missed.
	reviewStartingDeadline = int64(24 * 60 * 60)
	reviewActiveDeadline   = int64(30 * 60)
	reviewBackoffLimit     = int32(3)
	reviewTTL              = int32(7 * 24 * 60 * 60)
)

// ReviewInput is what a review's CronJob is made from.
type ReviewInput struct {
	Owner        Owner // the cadence
	Review       slav1alpha1.Review
	HistoryLimit int32
	Image        string
	Contract     string
	TimeZone     string
	Bundle       string // ConfigMap of the pair in force
	Ledger       slav1alpha1.Ledger
}

// ReviewJobName of one review.
func ReviewJobName(cadence, review string) string { return cadence + "-" + review }

// ReviewLabels of the objects of one review.
func ReviewLabels(contract, cadence, review string) map[string]string {
	return with(with(labels(contract, Review), CadenceLabel, cadence), ReviewLabel, review)
}

// ReviewCronJob starts the review's job on schedule.
func ReviewCronJob(in ReviewInput) *batchv1ac.CronJobApplyConfiguration {
	all := ReviewLabels(in.Contract, in.Owner.Name, in.Review.Name)
	job := batchv1ac.JobSpec().
		WithBackoffLimit(reviewBackoffLimit).
		WithActiveDeadlineSeconds(reviewActiveDeadline).
		WithTTLSecondsAfterFinished(reviewTTL).
		WithTemplate(corev1ac.PodTemplateSpec().WithLabels(with(all, BundleLabel, in.Bundle)).WithSpec(reviewPod(in)))
	return batchv1ac.CronJob(ReviewJobName(in.Owner.Name, in.Review.Name), in.Owner.Namespace).
		WithLabels(with(all, BundleLabel, in.Bundle)).
		WithOwnerReferences(in.Owner.controller()).
		WithSpec(batchv1ac.CronJobSpec().
			WithSchedule(in.Review.Schedule).
			WithTimeZone(in.TimeZone).
			WithConcurrencyPolicy(batchv1.ForbidConcurrent).
			WithStartingDeadlineSeconds(reviewStartingDeadline).
			WithSuccessfulJobsHistoryLimit(1).
			WithFailedJobsHistoryLimit(1).
			WithJobTemplate(batchv1ac.JobTemplateSpec().WithLabels(all).WithSpec(job)))
}

func reviewPod(in ReviewInput) *corev1ac.PodSpecApplyConfiguration {
	main := container(string(Review), in.Image, "/review-job",
		"--tenant="+in.Ledger.Tenant,
		"--namespace="+in.Owner.Namespace,
		"--cadence="+in.Owner.Name,
		"--review="+in.Review.Name,
		"--owner="+in.Review.Owner,
		"--type="+string(in.Review.Type),
		"--ledger-secret="+in.Ledger.SecretRef.Name,
		fmt.Sprintf("--history-limit=%d", in.HistoryLimit),
	).
		WithResources(requirements(nil)).
		WithVolumeMounts(mount("bundle", bundleDir), mount("ledger", ledgerDir))
	return corev1ac.PodSpec().
		WithServiceAccountName(ReviewAccountName(in.Owner.Name)).
		// The job writes its report into a ConfigMap; see ReviewRole.
		WithAutomountServiceAccountToken(true).
		WithRestartPolicy(corev1.RestartPolicyNever).
		WithSecurityContext(restrictedPod()).
		WithContainers(main).
		WithVolumes(configVolume("bundle", in.Bundle), secretVolume("ledger", in.Ledger.SecretRef.Name))
}
