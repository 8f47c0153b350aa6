// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"cmp"
	"slices"
	"strings"
)

// Rule is one thing that is looked for. Its texts are the documentation.
type Rule struct {
	ID       string
	Severity Severity
	Finds    string // what it finds
	Why      string
	Source   string // of the why
	Cure     string
}

// Where the reasons come from.
const (
	operator  = "operator"  // the operator, or the API server, refuses it
	semantics = "semantics" // follows from what the fields mean (docs/spec)
	framework = "framework" // article: Building Sales and Marketing Alignment: The SLA Framework That Actually Works
	playbook  = "playbook"  // article: Sales & Marketing SLA: The 2026 Alignment Framework
)

var rules []*Rule

// define adds a rule to the list. Rules stand beside the code that looks for them.
func define(id string, severity Severity, source, finds, why, cure string) *Rule {
	r := &Rule{ID: id, Severity: severity, Source: source, Finds: finds, Why: why, Cure: cure}
	rules = append(rules, r)
	return r
}

// Rules are all rules, the worst first, each severity in the order of the alphabet.
func Rules() []Rule {
	var out []Rule
	for _, r := range rules {
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Rule) int {
		return cmp.Or(slices.Index(severities, a.Severity)-slices.Index(severities, b.Severity), strings.Compare(a.ID, b.ID))
	})
	return out
}
