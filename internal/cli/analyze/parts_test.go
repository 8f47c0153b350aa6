// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

func TestInfer(t *testing.T) {
	hundred := func(text, other string) []string { return append(slices.Repeat([]string{text}, 99), other) }
	cases := map[string]struct {
		texts []string
		want  lead.FieldType
	}{
		"whole":              {[]string{"1", "-20", "300.0"}, lead.Integer},
		"decimal":            {[]string{"1", "2.5"}, lead.Number},
		"booleans":           {[]string{"true", "FALSE"}, lead.Boolean},
		"dates":              {[]string{"2027-01-01", "2027-01-01 10:00:00"}, lead.Timestamp},
		"texts":              {[]string{"a", "1"}, lead.String},
		"one in a hundred":   {hundred("1", "n/a"), lead.Integer},
		"two in a hundred":   {append(hundred("1", "n/a")[1:], "?"), lead.String},
		"a number and dates": {hundred("2027-01-01", "7"), lead.Timestamp},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := infer(tc.texts); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
		})
	}
}

func TestNameFields(t *testing.T) {
	columns := []Column{
		{Property: "landing_page_id"},
		{Property: "Lead Source"},
		{Property: "landing page id"},
		{Property: "1st touch"},
		{Property: "größe"},
		{Property: "in"},
		{Property: "%"},
		{Property: "x", Field: "gre"},
		{Property: strings.Repeat("a", 70)},
		{Property: strings.Repeat("a", 71)},
	}
	NameFields(columns)
	var got []string
	for _, c := range columns {
		got = append(got, c.Field)
	}
	want := []string{
		"landingPageId", "leadSource", "landingPageId2", "f1stTouch", "grE", "inValue", "field", "gre",
		strings.Repeat("a", 63), strings.Repeat("a", 62) + "2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSampleIsBoundedAndUniform(t *testing.T) {
	draw := func(order []int) *Sample {
		s := NewSample([]Column{{Property: "id", ID: true}}, 2000)
		for _, i := range order {
			s.Add(fmt.Sprint(i), []string{fmt.Sprint(i)})
		}
		return s
	}
	order := every(40_000)
	s := draw(order)
	slices.Reverse(order)
	if diff := cmp.Diff(len(s.members), 2000); diff != "" {
		t.Error(diff)
	}
	for id := range draw(order).members {
		if _, same := s.members[id]; !same {
			t.Fatal("another order of the leads gives another sample")
		}
	}
	s.Judge(func([]string) bool { return false })
	parts := make([]int, 10) // 200 each, standard deviation 13
	last := -1
	for _, kept := range s.kept {
		var i int
		if _, err := fmt.Sscan(kept.cells[0], &i); err != nil || i <= last {
			t.Fatalf("lead %q after %d: not in the order of the file", kept.cells[0], last)
		}
		last = i
		parts[i/4000]++
	}
	if slices.Min(parts) < 145 || slices.Max(parts) > 255 || s.Whole() || s.Rows != 40_000 {
		t.Errorf("kept %v", parts)
	}
}

func TestFurtherRowsUpdate(t *testing.T) {
	s := NewSample([]Column{{Property: "id"}, {Property: "a"}, {Property: "b"}}, 1000)
	s.Add("1", []string{"1", "x", "y"})
	s.Add("2", []string{"2", "", ""})
	s.Add("1", []string{"1", "z", ""})
	s.Join("2", []string{"", "", "joined"})
	s.Join("3", []string{"3", "nobody", ""})
	s.Judge(func([]string) bool { return true })
	var got [][]string
	for _, r := range s.kept {
		got = append(got, r.cells)
	}
	if diff := cmp.Diff([][]string{{"1", "z", "y"}, {"2", "", "joined"}}, got); diff != "" || !s.Whole() {
		t.Error(diff)
	}
}

func TestBandsOfNumbers(t *testing.T) {
	v := &variable{kind: lead.Integer, field: "n"}
	texts := make([]string, 1000)
	outcomes := make([]bool, 1000)
	for i := range texts {
		texts[i], outcomes[i] = fmt.Sprint(i*13), i >= 400 && i < 700 && i%3 > 0
	}
	texts[5] = ""
	v.fillNumbers(texts)
	var labels []string
	total := 0
	for _, l := range v.levels(every(1000), outcomes) {
		labels = append(labels, v.label(l))
		total += l.cell.Total()
	}
	want := []string{
		"below 1300", "1300 to below 2600", "2600 to below 3900", "3900 to below 5200", "5200 to below 6500", "6500 to below 7800",
		"7800 to below 9100", "9100 to below 10000", "10000 to below 12000", "12000 and above", "(absent)",
	}
	if diff := cmp.Diff(want, labels); diff != "" || total != 1000 {
		t.Errorf("%d leads %s", total, diff)
	}
	c := newClassing(v, every(1000), outcomes)
	var conditions []string
	for n := range c.classes {
		conditions = append(conditions, c.conditions(n)...)
	}
	// 0 to 5200 never convert, 5200 to 9100 do, the rest never; the largest class is the reference.
	if diff := cmp.Diff([]string{"lead.n < 5200", "lead.n >= 5200 && lead.n < 9100", "lead.n >= 9100"}, conditions); diff != "" {
		t.Error(diff)
	}
	for i := range texts {
		want := map[bool]int{true: 1}[i >= 400 && i < 700]
		if i >= 700 {
			want = 2
		}
		if got := c.of(i); i != 5 && got != want {
			t.Fatalf("%s is in class %d, want %d", texts[i], got, want)
		}
	}
}

func TestSayable(t *testing.T) {
	for _, tc := range []struct {
		kind lead.FieldType
		x, y float64
	}{
		{lead.Integer, 12345, 12000},
		{lead.Integer, 97, 97},
		{lead.Number, 0.02571, 0.026},
		{lead.Number, -1.449, -1.4},
		{lead.Number, 0, 0},
		{lead.Timestamp, 86400*3 + 5, 86400 * 3},
	} {
		if got := (&variable{kind: tc.kind}).sayable(tc.x); math.Abs(got-tc.y) > 1e-12 {
			t.Errorf("%s %g: %g, want %g", tc.kind, tc.x, got, tc.y)
		}
	}
}

func TestLongListsBecomeSeveralRules(t *testing.T) {
	v := &variable{kind: lead.String, field: "page"}
	k := class{}
	for i := range 40 {
		v.names = append(v.names, fmt.Sprintf("%064d", i))
		k.levels = append(k.levels, level{code: i})
	}
	k.levels = append(k.levels, level{absent: true})
	c := &classing{variable: v, classes: []class{{}, k}}
	conditions := c.conditions(1)
	seen := 0
	for _, text := range conditions {
		seen += strings.Count(text, "0000")/16 + strings.Count(text, "nothing")
		if len(text) > 2048 {
			t.Errorf("%d characters", len(text))
		}
	}
	if len(conditions) < 2 || !strings.HasPrefix(conditions[0], "!has(lead.page) || lead.page in [") || strings.HasPrefix(conditions[1], "!has") {
		t.Errorf("%q", conditions)
	}
	if all := strings.Join(conditions, " "); strings.Count(all, `"`) != 80 {
		t.Errorf("%d quotes, want those of 40 texts", strings.Count(all, `"`))
	}
}

func TestPresenceLeaks(t *testing.T) {
	cases := map[string]struct {
		with, without stats.Cell
		leaks         bool
	}{
		"winners only":           {stats.Cell{Yes: 63}, stats.Cell{Yes: 779, No: 7158}, true},
		"almost only":            {stats.Cell{Yes: 990, No: 10}, stats.Cell{Yes: 10, No: 8000}, true},
		"a good sign":            {stats.Cell{Yes: 90, No: 10}, stats.Cell{Yes: 10, No: 8000}, false},
		"two winners, by chance": {stats.Cell{Yes: 2}, stats.Cell{Yes: 840, No: 7158}, false},
		"everybody":              {stats.Cell{Yes: 842, No: 7158}, stats.Cell{}, false},
		"losers only":            {stats.Cell{No: 2000}, stats.Cell{Yes: 842, No: 5158}, true},
		"nobody of a few":        {stats.Cell{No: 60}, stats.Cell{Yes: 842, No: 7098}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := &Sample{}
			for mark, c := range map[string]stats.Cell{"x": tc.with, "": tc.without} {
				for i := range c.Total() {
					s.kept = append(s.kept, row{cells: []string{mark}, converted: i < c.Yes})
				}
			}
			if got := s.presenceLeaks(func(r row) bool { return r.cells[0] != "" }); (got != "") != tc.leaks {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestLoadJoinsAndLocates(t *testing.T) {
	leads := writeFile(t, "leads.csv", "lead_id,source,size\nl1,web,10\nl2,,20\nbroken\n,web,30\nl3,mail,\nl1,ad,\n")
	deals := writeFile(t, "deals.ndjson", `{"lead_id":"l3","amount":7,"source":"late"}`+"\n"+`{"lead_id":"l9","amount":8}`+"\n")
	s, problems, err := Load(t.Context(), Input{Files: []string{leads, deals}, Outcome: "amount", Size: 1000, IDColumn: "lead_id"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"lead_id", "source", "size", "amount"}, properties(s.Columns)); diff != "" {
		t.Error(diff)
	}
	if s.Columns[3].File != "deals.ndjson" || !s.Columns[3].Truth || !s.Columns[0].ID {
		t.Errorf("%+v", s.Columns)
	}
	var got [][]string
	for _, r := range s.kept {
		got = append(got, append(slices.Clone(r.cells), fmt.Sprint(r.converted)))
	}
	want := [][]string{{"l1", "ad", "10", "", "false"}, {"l2", "", "20", "", "false"}, {"l3", "late", "", "7", "true"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if problems.ByKind[leadfile.KindCells] != 1 || problems.ByKind[leadfile.KindID] != 2 || problems.Count != 3 {
		t.Errorf("%+v", problems)
	}
	for name, in := range map[string]Input{
		"no such file":  {Files: []string{leads + "x"}, Outcome: "size", Size: 1000},
		"no such id":    {Files: []string{leads}, Outcome: "size", Size: 1000, IDColumn: "key"},
		"no outcome":    {Files: []string{leads}, Outcome: "wn", Size: 1000, IDColumn: "lead_id"},
		"nothing in it": {Files: []string{writeFile(t, "e.csv", "id,a\n")}, Outcome: "a", Size: 1000, IDColumn: "id"},
		"strict":        {Files: []string{leads}, Outcome: "size", Size: 1000, IDColumn: "lead_id", Options: leadfile.Options{Strict: true}},
	} {
		if _, _, err := Load(t.Context(), in); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The lead's id is found as a backtest finds it, so that both speak of the same leads.
func TestLoadFindsTheIDAsABacktest(t *testing.T) {
	leads := "account_id,lead_id,size\nA1,L1,10\nA1,L2,20\nA2,L3,30\n"
	cases := map[string]struct {
		leads, deals, fails string
		leadsOf, won        int
	}{
		"an id of accounts first":       {leads: leads, deals: "account_id,lead_id,stage\nA1,L2,won\n", leadsOf: 3, won: 1},
		"another name in the deals":     {leads: "id,size\n1,10\n2,20\n", deals: "mql_id,stage\n1,won\n", leadsOf: 2, won: 1},
		"an empty file of deals beside": {leads: "id,stage\n1,won\n2,\n", deals: "", leadsOf: 2, won: 1},
		"no id in the deals":            {leads: "id,size\n1,10\n2,20\n", deals: "email,stage\nx,won\n", fails: "deals.csv: no column"},
		"nothing at all":                {leads: "", deals: " \n", fails: "deals.csv: the file is empty"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, problems, err := Load(t.Context(), Input{Files: []string{writeFile(t, "leads.csv", tc.leads), writeFile(t, "deals.csv", tc.deals)}, Outcome: "stage", Size: 1000})
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Fatalf("error %v, want one with %q", err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := s.cell(); got.Total() != tc.leadsOf || got.Yes != tc.won || problems.ByKind[leadfile.KindID] != 0 {
				t.Errorf("%d of %d converted, %+v", got.Yes, got.Total(), problems)
			}
		})
	}
}

// A lead without a date counts, since an analysis needs none; that a backtest leaves it out is said once.
func TestLoadTellsOfLeadsThatABacktestLeavesOut(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"all have a date": {"id,created,won\n1,2026-01-01,1\n2,2026-01-02,0\n", ""},
		"no dates at all": {"id,size,won\n1,2,1\n2,4,0\n", ""},
		"one has none": {
			"id,created,won\n1,2026-01-01,1\n2,,0\n3,2026-01-02,0\n",
			`:3: no date in column "created"; the lead counts here, a backtest leaves it out`,
		},
		"some are none": {
			"id,created,won\n1,2026-01-01,1\n2,2026-02-30,0\n3,2026-01-02,0\n4,,1\n",
			`: "2026-02-30" is not a date: RFC 3339, YYYY-MM-DD hh:mm:ss or YYYY-MM-DD, as in 2 rows in all; they count here, a backtest leaves them out`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, problems, err := Load(t.Context(), Input{Files: []string{writeFile(t, "leads.csv", tc.text)}, Outcome: "won", Size: 1000})
			if err != nil || len(s.kept) != strings.Count(tc.text, "\n")-1 {
				t.Fatalf("%v, %+v", err, s)
			}
			got := ""
			if problems.Count > 0 {
				got = problems.First[0].String()
			}
			if tc.want == "" && got != "" || !strings.HasSuffix(got, tc.want) || problems.Count > 1 {
				t.Errorf("%d problems, %q; want %q", problems.Count, got, tc.want)
			}
		})
	}
}

func TestLoadReadsTheDefinitionsFields(t *testing.T) {
	leads := writeFile(t, "leads.csv", "id,numberofemployees\n1,many\n2,20\n")
	s, _, err := Load(t.Context(), Input{
		Files: []string{leads}, Outcome: "lead.employees > 10", Size: 1000,
		Fields: []lead.Field{{Name: "employees", Type: lead.Integer, Property: "numberofemployees"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c := s.Columns[1]; c.Field != "employees" || c.Type != lead.Integer || !c.Truth {
		t.Errorf("%+v", c)
	}
	if got := s.cell(); got.Yes != 1 || got.No != 1 {
		t.Errorf("%+v", got)
	}
}

func TestOneLine(t *testing.T) {
	if got := oneLine("a\tb\n\x1b[31mc "); got != "a b [31mc" {
		t.Errorf("%q", got)
	}
}

// Who interrupts the reading of a long file need not wait for its end.
func TestLoadIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	_, _, err := Load(ctx, Input{Files: []string{writeFile(t, "leads.csv", "id,won\n1,yes\n2,no\n")}, Outcome: "won", Size: 10})
	if !errors.Is(err, stopped) {
		t.Errorf("error %v, want %v", err, stopped)
	}
}

// In a file in order of time the members that tell of conversion come late.
func TestOutcomeThatComesLate(t *testing.T) {
	var b strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&b, "{\"id\":\"%d\",\"size\":60,\"page\":\"pricing\"}\n", i)
	}
	for i := range 100 {
		fmt.Fprintf(&b, "{\"id\":\"w%d\",\"size\":60,\"stage\":\"Won\"}\n", i)
	}
	in := Input{Files: []string{writeFile(t, "leads.ndjson", b.String())}, Outcome: "stage", Size: 30_000}
	s, _, err := Load(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	converted := 0
	for _, r := range s.kept {
		if r.converted {
			converted++
		}
	}
	if converted != 100 {
		t.Errorf("%d converted, want 100", converted)
	}
	in.Outcome = "stge"
	if _, _, err := Load(t.Context(), in); err == nil || !strings.Contains(err.Error(), `no line has "stge"`) {
		t.Errorf("error %v, want one that says that no line has it", err)
	}
}
