// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"encoding/json"
	"fmt"
	"strconv"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/handoff-sla/handoff/internal/bundle"
)

// BundleName of a pair.
func BundleName(contract string, sequence int64) string {
	return fmt.Sprintf("%s-bundle-%d", contract, sequence)
}

// BundleConfigMap hands a pair of definition and terms to the workers. It is immutable: another pair is another ConfigMap.
func BundleConfigMap(owner Owner, b bundle.Bundle) (*corev1ac.ConfigMapApplyConfiguration, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("bundle %d of %s/%s: %w", b.Sequence, owner.Namespace, owner.Name, err)
	}
	return corev1ac.ConfigMap(BundleName(owner.Name, b.Sequence), owner.Namespace).
		WithLabels(with(labels(owner.Name, Bundle), SequenceLabel, strconv.FormatInt(b.Sequence, 10))).
		WithOwnerReferences(owner.controller()).
		WithImmutable(true).
		WithData(map[string]string{bundle.BundleFile: string(data)}), nil
}
