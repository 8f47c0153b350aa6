// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

var (
	ruleNoDefinition = define("definition-not-found", Warning, operator,
		"a contract whose definition is not among what was given (an error with --complete)",
		"without its definition nothing of the contract can be enforced, and fit and pools cannot be checked here",
		"name a LeadDefinition of the same namespace, or lint its file too")
	ruleNoContract = define("contract-not-found", Warning, operator,
		"a cadence whose contract is not among what was given (an error with --complete)",
		"there is nothing to review",
		"name an SLAContract of the same namespace, or lint its file too")
	ruleMisfit = define("misfit", Error, operator,
		"a contract whose terms do not fit its definition: a tier for an intent that the definition does not have, reason codes or feedback asked for without dispositions, a disposition with fullCadence without a followUp",
		"the operator does not adopt the pair (IncompatibleDefinition)",
		"correct the terms or the definition")
	ruleTenant = define("tenant-taken", Error, operator,
		"two contracts of a namespace with the same ledger Secret and tenant",
		"their leads would mix; the operator refuses the younger one (TenantTaken)",
		"give each contract a tenant of its own")
	ruleSecondCadence = define("second-cadence", Error, operator,
		"two cadences of one contract",
		"one cadence a contract: the operator refuses the younger one (ReferenceTaken)",
		"put all reviews into one ReviewCadence")
	ruleNoCadence = define("no-cadence", Advice, playbook,
		"a contract that no cadence among what was given reviews (only where a cadence is given, or with --complete)",
		"a signed SLA that nobody revisits decays within a quarter",
		"write a ReviewCadence with a weekly review")
)

// set is all objects of a run, and those that were looked up for their sake.
type set struct {
	objects []*object
	options Options
}

