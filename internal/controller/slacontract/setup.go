// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
)

// What the manager needs. It grants the workers `get` on measurements and `get` and `patch` on their status, so it holds those itself.
//
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=slacontracts;leaddefinitions,verbs=get;list;watch
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=slacontracts/status,verbs=update
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=slameasurements,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=slameasurements/status,verbs=get;patch
// +kubebuilder:rbac:groups=sla.handoff.dev,resources=reviewcadences,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=controllerrevisions;deployments,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=apps,resources=replicasets,verbs=list;watch
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups="",resources=services;serviceaccounts,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// SetupWithManager starts the controller with the manager.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, keys ratify.SignersCache) error {
	neighbours := handler.EnqueueRequestsFromMapFunc(r.contractsOfNamespace)
	return ctrl.NewControllerManagedBy(mgr).
		For(&slav1alpha1.SLAContract{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&slav1alpha1.SLAMeasurement{}).
		Owns(&appsv1.Deployment{}).
		Owns(&appsv1.ControllerRevision{}).
		Owns(&corev1.ConfigMap{}).
		Owns(&corev1.Service{}).
		Owns(&corev1.ServiceAccount{}).
		Owns(&policyv1.PodDisruptionBudget{}).
		Owns(&networkingv1.NetworkPolicy{}).
		Owns(&rbacv1.Role{}).
		Owns(&rbacv1.RoleBinding{}).
		// A definition that appears, is ratified or goes; its revisions, because the cache may show those later than the definition.
		Watches(&slav1alpha1.LeadDefinition{}, neighbours).
		Watches(&appsv1.ControllerRevision{}, neighbours).
		// What a cadence has on record changes what was held; one that goes leaves the contract to the next.
		Watches(&slav1alpha1.ReviewCadence{}, neighbours, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// A contract that goes, or takes another ledger, sets its tenant free.
		Watches(&slav1alpha1.SLAContract{}, neighbours, builder.WithPredicates(predicate.Funcs{
			CreateFunc:  func(event.CreateEvent) bool { return false },
			UpdateFunc:  func(e event.UpdateEvent) bool { return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() },
			GenericFunc: func(event.GenericEvent) bool { return false },
		})).
		WatchesRawSource(keys.Source(func(ctx context.Context, _ client.Object) []reconcile.Request { return r.contracts(ctx) })).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// contractsOfNamespace are all contracts beside an object. There are few, and a reconciliation that finds nothing to do writes nothing.
func (r *Reconciler) contractsOfNamespace(ctx context.Context, object client.Object) []reconcile.Request {
	return r.contracts(ctx, client.InNamespace(object.GetNamespace()))
}

func (r *Reconciler) contracts(ctx context.Context, where ...client.ListOption) []reconcile.Request {
	list := &slav1alpha1.SLAContractList{}
	if err := r.Client.List(ctx, list, where...); err != nil {
		log.FromContext(ctx).Error(err, "list SLAContracts")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
	}
	return requests
}
