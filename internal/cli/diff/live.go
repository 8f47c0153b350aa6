// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Cluster holds the live objects.
type Cluster struct {
	Reader    client.Reader
	Namespace string // of documents that name none
}

// Compare documents with the live objects of their names: with what is written there and, where that is another text, with what is in
// force.
func (c Cluster) Compare(ctx context.Context, docs []manifest.Document) ([]Object, error) {
	if _, err := index(docs); err != nil {
		return nil, err
	}
	var out []Object
	for _, d := range ours(docs) {
		if d.Namespace == "" {
			d.Namespace = c.Namespace
		}
		objects, err := c.compare(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		out = append(out, objects...)
	}
	return out, nil
}

func (c Cluster) compare(ctx context.Context, d manifest.Document) ([]Object, error) {
	written, err := c.written(ctx, d)
	if err != nil {
		return nil, err
	}
	var force *inForce
	if written != nil && d.Signable() {
		if force, err = c.inForce(ctx, *written, d); err != nil {
			return nil, err
		}
	}
	o, err := pair(written, &d, force.signed())
	o.Against = "what is written in the cluster"
	if err != nil || force == nil {
		return []Object{o}, err
	}
	if digest, err := written.Digest(); err == nil && digest == force.Digest {
		return []Object{o}, nil
	}
	other, err := pair(&force.document, &d, force.signed())
	other.Against = "what is in force (" + force.revision + ")"
	other.Changes = other.Part(true) // a revision keeps what was signed, nothing else
	if other.State == Changed && len(other.Changes) == 0 {
		other.State = ""
	}
	return []Object{o, other}, err
}

// inForce is the ratified revision that counts.
type inForce struct {
	sla.InForce

	revision string
	document manifest.Document
}

func (f *inForce) signed() *sla.InForce {
	if f == nil {
		return nil
	}
	return &f.InForce
}

// written is the live object; nil when there is none.
func (c Cluster) written(ctx context.Context, d manifest.Document) (*manifest.Document, error) {
	live := manifest.Document{Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
	var object client.Object
	switch {
	case d.Definition != nil:
		live.Definition = &slav1alpha1.LeadDefinition{}
		object = live.Definition
	case d.Contract != nil:
		live.Contract = &slav1alpha1.SLAContract{}
		object = live.Contract
	default:
		live.Cadence = &slav1alpha1.ReviewCadence{}
		object = live.Cadence
	}
	err := c.Reader.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: d.Name}, object)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return &live, err
}

// inForce of a live object; nil when nothing is.
func (c Cluster) inForce(ctx context.Context, written, d manifest.Document) (*inForce, error) {
	var status *slav1alpha1.InForce
	if written.Definition != nil {
		status = written.Definition.Status.InForce
	} else {
		status = written.Contract.Status.Terms
	}
	if status == nil {
		return nil, nil
	}
	var revision appsv1.ControllerRevision
	if err := c.Reader.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: status.Revision}, &revision); err != nil {
		return nil, fmt.Errorf("the revision in force: %w", err)
	}
	out := &inForce{revision: status.Revision, InForce: sla.InForce{Digest: string(status.Digest)}}
	var err error
	if out.SignedAt, err = time.Parse(time.RFC3339, revision.Annotations[resources.SignedAtAnnotation]); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w", d.Namespace, status.Revision, resources.SignedAtAnnotation, err)
	}
	if out.document, err = ratified(revision.Data.Raw, d); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: %w", d.Namespace, status.Revision, err)
	}
	return out, nil
}

// ratified is the text that a revision keeps, as a document.
func ratified(data []byte, like manifest.Document) (manifest.Document, error) {
	out := manifest.Document{Kind: like.Kind, Namespace: like.Namespace, Name: like.Name}
	if like.Definition != nil {
		out.Definition = &slav1alpha1.LeadDefinition{}
		return out, json.Unmarshal(data, &out.Definition.Spec)
	}
	out.Contract = &slav1alpha1.SLAContract{}
	return out, json.Unmarshal(data, &out.Contract.Spec)
}
