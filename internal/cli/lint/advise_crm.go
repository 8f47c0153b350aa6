// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

var (
	ruleCRMAmbiguous = define("crm-ambiguous", Error, operator,
		"a field of the CRM that is to hold two things, or a value of its status that stands for two statuses with different outcomes",
		"nothing is read of the CRM, and nothing is written: the condition CRMAvailable is False, MappingAmbiguous",
		"give each its own field, and each outcome its own value")
	ruleCRMMatch = define("crm-match-by-unknown", Error, operator,
		"matchBy with a name that no field of the definition has as its property, or with a field that is no String",
		"a lead that came as an event has no value by which its record could be found; nothing is read or written (CRMAvailable is False)",
		"name a field of the definition by its property, or leave matchBy out")
	ruleCRMIdentity = define("crm-match-without-identity", Warning, semantics,
		"matchBy with a definition that has no identity",
		"a person who is in the CRM already and comes as an event too is two leads, and both write into one record; with an identity the second is a Duplicate and is not written",
		"write identity in the definition, with the field that matchBy finds the record by")
	ruleCRMCode = define("crm-code-out-of-reach", Warning, semantics,
		"a reason code that nobody can give in the CRM: no field holds the reason, and its status stands for other codes too, or it has none",
		"sales cannot say there why a lead is given back",
		"name a field in spec.crm.fields.reason, or give each code a status of its own")
	ruleCRMEnforce = define("crm-enforce-without-reason", Warning, semantics,
		"terms that enforce, with a CRM in which a rejection cannot have its reason code",
		"each such rejection is set back, and whoever gave it has no way to mend it",
		"name a field in spec.crm.fields.reason, or give each code of a rejection a status of its own")
	ruleCRMStages = define("crm-stages-share-value", Warning, semantics,
		"a value of the CRM's stage that stands for stages on both sides of a gate: for SQL and a stage before it, or for a lead that was given back and one that was not",
		"who moves a lead past the gate cannot be seen, and is not set back; nor can the reports of the CRM tell the two apart",
		"give the stage a value of its own in spec.crm.stages")
	ruleCRMAccept = define("crm-no-acceptance", Warning, semantics,
		"terms with an acceptance, and a CRM in which nobody can accept: no value of its stage is SAL's alone, and no code that can be given there has the outcome Accepted",
		"the clock of the acceptance is stopped by rejections alone, or by events of other systems",
		"give a code with the outcome Accepted a status of its own, or map SAL to a value of its own in spec.crm.stages")
)

// ambiguous is where the mapping's check found two meanings.
var ambiguous = regexp.MustCompile(`^spec\.crm\.([A-Za-z]+(?:\.[A-Za-z]+)?)`)

// adviseCRM looks at what can be seen of a mapping without the CRM.
func (o *object) adviseCRM(definition *object) {
	set, err := convert.CRM(o.Contract.Spec.CRM)
	if err != nil || set == nil {
		return
	}
	d := *definition.definition
	for _, p := range crm.Check(crm.Schema{}, *set, d, nil) {
		if p.Reason == crm.MappingAmbiguous {
			o.report(ruleCRMAmbiguous, "spec.crm."+ambiguous.FindStringSubmatch(p.Message)[1], "%s", p.Message)
		}
	}
	o.checkMatch(*set, definition)
	o.adviseCodes(set.Mapping, d.Dispositions)
	o.adviseStages(set.Mapping)
	o.adviseAcceptance(set.Mapping, d.Dispositions)
	o.adviseReads(set.Mapping, definition)
	o.adviseReps()
}

// crmPath of a field that is of the type.
func (o *object) crmPath(field string) string {
	if o.Contract.Spec.CRM.Salesforce != nil {
		return "spec.crm.salesforce." + field
	}
	return "spec.crm.hubSpot." + field
}

