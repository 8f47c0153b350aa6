// SPDX-License-Identifier: Apache-2.0

// Package leaddefinition reconciles LeadDefinitions: it compiles what is written, and records it as the revision in force
// once both parties have signed it. Until then the last ratified revision stays in force.
package leaddefinition

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
)

// +kubebuilder:rbac:groups=sla.handoff.dev,resources=leaddefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=leaddefinitions/status,verbs=update
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Kind that this controller reconciles.
const Kind = "LeadDefinition"

// Reconciler of LeadDefinitions.
type Reconciler struct {
	Client client.Client
	Live   client.Reader // past the cache
	Clock  clock.PassiveClock
	Events events.EventRecorder
	// Signers finds the parties' keys; nil means that nobody has any.
	Signers *ratify.Signers
}

// SetupWithManager starts the controller with the manager.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, keys ratify.SignersCache) error {
	return ctrl.NewControllerManagedBy(mgr).
		For(&slav1alpha1.LeadDefinition{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// Contracts own the revisions too, so this is not Owns, which asks for the one that controls them.
		Watches(&appsv1.ControllerRevision{},
			handler.EnqueueRequestForOwner(mgr.GetScheme(), mgr.GetRESTMapper(), &slav1alpha1.LeadDefinition{})).
		WatchesRawSource(keys.Source(r.all)).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// all definitions: the keys of the parties changed.
func (r *Reconciler) all(ctx context.Context, _ client.Object) []reconcile.Request {
	list := &slav1alpha1.LeadDefinitionList{}
	if err := r.Client.List(ctx, list); err != nil {
		log.FromContext(ctx).Error(err, "list LeadDefinitions")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}

// Reconcile one LeadDefinition.
func (r *Reconciler) Reconcile(ctx context.Context, d *slav1alpha1.LeadDefinition) (reconcile.Result, error) {
	if !d.DeletionTimestamp.IsZero() {
		return reconcile.Result{}, nil
	}
	s := r.newScope(d)
	for _, phase := range []func(context.Context) error{s.readHistory, s.compile, s.ratify} {
		s.outcome.Add(phase(ctx))
	}
	return r.finish(ctx, s)
}

func (r *Reconciler) finish(ctx context.Context, s *scope) (reconcile.Result, error) {
	if s.outcome.Behind() {
		return s.outcome.Result(ctx, 0)
	}
	before := s.definition.Status.DeepCopy()
	s.writeStatus(&s.definition.Status)
	if !equality.Semantic.DeepEqual(before, &s.definition.Status) {
		if err := r.Client.Status().Update(ctx, s.definition); err != nil {
			s.outcome.Add(client.IgnoreNotFound(fmt.Errorf("status of LeadDefinition %s: %w", client.ObjectKeyFromObject(s.definition), err)))
			return s.outcome.Result(ctx, s.next())
		}
		condition.Send(r.Events, s.definition, changes(before, &s.definition.Status, s.now))
	}
	return s.outcome.Result(ctx, s.next())
}
