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
		written, err := c.written(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		o, err := Pair(written, &d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		o.Against = "what is written in the cluster"
		out = append(out, o)
		if written == nil || !d.Signable() {
			continue
		}
		inForce, err := c.againstInForce(ctx, *written, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d, err)
		}
		out = append(out, inForce...)
	}
	return out, nil
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

// againstInForce compares with the ratified revision, unless its text is the one that is written.
func (c Cluster) againstInForce(ctx context.Context, written, d manifest.Document) ([]Object, error) {
	var status *slav1alpha1.InForce
	if written.Definition != nil {
		status = written.Definition.Status.InForce
	} else {
		status = written.Contract.Status.Terms
	}
	if status == nil {
		return nil, nil
	}
	if digest, err := written.Digest(); err == nil && digest == string(status.Digest) {
		return nil, nil
	}
	var revision appsv1.ControllerRevision
	if err := c.Reader.Get(ctx, client.ObjectKey{Namespace: d.Namespace, Name: status.Revision}, &revision); err != nil {
		return nil, fmt.Errorf("the revision in force: %w", err)
	}
	ratified, err := ratified(revision.Data.Raw, d)
	if err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: %w", d.Namespace, status.Revision, err)
	}
	inForce := &sla.InForce{Digest: string(status.Digest)}
	if inForce.SignedAt, err = time.Parse(time.RFC3339, revision.Annotations[resources.SignedAtAnnotation]); err != nil {
		return nil, fmt.Errorf("ControllerRevision %s/%s: annotation %s: %w", d.Namespace, status.Revision, resources.SignedAtAnnotation, err)
	}
	o, err := pair(&ratified, &d, inForce)
	o.Changes = o.Part(true) // a revision keeps what was signed; how it is run is not in force or out of force
	o.Against = "what is in force (" + status.Revision + ")"
	if o.State == Changed && len(o.Changes) == 0 {
		o.State = ""
	}
	return []Object{o}, err
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
