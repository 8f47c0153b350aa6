// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestHelpAndMistakes(t *testing.T) {
	cases := map[string]struct {
		args []string
		out  string
		err  string
	}{
		"nothing":                  {nil, "Usage: go run ./hack/demo VERB", ""},
		"help":                     {[]string{"--help"}, "go run ./hack/demo up --leads leads.csv", ""},
		"help of a verb":           {[]string{"up", "--help"}, "Every step may be repeated", ""},
		"unknown verb":             {[]string{"start"}, "", `unknown verb "start"`},
		"unknown flag":             {[]string{"up", "--lead", "x"}, "", "--help tells more"},
		"too much":                 {[]string{"up", "leads.csv"}, "", `"leads.csv" is one argument too many`},
		"a file that is not there": {[]string{"up", "--leads", "no-such.csv"}, "", "no-such.csv"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			err := dispatch(t.Context(), tc.args, &out)
			if (err == nil) != (tc.err == "") || (err != nil && !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			if !strings.Contains(out.String(), tc.out) {
				t.Errorf("output lacks %q:\n%s", tc.out, out.String())
			}
		})
	}
}
