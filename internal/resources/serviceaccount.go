// SPDX-License-Identifier: Apache-2.0

package resources

import corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

// WorkerName is the name of a worker's Deployment and of all that belongs to it.
func WorkerName(contract string, component Component) string {
	return contract + "-" + string(component)
}

// WorkerAccount is the account of one worker. Its token is mounted by the pod that needs it, not by every pod of the account.
func WorkerAccount(owner Owner, component Component) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(WorkerName(owner.Name, component), owner.Namespace).
		WithLabels(labels(owner.Name, component)).
		WithOwnerReferences(owner.controller()).
		WithAutomountServiceAccountToken(false)
}
