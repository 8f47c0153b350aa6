// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

var fields = []lead.Field{
	{Name: "company", Type: lead.String},
	{Name: "source", Type: lead.String, Property: "origin"},
}

func load(t *testing.T, csv string, change func(*Input)) (*Plan, error) {
	t.Helper()
	in := Input{Leads: &File{Name: "dir/leads.csv", Data: []byte(csv)}, Fields: fields}
	if change != nil {
		change(&in)
	}
	return Load(in)
}

func TestColumnsAreDetected(t *testing.T) {
	cases := map[string]struct {
		csv     string
		change  func(*Input)
		id, at  string
		wantErr string
	}{
		"by name": {
			csv: "page_id,mql_id,first_contact,origin\n7,a,2018-02-01,social\n7,b,2018-02-02,\n", id: "mql_id", at: "first_contact",
		},
		"id first, whatever the case": {csv: "when,ID\n2018-02-01T10:00:00Z,a\n", id: "ID", at: "when"},
		"semicolons, and a byte order mark": {
			csv: "\ufeffid;when\na;2018-02-01 10:00:00\n", id: "id", at: "when",
		},
		"a column of dates may have a bad value": {
			csv: "id,when\n" + rows(19) + "bad,soon\n", id: "id", at: "when",
		},
		"named": {
			csv:    "key,a,b\nx,2018-02-01,2018-03-01\n",
			change: func(in *Input) { in.IDColumn, in.TimeColumn = "key", "b" }, id: "key", at: "b",
		},
		"no id":                 {csv: "name,when\nx,2018-02-01\n", wantErr: "--id-column"},
		"an id that is not one": {csv: "lead_id,when\nx,2018-02-01\nx,2018-02-01\n", wantErr: "--id-column"},
		"no time":               {csv: "id,when\nx,soon\n", wantErr: "--time-column"},
		"a column that is not there": {
			csv: "id,when\nx,2018-02-01\n", change: func(in *Input) { in.IDColumn = "key" },
			wantErr: `no column "key"; columns are id, when`,
		},
		"no header": {csv: "", wantErr: "no header row"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			plan, err := load(t, tc.csv, tc.change)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("error %v, want one with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(plan.Notes, "\n")
			for _, want := range []string{fmt.Sprintf("lead id   column %q", tc.id), fmt.Sprintf("time      column %q", tc.at)} {
				if !strings.Contains(notes, want) {
					t.Errorf("notes lack %q:\n%s", want, notes)
				}
			}
		})
	}
}

func rows(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "lead-%d,2018-02-%02d\n", i, i+1)
	}
	return b.String()
}

func TestRowsBecomeEvents(t *testing.T) {
	plan, err := load(t, "lead_id,when,origin,page\na,2018-02-01,social,7\nb,2018-02-02 10:30:00,,8\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{
			"specversion": "1.0", "type": "dev.handoff.lead.captured", "source": "urn:handoff:replay:leads.csv", "id": "a/captured/1",
			"subject": "a", "time": "2018-02-01T00:00:00Z", "datacontenttype": "application/json",
			"data": map[string]any{"properties": map[string]any{"origin": "social"}},
		},
		{
			"specversion": "1.0", "type": "dev.handoff.lead.captured", "source": "urn:handoff:replay:leads.csv", "id": "b/captured/1",
			"subject": "b", "time": "2018-02-02T10:30:00Z", "datacontenttype": "application/json",
			"data": map[string]any{"properties": map[string]any{}},
		},
	}
	if diff := cmp.Diff(want, decode(t, plan)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if notes := strings.Join(plan.Notes, "\n"); !strings.Contains(notes, `column "page": no field`) {
		t.Errorf("the notes do not say that page is not sent:\n%s", notes)
	}
}

