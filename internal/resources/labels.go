// SPDX-License-Identifier: Apache-2.0

// Package resources builds the child objects of the kinds that people write, as apply configurations. It is pure: the
// same input gives the same object, names are deterministic, and nothing is set that the operator does not want to own.
package resources

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Labels of child objects.
const (
	ManagedByLabel  = "app.kubernetes.io/managed-by"
	ManagedBy       = "handoff"
	ComponentLabel  = "app.kubernetes.io/component"
	ContractLabel   = "sla.handoff.dev/contract"
	DefinitionLabel = "sla.handoff.dev/definition"
	CadenceLabel    = "sla.handoff.dev/cadence"
	ReviewLabel     = "sla.handoff.dev/review"
	// BundleLabel is on pod templates, so that the pods and ReplicaSets that refer to a bundle are found by metadata alone.
	BundleLabel = "sla.handoff.dev/bundle"
	// SequenceLabel is on bundles.
	SequenceLabel = "sla.handoff.dev/sequence"
)

// Annotations of ControllerRevisions and of reports.
const (
	DigestAnnotation     = "sla.handoff.dev/digest"
	SignedAtAnnotation   = "sla.handoff.dev/signed-at"
	SignersAnnotation    = "sla.handoff.dev/signers"
	RatifiedAtAnnotation = "sla.handoff.dev/ratified-at"
	// EffectiveFromAnnotation is when a ratified text comes into force; absent when that is at once.
	EffectiveFromAnnotation = "sla.handoff.dev/effective-from"
	// PreviousAnnotation is the digest that was in force before; absent on a first revision.
	PreviousAnnotation = "sla.handoff.dev/previous"
	// SignOffsAnnotation keeps the sign-offs that ratified the text, in JSON, with their signatures.
	SignOffsAnnotation = "sla.handoff.dev/sign-offs"
	// SignedAnnotation keeps each time at which both parties had signed the text, in JSON, oldest first: signing it again makes no new revision.
	SignedAnnotation = "sla.handoff.dev/signed"
	PeriodAnnotation = "sla.handoff.dev/period"
	ResultAnnotation = "sla.handoff.dev/result"
	// SealAnnotation is the digest of what a report was made from.
	SealAnnotation = "sla.handoff.dev/seal"
)

// Component is a part of a contract that has objects of its own.
type Component string

// The components.
const (
	Scoring Component = "scoring"
	Routing Component = "routing"
	Review  Component = "review"
	Terms   Component = "terms"
	Bundle  Component = "bundle"
	Roster  Component = "roster"
	Measure Component = "measure"
	// Glossary is the component of a definition's revisions.
	Glossary Component = "definition"
)

// Owner is the object that owns a child.
type Owner struct {
	Kind      string
	Namespace string
	Name      string
	UID       types.UID
}

// OwnerOf an object of one of our kinds; the kind is given because typed objects do not carry it.
func OwnerOf(kind string, object metav1.Object) Owner {
	return Owner{Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID()}
}

// Reference without a claim to be the only owner.
func (o Owner) Reference() *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(slav1alpha1.GroupVersion.String()).WithKind(o.Kind).WithName(o.Name).WithUID(o.UID)
}

// controller is the reference of the one owner that manages the child. It does not block the owner's deletion: that would
// need a right on finalizers, and nothing depends on the order.
func (o Owner) controller() *metav1ac.OwnerReferenceApplyConfiguration {
	return o.Reference().WithController(true)
}

// gvk of a kind of ours.
func gvk(kind string) schema.GroupVersionKind { return slav1alpha1.GroupVersion.WithKind(kind) }

// labels of a child of a contract.
func labels(contract string, component Component) map[string]string {
	return map[string]string{ManagedByLabel: ManagedBy, ContractLabel: contract, ComponentLabel: string(component)}
}

// with adds one label or argument to a copy.
func with(base map[string]string, key, value string) map[string]string {
	out := maps.Clone(base)
	out[key] = value
	return out
}
