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
	"github.com/handoff-sla/handoff/internal/sla"
)

// before is what the cluster has in force under the name of a document; empty when it has nothing.
type before struct {
	digest   string
	previous string      // digest that was in force before it
	last     sla.InForce // what was ratified last, in force or to come: a sign-off is not older
}

func inForce(ctx context.Context, cluster client.Reader, d manifest.Document, namespace string) (before, error) {
	key := client.ObjectKey{Namespace: namespace, Name: d.Name}
	var status *slav1alpha1.InForce
	var coming []string // revisions
	var err error
	if d.Definition != nil {
		var live slav1alpha1.LeadDefinition
		err = cluster.Get(ctx, key, &live)
		status = live.Status.InForce
		for _, r := range live.Status.Scheduled {
			coming = append(coming, r.Revision)
		}
	} else {
		var live slav1alpha1.SLAContract
		err = cluster.Get(ctx, key, &live)
		status = live.Status.Terms
		for _, p := range live.Status.Scheduled {
			coming = append(coming, p.Revision)
		}
	}
	switch {
	case apierrors.IsNotFound(err):
		return before{}, nil
	case err != nil:
		return before{}, err
	case status == nil:
		return before{}, nil
	}
	revision, signed, err := readRevision(ctx, cluster, namespace, status.Revision)
	if err != nil {
		return before{}, err
	}
	out := before{digest: string(status.Digest), previous: revision.Annotations[resources.PreviousAnnotation]}
	out.last = sla.InForce{Digest: out.digest, SignedAt: signed}
	if len(coming) == 0 || coming[len(coming)-1] == status.Revision {
		return out, nil
	}
	// The last to come into force was ratified last: of two, the one that was ratified later supersedes an earlier one that would follow it.
	if revision, signed, err = readRevision(ctx, cluster, namespace, coming[len(coming)-1]); err != nil {
		return before{}, err
	}
	out.last = sla.InForce{Digest: revision.Annotations[resources.DigestAnnotation], SignedAt: signed}
	return out, nil
}

// readRevision reads a ratified text and when it was signed.
func readRevision(ctx context.Context, cluster client.Reader, namespace, name string) (*appsv1.ControllerRevision, time.Time, error) {
	revision, key := &appsv1.ControllerRevision{}, client.ObjectKey{Namespace: namespace, Name: name}
	if err := cluster.Get(ctx, key, revision); err != nil {
		return nil, time.Time{}, fmt.Errorf("the revision in force or to come: %w", err)
	}
	signed, err := time.Parse(time.RFC3339, revision.Annotations[resources.SignedAtAnnotation])
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("ControllerRevision %s: annotation %s: %w", key, resources.SignedAtAnnotation, err)
	}
	return revision, signed, nil
}
