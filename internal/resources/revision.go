// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
)

// RevisionInput is one ratified text.
type RevisionInput struct {
	Owner      Owner
	Label      string // DefinitionLabel or ContractLabel; its value is the owner's name
	Component  Component
	Name       string
	Number     int64 // the highest whose time has come is in force
	Digest     string
	SignedAt   time.Time
	RatifiedAt time.Time
	// EffectiveFrom is when it comes into force; zero when that is at once.
	EffectiveFrom time.Time

	Signers    []string // Party=by
	Previous   string   // digest in force before; empty when there was none
	SignOffs   string   // JSON
	Signed     string   // JSON; when both had signed it, each time
	Data       []byte   // JSON; immutable once written
	Controller bool     // whether the owner is the only one that manages it
}

// RevisionName of the text with the digest: prefix and the digest's first eight hexadecimal digits.
func RevisionName(prefix, digest string) string {
	hex := digest[strings.LastIndex(digest, ":")+1:]
	return prefix + "-" + hex[:min(8, len(hex))]
}

// Revision is the ControllerRevision that keeps a ratified text.
func Revision(in RevisionInput) *appsv1ac.ControllerRevisionApplyConfiguration {
	owner := in.Owner.Reference()
	if in.Controller {
		owner = in.Owner.controller()
	}
	annotations := map[string]string{
		DigestAnnotation:     in.Digest,
		SignedAtAnnotation:   in.SignedAt.UTC().Format(time.RFC3339),
		RatifiedAtAnnotation: in.RatifiedAt.UTC().Format(time.RFC3339),
		SignersAnnotation:    strings.Join(in.Signers, ","),
		SignOffsAnnotation:   in.SignOffs,
		SignedAnnotation:     in.Signed,
	}
	if in.Previous != "" {
		annotations[PreviousAnnotation] = in.Previous
	}
	if !in.EffectiveFrom.IsZero() {
		annotations[EffectiveFromAnnotation] = in.EffectiveFrom.UTC().Format(time.RFC3339)
	}
	return appsv1ac.ControllerRevision(in.Name, in.Owner.Namespace).
		WithLabels(map[string]string{ManagedByLabel: ManagedBy, in.Label: in.Owner.Name, ComponentLabel: string(in.Component)}).
		WithAnnotations(annotations).
		WithOwnerReferences(owner).
		WithRevision(in.Number).
		WithData(runtime.RawExtension{Raw: in.Data})
}

// RevisionCoOwner adds an owner to a revision that another object made, so that the revision outlives that object. The UID makes the
// API server refuse to create a revision that is gone.
func RevisionCoOwner(owner Owner, revision string, uid types.UID) *appsv1ac.ControllerRevisionApplyConfiguration {
	return appsv1ac.ControllerRevision(revision, owner.Namespace).
		WithUID(uid).
		WithOwnerReferences(owner.Reference())
}
