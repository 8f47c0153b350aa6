// SPDX-License-Identifier: Apache-2.0

// Package controller wires the reconcilers, a package each, to a manager.
package controller

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/controller/reviewcadence"
	"github.com/handoff-sla/handoff/internal/controller/slacontract"
	"github.com/handoff-sla/handoff/internal/resources"
)

// eventSource is the reporting controller of events.
const eventSource = "handoff-manager"

// Scheme of all that the manager reads and writes.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return scheme, slav1alpha1.AddToScheme(scheme)
}

// CacheOptions keep only our own children in memory, out of all objects of those kinds in the cluster.
func CacheOptions() cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{resources.ManagedByLabel: resources.ManagedBy})}
	byObject := map[client.Object]cache.ByObject{}
	for _, object := range []client.Object{
		&appsv1.ControllerRevision{}, &appsv1.Deployment{}, &appsv1.ReplicaSet{}, &batchv1.CronJob{},
		&corev1.ConfigMap{}, &corev1.Pod{}, &corev1.Service{}, &corev1.ServiceAccount{},
		&networkingv1.NetworkPolicy{}, &policyv1.PodDisruptionBudget{}, &rbacv1.Role{}, &rbacv1.RoleBinding{},
	} {
		byObject[object] = ours
	}
	return cache.Options{ByObject: byObject}
}

// Setup starts the reconcilers with the manager. image is what the workers and review jobs run, signers the ConfigMap with the parties' keys.
func Setup(mgr ctrl.Manager, image string, signers client.ObjectKey, clock clock.PassiveClock) error {
	recorder := mgr.GetEventRecorder(eventSource)
	keys, err := ratify.NewSignersCache(mgr.GetConfig(), cache.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()}, signers)
	if err != nil {
		return fmt.Errorf("watch ConfigMap %s: %w", signers, err)
	}
	if err := mgr.Add(keys); err != nil {
		return err
	}
	found := &ratify.Signers{Reader: keys, Key: signers}
	definitions := &leaddefinition.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock, Events: recorder, Signers: found,
	}
	contracts := &slacontract.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock, Events: recorder, Image: image, Signers: found,
	}
	cadences := &reviewcadence.Reconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Clock: clock, Events: recorder, Image: image}
	for _, r := range []interface {
		SetupWithManager(mgr ctrl.Manager, keys ratify.SignersCache) error
	}{definitions, contracts} {
		if err := r.SetupWithManager(mgr, keys); err != nil {
			return fmt.Errorf("%T: %w", r, err)
		}
	}
	if err := cadences.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("%T: %w", cadences, err)
	}
	return nil
}
