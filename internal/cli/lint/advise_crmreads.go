// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/crm"
)

var (
	ruleCRMStatus = define("crm-unknown-status", Warning, semantics,
		"a value for a status that no disposition of the definition has",
		"it is misspelt, most probably: the status that was meant is written as its own value, which the CRM may not have",
		"write the status as the definition has it, or delete the entry")
	ruleCRMCircle = define("crm-reads-itself", Warning, semantics,
		"a field of the definition whose property is a field of the CRM that Handoff writes",
		"the definition decides by what it has decided: a lead is scored anew by its own score, or kept out by its own stage",
		"read another field, such as hs_lifecyclestage_customer_date instead of lifecyclestage; or name another field in spec.crm.fields")
	ruleCRMRep = define("crm-rep-without-mail", Warning, operator,
		"a rep whose id is no e-mail address, of a contract whose leads live in HubSpot or Salesforce",
		"the owner of a lead is found there by the e-mail address of the user; nothing is read or written (CRMAvailable is False, OwnerUnknown)",
		"write the e-mail address by which the rep logs in there")
	ruleCRMActivity = define("crm-activity-unread", Advice, semantics,
		"an activity that is read of the CRM, and that no signal of the definition is about",
		"behaviour is read that decides nothing",
		"add a signal, correct the name, or delete the activity")
	ruleCRMQualification = define("crm-no-qualification", Advice, semantics,
		"a definition with SQL criteria, and a CRM of which no field is read for what sales finds out",
		"no lead is an SQL unless another system sends qualified events",
		"name the fields in spec.crm.qualification")
)

// adviseReads looks at what is read of the CRM against what the definition does with it.
func (o *object) adviseReads(m crm.Mapping, definition *object) {
	d := definition.definition
	spec := o.Contract.Spec.CRM
	for i, s := range spec.Statuses {
		known := false
		for _, code := range d.Dispositions {
			known = known || code.Status == s.Status
		}
		if !known {
			o.report(ruleCRMStatus, entryPath("statuses", i, "status"), "no disposition of %s has the status %q", definition, s.Status)
		}
	}
	for i, a := range spec.Activities {
		read := false
		for _, s := range d.Signals {
			read = read || s.Activity == a.Name
		}
		if !read {
			o.report(ruleCRMActivity, entryPath("activities", i, "name"), "no signal of %s is about the activity %q", definition, a.Name)
		}
	}
	if len(d.SQL) > 0 && len(m.Qualification) == 0 {
		o.report(ruleCRMQualification, "spec.crm", "%s has SQL criteria, and nothing is read of what sales finds out", definition)
	}
	f := m.Fields
	written := []string{f.Stage, f.Status, f.Reason, f.Score, f.Revision, f.Due, f.FirstTouch, f.Attempts, f.Missing}
	for _, field := range d.Fields {
		if name := field.SourceProperty(); slices.Contains(written, name) {
			o.report(ruleCRMCircle, "spec.crm", "the field %q of %s reads %q, which is written", field.Name, definition, name)
		}
	}
}

// adviseReps: where another system picks the owners, the pools are for nobody.
func (o *object) adviseReps() {
	if t := o.Contract.Spec.Terms.Marketing; t != nil && t.Delivery != nil && t.Delivery.Mechanism == "CRM" {
		return
	}
	for i, p := range o.Contract.Spec.Routing.Pools {
		for j, member := range p.Members {
			if name, domain, found := strings.Cut(member.Rep, "@"); !found || name == "" || domain == "" {
				o.report(ruleCRMRep, fmt.Sprintf("spec.routing.pools[%d].members[%d].rep", i, j), "%q is no e-mail address", member.Rep)
			}
		}
	}
}
