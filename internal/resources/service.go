// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// IngestName is the name of the Service that takes events in.
func IngestName(contract string) string { return contract + "-ingest" }

// IngestAddress is where events are sent inside the cluster.
func IngestAddress(namespace, contract string) string {
	return fmt.Sprintf("http://%s.%s.svc/v1/events", IngestName(contract), namespace)
}

// IngestService leads to the scoring workers.
func IngestService(owner Owner) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(IngestName(owner.Name), owner.Namespace).
		WithLabels(labels(owner.Name, Scoring)).
		WithOwnerReferences(owner.controller()).
		WithSpec(corev1ac.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithSelector(labels(owner.Name, Scoring)).
			WithPorts(corev1ac.ServicePort().
				WithName("events").WithPort(80).WithProtocol(corev1.ProtocolTCP).
				WithTargetPort(intstr.FromString(eventsPort))))
}
