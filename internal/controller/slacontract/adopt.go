// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/resources"
)

// mostScheduled is how many pairs to come the status shows.
const mostScheduled = 10

// timeline of bundles, given by sequence: that in force at a time, if any, and those that come into force after it, in their order. As in
// the ledger, the highest sequence whose time has come is in force, so that those below it are over or superseded.
func timeline(pairs []pair, at time.Time) (inForce *pair, coming []pair) {
	for i := len(pairs) - 1; i >= 0; i-- {
		from := pairs[i].bundle.EffectiveFrom
		if !from.After(at) {
			inForce = &pairs[i]
			break
		}
		if len(coming) == 0 || from.Before(coming[len(coming)-1].bundle.EffectiveFrom) {
			coming = append(coming, pairs[i])
		}
	}
	slices.Reverse(coming)
	return inForce, coming
}

// setPairs takes over the bundles that exist.
func (s *scope) setPairs(pairs []pair) {
	s.pairs = pairs
	s.pair, s.coming = timeline(pairs, s.now)
}

// active are the pairs in force and to come.
func (s *scope) active() []pair {
	if s.pair == nil {
		return s.coming
	}
	return append([]pair{*s.pair}, s.coming...)
}

// mounted are the pairs that the workers are given: that which was in force when the newest was adopted, and those that were to come then. So
// nothing is rolled out when a date comes: the workers have it already.
func (s *scope) mounted() []pair {
	if len(s.pairs) == 0 {
		return nil
	}
	inForce, coming := timeline(s.pairs, s.pairs[len(s.pairs)-1].bundle.Since)
	if inForce == nil {
		return coming
	}
	return append([]pair{*inForce}, coming...)
}

// adoptPairs makes bundles of the pairs that are to be in force, now and later, and do not have one. The switch itself is not made here: the
// workers register the bundles in the ledger, and its clock decides.
func (s *scope) adoptPairs(ctx context.Context) error {
	if s.tenantTaken || len(s.plan) == 0 || firstToMake(s.active(), s.pair != nil, s.plan) < 0 {
		return nil
	}
	existing, err := listPairs(ctx, s.live, s.contract) // the cache may be behind our own last bundles
	if err != nil {
		return err
	}
	s.setPairs(existing)
	first := firstToMake(s.active(), s.pair != nil, s.plan)
	if first < 0 {
		return nil
	}
	for _, one := range s.plan[first:] {
		if one.program == nil {
			continue
		}
		if _, err := one.program.CompilePools(convert.Pools(s.contract.Spec.Routing)); err != nil {
			return outcome.Stalled(slav1alpha1.ReasonInvalidRouting, "with definition %s: %v%s", one.bundle.Definition.Name, err, s.keepsPair())
		}
	}
	return s.make(ctx, s.plan[first:])
}

// firstToMake is the first step that needs a bundle; -1 when the bundles are as planned. Whatever follows it is made anew, since sequences
// increase with the dates. A bundle that is no longer planned is superseded by the one before it, made anew.
func firstToMake(bundles []pair, anyInForce bool, plan []step) int {
	from := func(i int) time.Time {
		if i == 0 && anyInForce {
			return time.Time{}
		}
		return bundles[i].bundle.EffectiveFrom
	}
	same := 0
	for same < min(len(bundles), len(plan)) && from(same).Equal(plan[same].from) && sameContent(bundles[same].bundle, plan[same].bundle) {
		same++
	}
	switch {
	case same == len(bundles) && same == len(plan):
		return -1
	case same == len(bundles), same < len(plan) && !plan[same].from.After(from(same)):
		return same
	}
	return max(same-1, 0)
}

// make the bundles of some steps. The last is made first: when this is cut off in the middle, what is to come is still to come.
func (s *scope) make(ctx context.Context, steps []step) error {
	sequence := s.nextSequence()
	made := make([]pair, len(steps))
	for i := len(steps) - 1; i >= 0; i-- {
		b := steps[i].bundle
		b.Sequence, b.Since, b.EffectiveFrom = sequence+int64(i), s.now.UTC().Truncate(time.Second), steps[i].from
		wanted, err := resources.BundleConfigMap(s.owner, b)
		if err != nil {
			return err
		}
		if err := child.Create(ctx, s.client, wanted); err != nil {
			return err
		}
		made[i] = pair{name: resources.BundleName(s.owner.Name, b.Sequence), bundle: b}
	}
	s.setPairs(append(s.pairs, made...))
	return nil
}

// nextSequence is above all that were ever given: bundles may have been deleted, and the ledger goes on.
func (s *scope) nextSequence() int64 {
	next := s.now.Unix()
	if s.contract.Status.InForce != nil {
		next = max(next, s.contract.Status.InForce.Sequence+1)
	}
	for _, p := range s.contract.Status.Scheduled {
		next = max(next, p.Sequence+1)
	}
	if len(s.pairs) > 0 {
		next = max(next, s.pairs[len(s.pairs)-1].bundle.Sequence+1)
	}
	return next
}

// scheduled are the pairs to come, as the status shows them.
func scheduled(coming []pair) []slav1alpha1.ScheduledPair {
	var out []slav1alpha1.ScheduledPair
	for _, p := range coming[:min(len(coming), mostScheduled)] {
		out = append(out, slav1alpha1.ScheduledPair{
			Revision: p.bundle.Terms.Name, Definition: p.bundle.Definition.Name, Bundle: p.name, Sequence: p.bundle.Sequence,
			EffectiveFrom: metav1.NewTime(p.bundle.EffectiveFrom),
		})
	}
	return out
}

// name of a pair in words.
func pairName(b bundle.Bundle) string { return b.Terms.Name + " and " + b.Definition.Name }
