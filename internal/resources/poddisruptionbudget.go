// SPDX-License-Identifier: Apache-2.0

package resources

import (
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
)

// WorkerDisruptionBudget lets a drain take one pod at a time. Pods that are not ready anyway never block a drain: a worker whose
// database is away would.
func WorkerDisruptionBudget(owner Owner, component Component) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(WorkerName(owner.Name, component), owner.Namespace).
		WithLabels(labels(owner.Name, component)).
		WithOwnerReferences(owner.controller()).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(labels(owner.Name, component))))
}
