// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
	"github.com/handoff-sla/handoff/internal/cli/reports"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/resources"
)

func reported(cadence, review, period string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "revenue", Name: cadence + "-" + review + "-" + strings.ToLower(period), Labels: resources.ReviewLabels("mid-market", cadence, review),
			Annotations: map[string]string{resources.PeriodAnnotation: period, resources.ResultAnnotation: "1 green"},
		},
		Data: map[string]string{measurement.ReportKey: "# Week\n\n**1 green.**\n", measurement.ReportHTMLKey: "<html>", measurement.ReportJSONKey: "{}"},
	}
}

func weekly(name string) *slav1alpha1.ReviewCadence {
	c := &slav1alpha1.ReviewCadence{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: name}}
	c.Spec.Reviews = []slav1alpha1.Review{{Name: "weekly"}}
	return c
}

func TestReportForms(t *testing.T) {
	cluster := clusterOf(t, weekly("mid-market"), reported("mid-market", "weekly", "2027-W03"), reported("mid-market", "weekly", "2027-W02"))
	choice := reports.Choice{Namespace: "revenue"}
	cases := map[string]struct {
		flags reportFlags
		want  string
		fails bool
	}{
		"text":     {reportFlags{output: "text"}, "\x1b[1mWeek\x1b[0m\n====\n\n\x1b[1m1 green.\x1b[0m\n", false},
		"markdown": {reportFlags{output: "markdown"}, "# Week\n\n**1 green.**\n", false},
		"html":     {reportFlags{output: "html"}, "<html>", false},
		"json":     {reportFlags{output: "json"}, "{}", false},
		"list":     {reportFlags{output: "text", list: true}, "mid-market-weekly-2027-w03  mid-market  weekly  2027-W03  1 green", false},
		"list of a period": {
			reportFlags{output: "json", list: true, Choice: reports.Choice{Namespace: "revenue", Period: "2027-W02"}}, `"name": "mid-market-weekly-2027-w02"`, false,
		},
		"an empty list":           {reportFlags{output: "json", list: true, Choice: reports.Choice{Namespace: "sales"}}, `"items": []`, false},
		"an empty list, for eyes": {reportFlags{output: "text", list: true, Choice: reports.Choice{Namespace: "sales"}}, "no report in namespace sales that fits", true},
		"a list of no cadence":    {reportFlags{output: "text", list: true, Choice: reports.Choice{Namespace: "revenue", Cadence: "x"}}, "no ReviewCadence x", true},
		"no such period":          {reportFlags{output: "text", Choice: reports.Choice{Namespace: "revenue", Period: "2027-W09"}}, "the newest are weekly 2027-W03", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if tc.flags.Namespace == "" {
				tc.flags.Choice = choice
			}
			got, err := tc.flags.text(t.Context(), cluster, paint.Colours)
			if (err != nil) != tc.fails {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestFindReports(t *testing.T) {
	cluster := clusterOf(t, weekly("a"), weekly("b"), reported("a", "weekly", "2027-W03"), reported("a", "weekly", "2027-W02"))
	cases := map[string]struct {
		choice reports.Choice
		names  []string
		want   string
	}{
		"by name":         {reports.Choice{}, []string{"a-weekly-2027-w02", "a-weekly-2027-w03"}, "2027-W02 2027-W03"},
		"by review":       {reports.Choice{Cadence: "a", Review: "weekly"}, nil, "2027-W03"},
		"by period":       {reports.Choice{Cadence: "a", Period: "2027-W02"}, nil, "2027-W02"},
		"several":         {reports.Choice{Review: "weekly"}, nil, "several ReviewCadences: name one of a, b"},
		"no such report":  {reports.Choice{}, []string{"a-weekly-2027-w02", "x"}, "no report x in namespace revenue"},
		"nothing of that": {reports.Choice{Cadence: "b", Review: "weekly"}, nil, "no report of cadence b yet"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			found, err := findReports(t.Context(), cluster, "revenue", tc.choice, tc.names)
			if err != nil {
				if !strings.Contains(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
				return
			}
			var periods []string
			for _, r := range found {
				periods = append(periods, r.Period)
			}
			if got := strings.Join(periods, " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// What is wrong on the command line is said before the cluster or a ledger is asked.
func TestReportRefuses(t *testing.T) {
	for want, line := range map[string]string{
		`--output "yaml": text, markdown, json or html`:             "report -o yaml",
		`--output "html": a --list is text or json`:                 "report --list -o html",
		`--color "blue": auto, always or never`:                     "report --color blue",
		`--period: "2027-W54" is no period`:                         "report --period 2027-W54",
		"which report: a NAME of `kubectl sla report --list`":       "report verify",
		"NAME, --review with --period, or --file: give one of them": "report verify a --review weekly",
		`--output "xml": text or json`:                              "report verify a -o xml",
		"--seal-only asks no ledger":                                "report verify a --seal-only --contract mid-market",
		"--file names no cluster: --contract NAME":                  "report verify --file report.json",
		`--period: "January" is no period`:                          "report verify --period January",
		"nothing.json: no such file":                                "report verify --seal-only --file nothing.json",
	} {
		_, err := runCLI(t, append(strings.Fields(line), "--kubeconfig", "nothing")...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", line, err, want)
		}
	}
}

// A report.json proves by itself that it fits its seal, and shows when it does not.
func TestVerifyAFile(t *testing.T) {
	text, err := os.ReadFile("../review/testdata/weekly.json")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.json")
	write(t, file, string(text))
	out, err := runCLI(t, "report", "verify", "--seal-only", "--file", file)
	if err != nil || !strings.HasPrefix(out, "Sealed  "+file+" (weekly of cadence mid-market, ") || !strings.Contains(out, "● the seal v1:sha256:") {
		t.Errorf("%v\n%s", err, out)
	}
	write(t, file, strings.Replace(string(text), `"owner": "RevOps"`, `"owner": "Nobody"`, 1))
	out, err = runCLI(t, "report", "verify", "--seal-only", "--file", file, "-o", "json")
	if err == nil || err.Error() != "1 of 1 reports are not as they were made" {
		t.Errorf("error %v", err)
	}
	var said struct {
		Items []struct {
			Standing string   `json:"standing"`
			Flaws    []string `json:"flaws"`
		} `json:"items"`
	}
	if err := json.NewDecoder(bytes.NewReader([]byte(out))).Decode(&said); err != nil || len(said.Items) != 1 || said.Items[0].Standing != "Tampered" {
		t.Errorf("%v\n%s", err, out)
	}
}
