// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/claim"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/resources"
)

// pair of terms and definition, as a bundle hands it to the workers.
type pair struct {
	name   string // of the ConfigMap
	bundle bundle.Bundle
}

func (p *pair) inForce() *slav1alpha1.PairInForce {
	if p == nil {
		return nil
	}
	return &slav1alpha1.PairInForce{
		Revision: p.bundle.Terms.Name, Definition: p.bundle.Definition.Name,
		Bundle: p.name, Sequence: p.bundle.Sequence, Since: metav1.NewTime(p.bundle.Start()),
	}
}

// listPairs reads the bundles of a contract, oldest first. The status can be made again from them.
func listPairs(ctx context.Context, reader client.Reader, contract *slav1alpha1.SLAContract) ([]pair, error) {
	list := &corev1.ConfigMapList{}
	selector := client.MatchingLabels{
		resources.ManagedByLabel: resources.ManagedBy, resources.ContractLabel: contract.Name,
		resources.ComponentLabel: string(resources.Bundle),
	}
	if err := reader.List(ctx, list, client.InNamespace(contract.Namespace), selector); err != nil {
		return nil, fmt.Errorf("list bundles of %s/%s: %w", contract.Namespace, contract.Name, err)
	}
	var out []pair
	for i := range list.Items {
		item := &list.Items[i]
		if !metav1.IsControlledBy(item, contract) || !item.DeletionTimestamp.IsZero() {
			continue // of a contract of the same name that is gone
		}
		p := pair{name: item.Name}
		if err := json.Unmarshal([]byte(item.Data[bundle.BundleFile]), &p.bundle); err != nil {
			return nil, fmt.Errorf("bundle ConfigMap %s/%s: %w; delete it to have it made anew", item.Namespace, item.Name, err)
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b pair) int { return cmp.Compare(a.bundle.Sequence, b.bundle.Sequence) })
	return out, nil
}

// checkTenant stalls a contract whose leads already belong to an older one: two sets of workers under different terms would judge them.
func (s *scope) checkTenant(ctx context.Context) error {
	list := &slav1alpha1.SLAContractList{}
	if err := s.client.List(ctx, list, client.InNamespace(s.owner.Namespace)); err != nil {
		return fmt.Errorf("list SLAContracts of %s: %w", s.owner.Namespace, err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID != s.contract.UID && other.DeletionTimestamp.IsZero() &&
			other.Spec.Ledger == s.contract.Spec.Ledger && claim.Older(other, s.contract) {
			s.tenantTaken = true
			return outcome.Stalled(slav1alpha1.ReasonTenantTaken,
				"SLAContract %s/%s is older and has the same ledger Secret %q and tenant %q; make this contract anew with another tenant",
				other.Namespace, other.Name, other.Spec.Ledger.SecretRef.Name, other.Spec.Ledger.Tenant)
		}
	}
	return nil
}

// sameContent compares two bundles but for their place in the sequence. A changed `property` is another content under the same revisions.
func sameContent(a, b bundle.Bundle) bool {
	if a.CalledOff || b.CalledOff {
		return a.CalledOff == b.CalledOff
	}
	for _, x := range []*bundle.Bundle{&a, &b} {
		x.Sequence, x.Since, x.EffectiveFrom = 0, time.Time{}, time.Time{}
	}
	left, errLeft := plain(a)
	right, errRight := plain(b)
	return errLeft == nil && errRight == nil && reflect.DeepEqual(left, right)
}

func plain(b bundle.Bundle) (out map[string]any, err error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(raw, &out)
}
