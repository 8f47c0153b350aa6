// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
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

// A row that a report does not rest on is counted among those that were left out, whatever was wrong with it.
func TestRowsThatAreLeftOut(t *testing.T) {
	path := files(t, map[string]string{
		"l.csv": fourLeads, "touches.csv": "lead_id,at,channel\na,2026-03-01,Pigeon\na,2026-03-01,Phone\nb,2026-03-01,\n",
		"short.csv":      "lead_id,created,origin,size,won\na,2026-01-01,web\nb,2026-01-02,web,60,1,extra\nc,2026-01-03,web,60,1\n",
		"quotes.csv":     "lead_id,created,origin,size,won\na,2026-01-01,we\"b,1,1\nb,2026-01-02,\"web\",60,1\n",
		"ids.csv":        "lead_id,created,origin,size,won\n,2026-01-01,web,1,1\nb,soon,web,60,1\nc,2026-01-01,web,1,1\nd,2026-01-01,web,1,1\n",
		"l.ndjson":       `{"lead_id":"a","created":"2026-01-01"}` + "\n{\"lead_id\":\n[1]\n",
		"deals.csv":      "lead_id,closed\na,2026-03-01\nz,2026-03-01\nz,2026-03-02\n",
		"activities.csv": "lead_id,at,activity\na,2026-03-01,\na,2026-03-02,Visit\n",
		"events.ndjson":  `{"type":"dev.handoff.lead.touch","subject":"nobody","time":"2026-03-01","data":{"channel":"Phone"}}` + "\n{}\n",
	})
	cases := map[string]struct {
		in            func(in *Input)
		rows, skipped int64
	}{
		"none":              {in: func(*Input) {}, rows: 4},
		"cells":             {in: func(in *Input) { in.Leads = []string{path("short.csv")} }, rows: 3, skipped: 2},
		"quotes":            {in: func(in *Input) { in.Leads = []string{path("quotes.csv")} }, rows: 2, skipped: 1},
		"ids and dates":     {in: func(in *Input) { in.Leads = []string{path("ids.csv")} }, rows: 4, skipped: 2},
		"json":              {in: func(in *Input) { in.Leads = []string{path("l.ndjson")} }, rows: 3, skipped: 2},
		"unknown leads":     {in: func(in *Input) { in.Leads = append(in.Leads, path("deals.csv")) }, rows: 7, skipped: 2},
		"touches":           {in: func(in *Input) { in.Touches = []string{path("touches.csv")} }, rows: 7, skipped: 2},
		"activities":        {in: func(in *Input) { in.Activities = []string{path("activities.csv")} }, rows: 6, skipped: 1},
		"events":            {in: func(in *Input) { in.Events = []string{path("events.ndjson")} }, rows: 6, skipped: 2},
		"cells when joined": {in: func(in *Input) { in.Leads = []string{path("short.csv"), path("l.csv")} }, rows: 7, skipped: 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			in := input(t, 40)
			in.Leads = []string{path("l.csv")}
			tc.in(&in)
			if r := run(t, in); r.Rows != tc.rows || r.Skipped != tc.skipped {
				t.Errorf("%d rows and %d left out, want %d and %d; problems %v", r.Rows, r.Skipped, tc.rows, tc.skipped, r.Problems.First)
			}
		})
	}
}

func TestRepeatedIDs(t *testing.T) {
	in := input(t, 40)
	in.Leads = []string{files(t, map[string]string{
		"l.csv": fourLeads + "a,2026-02-01,paid,7,no\na,2026-03-01,paid,8,no\nd,2026-02-03,social,3,\n",
	})("l.csv")}
	r := run(t, in)
	want := "ids repeat: 5 rows in the files of leads are about 2 leads; "
	if r.Leads != 4 || !slices.ContainsFunc(r.Notes, func(note string) bool { return strings.HasPrefix(note, want) }) {
		t.Errorf("%d leads, notes %q, want one that begins with %q", r.Leads, r.Notes, want)
	}
	in = input(t, 40)
	path := files(t, map[string]string{"l.csv": fourLeads, "deals.csv": "lead_id,closed\nb,2026-03-01\nb,2026-03-02\n"})
	in.Leads = []string{path("l.csv"), path("deals.csv")}
	if r := run(t, in); strings.Contains(fmt.Sprint(r.Notes), "repeat") {
		t.Errorf("rows that are joined are told as repeated: %q", r.Notes)
	}
}
