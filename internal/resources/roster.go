// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"encoding/json"
	"fmt"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
)

// RosterName of a contract.
func RosterName(contract string) string { return contract + "-roster" }

// RosterConfigMap says who may get a lead, how the contract stands, which people are to hear of, and how the CRM is used that the leads live in; nil for a
// contract without one. All of it changes without a signature and without a roll-out: the workers reload it.
func RosterConfigMap(
	owner Owner, roster bundle.Roster, standing bundle.Standing, settings *crm.Settings,
) (*corev1ac.ConfigMapApplyConfiguration, error) {
	data, err := json.Marshal(roster)
	if err != nil {
		return nil, fmt.Errorf("roster of %s/%s: %w", owner.Namespace, owner.Name, err)
	}
	steps, err := standing.Encode()
	if err != nil {
		return nil, fmt.Errorf("standing of %s/%s: %w", owner.Namespace, owner.Name, err)
	}
	files := map[string]string{bundle.RosterFile: string(data), bundle.StandingFile: string(steps)}
	if settings != nil {
		mapping, err := bundle.EncodeCRM(*settings)
		if err != nil {
			return nil, fmt.Errorf("CRM of %s/%s: %w", owner.Namespace, owner.Name, err)
		}
		files[bundle.CRMFile] = string(mapping)
	}
	return corev1ac.ConfigMap(RosterName(owner.Name), owner.Namespace).
		WithLabels(labels(owner.Name, Roster)).
		WithOwnerReferences(owner.controller()).
		WithData(files), nil
}
