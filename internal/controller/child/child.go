// SPDX-License-Identifier: Apache-2.0

// Package child writes the child objects of the reconcilers with server-side apply, and only when something differs: at
// rest the operator makes no write at all, not even one without effect.
package child

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	batchv1ac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// FieldManager owns the fields of every child.
const FieldManager = "handoff-manager"

// Apply makes the object what is wanted. It compares the wanted apply configuration with what FieldManager owns in the live object
// and writes only when the two differ: a field that somebody else changed is no longer ours and is taken back; fields that
// others added are left alone. An object of the name that somebody else made stalls: the cache holds only what carries our label, so live reads
// past it, and only what is about to be created.
func Apply(ctx context.Context, c client.Client, live client.Reader, wanted runtime.ApplyConfiguration) error {
	want, err := content(wanted)
	if err != nil {
		return err
	}
	found, err := get(ctx, c, want)
	if err != nil {
		return err
	}
	if found != nil {
		if same, err := isApplied(found, want, FieldManager); err != nil || same {
			return err
		}
		if err := refuseForeign(found, want); err != nil {
			return err
		}
	} else if err := refuseHidden(ctx, live, want); err != nil {
		return err
	}
	return apply(ctx, c, want, FieldManager)
}

// ApplyAs adds to an object of ours under another field manager, for objects that have several owners of ours.
func ApplyAs(ctx context.Context, c client.Client, wanted runtime.ApplyConfiguration, manager string) error {
	want, err := content(wanted)
	if err != nil {
		return err
	}
	found, err := get(ctx, c, want)
	if err != nil {
		return err
	}
	if found != nil {
		if same, err := isApplied(found, want, manager); err != nil || same {
			return err
		}
	}
	return apply(ctx, c, want, manager)
}

func apply(ctx context.Context, c client.Client, want *unstructured.Unstructured, manager string) error {
	// The client writes its answer into what it applies: give it a copy.
	applied := client.ApplyConfigurationFromUnstructured(want.DeepCopy())
	if err := c.Apply(ctx, applied, client.FieldOwner(manager), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	return nil
}

// Create writes an object that never changes. AlreadyExists means that the cache is behind.
func Create(ctx context.Context, c client.Client, wanted *corev1ac.ConfigMapApplyConfiguration) error {
	want, err := content(wanted)
	if err != nil {
		return err
	}
	object := &corev1.ConfigMap{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(want.Object, object); err != nil {
		return err
	}
	if err := c.Create(ctx, object, client.FieldOwner(FieldManager)); err != nil {
		return fmt.Errorf("create ConfigMap %s: %w", client.ObjectKeyFromObject(want), err)
	}
	return nil
}

// get the object as it is; nil when there is none.
func get(ctx context.Context, c client.Client, want *unstructured.Unstructured) (client.Object, error) {
	typed, err := c.Scheme().New(want.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	object, ok := typed.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", typed)
	}
	if err := c.Get(ctx, client.ObjectKeyFromObject(want), object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		return nil, fmt.Errorf("get %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	return object, nil
}

func isApplied(object client.Object, want *unstructured.Unstructured, manager string) (bool, error) {
	owned, err := extract(object, manager)
	if err != nil {
		return false, err
	}
	have, err := content(owned)
	if err != nil {
		return false, err
	}
	have.SetGroupVersionKind(want.GroupVersionKind())
	if want.GetUID() != "" { // a guard, never owned
		have.SetUID(object.GetUID())
	}
	return reflect.DeepEqual(want.Object, have.Object), nil
}

// content of an apply configuration as plain JSON values.
func content(ac any) (*unstructured.Unstructured, error) {
	raw, err := json.Marshal(ac)
	if err != nil {
		return nil, err
	}
	out := &unstructured.Unstructured{Object: map[string]any{}}
	return out, json.Unmarshal(raw, &out.Object)
}

// extract what the manager owns, with the values that are live.
func extract(object client.Object, manager string) (any, error) {
	switch o := object.(type) {
	case *corev1.ConfigMap:
		return corev1ac.ExtractConfigMap(o, manager)
	case *corev1.Service:
		return corev1ac.ExtractService(o, manager)
	case *corev1.ServiceAccount:
		return corev1ac.ExtractServiceAccount(o, manager)
	case *appsv1.Deployment:
		return appsv1ac.ExtractDeployment(o, manager)
	case *appsv1.ControllerRevision:
		return appsv1ac.ExtractControllerRevision(o, manager)
	case *batchv1.CronJob:
		return batchv1ac.ExtractCronJob(o, manager)
	case *policyv1.PodDisruptionBudget:
		return policyv1ac.ExtractPodDisruptionBudget(o, manager)
	case *networkingv1.NetworkPolicy:
		return networkingv1ac.ExtractNetworkPolicy(o, manager)
	case *rbacv1.Role:
		return rbacv1ac.ExtractRole(o, manager)
	case *rbacv1.RoleBinding:
		return rbacv1ac.ExtractRoleBinding(o, manager)
	case *slav1alpha1.SLAMeasurement:
		// Only its metadata is ours, and metadata has the same form everywhere: borrow a kind that has a schema.
		return corev1ac.ExtractConfigMap(&corev1.ConfigMap{ObjectMeta: *o.ObjectMeta.DeepCopy()}, manager)
	default:
		return nil, fmt.Errorf("no extraction for %T", object)
	}
}