// lookUp what is referred to and not there: the contracts of cadences first, then the definitions of contracts.
func (s *set) lookUp(ctx context.Context) error {
	if s.options.Lookup == nil {
		return nil
	}
	given := slices.Clone(s.objects)
	for _, o := range given {
		if o.Cadence != nil {
			if err := s.fetch(ctx, "SLAContract", o.Namespace, o.Cadence.Spec.ContractRef.Name); err != nil {
				return err
			}
		}
	}
	for _, o := range slices.Clone(s.objects) {
		if o.Contract != nil {
			if err := s.fetch(ctx, "LeadDefinition", o.Namespace, o.Contract.Spec.DefinitionRef.Name); err != nil {
				return err
			}
		}
	}
	for _, o := range given {
		if o.Err != nil || !o.Signable() {
			continue
		}
		if err := s.checkScheduled(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// fetch an object. What is wrong in it is not this run's to report.
func (s *set) fetch(ctx context.Context, kind, namespace, name string) error {
	if name == "" || s.find(kind, namespace, name) != nil {
		return nil
	}
	text, err := s.options.Lookup(ctx, kind, namespace, name)
	if err != nil || text == "" {
		return err
	}
	o := newObject(manifest.Parse(manifest.Document{File: "the cluster", Text: text}))
	s.objects = append(s.objects, o)
	return o.check(ctx, s.options)
}

func (s *set) check() {
	s.duplicates()
	var cadences []*object
	for _, o := range s.objects {
		if o.Cadence != nil {
			cadences = append(cadences, o)
		}
	}
	var contracts []*object
	for _, o := range s.objects {
		switch {
		case o.Contract != nil:
			s.contract(o, cadences)
			s.tenant(o, contracts)
			contracts = append(contracts, o)
		case o.Definition != nil && o.program != nil:
			o.adviseUnread(s.readBy(o))
		}
	}
	for i, o := range cadences {
		s.cadence(o, cadences[:i])
	}
}

func (s *set) duplicates() {
	for i, o := range s.objects {
		for _, earlier := range s.objects[:i] {
			if o.Kind != "" && o.Kind == earlier.Kind && o.Name == earlier.Name && o.Namespace == earlier.Namespace {
				_, shown, _ := at(earlier.root, "metadata.name")
				o.report(ruleDuplicateObject, "metadata.name", "%s is also in %s, line %d", o, earlier.File, earlier.Line+shown.Line)
				break
			}
		}
	}
}

// near says whether two namespaces can be the same: kubectl and kustomize fill in one that is not written.
func near(a, b string) bool { return a == b || a == "" || b == "" }

func (s *set) find(kind, namespace, name string) *object {
	for _, o := range s.objects {
		if o.Kind == kind && o.Name == name && near(o.Namespace, namespace) {
			return o
		}
	}
	return nil
}

// dangling reports a reference to what is not there.
func (s *set) dangling(o *object, r *Rule, path, kind, name string) {
	if name == "" {
		return // the schema says so
	}
	found := ""
	for _, other := range s.objects {
		if other.Kind == kind && other.Name == name {
			found = fmt.Sprintf("; the one in namespace %q is another: references never cross a namespace", other.Namespace)
		}
	}
	before := len(o.findings)
	o.report(r, path, "%s/%s is not among what was given%s", kind, name, found)
	if s.options.Complete {
		o.findings[before].Severity = Error
	}
}

func (s *set) contract(o *object, cadences []*object) {
	spec := o.Contract.Spec
	definition := s.find("LeadDefinition", o.Namespace, spec.DefinitionRef.Name)
	switch {
	case definition == nil:
		s.dangling(o, ruleNoDefinition, "spec.definitionRef.name", "LeadDefinition", spec.DefinitionRef.Name)
	case definition.program != nil:
		o.compilePools(definition.program)
		if o.terms != nil {
			o.checkFit(definition)
		}
		if o.errors() == 0 {
			o.adviseTiers(definition)
			if o.terms != nil {
				o.adviseCadence(definition)
			}
			o.checkDates(definition, s.options.Now)
			o.advisePools(definition)
			o.adviseOwners(definition)
			o.adviseCRM(definition)
		}
	}
	s.reviewed(o, cadences)
}

// reviewed looks for the cadence of a contract.
func (s *set) reviewed(o *object, cadences []*object) {
	for _, c := range cadences {
		if c.Cadence.Spec.ContractRef.Name == o.Name && near(c.Namespace, o.Namespace) {
			return
		}
	}
	if s.options.Complete || len(cadences) > 0 {
		o.report(ruleNoCadence, "metadata.name", "no ReviewCadence reviews this contract")
	}
	// The cluster is not searched for cadences: they have names of their own.
	if g := o.Contract.Spec.Terms.Governance; s.options.Lookup == nil && g != nil && g.ReviewsHeld != "" {
		o.report(ruleNobodyReviews, "spec.terms.governance.reviewsHeld", "no ReviewCadence reviews this contract")
	}
}

func (o *object) checkFit(definition *object) {
	for _, misfit := range o.terms.Fits(*definition.definition) {
		path := "spec.definitionRef"
		for i, tier := range tiers(o) {
			if strings.Contains(misfit, fmt.Sprintf("the intent %q", tier.Intent)) {
				path = fmt.Sprintf("spec.terms.sales.firstContact.tiers[%d].intent", i)
			}
		}
		for _, clause := range []string{"rejection", "feedback"} {
			if strings.HasPrefix(misfit, "terms.sales."+clause) {
				path = "spec.terms.sales." + clause
			}
		}
		o.report(ruleMisfit, path, "%s (%s)", misfit, definition)
	}
}

func (s *set) tenant(o *object, earlier []*object) {
	ledger := o.Contract.Spec.Ledger
	for _, e := range earlier {
		other := e.Contract.Spec.Ledger
		if e.Name != o.Name && near(e.Namespace, o.Namespace) && ledger.Tenant != "" && ledger == other {
			o.report(ruleTenant, "spec.ledger.tenant", "%s has the tenant %q of the same ledger", e, ledger.Tenant)
			return
		}
	}
}

func (s *set) cadence(o *object, earlier []*object) {
	name, zone := o.Cadence.Spec.ContractRef.Name, time.UTC
	switch contract := s.find("SLAContract", o.Namespace, name); {
	case contract == nil:
		s.dangling(o, ruleNoContract, "spec.contractRef.name", "SLAContract", name)
	case contract.terms != nil:
		zone = contract.terms.Hours().Location()
	}
	o.checkRecords(zone, s.options.Now)
	for _, e := range earlier {
		if e.Name != o.Name && near(e.Namespace, o.Namespace) && name != "" && e.Cadence.Spec.ContractRef.Name == name {
			o.report(ruleSecondCadence, "spec.contractRef.name", "%s reviews SLAContract/%s already", e, name)
			return
		}
	}
}

// readBy are the fields and signals that pools of the contracts with this definition read.
func (s *set) readBy(definition *object) (fields, signals []string) {
	for _, o := range s.objects {
		if o.Contract == nil || o.Contract.Spec.DefinitionRef.Name != definition.Name || !near(o.Namespace, definition.Namespace) {
			continue
		}
		for _, p := range o.Contract.Spec.Routing.Pools {
			if e, err := truth.Parse(string(p.When)); err == nil {
				fields, signals = append(fields, e.Reads("lead")...), append(signals, e.Reads("signals")...)
			}
		}
	}
	return fields, signals
}
