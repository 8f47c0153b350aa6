// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/claim"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// defaultHistoryLimit is the CRD's default, for objects that were stored without it.
const defaultHistoryLimit = 26

// scope is one reconciliation.
type scope struct {
	client  client.Client
	live    client.Reader
	image   string
	cadence *slav1alpha1.ReviewCadence
	owner   resources.Owner
	now     time.Time
	outcome outcome.Outcome

	gathered  bool
	cronJobs  []batchv1.CronJob
	reports   []corev1.ConfigMap        // newest first
	schedules map[string]judge.Schedule // by review
	refused   bool                      // an older cadence has the contract
	contract  *slav1alpha1.SLAContract  // with a pair in force
	zone      *time.Location
	terms     *sla.Compiled // in force
	governed  *governance
	unread    bool // what is due could not be read: what was last known of it stays
}

func (r *Reconciler) newScope(cadence *slav1alpha1.ReviewCadence) *scope {
	return &scope{
		client: r.Client, live: r.Live, image: r.Image, cadence: cadence,
		owner: resources.OwnerOf(Kind, cadence), now: r.Clock.Now(), schedules: map[string]judge.Schedule{},
	}
}

func (s *scope) historyLimit() int32 {
	if s.cadence.Spec.HistoryLimit == nil {
		return defaultHistoryLimit
	}
	return *s.cadence.Spec.HistoryLimit
}

// parseSchedules names every review whose schedule cannot be kept.
func (s *scope) parseSchedules(context.Context) error {
	for _, review := range s.cadence.Spec.Reviews {
		schedule, err := judge.ParseSchedule(review.Schedule, s.now)
		if err != nil {
			s.outcome.Add(outcome.Stalled(slav1alpha1.ReasonInvalidSchedule, "review %q: schedule: %v", review.Name, err))
			continue
		}
		s.schedules[review.Name] = schedule
	}
	return nil
}

// checkReference stalls a cadence whose contract already has an older one: every period would be reported twice.
func (s *scope) checkReference(ctx context.Context) error {
	list := &slav1alpha1.ReviewCadenceList{}
	if err := s.client.List(ctx, list, client.InNamespace(s.owner.Namespace)); err != nil {
		return fmt.Errorf("list ReviewCadences of %s: %w", s.owner.Namespace, err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != s.cadence.UID && other.DeletionTimestamp.IsZero() &&
			other.Spec.ContractRef == s.cadence.Spec.ContractRef && claim.Older(other, s.cadence) {
			s.refused = true
			return outcome.Stalled(slav1alpha1.ReasonReferenceTaken, "ReviewCadence %s/%s is older and reviews SLAContract %q already",
				other.Namespace, other.Name, other.Spec.ContractRef.Name)
		}
	}
	return nil
}

// lookUpContract finds the pair in force, which the jobs report on, and its time zone.
func (s *scope) lookUpContract(ctx context.Context) error {
	name := s.cadence.Spec.ContractRef.Name
	contract := &slav1alpha1.SLAContract{}
	s.unread = true
	if err := s.client.Get(ctx, client.ObjectKey{Namespace: s.owner.Namespace, Name: name}, contract); err != nil {
		if apierrors.IsNotFound(err) {
			s.unread = false
			return outcome.Waiting(slav1alpha1.ReasonContractNotFound, "SLAContract %s/%s does not exist", s.owner.Namespace, name)
		}
		return fmt.Errorf("get SLAContract %s/%s: %w", s.owner.Namespace, name, err)
	}
	if contract.Status.InForce == nil {
		s.unread = false
		return outcome.Waiting(slav1alpha1.ReasonNothingInForce,
			"SLAContract %s/%s has no ratified pair of terms and definition in force yet", s.owner.Namespace, name)
	}
	terms, err := s.termsInForce(ctx, contract)
	if err != nil {
		return err
	}
	s.contract, s.terms, s.zone = contract, terms, terms.Hours().Location()
	return nil
}

// termsInForce may not be those that are written.
func (s *scope) termsInForce(ctx context.Context, contract *slav1alpha1.SLAContract) (*sla.Compiled, error) {
	key := client.ObjectKey{Namespace: contract.Namespace, Name: contract.Status.InForce.Bundle}
	object := &corev1.ConfigMap{}
	if err := s.client.Get(ctx, key, object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, outcome.Waiting(slav1alpha1.ReasonNothingInForce, "the bundle ConfigMap %s does not exist", key)
		}
		return nil, fmt.Errorf("get bundle ConfigMap %s: %w", key, err)
	}
	b := bundle.Bundle{}
	if err := json.Unmarshal([]byte(object.Data[bundle.BundleFile]), &b); err != nil {
		return nil, fmt.Errorf("bundle ConfigMap %s: %w", key, err)
	}
	terms, err := sla.Compile(b.SLA)
	if err != nil {
		return nil, fmt.Errorf("bundle ConfigMap %s: %w", key, err)
	}
	return terms, nil
}

// next is when the first of the reviews is due, when the status has to say a new date.
func (s *scope) next() time.Duration {
	if s.contract == nil || s.refused {
		return 0
	}
	dates := s.governed.dates()
	for _, schedule := range s.schedules {
		dates = append(dates, nextRun(schedule, s.now, s.zone))
	}
	next := time.Duration(0)
	for _, at := range dates {
		if wait := at.Sub(s.now) + time.Second; wait > 0 && (next == 0 || wait < next) {
			next = wait
		}
	}
	return next
}

// nextRun of a schedule in a time zone.
func nextRun(schedule judge.Schedule, now time.Time, zone *time.Location) time.Time {
	return schedule.Next(now.In(zone)).UTC()
}
