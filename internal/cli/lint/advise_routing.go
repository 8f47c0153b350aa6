// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
)

var (
	rulePoolNever = define("pool-never-takes", Warning, semantics,
		"a pool whose condition no lead can meet",
		"its members get no leads, and nobody will be told",
		"correct the condition, or delete the pool")
	ruleNoRest = define("no-pool-for-the-rest", Advice, semantics,
		"routing in which every pool has a condition, and a lead can miss all of them",
		"a lead that no pool takes is held without an owner; a condition that reads a missing value does not hold",
		"add a last pool without `when`")
	ruleWeight = define("weight-not-used", Advice, semantics,
		"a member's weight in a pool whose strategy is not Weighted",
		"the weight decides nothing",
		"write strategy: Weighted, or delete the weight")
	ruleOwnerNoAccount = define("owner-first-without-account", Advice, semantics,
		"ownerFirst: Prefer with a definition that names no account",
		"only a lead that comes back finds who owned it: no lead is known to be of an account that somebody owns",
		"name the field in the definition, such as account: {field: company}, or delete ownerFirst")
	ruleReassignNever = define("reassign-never", Advice, semantics,
		"onBreach: Reassign where Handoff has no first contact to wait for, or picks nobody",
		"without terms.sales.firstContact nothing is overdue, and what another system assigned is never taken from its owner",
		"add the clause, or delete onBreach")
)

func (o *object) advisePools(definition *object) {
	pools := o.Contract.Spec.Routing.Pools
	fields := definition.definition.Fields
	space, understood, all := truth.NewSpace(fields, required(fields)...), true, true
	for i, p := range pools {
		path := fmt.Sprintf("spec.routing.pools[%d]", i)
		o.adviseWeights(p, path)
		all = all && p.When != ""
		e, err := truth.Parse(string(p.When))
		if p.When == "" || err != nil {
			understood = false
			continue
		}
		space.Add(e)
		switch {
		case readsNothing(e):
			o.report(ruleConstant, path+".when", "pool %q: %s reads no field and no signal", p.Name, p.When)
		case truth.Never(e, fields):
			o.report(rulePoolNever, path+".when", "pool %q: no lead meets %s", p.Name, p.When)
		}
	}
	if u := o.Contract.Spec.Routing.Unroutable; !all || !understood || u != nil && u.Policy == slav1alpha1.UnroutablePool {
		return
	}
	missed := false
	known := space.Each(func(outcomes []truth.Outcome) bool {
		missed = !slices.Contains(outcomes, truth.True)
		return !missed
	})
	if known && missed {
		o.report(ruleNoRest, "spec.routing.pools", "every pool has a condition: a lead that meets none is held without an owner")
	}
}

// adviseOwners looks at who gets a lead beside whose turn it is.
func (o *object) adviseOwners(definition *object) {
	routing, terms := o.Contract.Spec.Routing, o.Contract.Spec.Terms
	if routing.OwnerFirst == slav1alpha1.OwnerFirstPrefer && definition.definition.Account == nil {
		o.report(ruleOwnerNoAccount, "spec.routing.ownerFirst", "%s names no account", definition)
	}
	if routing.OnBreach != slav1alpha1.OnBreachReassign {
		return
	}
	switch {
	case terms.Sales == nil || terms.Sales.FirstContact == nil:
		o.report(ruleReassignNever, "spec.routing.onBreach", "the terms have no first contact that could be overdue")
	case terms.Marketing != nil && terms.Marketing.Delivery != nil && terms.Marketing.Delivery.Mechanism == "CRM":
		o.report(ruleReassignNever, "spec.routing.onBreach", "delivery.mechanism is CRM: another system picks the owners, and keeps them")
	}
}

func (o *object) adviseWeights(p slav1alpha1.Pool, path string) {
	if p.Strategy == "Weighted" {
		return
	}
	for i, m := range p.Members {
		if m.Weight != nil {
			o.report(ruleWeight, fmt.Sprintf("%s.members[%d].weight", path, i), "pool %q gives turns without weights, but %s has one", p.Name, m.Rep)
			return
		}
	}
}
