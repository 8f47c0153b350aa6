// SPDX-License-Identifier: Apache-2.0

package setup

import "context"

// Base is all that a contract needs: cluster, image, operator, database.
func (e *Env) Base(ctx context.Context) error {
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"bringing a local Kubernetes up", e.Up},
		{"building Handoff and loading its image", e.Images},
		{"installing config/default", e.Operator},
		{"starting PostgreSQL in the cluster", e.Database},
	} {
		if err := e.Step(step.what, func() error { return step.do(ctx) }); err != nil {
			return err
		}
	}
	return nil
}
