// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	sampleDefinition = "../../config/samples/leaddefinition.yaml"
	otherDefinition  = "../../docs/examples/leaddefinition-stricter.yaml"
	sampleLeads      = "../../docs/examples/leads.csv"
	sampleActivities = "../../docs/examples/activities.csv"
)

func TestBacktestJSON(t *testing.T) {
	out, err := runCLI(t, "backtest", "-f", otherDefinition, "--against", sampleDefinition, "--leads", sampleLeads, "--activities", sampleActivities,
		"--contract", "../../config/samples/slacontract.yaml", "--outcome", "won_date", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Leads, MQLs, Converted int
		Precision, Recall, AUC float64
		Flips                  struct{ Gained, Lost int }
		Volume                 struct{ Target int }
		Months                 []struct {
			Month                  string
			Leads, MQLs, Converted int
		}
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	leads, mqls, converted := 0, 0, 0
	for _, m := range r.Months {
		leads, mqls, converted = leads+m.Leads, mqls+m.MQLs, converted+m.Converted
	}
	if r.Leads != 120 || leads != 120 || mqls != r.MQLs || converted != r.Converted || r.Flips.Gained != 1 || r.Flips.Lost != 5 || r.Volume.Target != 133 {
		t.Errorf("%+v", r)
	}
	if r.Precision <= 0 || r.Recall <= 0 || r.AUC <= 0.5 {
		t.Errorf("precision %v, recall %v, AUC %v", r.Precision, r.Recall, r.AUC)
	}
}

func TestBacktestGatesAndFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	args := []string{"backtest", "-f", sampleDefinition, "--leads", sampleLeads, "--outcome", "won_date", "-o", "markdown", "--output-file", file}
	_, err := runCLI(t, append(args, "--fail-on", "leads > 100", "--fail-on", "mqls > 1000")...)
	if err == nil || !strings.Contains(err.Error(), `"leads > 100" holds (leads = 120)`) || strings.Contains(err.Error(), "1000") {
		t.Errorf("error %v, want the gate that holds, and only that", err)
	}
	text, err := os.ReadFile(file)
	if err != nil || !strings.HasPrefix(string(text), "### Backtest of mid-market on 120 leads") {
		t.Errorf("the report is not written before a gate fails: %v\n%.80s", err, text)
	}
}

func TestBacktestRefuses(t *testing.T) {
	cases := map[string]struct {
		args []string
		want string
	}{
		"no definition":      {[]string{"--leads", sampleLeads}, "no definition"},
		"no leads":           {[]string{"-f", sampleDefinition}, "nothing to read"},
		"an unknown output":  {[]string{"-f", sampleDefinition, "--leads", sampleLeads, "-o", "pdf"}, "text, markdown, json or html"},
		"an unknown gate":    {[]string{"-f", sampleDefinition, "--leads", sampleLeads, "--fail-on", "recal < 1"}, "did you mean 'recall'"},
		"an unknown outcome": {[]string{"-f", sampleDefinition, "--leads", sampleLeads, "--outcome", "row.won == \"x\""}, "won_date"},
		"no such file":       {[]string{"-f", sampleDefinition, "--leads", "absent.csv"}, "absent.csv"},
		"no such id":         {[]string{"-f", sampleDefinition, "--leads", sampleLeads, "--id-column", "key"}, "columns are lead_id"},
		"a contract alone":   {[]string{"-f", "../../config/samples/slacontract.yaml", "--leads", sampleLeads}, "no LeadDefinition"},
		"stdin twice":        {[]string{"-f", sampleDefinition, "--leads", "-", "--events", "-"}, "once only"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := runCLI(t, append([]string{"backtest"}, tc.args...)...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
}

// The contract beside the definition gives the volume target unasked.
func TestBacktestFindsTheContract(t *testing.T) {
	out, err := runCLI(t, "backtest", "-f", "../../config/samples", "--leads", sampleLeads)
	if err != nil || !strings.Contains(out, "asks for 133 MQLs a month") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = runCLI(t, "backtest", "-f", sampleDefinition, "--leads", sampleLeads)
	if err != nil || !strings.Contains(out, "asks for 133 MQLs a month") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestExplainVerb(t *testing.T) {
	args := []string{"explain", "lead-116", "-f", otherDefinition, "--leads", sampleLeads, "--activities", sampleActivities}
	out, err := runCLI(t, args...)
	for _, want := range []string{"lead-116 is no MQL", "2 points short", "no demo request and no trial", "2 more points (threshold 75)"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: no %q in\n%s", err, want, out)
		}
	}
	later, err := runCLI(t, append(args, "--at", "2026-12-01")...)
	if err != nil || !strings.Contains(later, "as of 2026-12-01") || later == out {
		t.Errorf("%v\n%s", err, later)
	}
	if _, err := runCLI(t, append(args, "--at", "2020-01-01")...); err == nil || !strings.Contains(err.Error(), "nothing is known") {
		t.Errorf("error %v for a time before the lead", err)
	}
	if _, err := runCLI(t, "explain", "nobody", "-f", otherDefinition, "--leads", sampleLeads); err == nil || !strings.Contains(err.Error(), `no lead "nobody"`) {
		t.Errorf("error %v for a lead that is not there", err)
	}
}

func TestProgressLine(t *testing.T) {
	if got, want := progressLine(1000, 250, 1000, 2*time.Second), "1000 rows, 500 a second, 25 %, 6s to go"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := progressLine(1000, 250, 0, 2*time.Second), "1000 rows, 500 a second"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// What keeps the contract beside a definition from being used is said; an absent namespace is any.
func TestBacktestTellsOfTheContractBeside(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("../../config/samples", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	definition, contract := read("leaddefinition.yaml"), read("slacontract.yaml")
	cases := map[string]struct{ contract, want string }{
		"no namespace":       {strings.Replace(contract, "  namespace: revenue\n", "", 1), "MONTH (America/New_York)"},
		"another intent":     {strings.Replace(contract, "intent: High", "intent: Highest", 1), `does not fit the definition: terms.sales.firstContact names the intent "Highest"`},
		"a contract too bad": {contract + "\n  terms: [", "no contract is known; left out beside the definition:"},
		"two contracts":      {contract + "\n---\n" + strings.Replace(contract, "  name: mid-market\n", "  name: other\n", 1), "2 contracts refer to the definition"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"leaddefinition.yaml": definition, "slacontract.yaml": tc.contract} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := runCLI(t, "backtest", "-f", filepath.Join(dir, "leaddefinition.yaml"), "--leads", sampleLeads)
			if err != nil || !strings.Contains(out, tc.want) || tc.contract == contract {
				t.Errorf("%v: no %q in\n%s", err, tc.want, out)
			}
		})
	}
}
