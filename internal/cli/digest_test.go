// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

const digested = `apiVersion: sla.handoff.dev/v1alpha1
kind: LeadDefinition
metadata: {name: small, namespace: revenue}
spec:
  fields:
  - {name: email, type: String, property: mail, required: true}
  - {name: employees, type: Integer}
  scoring:
    groups:
    - name: fit
      rules: [{name: size, when: 'lead.employees >= 50', points: 20}]
  stages: {mql: {paths: [{name: scored, threshold: 15}]}}
`

// What people do to a file in an editor: some of it is another text, most of it is not.
func TestDigestOfAFile(t *testing.T) {
	cases := map[string]struct {
		old, new string
		changes  bool
	}{
		"a comment":         {"spec:\n", "spec: # agreed on Monday\n\n  # the record\n", false},
		"the order of keys": {"{name: email, type: String, property: mail, required: true}", "{required: true, property: mail, name: email, type: String}", false},
		"another style":     {"{name: employees, type: Integer}", "name: employees\n    type: \"Integer\"", false},
		"the order of a keyed list": {
			"  - {name: email, type: String, property: mail, required: true}\n  - {name: employees, type: Integer}\n",
			"  - {name: employees, type: Integer}\n  - {name: email, type: String, property: mail, required: true}\n", false,
		},
		"white space in CEL":         {"'lead.employees >= 50'", "\"lead.employees  >=50\"", false},
		"a comment in CEL":           {"'lead.employees >= 50'", "\"lead.employees >= 50 // enough\"", false},
		"the source property":        {"property: mail, ", "property: email_address, ", false},
		"no source property":         {"property: mail, ", "", false},
		"the labels":                 {"namespace: revenue}", "namespace: revenue, labels: {team: revops}}", false},
		"the name":                   {"name: small", "name: large", false}, // a sign-off is bound to it by its signature
		"a threshold":                {"threshold: 15", "threshold: 16", true},
		"a point":                    {"points: 20", "points: 21", true},
		"an operator":                {">= 50", "> 50", true},
		"a number in CEL":            {">= 50", ">= 51", true},
		"a required flag":            {", required: true", "", true},
		"a required flag, spelt out": {"type: Integer", "type: Integer, required: false", false},
		"a type":                     {"type: Integer", "type: Number", true},
	}
	of := func(t *testing.T, text string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "f.yaml")
		write(t, file, text)
		return digestOf(t, file)
	}
	want := of(t, digested)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if strings.Count(digested, tc.old) != 1 {
				t.Fatalf("%q is not once in the file", tc.old)
			}
			if got := of(t, strings.Replace(digested, tc.old, tc.new, 1)); (got != want) != tc.changes {
				t.Errorf("%s, was %s", got, want)
			}
		})
	}
}
