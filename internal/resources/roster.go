// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"encoding/json"
	"fmt"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/handoff-sla/handoff/internal/bundle"
)

// RosterName of a contract.
func RosterName(contract string) string { return contract + "-roster" }

// RosterConfigMap says who may get a lead, and how the contract stands, which people are to hear of. Both change without a signature and without a
// roll-out: the workers reload them.
func RosterConfigMap(owner Owner, roster bundle.Roster, standing bundle.Standing) (*corev1ac.ConfigMapApplyConfiguration, error) {
	data, err := json.Marshal(roster)
	if err != nil {
		return nil, fmt.Errorf("roster of %s/%s: %w", owner.Namespace, owner.Name, err)
	}
	steps, err := standing.Encode()
	if err != nil {
		return nil, fmt.Errorf("standing of %s/%s: %w", owner.Namespace, owner.Name, err)
	}
	return corev1ac.ConfigMap(RosterName(owner.Name), owner.Namespace).
		WithLabels(labels(owner.Name, Roster)).
		WithOwnerReferences(owner.controller()).
		WithData(map[string]string{bundle.RosterFile: string(data), bundle.StandingFile: string(steps)}), nil
}
