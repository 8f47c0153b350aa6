// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

func analyzeRun(args ...string) (out, warnings string, err error) {
	root := Root(func() time.Time { return time.Unix(0, 0) })
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetArgs(append([]string{"analyze"}, args...))
	err = root.Execute()
	return stdout.String(), stderr.String(), err
}

// olistFile is a file of the real export that lies beside the checkout.
func olistFile(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("HANDOFF_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	file := filepath.Join(folder, name)
	if _, err := os.Stat(file); err != nil {
		t.Skipf("ANALYZE IS NOT CHECKED AGAINST REAL LEADS: %v; name their folder with HANDOFF_SHARED_DATA", err)
	}
	return file
}

type analysis struct {
	Leads, Converted int
	Fields           []struct {
		Field, Strength string
		Values          []struct {
			Value            string
			Leads, Converted int
		}
	}
	LeftOut []struct{ Property, Why string }
	Draft   struct {
		CrossValidatedAUC, AUCOnTheLeadsFitted float64
		Threshold                              int
		Warnings                               []string
		Thresholds                             []struct{ Threshold, Qualified, Converted int }
	}
}

func TestAnalyzeRealLeads(t *testing.T) {
	leads, deals := olistFile(t, "olist_marketing_qualified_leads_dataset.csv"), olistFile(t, "olist_closed_deals_dataset.csv")
	out, warnings, err := analyzeRun("--leads", leads, "--leads", deals, "--outcome", "has(row.won_date)", "-o", "json")
	if err != nil || warnings != "" {
		t.Fatal(err, warnings)
	}
	var got analysis
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Leads != 8000 || got.Converted != 842 {
		t.Errorf("%d of %d won, want 842 of 8,000", got.Converted, got.Leads)
	}
	won := map[string][2]int{}
	for _, f := range got.Fields {
		for _, v := range f.Values {
			if f.Field == "origin" {
				won[v.Value] = [2]int{v.Converted, v.Leads}
			}
		}
	}
	for origin, want := range map[string][2]int{
		"organic search": {271, 2296}, "paid search": {195, 1586}, "social": {75, 1350}, "unknown": {179, 1099},
		"direct traffic": {56, 499}, "email": {15, 493}, "referral": {24, 284},
	} {
		if diff := cmp.Diff(want, won[origin]); diff != "" {
			t.Errorf("%s: %s", origin, diff)
		}
	}
	why := map[string]string{}
	for _, l := range got.LeftOut {
		why[l.Property] = l.Why
	}
	want := map[string]string{"mql_id": "id", "first_contact_date": "date", "won_date": "outcome"}
	for _, leak := range []string{
		"seller_id", "sdr_id", "sr_id", "business_segment", "lead_type", "lead_behaviour_profile", "has_company", "has_gtin", "average_stock",
		"business_type", "declared_product_catalog_size", "declared_monthly_revenue",
	} {
		want[leak] = "leak"
	}
	if diff := cmp.Diff(want, why); diff != "" {
		t.Error(diff)
	}
	if len(got.Draft.Warnings) == 0 || !strings.Contains(got.Draft.Warnings[0], "the score is weak") {
		t.Errorf("landing page and origin alone are weak, warnings %q", got.Draft.Warnings)
	}
	replayDraft(t, got, leads, deals)
}

// replayDraft scores the export by the definition that -o yaml writes, as the operator would.
func replayDraft(t *testing.T, reported analysis, leads, deals string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "draft.yaml")
	text, _, err := analyzeRun("--leads", leads, "--leads", deals, "--outcome", "won_date", "-o", "yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	docs, err := manifest.Read(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	definition, err := convert.Definition(docs[0].Definition.Spec)
	if err != nil {
		t.Fatal(err)
	}
	program, err := lead.Compile(definition)
	if err != nil {
		t.Fatal(err)
	}
	won := map[string]bool{}
	for _, deal := range csvRows(t, deals) {
		won[deal["mql_id"].(string)] = true
	}
	var scores []float64
	var outcomes []bool
	qualified := 0
	for _, properties := range csvRows(t, leads) {
		journey := program.Explain([]lead.Event{{Kind: lead.KindCaptured, Time: time.Unix(0, 0), Properties: properties}})
		scores, outcomes = append(scores, float64(journey.Clamped)), append(outcomes, won[properties["mql_id"].(string)])
		if journey.Clamped >= reported.Draft.Threshold {
			qualified++
		}
	}
	auc := stats.AUC(scores, outcomes)
	if math.Abs(auc-reported.Draft.AUCOnTheLeadsFitted) > 1e-9 || math.Abs(auc-reported.Draft.CrossValidatedAUC) > 0.03 {
		t.Errorf("the definition has an AUC of %.4f; reported %.4f, cross-validated %.4f", auc, reported.Draft.AUCOnTheLeadsFitted, reported.Draft.CrossValidatedAUC)
	}
	for _, cut := range reported.Draft.Thresholds {
		if cut.Threshold == reported.Draft.Threshold && cut.Qualified != qualified {
			t.Errorf("%d leads reach the threshold, reported %d", qualified, cut.Qualified)
		}
	}
}

func csvRows(t *testing.T, file string) []map[string]any {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]any
	for _, row := range rows[1:] {
		properties := map[string]any{}
		for i, cell := range row {
			properties[rows[0][i]] = cell
		}
		out = append(out, properties)
	}
	return out
}