func TestFurtherRowsOfALeadAreUpdates(t *testing.T) {
	plan, err := load(t, "key,when\na,2018-02-01\na,2018-02-02\n", func(in *Input) { in.IDColumn = "key" })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range plan.Records {
		got = append(got, r.ID)
	}
	if diff := cmp.Diff([]string{"a/captured/1", "a/updated/2"}, got); diff != "" {
		t.Error(diff)
	}
	if n := plan.LeadCount(); n != 1 {
		t.Errorf("%d leads, want 1", n)
	}
}

func TestMalformedRowsAreLocated(t *testing.T) {
	csv := "lead_id,when,origin\n" +
		"a,2018-02-01,social\n" + // line 2
		"b,2018-02-01\n" + // 3: too short
		",2018-02-01,social\n" + // 4: no id
		"d,soon,social\n" + // 5: no date
		"e,2018-02-01,\"two\nlines\"\n" + // 6 and 7
		"f,2018-02-01,so\"cial\n" + // 8: a quote out of place
		"g,2018-02-01,social\n" // 9
	plan, err := load(t, csv, func(in *Input) { in.IDColumn, in.TimeColumn = "lead_id", "when" })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range plan.Malformed {
		got = append(got, m.String())
	}
	want := []string{
		"dir/leads.csv:3: 2 fields instead of 3",
		`dir/leads.csv:8: bare " in non-quoted-field`,
		`dir/leads.csv:4: no id in column "lead_id"`,
		`dir/leads.csv:5: column "when": "soon" is not a date: RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	var sent []string
	for _, r := range plan.Records {
		sent = append(sent, r.Where+" "+r.Lead)
	}
	if diff := cmp.Diff([]string{"dir/leads.csv:2 a", "dir/leads.csv:6 e", "dir/leads.csv:9 g"}, sent); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestShiftKeepsDistances(t *testing.T) {
	anchor := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	events := `{"id":"1","subject":"a","time":"2018-01-31T23:00:00.5+01:00","keep":{"this":[1, 2]}}` + "\n"
	plan, err := load(t, "id,when\na,2018-02-01\nb,2018-02-03\n", func(in *Input) {
		in.Anchor, in.Events = anchor, &File{Name: "e.ndjson", Data: []byte(events)}
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, e := range decode(t, plan) {
		got = append(got, e["time"])
	}
	want := []any{"2026-11-19T11:59:59Z", "2026-11-21T11:59:59Z", "2026-11-19T09:59:59.5Z"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"this": []any{1.0, 2.0}}, decode(t, plan)[2]["keep"]); diff != "" {
		t.Errorf("the rest of the event changed (-want +got)\n%s", diff)
	}
}

func TestEventsAreReadLineByLine(t *testing.T) {
	text := strings.Join([]string{
		`{"id":"1","subject":"a","time":"2027-01-01T00:00:00Z","data":{ "x" : 1 }}`,
		``,
		`not json`,
		`{"id":"2","time":"2027-01-01T00:00:00Z"}`,
		`{"id":3,"subject":"a","time":"2027-01-01T00:00:00Z"}`,
		`{"id":"4","subject":"a","time":"tomorrow"}`,
		`[]`,
	}, "\n")
	records, malformed, err := ReadEvents("e.ndjson", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != 1 || records[0].Where != "e.ndjson:1" {
		t.Errorf("records %+v, want the one of line 1", records)
	}
	if body, err := records[0].Body(); err != nil || string(body) != strings.SplitN(text, "\n", 2)[0] {
		t.Errorf("the event changed: %s (%v)", body, err)
	}
	var got []string
	for _, m := range malformed {
		got = append(got, strings.SplitN(m.String(), ": ", 3)[0]+" "+strings.Fields(m.Message)[0])
	}
	if diff := cmp.Diff([]string{"e.ndjson:3 not", "e.ndjson:4 no", "e.ndjson:5 id", "e.ndjson:6 time:", "e.ndjson:7 not"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func decode(t *testing.T, plan *Plan) []map[string]any {
	t.Helper()
	var out []map[string]any
	for _, r := range plan.Records {
		body, err := r.Body()
		if err != nil {
			t.Fatal(err)
		}
		var e map[string]any
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}
