// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/internal/resources"
)

// keptBundles is how many of the newest bundles always stay.
const keptBundles = 2

// pruneBundles deletes old bundles that nothing refers to any more, neither a pod nor what may make one: a ReplicaSet, which a
// roll-back would scale up again, or the CronJob of a review. A pair that the ledger may still have in force stays.
func (s *scope) pruneBundles(ctx context.Context) error {
	if len(s.pairs) <= keptBundles || s.measurement == nil {
		return nil
	}
	used, err := s.usedBundles(ctx)
	if err != nil {
		return err
	}
	for _, p := range s.mounted() {
		used[p.name] = true // without it, the workers would be rolled out for nothing
	}
	kept := false
	for _, old := range s.pairs[:len(s.pairs)-keptBundles] {
		if used[old.name] || old.bundle.Sequence >= s.measurement.Status.Sequence || (kept && old.bundle.CalledOff) {
			kept = true // and so does what calls it off
			continue
		}
		object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.owner.Namespace, Name: old.name}}
		if err := s.client.Delete(ctx, object); client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete bundle %s/%s: %w", s.owner.Namespace, old.name, err)
		}
	}
	return nil
}

func (s *scope) usedBundles(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	for _, kind := range []schema.GroupVersionKind{
		appsv1.SchemeGroupVersion.WithKind("ReplicaSet"),
		corev1.SchemeGroupVersion.WithKind("Pod"),
		batchv1.SchemeGroupVersion.WithKind("CronJob"),
	} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind.GroupVersion().WithKind(kind.Kind + "List"))
		selector := client.MatchingLabels{resources.ManagedByLabel: resources.ManagedBy, resources.ContractLabel: s.owner.Name}
		if err := s.client.List(ctx, list, client.InNamespace(s.owner.Namespace), selector); err != nil {
			return nil, fmt.Errorf("list %ss of %s/%s: %w", kind.Kind, s.owner.Namespace, s.owner.Name, err)
		}
		for i := range list.Items {
			used[list.Items[i].Labels[resources.BundleLabel]] = true
		}
	}
	return used, nil
}