// smallExport is enough for a draft: demo leads convert, and no other does but a few.
func smallExport(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("lead_id,origin,numberofemployees,won\n")
	for i := range 300 {
		origin, won := "newsletter", i%11 == 0
		if i%3 == 0 {
			origin, won = "demo", i%2 == 0
		}
		fmt.Fprintf(&b, "l%d,%s,%d,%v\n", i, origin, 10+i%90, won)
	}
	file := filepath.Join(t.TempDir(), "leads.csv")
	if err := os.WriteFile(file, []byte(b.String()+"short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAnalyzeForms(t *testing.T) {
	file := smallExport(t)
	sample := filepath.Join("..", "..", "config", "samples", "leaddefinition.yaml")
	cases := map[string]struct {
		args []string
		want []string
	}{
		"text":            {nil, []string{"300 leads, 68 converted", "origin == \"demo\"", "suggested"}},
		"markdown":        {[]string{"-o", "markdown"}, []string{"### Fields, the most informative first", "| demo | 100 |", "`lead.origin == \"demo\"`"}},
		"yaml":            {[]string{"-o", "yaml", "--name", "spring"}, []string{"name: spring", "# 100 leads, 50 converted: 50.0%"}},
		"of a definition": {[]string{"-f", sample}, []string{"source (column origin)"}},
		"yaml of a definition": {
			[]string{"-f", sample, "-o", "yaml"}, []string{"name: mid-market", "lead.source == \"demo\"", "signal: pricingView", "namespace: revenue"},
		},
		"without a column": {[]string{"--exclude", "origin"}, []string{"excluded on the command line", "None: no field separates"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, warnings, err := analyzeRun(append([]string{"--leads", file, "--outcome", "won"}, tc.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if !strings.Contains(warnings, ":302: 1 cell instead of 4") {
				t.Errorf("the short row is not located: %q", warnings)
			}
		})
	}
}

func TestAnalyzeErrors(t *testing.T) {
	file := smallExport(t)
	contract := filepath.Join("..", "..", "config", "samples", "slacontract.yaml")
	cases := map[string]struct {
		args []string
		want string
	}{
		"no leads":         {[]string{"--outcome", "won"}, "--leads FILE"},
		"no outcome":       {[]string{"--leads", file}, "--outcome is missing"},
		"unknown outcome":  {[]string{"--leads", file, "--outcome", "wn"}, "columns are lead_id, origin, numberofemployees, won"},
		"unknown output":   {[]string{"--leads", file, "--outcome", "won", "-o", "html"}, `--output "html"`},
		"unknown column":   {[]string{"--leads", file, "--outcome", "won", "--exclude", "origins"}, "--exclude: no column \"origins\"; did you mean 'origin'?"},
		"small sample":     {[]string{"--leads", file, "--outcome", "won", "--sample", "10"}, "--sample 10"},
		"no definition":    {[]string{"--leads", file, "--outcome", "won", "-f", contract}, "no LeadDefinition"},
		"strict":           {[]string{"--leads", file, "--outcome", "won", "--strict"}, ":302: 1 cell instead of 4"},
		"nothing to draft": {[]string{"--leads", file, "--outcome", "won", "--exclude", "origin", "-o", "yaml"}, "no draft can be made"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := analyzeRun(tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}
