// SPDX-License-Identifier: Apache-2.0

// Package reviewcadence reconciles ReviewCadences: a CronJob for each review, in the time zone of the contract in force, and the
// outcome of the newest report in the status.
package reviewcadence

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// It grants its jobs `create` and `get` on ConfigMaps and `get` on cadences, so the manager holds those itself.
//
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=reviewcadences;slacontracts;slameasurements;leaddefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=reviewcadences/status,verbs=update
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Kind that this controller reconciles.
const Kind = "ReviewCadence"

// Reconciler of ReviewCadences.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // past the cache
	Clock  clock.PassiveClock
	Events events.EventRecorder
	Image  string // of the review job
}

// SetupWithManager starts the controller with the manager.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager) error {
	neighbours := handler.EnqueueRequestsFromMapFunc(r.cadencesOfNamespace)
	return ctrl.NewControllerManagedBy(mgr).
		For(&slav1alpha1.ReviewCadence{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&batchv1.CronJob{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&rbacv1.Role{}).
		Owns(&rbacv1.RoleBinding{}).
		// Reports are made by the jobs, which own nothing: any owner reference to the cadence will do.
		Watches(&corev1.ConfigMap{},
			handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &slav1alpha1.ReviewCadence{})).
		// Closed weeks and the ledger's clock: what is due follows from them.
		Watches(&slav1alpha1.SLAMeasurement{}, neighbours, builder.WithPredicates(predicate.Funcs{UpdateFunc: weekClosed})).
		Watches(&slav1alpha1.SLAContract{}, neighbours, builder.WithPredicates(predicate.Funcs{UpdateFunc: pairChanged})).
		// An older cadence that goes, or takes another contract, sets its contract free.
		Watches(&slav1alpha1.ReviewCadence{}, neighbours, builder.WithPredicates(predicate.Funcs{
			CreateFunc:  func(event.CreateEvent) bool { return false },
			UpdateFunc:  func(e event.UpdateEvent) bool { return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() },
			GenericFunc: func(event.GenericEvent) bool { return false },
		})).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// pairChanged: of a contract, a cadence needs the pair in force and what is in the spec, not the counts of each minute.
func pairChanged(e event.UpdateEvent) bool {
	before, okBefore := e.ObjectOld.(*slav1alpha1.SLAContract)
	after, okAfter := e.ObjectNew.(*slav1alpha1.SLAContract)
	if !okBefore || !okAfter {
		return true
	}
	return before.Generation != after.Generation || !equality.Semantic.DeepEqual(before.Status.InForce, after.Status.InForce) ||
		!equality.Semantic.DeepEqual(before.Status.Terms, after.Status.Terms)
}

// weekClosed: of a measurement, a cadence needs where the ledger's clock stands.
func weekClosed(e event.UpdateEvent) bool {
	before, okBefore := e.ObjectOld.(*slav1alpha1.SLAMeasurement)
	after, okAfter := e.ObjectNew.(*slav1alpha1.SLAMeasurement)
	return !okBefore || !okAfter || before.Status.ClosedThrough != after.Status.ClosedThrough
}

func (r *Reconciler) cadencesOfNamespace(ctx context.Context, object client.Object) []reconcile.Request {
	list := &slav1alpha1.ReviewCadenceList{}
	if err := r.Client.List(ctx, list, client.InNamespace(object.GetNamespace())); err != nil {
		log.FromContext(ctx).Error(err, "list ReviewCadences", "namespace", object.GetNamespace())
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// Reconcile one ReviewCadence.
func (r *Reconciler) Reconcile(ctx context.Context, cadence *slav1alpha1.ReviewCadence) (reconcile.Result, error) {
	if !cadence.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, nil // the children go with their owner
	}
	s := r.newScope(cadence)
	for _, phase := range []func(context.Context) error{
		s.gather, s.parseSchedules, s.checkReference, s.lookUpContract, s.govern, s.applyChildren, s.pruneCronJobs, s.pruneReports,
	} {
		s.outcome.Add(phase(ctx))
	}
	return r.finish(ctx, s)
}

func (r *Reconciler) finish(ctx context.Context, s *scope) (reconcile.Result, error) {
	if s.outcome.Behind() {
		return s.outcome.Result(ctx, 0)
	}
	before := s.cadence.Status.DeepCopy()
	s.writeStatus(&s.cadence.Status)
	if !equality.Semantic.DeepEqual(before, &s.cadence.Status) {
		if err := r.Client.Status().Update(ctx, s.cadence); err != nil {
			s.outcome.Add(client.IgnoreNotFound(fmt.Errorf("status of ReviewCadence %s: %w", client.ObjectKeyFromObject(s.cadence), err)))
			return s.outcome.Result(ctx, s.next())
		}
		condition.Send(r.Events, s.cadence, changes(before, &s.cadence.Status))
	}
	return s.outcome.Result(ctx, s.next())
}