func (o *object) checkMatch(set crm.Settings, definition *object) {
	if set.MatchBy == "" {
		return
	}
	fields := definition.definition.Fields
	i := slices.IndexFunc(fields, func(f lead.Field) bool { return f.SourceProperty() == set.MatchBy })
	switch {
	case i < 0:
		o.report(ruleCRMMatch, o.crmPath("matchBy"), "no field of %s has the property %q", definition, set.MatchBy)
	case fields[i].Type != lead.String:
		o.report(ruleCRMMatch, o.crmPath("matchBy"), "the field %q of %s is %s, and a record is found by a String only", fields[i].Name, definition, fields[i].Type)
	case len(definition.definition.Identity) == 0:
		o.report(ruleCRMIdentity, o.crmPath("matchBy"), "%s has no identity, so that two leads may be of one record", definition)
	}
}

// reachable says whether somebody can give a code in the CRM.
func reachable(m crm.Mapping, code lead.Disposition, codes []lead.Disposition) bool {
	if m.Fields.Reason != "" {
		return true
	}
	if m.Fields.Status == "" || code.Status == "" {
		return false
	}
	return !slices.ContainsFunc(codes, func(other lead.Disposition) bool {
		return other.Name != code.Name && other.Status != "" && m.StatusOf(other.Status) == m.StatusOf(code.Status)
	})
}

// adviseCodes: a code that cannot be given is bad; where a rejection without one is set back, it is worse.
func (o *object) adviseCodes(m crm.Mapping, codes []lead.Disposition) {
	var lost, rejections []string
	for _, code := range codes {
		if reachable(m, code, codes) {
			continue
		}
		lost = append(lost, code.Name)
		if code.Outcome != lead.Accepted {
			rejections = append(rejections, code.Name)
		}
	}
	switch {
	case len(rejections) > 0 && o.Contract.Spec.Terms.Enforcement != slav1alpha1.Observe:
		o.report(ruleCRMEnforce, "spec.crm.fields.reason", "the terms enforce reason codes, and %s cannot be given in the CRM", strings.Join(rejections, ", "))
	case len(lost) > 0:
		o.report(ruleCRMCode, "spec.crm.fields.reason", "%s cannot be given in the CRM", strings.Join(lost, ", "))
	}
}

// gates between stages that one value must not stand for.
var gates = []struct{ before, after []lead.Stage }{
	{[]lead.Stage{lead.StageInquiry, lead.StageHeld, lead.StageMQL, lead.StageSAL}, []lead.Stage{lead.StageSQL}},
	{
		[]lead.Stage{lead.StageMQL, lead.StageSAL, lead.StageSQL, lead.StageOpportunity, lead.StageWon},
		[]lead.Stage{lead.StageRecycled, lead.StageDisqualified},
	},
}

func (o *object) adviseStages(m crm.Mapping) {
	if m.Fields.Stage == "" {
		return
	}
	for _, gate := range gates {
		for _, after := range gate.after {
			for _, before := range gate.before {
				value, mapped := m.Stages[string(after)]
				if mapped && m.Stages[string(before)] == value {
					o.report(ruleCRMStages, "spec.crm.stages", "%q stands for %s and for %s", value, before, after)
					break
				}
			}
		}
	}
}

func (o *object) adviseAcceptance(m crm.Mapping, codes []lead.Disposition) {
	if s := o.Contract.Spec.Terms.Sales; s == nil || s.Acceptance == nil {
		return
	}
	sal, mapped := m.Stages[string(lead.StageSAL)]
	alone := mapped && m.Fields.Stage != ""
	for stage, value := range m.Stages {
		alone = alone && (value != sal || stage == string(lead.StageSAL))
	}
	accepts := slices.ContainsFunc(codes, func(code lead.Disposition) bool { return code.Outcome == lead.Accepted && reachable(m, code, codes) })
	if !alone && !accepts {
		o.report(ruleCRMAccept, "spec.crm", "nobody can accept a lead in %s", o.Contract.Spec.CRM.Type)
	}
}

// entryPath of a field of an entry, such as spec.crm.statuses[2].status.
func entryPath(list string, i int, field string) string {
	return fmt.Sprintf("spec.crm.%s[%d].%s", list, i, field)
}
