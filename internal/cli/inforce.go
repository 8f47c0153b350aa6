// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/resources"
)

// before is what the cluster has in force under the name of a document; empty when it has nothing.
type before struct {
	digest   string
	signedAt time.Time
	previous string // digest that was in force before it
}

func inForce(ctx context.Context, cluster client.Reader, d manifest.Document, namespace string) (before, error) {
	key := client.ObjectKey{Namespace: namespace, Name: d.Name}
	var status *slav1alpha1.InForce
	var err error
	if d.Definition != nil {
		var live slav1alpha1.LeadDefinition
		err = cluster.Get(ctx, key, &live)
		status = live.Status.InForce
	} else {
		var live slav1alpha1.SLAContract
		err = cluster.Get(ctx, key, &live)
		status = live.Status.Terms
	}
	switch {
	case apierrors.IsNotFound(err):
		return before{}, nil
	case err != nil:
		return before{}, err
	case status == nil:
		return before{}, nil
	}
	var revision appsv1.ControllerRevision
	key.Name = status.Revision
	if err := cluster.Get(ctx, key, &revision); err != nil {
		return before{}, fmt.Errorf("the revision in force: %w", err)
	}
	out := before{digest: string(status.Digest), previous: revision.Annotations[resources.PreviousAnnotation]}
	if out.signedAt, err = time.Parse(time.RFC3339, revision.Annotations[resources.SignedAtAnnotation]); err != nil {
		return before{}, fmt.Errorf("ControllerRevision %s: annotation %s: %w", key, resources.SignedAtAnnotation, err)
	}
	return out, nil
}
