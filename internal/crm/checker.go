// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// checker gathers what is wrong with a mapping.
type checker struct {
	schema   Schema
	settings Settings
	product  string
	problems []Problem
}

func (c *checker) add(reason Reason, field, format string, args ...any) {
	problem := Problem{reason, field, fmt.Sprintf(format, args...)}
	if !slices.Contains(c.problems, problem) {
		c.problems = append(c.problems, problem)
	}
}

// use checks one use of a field.
func (c *checker) use(u use) {
	if u.field == "" {
		return
	}
	is, found := c.schema.Fields[u.field]
	if !found {
		c.add(FieldMissing, u.field, "%s: %s has no field %q for leads: create it, or name another one%s", u.where, c.product, u.field, c.closest(u.field))
		return
	}
	if !is.holds(u.types) {
		c.add(FieldMistyped, u.field, "%s: the field %q of %s is %s, and is to be %s: name another one, or make one of that type",
			u.where, u.field, c.product, is.called(), anyOf(u.types))
		return
	}
	if u.written && is.ReadOnly {
		c.add(FieldReadOnly, u.field, "%s: the field %q of %s is read-only for the credential: grant it the right to edit the field, or name another one",
			u.where, u.field, c.product)
	}
	if is.Type == TypeOptions && u.options != nil {
		c.options(u, is.Options)
	}
}

func (c *checker) options(u use, has []string) {
	var missing []string
	for _, value := range u.options {
		if !slices.Contains(has, value) {
			missing = append(missing, fmt.Sprintf("%q", value))
		}
	}
	if len(missing) == 0 {
		return
	}
	c.add(OptionMissing, u.field, "%s: the field %q of %s has no option %s: add what is missing there, by its internal name, or %s",
		u.where, u.field, c.product, strings.Join(missing, ", "), u.fix)
}

// holds says whether a field can hold what one of the types is for. Booleans are options in some CRMs, by the two values.
func (f SchemaField) holds(types []FieldType) bool {
	if types == nil || slices.Contains(types, f.Type) {
		return true
	}
	return slices.Contains(types, TypeBoolean) && f.Type == TypeOptions && len(f.Options) == 2 &&
		slices.Contains(f.Options, "true") && slices.Contains(f.Options, "false")
}

// Takes says whether a record can be given the value in the field, as far as the CRM tells: it may be written, is of that type and, of options, one that
// there is. A field that is not there takes nothing. Of several options that can be chosen at once, the value has those with semicolons between them.
func (f SchemaField) Takes(value any, several bool) bool {
	is := f.Type != "" // as that of a field that is not there
	switch f.Type {
	case TypeText:
	case TypeNumber:
		_, is = value.(float64)
	case TypeBoolean:
		_, is = value.(bool)
	case TypeTime, TypeDate:
		_, is = value.(time.Time)
	case TypeOptions:
		chosen := []string{Text(value)}
		if several {
			chosen = strings.Split(chosen[0], ";")
		}
		is = len(f.Options) == 0 || !slices.ContainsFunc(chosen, func(one string) bool { return !slices.Contains(f.Options, one) })
	case TypeOther:
		is = false
	}
	return is && !f.ReadOnly
}

// called is the type in the CRM's own words, where they are known.
func (f SchemaField) called() string {
	name := nouns[f.Type]
	if f.Native == "" {
		return name
	}
	return fmt.Sprintf("%s (%s)", name, f.Native)
}

var nouns = map[FieldType]string{
	TypeText: "text", TypeNumber: "a number", TypeBoolean: "a boolean", TypeTime: "a date with a time", TypeDate: "a date", TypeOptions: "a list of options",
	TypeOther: "of a type that is not supported",
}

func anyOf(types []FieldType) string {
	var names []string
	for _, t := range types {
		names = append(names, nouns[t])
	}
	return strings.Join(names, " or ")
}

// closest suggests a field whose name differs in nothing but case, underscores and the suffix of custom fields.
func (c *checker) closest(field string) string {
	for _, name := range sorted(c.schema.Fields) {
		if bare(name) == bare(field) {
			return fmt.Sprintf("; it has %q", name)
		}
	}
	return ""
}

func bare(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.ToLower(name), "__c"), "_", "")
}

