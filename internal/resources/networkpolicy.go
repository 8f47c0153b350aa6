// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
)

// WorkerNetworkPolicy limits what may reach a worker: its health port from anywhere, because probes come from the node and
// metrics from whoever scrapes; events, on the scoring worker alone, from any pod of the cluster. Egress is left to the platform:
// where the database is, only it knows.
func WorkerNetworkPolicy(owner Owner, component Component) *networkingv1ac.NetworkPolicyApplyConfiguration {
	ingress := []*networkingv1ac.NetworkPolicyIngressRuleApplyConfiguration{
		networkingv1ac.NetworkPolicyIngressRule().WithPorts(tcp(healthPortNumber)),
	}
	if component == Scoring {
		ingress = append(ingress, networkingv1ac.NetworkPolicyIngressRule().
			WithPorts(tcp(eventsPortNumber)).
			WithFrom(networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector())))
	}
	return networkingv1ac.NetworkPolicy(WorkerName(owner.Name, component), owner.Namespace).
		WithLabels(labels(owner.Name, component)).
		WithOwnerReferences(owner.controller()).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(metav1ac.LabelSelector().WithMatchLabels(labels(owner.Name, component))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(ingress...))
}

func tcp(port int32) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(intstr.FromInt32(port))
}
