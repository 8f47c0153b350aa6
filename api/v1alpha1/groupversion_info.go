// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the kinds that people write (SLAContract, LeadDefinition, ReviewCadence) and the one that
// workers write (SLAMeasurement).
//
// Nothing that the two teams sign has a default in the CRD: a default filled in by the API server would make the digest
// of an applied object differ from the digest of its file. Defaults of signed fields live in internal/sla and
// internal/lead, and each field's comment states them.
//
// +kubebuilder:object:generate=true
// +groupName=sla.handoff.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the API group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "sla.handoff.dev", Version: "v1alpha1"}

// SchemeBuilder and AddToScheme register the kinds with a scheme.
var (
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)
	AddToScheme   = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&LeadDefinition{}, &LeadDefinitionList{},
		&SLAContract{}, &SLAContractList{},
		&ReviewCadence{}, &ReviewCadenceList{},
		&SLAMeasurement{}, &SLAMeasurementList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