// claims finds fields that are to hold two things.
func (c *checker) claims() {
	m := c.settings.Mapping
	holds := map[string]string{}
	claim := func(field, where string) {
		if other := holds[field]; field != "" && other != "" {
			c.add(MappingAmbiguous, field, "%s and %s are both the field %q: each needs one of its own", other, where, field)
		} else {
			holds[field] = where
		}
	}
	for _, u := range m.fields(nil) {
		claim(u.field, u.where)
	}
	for _, name := range sorted(m.Qualification) {
		claim(m.Qualification[name], fmt.Sprintf("spec.crm.qualification[%s]", name))
	}
	claim(m.OptOut, "spec.crm.optOut")
}

// statuses finds values of the status field by which no outcome can be told.
func (c *checker) statuses(codes []lead.Disposition) {
	if c.settings.Mapping.Fields.Status == "" {
		return
	}
	type meaning struct {
		status  string
		outcome lead.Outcome
	}
	means := map[string]meaning{}
	for _, code := range codes {
		if code.Status == "" {
			continue
		}
		value := c.settings.Mapping.StatusOf(code.Status)
		first, known := means[value]
		switch {
		case !known:
			means[value] = meaning{code.Status, code.Outcome}
		case first.status != code.Status && first.outcome != code.Outcome:
			c.add(MappingAmbiguous, c.settings.Mapping.Fields.Status, "spec.crm.statuses: %q stands for the statuses %q, which is %s, and %q, which is %s: "+
				"map them to different values", value, first.status, first.outcome, code.Status, code.Outcome)
		}
	}
}

// match checks the field by which a lead that came as an event finds its record.
func (c *checker) match(fields []lead.Field) {
	name := c.settings.MatchBy
	if name == "" {
		return
	}
	where := c.where("matchBy")
	at := slices.IndexFunc(fields, func(f lead.Field) bool { return f.SourceProperty() == name })
	if at < 0 {
		c.add(FieldMissing, name, "%s: no field of the definition has the property %q, so that no lead has a value of it: "+
			"add one to the definition, or name another field", where, name)
		return
	}
	if fields[at].Type != lead.String {
		c.add(FieldMistyped, name, "%s: field %q of the definition is %s, and a record is found by a String only", where, fields[at].Name, fields[at].Type)
	}
	is, found := c.schema.Fields[name]
	switch {
	case !found: // said of the definition's field
	case is.Shared:
		c.add(FieldShared, name, "%s: two records may have the same value in the field %q of %s: make it %s, or name another one",
			where, name, c.product, c.unique())
	case is.ReadOnly:
		c.add(FieldReadOnly, name, "%s: the field %q of %s is read-only for the credential, so that no record can be made with it: "+
			"grant it the right to edit the field, or name another one", where, name, c.product)
	}
}

func (c *checker) where(field string) string {
	switch c.settings.Type {
	case TypeHubSpot:
		return "spec.crm.hubSpot." + field
	case TypeSalesforce:
		return "spec.crm.salesforce." + field
	case TypeEvents:
	}
	return "spec.crm." + field
}

func (c *checker) unique() string {
	if c.settings.Type == TypeSalesforce {
		return "an external id that is unique"
	}
	return "a property that requires unique values"
}

// owners finds reps that leads cannot be given to. A CRM that tells no owners is taken at its word when it is written to.
func (c *checker) owners(reps []string) {
	if c.schema.Owners == nil {
		return
	}
	for _, rep := range reps {
		if !c.schema.Owners[strings.ToLower(rep)] {
			c.add(OwnerUnknown, "", "spec.routing: %s has no active user with the e-mail address %q, so that no lead can be given to it: "+
				"add the user there, or take the rep out of the pools", c.product, rep)
		}
	}
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func appendNew(list []string, value string) []string {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// maxTold is how many problems a message holds: the rest are told once these are mended.
const maxTold = 10

// Summary of problems for a condition: the reason of the first, and the messages, an end to a long list. It is empty without any.
func Summary(problems []Problem) (reason Reason, message string) {
	if len(problems) == 0 {
		return "", ""
	}
	var told []string
	for _, p := range problems[:min(len(problems), maxTold)] {
		told = append(told, p.Message)
	}
	if more := len(problems) - maxTold; more > 0 {
		told = append(told, fmt.Sprintf("and %d more", more))
	}
	return problems[0].Reason, strings.Join(told, "; ")
}
