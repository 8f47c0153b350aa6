// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Problem is why a mapping does not work with a CRM as it is: nothing is read or written before it is gone.
type Problem struct {
	Reason  Reason
	Field   string // the CRM's own name; "" when it is about none
	Message string // what is wrong, and what helps
}

// Reason of a Problem, as the condition CRMAvailable has it.
type Reason string

// The reasons.
const (
	PermissionMissing Reason = "PermissionMissing"
	FieldMissing      Reason = "FieldMissing"
	FieldMistyped     Reason = "FieldMistyped"
	FieldReadOnly     Reason = "FieldReadOnly"
	FieldShared       Reason = "FieldShared" // two records may have one value in it
	OptionMissing     Reason = "OptionMissing"
	MappingAmbiguous  Reason = "MappingAmbiguous"
	OwnerUnknown      Reason = "OwnerUnknown"
)

// Check the mapping against what the CRM says of itself: that each field which is read or written is there and can hold what it is to hold, that a
// read-only one is not written, that a field of options has each value that may be written, and that every rep can own a lead. In the order of the
// settings: the same input gives the same problems.
func Check(s Schema, set Settings, d lead.Definition, reps []string) []Problem {
	c := checker{schema: s, settings: set, product: string(set.Type)}
	for _, permission := range s.Lacks {
		c.add(PermissionMissing, "", "the credential lacks the permission %q: grant it in %s", permission, c.product)
	}
	for _, use := range uses(set, d) {
		c.use(use)
	}
	c.claims()
	c.statuses(d.Dispositions)
	c.match(d.Fields)
	c.owners(reps)
	return c.problems
}

// ReadFields are those that are read of each lead, by the CRM's names: the definition's, those that people set, and those of the mapping.
func ReadFields(set Settings, d lead.Definition) []string {
	var fields []string
	for _, use := range uses(set, d) {
		if use.read && use.field != "" && !slices.Contains(fields, use.field) {
			fields = append(fields, use.field)
		}
	}
	return fields
}

// use is what a field of the CRM is for.
type use struct {
	field   string
	where   string // in the contract or the definition
	types   []FieldType
	options []string // values that may be written, in order
	fix     string   // where the values come from
	read    bool
	written bool
}

// Types that a field of the CRM may have, by what it is to hold.
var (
	ofText    = []FieldType{TypeText}
	ofChoice  = []FieldType{TypeText, TypeOptions}
	ofNumber  = []FieldType{TypeNumber}
	ofBoolean = []FieldType{TypeBoolean}
	ofTime    = []FieldType{TypeTime}

	typesOf = map[lead.FieldType][]FieldType{
		lead.String: ofChoice, lead.StringList: ofChoice, lead.Integer: ofNumber, lead.Number: ofNumber, lead.Boolean: ofBoolean,
		lead.Timestamp: {TypeTime, TypeDate},
	}
)

// uses of fields, in the order in which problems are told. Fields that are not used have no name.
func uses(set Settings, d lead.Definition) []use {
	var all []use
	for _, f := range d.Fields {
		all = append(all, use{field: f.SourceProperty(), where: fmt.Sprintf("field %q of the definition", f.Name), types: typesOf[f.Type], read: true})
	}
	m := set.Mapping
	all = append(all, m.fields(d.Dispositions)...)
	for _, a := range m.Activities {
		where := fmt.Sprintf("spec.crm.activities[%s]", a.Name)
		all = append(all, use{field: a.At, where: where + ".at", types: ofTime, read: true})
		for _, property := range sorted(a.Properties) {
			all = append(all, use{field: a.Properties[property], where: fmt.Sprintf("%s.properties[%s]", where, property), read: true})
		}
	}
	for _, f := range lead.QualificationFields() {
		all = append(all, use{
			field: m.Qualification[f.Name], where: fmt.Sprintf("spec.crm.qualification[%s]", f.Name), types: typesOf[f.Type], read: true,
		})
	}
	return append(all, use{field: m.OptOut, where: "spec.crm.optOut", types: ofBoolean, read: true})
}

// fields that are written. Stage, status and reason are read, too.
func (m Mapping) fields(codes []lead.Disposition) []use {
	f := m.Fields
	var reasons, statuses, stages []string
	for _, stage := range lead.Stages() {
		if value, mapped := m.Stages[string(stage)]; mapped {
			stages = appendNew(stages, value)
		}
	}
	for _, code := range codes {
		reasons = appendNew(reasons, code.Name)
		if code.Status != "" {
			statuses = appendNew(statuses, m.StatusOf(code.Status))
		}
	}
	fields := []use{
		{field: f.Stage, where: "stage", types: ofChoice, options: stages, fix: "map the stage to another one in spec.crm.stages", read: true},
		{field: f.Status, where: "status", types: ofChoice, options: statuses, fix: "map the status to another one in spec.crm.statuses", read: true},
		{field: f.Reason, where: "reason", types: ofChoice, options: reasons, fix: "make it a field of text", read: true},
		{field: f.Score, where: "score", types: ofNumber},
		{field: f.Revision, where: "revision", types: ofText},
		{field: f.Due, where: "due", types: ofTime},
		{field: f.FirstTouch, where: "firstTouch", types: ofTime},
		{field: f.Attempts, where: "attempts", types: ofNumber},
		{field: f.Missing, where: "missing", types: ofText},
	}
	for i := range fields {
		fields[i].where, fields[i].written = "spec.crm.fields."+fields[i].where, true
	}
	return fields
}
