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
// the ledger, the highest sequence whose time has come is in force, so that those below it are over or superseded. One that is called off
// takes with it what was to come when it was adopted. When the ledger was faster and says that one of those is in force, it is.
func timeline(pairs []pair, at time.Time, told int64) (inForce *pair, coming []pair) {
	var calledOff []time.Time
	for i := len(pairs) - 1; i >= 0; i-- {
		b := pairs[i].bundle
		hidden := func(since time.Time) bool { return b.EffectiveFrom.After(since) && b.Sequence != told }
		switch {
		case b.CalledOff:
			calledOff = append(calledOff, b.Since)
			continue
		case slices.ContainsFunc(calledOff, hidden):
			continue
		}
		if !b.EffectiveFrom.After(at) {
			inForce = &pairs[i]
			break
		}
		if len(coming) == 0 || b.EffectiveFrom.Before(coming[len(coming)-1].bundle.EffectiveFrom) {
			coming = append(coming, pairs[i])
		}
	}
	slices.Reverse(coming)
	return inForce, coming
}

// setPairs takes over the bundles that exist.
func (s *scope) setPairs(pairs []pair) {
	told := int64(0)
	if s.measurement != nil {
		told = s.measurement.Status.Sequence
	}
	s.pairs = pairs
	s.pair, s.coming = timeline(pairs, s.now, told)
}

// active are the pairs in force and to come.
func (s *scope) active() []pair {
	if s.pair == nil {
		return s.coming
	}
	return append([]pair{*s.pair}, s.coming...)
}

// line is what the bundles say, as a plan does: the pair in force, or that there is none, and those to come.
func (s *scope) line() []pair {
	if s.pair == nil {
		return append([]pair{{bundle: nothing().bundle}}, s.coming...)
	}
	return s.active()
}

// mounted are the pairs that the workers are given: that which was in force when the newest was adopted, and those that were to come then. So
// nothing is rolled out when a date comes: the workers have it already. The newest is always among them: by it, the ledger knows the newer
// of two mounts.
func (s *scope) mounted() []pair {
	if len(s.pairs) == 0 {
		return nil
	}
	newest := s.pairs[len(s.pairs)-1]
	inForce, coming := timeline(s.pairs, newest.bundle.Since, 0)
	switch {
	case inForce == nil && newest.bundle.CalledOff:
		return []pair{newest}
	case inForce == nil:
		return coming
	}
	return append([]pair{*inForce}, coming...)
}

// adoptPairs makes bundles of the pairs that are to be in force, now and later, and do not have one. The switch itself is not made here: the
// workers register the bundles in the ledger, and its clock decides.
func (s *scope) adoptPairs(ctx context.Context) error {
	if s.tenantTaken || len(s.plan) == 0 || firstToMake(s.line(), s.plan) < 0 {
		return nil
	}
	existing, err := listPairs(ctx, s.live, s.contract) // the cache may be behind our own last bundles
	if err != nil {
		return err
	}
	s.setPairs(existing)
	first := firstToMake(s.line(), s.plan)
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

// firstToMake is the first step that needs a bundle; -1 when the bundles are as planned. Both begin with what is in force, or that nothing is.
// Whatever follows the first is made anew, since sequences increase with the dates. A bundle that is no longer planned is superseded by the
// one before it, made anew; when nothing is before it, by one that is called off.
func firstToMake(bundles []pair, plan []step) int {
	from := func(i int) time.Time {
		if i == 0 {
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
	made := s.anew(steps)
	for i := len(made) - 1; i >= 0; i-- {
		wanted, err := resources.BundleConfigMap(s.owner, made[i].bundle)
		if err != nil {
			return err
		}
		if err := child.Create(ctx, s.client, wanted); err != nil {
			return err
		}
	}
	s.setPairs(append(s.pairs, made...))
	return nil
}

// anew are the bundles of some steps. What is to be in force now keeps its date, which is past by this clock and may not be by the ledger's.
func (s *scope) anew(steps []step) []pair {
	sequence := s.nextSequence()
	made := make([]pair, len(steps))
	for i := range steps {
		b := steps[i].bundle
		if b.CalledOff { // the workers begin with a text that they can read
			b = s.coming[0].bundle
			b.CalledOff, b.EffectiveFrom = true, time.Time{}
		}
		b.Sequence, b.Since = sequence+int64(i), s.now.UTC().Truncate(time.Second)
		if !steps[i].from.IsZero() {
			b.EffectiveFrom = steps[i].from
		}
		made[i] = pair{name: resources.BundleName(s.owner.Name, b.Sequence), bundle: b}
	}
	return made
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
