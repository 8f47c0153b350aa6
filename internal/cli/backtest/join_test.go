// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What is in memory at a time is a part: how many there are must not be taken from the size of something else than the leads.
func TestParts(t *testing.T) {
	large := fourLeads + strings.Repeat("x,2026-01-01,paid,5,no\n", 3*partBytes/20)
	path := files(t, map[string]string{"small.csv": fourLeads, "large.csv": large, "packed.csv.gz": packed(t, large), "e.ndjson": strings.Repeat("\n", 5*partBytes)})
	cases := map[string]struct {
		leads, events []string
		want          int
	}{
		"few leads":                 {leads: []string{path("small.csv")}, want: 2}, // one a worker
		"a part a megabyte":         {leads: []string{path("large.csv")}, want: 4},
		"of all files":              {leads: []string{path("large.csv")}, events: []string{path("e.ndjson")}, want: 9},
		"compressed":                {leads: []string{path("packed.csv.gz")}, want: maxParts},
		"standard input":            {leads: []string{"-"}, want: maxParts},
		"events of standard input":  {leads: []string{path("small.csv")}, events: []string{"-"}, want: maxParts},
		"one known and one unknown": {leads: []string{path("small.csv"), path("packed.csv.gz")}, want: maxParts},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := input(t, 40)
			in.Leads, in.Events, in.Stdin = tc.leads, tc.events, strings.NewReader(fourLeads)
			all, err := in.open()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = closeAll(all) }()
			j := joiner{in: &in, sources: all}
			if got := j.partsOf(); got != tc.want {
				t.Errorf("%d parts, want %d", got, tc.want)
			}
		})
	}
}
