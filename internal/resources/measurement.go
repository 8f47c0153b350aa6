// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Measurement is the object that the workers count into. It has no spec: only its status is written, by the workers.
func Measurement(owner Owner) runtime.ApplyConfiguration {
	kind := gvk("SLAMeasurement")
	all := map[string]any{}
	for key, value := range labels(owner.Name, Measure) {
		all[key] = value
	}
	return client.ApplyConfigurationFromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"apiVersion": kind.GroupVersion().String(),
		"kind":       kind.Kind,
		"metadata": map[string]any{
			"name":      owner.Name,
			"namespace": owner.Namespace,
			"labels":    all,
			"ownerReferences": []any{map[string]any{
				"apiVersion": kind.GroupVersion().String(), "kind": owner.Kind, "name": owner.Name, "uid": string(owner.UID), "controller": true,
			}},
		},
	}})
}
