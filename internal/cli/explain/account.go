// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Account and its contacts, as far as they are known.
type Account struct {
	Name        string    `json:"name,omitempty"`
	MinContacts int       `json:"minContacts"`
	Threshold   int       `json:"threshold"`
	Contacts    []Contact `json:"contacts,omitempty"` // with this lead, the highest score first
	Score       int       `json:"score"`              // of all together
	Unknown     string    `json:"unknown,omitempty"`  // why it cannot be said whether they are enough
}

func (e *Explainer) account(asked *lead.AccountPath, x *Explanation, c *Case, record map[string]any) *Account {
	a := &Account{Name: e.program.AccountOf(record), MinContacts: asked.MinContacts, Threshold: asked.Threshold}
	switch {
	case a.Name == "":
		a.Unknown = "the lead has no value for " + e.definition.Account.Field + ", and so no account"
	case c.Contacts == nil:
		a.Unknown = cmp.Or(c.Unknown, "the other contacts of the account are not known")
	default:
		a.Contacts = append(slices.Clone(c.Contacts), Contact{Lead: x.Lead, Score: x.Score.Clamped})
		slices.SortFunc(a.Contacts, func(one, other Contact) int {
			return cmp.Or(cmp.Compare(other.Score, one.Score), cmp.Compare(one.Lead, other.Lead))
		})
		for _, one := range a.Contacts {
			a.Score += one.Score
		}
	}
	return a
}

func (a *Account) holds() bool {
	return a.Unknown == "" && len(a.Contacts) >= a.MinContacts && a.Score >= a.Threshold
}

// Asks is what a path asks of the account.
func (a *Account) Asks() string {
	return fmt.Sprintf("%d contacts of one account with %s together", a.MinContacts, counted(a.Threshold, "point"))
}

// has is what the account has, or why that is not known.
func (a *Account) has() string {
	if a.Unknown != "" {
		return a.Unknown
	}
	return fmt.Sprintf("%q has %s with %s", a.Name, counted(len(a.Contacts), "contact"), counted(a.Score, "point"))
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
