// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// SystemNamespace is where config/default installs the manager.
const SystemNamespace = "handoff-system"

// Operator installs config/default and waits for the manager.
func (e *Env) Operator(ctx context.Context) error {
	manifests, err := e.Render(ctx, "config/default")
	if err != nil {
		return err
	}
	if !strings.Contains(manifests, devImage) {
		return fmt.Errorf("config/default does not use the image %s", devImage)
	}
	// Custom resources can be applied only once their definitions are known, and a webhook-free install has no other order.
	if err := e.Wait(ctx, time.Minute, func(ctx context.Context) (string, error) {
		return "", e.Apply(ctx, strings.ReplaceAll(manifests, devImage, e.image))
	}); err != nil {
		return err
	}
	return e.Wait(ctx, 3*time.Minute, e.managerAvailable)
}

func (e *Env) managerAvailable(ctx context.Context) (string, error) {
	var list appsv1.DeploymentList
	if err := e.Client.List(ctx, &list, client.InNamespace(SystemNamespace)); err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "a deployment in " + SystemNamespace, nil
	}
	for _, d := range list.Items {
		s := d.Status
		if s.ObservedGeneration < d.Generation || s.UpdatedReplicas < *d.Spec.Replicas || s.AvailableReplicas < *d.Spec.Replicas ||
			s.Replicas > s.UpdatedReplicas {
			return fmt.Sprintf("deployment %s: %d of %d replicas available", d.Name, s.AvailableReplicas, *d.Spec.Replicas), nil
		}
	}
	return "", nil
}
