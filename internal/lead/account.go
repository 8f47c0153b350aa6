// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"strings"
	"unicode"
)

// Account says which company a lead is a contact of: leads with the same value in the field have one account.
type Account struct {
	Field string `json:"field"` // of type String
}

// AccountPath qualifies an account rather than one person: the contact whose event tips it is handed over.
type AccountPath struct {
	MinContacts int `json:"minContacts"`
	Threshold   int `json:"threshold"` // of the sum of the contacts' scores
}

// Contacts of an account and the sum of their scores, clamped, each at the contact's own last event.
type Contacts struct {
	Count int
	Score int
}

// Plus other contacts.
func (c Contacts) Plus(other Contacts) Contacts {
	return Contacts{Count: c.Count + other.Count, Score: c.Score + other.Score}
}

// AccountOf is the account in a record: the value of the definition's account field, trimmed and case-folded; "" for a lead that has
// none, and by a definition that names no field.
func (p *Program) AccountOf(record map[string]any) string {
	if p.definition.Account == nil {
		return ""
	}
	name, isText := record[p.definition.Account.Field].(string)
	if !isText {
		return ""
	}
	return foldAccount(name)
}

// AccountIn is the account that a lead with a history, which is in (Time, Sequence) order, has at its end: AccountOf the record that
// Qualify makes of it, without folding it.
func (p *Program) AccountIn(history []Event) string {
	if p.accountField < 0 {
		return ""
	}
	field := p.definition.Fields[p.accountField]
	for _, e := range slices.Backward(history) {
		if e.Kind != KindCaptured && e.Kind != KindUpdated {
			continue
		}
		if value, stated := e.Properties[field.SourceProperty()]; stated {
			name, _ := Coerce(field, value) // one that does not fit is taken as absent
			text, _ := name.(string)
			return foldAccount(text)
		}
	}
	return ""
}

func foldAccount(name string) string { return strings.Map(foldRune, strings.TrimSpace(name)) }

// account that the lead is a contact of now; "" for none.
func (s *state) account() string {
	if s.program.accountField < 0 {
		return ""
	}
	return foldAccount(s.slots[s.program.accountField].text)
}

// HasAccountPath says whether a lead's account can qualify it, so that its other contacts must be known.
func (p *Program) HasAccountPath() bool {
	return slices.ContainsFunc(p.paths, func(one path) bool { return one.account != nil })
}

// foldRune gives the letters that strings.EqualFold takes for equal one form.
func foldRune(r rune) rune {
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}

// contacts of the lead's account with the lead itself; zero where they do not count.
func (s *state) contacts(own int) Contacts {
	if s.peers == nil || s.account() == "" {
		return Contacts{}
	}
	return Contacts{Count: s.peers.Count + 1, Score: s.peers.Score + own}
}

func (a *AccountPath) holds(all Contacts) bool {
	return all.Count >= a.MinContacts && all.Score >= a.Threshold
}

// account checks which field names the account, and account paths.
func (c *compiler) account(d Definition) {
	const where = "account"
	c.program.accountField = -1
	if d.Account != nil {
		i := slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == d.Account.Field })
		switch {
		case i < 0:
			c.problem(where, "field: unknown field '%s'; %s", d.Account.Field,
				Suggest(d.Account.Field, c.program.env.record.provider.names[leadTypeName]))
		case d.Fields[i].Type != String:
			c.problem(where, "field %q is of type %s; only a String names an account", d.Account.Field, d.Fields[i].Type)
		default:
			c.program.accountField = i
		}
	}
}

// accountPath checks a path that qualifies the account.
func (c *compiler) accountPath(where string, p Path) {
	switch d := c.program.definition; {
	case p.Threshold != nil:
		c.problem(where, "has a `threshold` and an `account`: write the sum of the contacts' scores as `account.threshold`, or a path of its own")
	case d.Account == nil:
		c.problem(where, "`account` needs the field that names a lead's account: write `account: {field: ...}` beside `fields`")
	case d.Scoring == nil:
		c.problem(where, "`account` needs `scoring`")
	case p.Account.MinContacts < minContacts:
		c.problem(where, "account.minContacts is %d; it must be at least %d: one contact is a path with a `threshold`", p.Account.MinContacts, minContacts)
	case p.Account.Threshold < 1:
		c.problem(where, "account.threshold is %d; it must be at least 1", p.Account.Threshold)
	}
}

// minContacts that make a buying group.
const minContacts = 2
