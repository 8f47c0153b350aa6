// SPDX-License-Identifier: Apache-2.0

// Package ratify keeps the ratified texts of an object as ControllerRevisions, and decides what is in force: the revision
// with the highest number of those whose time has come. The objects' status can be made again from the revisions alone.
package ratify

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Revision is one ratified text.
type Revision struct {
	Name     string
	UID      types.UID
	Number   int64
	Digest   string
	SignedAt time.Time   // the later of the two signatures
	Signed   []time.Time // when both had signed it, each time, oldest first
	Since    time.Time   // when it was ratified, by the operator's clock

	EffectiveFrom time.Time // of the text; zero when it has no date

	Data     []byte   // JSON
	Previous string   // digest in force before; empty when there was none
	SignOffs []Record // that ratified it
}

// InForce as a status shows it.
func (r *Revision) InForce() *slav1alpha1.InForce {
	if r == nil {
		return nil
	}
	return &slav1alpha1.InForce{Revision: r.Name, Digest: slav1alpha1.Digest(r.Digest), Since: metav1.NewTime(r.Start())}
}

func (r *Revision) signed() *sla.InForce {
	if r == nil {
		return nil
	}
	return &sla.InForce{Digest: r.Digest, SignedAt: r.SignedAt}
}

// Series names the revisions of one object.
type Series struct {
	Namespace string
	Label     string // resources.DefinitionLabel or resources.ContractLabel
	Object    string // the label's value
	Component resources.Component
}

// List the revisions of a series. A revision that does not carry what this package wrote into it is an error: guessing what is in force is
// worse than stopping.
func List(ctx context.Context, reader client.Reader, s Series) ([]Revision, error) {
	list := &appsv1.ControllerRevisionList{}
	selector := client.MatchingLabels{
		resources.ManagedByLabel: resources.ManagedBy, resources.ComponentLabel: string(s.Component), s.Label: s.Object,
	}
	if err := reader.List(ctx, list, client.InNamespace(s.Namespace), selector); err != nil {
		return nil, fmt.Errorf("list ControllerRevisions of %s/%s: %w", s.Namespace, s.Object, err)
	}
	out := make([]Revision, 0, len(list.Items))
	for i := range list.Items {
		if !list.Items[i].DeletionTimestamp.IsZero() {
			continue
		}
		revision, err := Read(&list.Items[i])
		if err != nil {
			return nil, err
		}
		out = append(out, revision)
	}
	return out, nil
}

// Read a revision as this package wrote it.
func Read(r *appsv1.ControllerRevision) (Revision, error) {
	out := Revision{
		Name: r.Name, UID: r.UID, Number: r.Revision, Data: r.Data.Raw,
		Digest: r.Annotations[resources.DigestAnnotation], Previous: r.Annotations[resources.PreviousAnnotation],
	}
	var err error
	if out.SignOffs, err = readRecords(r.Annotations[resources.SignOffsAnnotation]); err != nil {
		return Revision{}, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w", r.Namespace, r.Name, resources.SignOffsAnnotation, err)
	}
	for annotation, to := range map[string]*time.Time{
		resources.SignedAtAnnotation: &out.SignedAt, resources.RatifiedAtAnnotation: &out.Since,
	} {
		at, err := time.Parse(time.RFC3339, r.Annotations[annotation])
		if err != nil {
			return Revision{}, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w; restore it or delete the revision",
				r.Namespace, r.Name, annotation, err)
		}
		*to = at
	}
	if out.Signed, err = readSigned(r.Annotations[resources.SignedAnnotation], out.SignedAt); err != nil {
		return Revision{}, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w; restore it or delete it", r.Namespace, r.Name, resources.SignedAnnotation, err)
	}
	if text, dated := r.Annotations[resources.EffectiveFromAnnotation]; dated {
		if out.EffectiveFrom, err = time.Parse(time.RFC3339, text); err != nil {
			return Revision{}, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w; restore it or delete the revision",
				r.Namespace, r.Name, resources.EffectiveFromAnnotation, err)
		}
	}
	return out, nil
}

// Newest is the revision that was ratified last, whether it is in force or to come; nil when there is none.
func Newest(revisions []Revision) *Revision {
	var newest *Revision
	for i := range revisions {
		if newest == nil || revisions[i].Number > newest.Number {
			newest = &revisions[i]
		}
	}
	return newest
}

// Named finds a revision, nil when there is none of the name.
func Named(revisions []Revision, name string) *Revision {
	for i := range revisions {
		if revisions[i].Name == name {
			return &revisions[i]
		}
	}
	return nil
}
