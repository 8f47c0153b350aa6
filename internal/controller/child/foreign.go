// SPDX-License-Identifier: Apache-2.0

package child

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
)

// refuseHidden is refuseForeign for what the cache does not show: it reads the metadata live.
func refuseHidden(ctx context.Context, live client.Reader, want *unstructured.Unstructured) error {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(want.GroupVersionKind())
	if err := live.Get(ctx, client.ObjectKeyFromObject(want), object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("get %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	return refuseForeign(object, want)
}

// refuseForeign stalls when the object is not ours to write: applying with force would take it from whoever made it.
func refuseForeign(object metav1.Object, want *unstructured.Unstructured) error {
	if ours(object, want) {
		return nil
	}
	return outcome.Stalled(slav1alpha1.ReasonNameTaken, "%s %s/%s already exists and belongs to somebody else; rename or delete it",
		want.GetKind(), want.GetNamespace(), want.GetName())
}

// ours is what the owner that is wanted owns already, and what carries our labels without a controller: an owner that was deleted without its
// children left it. One that an earlier owner of the same name controls is about to be collected: the API server says so to the write.
func ours(object metav1.Object, want *unstructured.Unstructured) bool {
	controller := metav1.GetControllerOf(object)
	for _, wanted := range want.GetOwnerReferences() {
		for _, owner := range object.GetOwnerReferences() {
			if owner.UID == wanted.UID {
				return true
			}
		}
		if controller != nil && controller.APIVersion == wanted.APIVersion && controller.Kind == wanted.Kind && controller.Name == wanted.Name {
			return true
		}
	}
	if controller != nil || len(want.GetLabels()) == 0 {
		return false
	}
	labels := object.GetLabels()
	for key, value := range want.GetLabels() {
		if labels[key] != value {
			return false
		}
	}
	return true
}
