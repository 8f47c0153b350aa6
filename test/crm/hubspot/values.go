// SPDX-License-Identifier: Apache-2.0

package hubspot

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clean are values as they are kept, of those that were sent; wrong is what is the matter with the others.
func (f *Fake) clean(t objectType, sent map[string]*string, by author) (clean map[string]string, wrong []wrongValue) {
	clean = map[string]string{}
	for name, value := range sent {
		p := f.schema[t.plural].live(name)
		switch {
		case p == nil:
			wrong = append(wrong, f.wrong(name, "PROPERTY_DOESNT_EXIST", "Property %q does not exist", name))
		case p.ReadOnly && !by.system:
			wrong = append(wrong, f.wrong(name, "READ_ONLY_VALUE", "%q is a read only property; its value cannot be set", name))
		case value == nil || *value == "":
			clean[name] = ""
		default:
			kept, problem := f.cleanValue(p, *value)
			if problem != nil {
				wrong = append(wrong, *problem)
				continue
			}
			clean[name] = kept
		}
	}
	slices.SortFunc(wrong, func(a, b wrongValue) int { return strings.Compare(a.Name, b.Name) })
	return clean, wrong
}

func (f *Fake) wrong(name, code, format string, args ...any) wrongValue {
	return wrongValue{Message: fmt.Sprintf(format, args...), Error: code, Name: name, Portal: f.portal}
}

// cleanValue of a property, or what is wrong with it.
func (f *Fake) cleanValue(p *Property, value string) (string, *wrongValue) {
	bad := func(code, format string, args ...any) (string, *wrongValue) {
		w := f.wrong(p.Name, code, format, args...)
		return "", &w
	}
	if p.Type != kindText && strings.TrimSpace(value) != value {
		return bad("LEADING_TRAILING_WHITESPACE", "%q includes leading or trailing whitespace.", value)
	}
	switch p.Type {
	case kindNumber:
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return bad("INVALID_DOUBLE", "%s was not a valid number.", value)
		}
	case kindTime:
		at, ok := parseMoment(value)
		if !ok {
			return bad("INVALID_LONG", "%s was not a valid long.", value)
		}
		return stamp(at), nil
	case kindDate:
		at, ok := parseMoment(value)
		if !ok || !at.Equal(at.Truncate(24*time.Hour)) {
			return bad("INVALID_DATE", "%s is not at midnight UTC.", value)
		}
		return at.Format(time.DateOnly), nil
	case kindBool:
		if lower := strings.ToLower(value); lower == "true" || lower == "false" {
			return lower, nil
		}
		return bad("INVALID_OPTION", "%s was not one of the allowed options: [true, false]", value)
	case kindEnumeration:
		return f.cleanChoice(p, value, bad)
	}
	if p.Name == "email" {
		if parsed, err := mail.ParseAddress(value); err != nil || parsed.Address != value {
			return bad("INVALID_EMAIL", "Email address %s is invalid", value)
		}
		return strings.ToLower(value), nil
	}
	if len(value) > 65_536 {
		return bad("PROPERTY_VALUE_TOO_LONG", "%s is %d characters long: 65536 are the limit", p.Name, len(value))
	}
	return value, nil
}

func (f *Fake) cleanChoice(p *Property, value string, bad func(string, string, ...any) (string, *wrongValue)) (string, *wrongValue) {
	if p.References == "OWNER" {
		if o := f.owner(value); o == nil || o.Archived {
			return bad("INVALID_OWNER_ID", "%s is not a valid owner id", value)
		}
		return value, nil
	}
	if p.External {
		return value, nil
	}
	values := []string{value}
	if p.FieldType == "checkbox" {
		values = strings.Split(value, ";")
	}
	for _, one := range values {
		if !slices.ContainsFunc(p.Options, func(c Choice) bool { return c.Value == one }) {
			allowed := make([]string, len(p.Options))
			for i, c := range p.Options {
				allowed[i] = c.Label
			}
			return bad("INVALID_OPTION", "%s was not one of the allowed options: [%s]", one, strings.Join(allowed, ", "))
		}
	}
	return value, nil
}

// broken are the rules of admins that the record would break with these values.
func (f *Fake) broken(t objectType, r *record, clean map[string]string) []wrongValue {
	if t.plural != "contacts" {
		return nil
	}
	var out []wrongValue
	for _, rule := range f.settings.Rules {
		required, sent := clean[rule.Requires]
		if !sent && r != nil {
			required = r.values[rule.Requires]
		}
		if value, set := clean[rule.Property]; set && value == rule.Value && required == "" {
			out = append(out, f.wrong(rule.Requires, "CONDITIONAL_REQUIRED_PROPERTY", "%s is required when %s is %s", rule.Requires, rule.Property, rule.Value))
		}
	}
	return out
}

// backwards says whether a lifecycle stage comes before the one that is there: HubSpot leaves it alone then, and says nothing.
func (f *Fake) backwards(r *record, to string) bool {
	p := f.schema["contacts"].live("lifecyclestage")
	if p == nil {
		return false
	}
	place := func(value string) int {
		return slices.IndexFunc(p.Options, func(c Choice) bool { return c.Value == value })
	}
	from := r.values["lifecyclestage"]
	return from != "" && to != "" && place(to) < place(from)
}
