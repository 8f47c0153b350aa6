// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

func read(t *testing.T, rule string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "rules", rule+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// replace the one place at which a text has another.
func replace(t *testing.T, text, old, by string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, by, 1)
}

func lintText(t *testing.T, text string) (lint.Report, error) {
	t.Helper()
	docs, err := manifest.Scan("-", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return lint.Run(t.Context(), docs, lint.Options{Now: now})
}

// brief is one line a finding.
func brief(r lint.Report) []string {
	var out []string
	for _, f := range r.Findings {
		if !f.Suppressed {
			out = append(out, fmt.Sprintf("%d:%d %s %s", f.Line, f.Column, f.Rule, f.Path))
		}
	}
	return out
}

func TestPositionsInExpressions(t *testing.T) {
	const rule = "spec.scoring.groups[0].rules[0].when"
	tests := map[string]struct {
		rules string // takes the place of the flow mapping on line 18
		want  string
	}{
		"single quotes": {`- {name: size, when: 'lead.employes >= 50', points: 50}`, "18:33"},
		"quotes within quotes": {
			`- {name: size, when: '"it''s" != "" && lead.employes >= 50', points: 50}`, "18:50",
		},
		"double quotes": {`- {name: size, when: "\"a\" == \"a\" && lead.employes >= 50", points: 50}`, "18:51"},
		"escapes":       {`- {name: size, when: "\u0022a\x22 != '' && lead.employes >= 50", points: 50}`, "18:54"},
		"plain":         {"- name: size\n        when: lead.employes >= 50\n        points: 50", "19:19"},
		"literal":       {"- name: size\n        when: |\n          true &&\n          lead.employes >= 50\n        points: 50", "21:15"},
		"folded":        {"- name: size\n        when: >-\n          true &&\n          lead.employes >= 50\n        points: 50", "19:15"},
		"alias":         {"- {name: size, when: &e 'lead.employes >= 50', points: 20}\n      - {name: two, when: *e, points: 30}", "18:36"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			text := replace(t, read(t, "cap-above-group"), "- {name: size, when: 'lead.employees >= 50', points: 50}", tc.rules)
			report, err := lintText(t, text)
			if err != nil {
				t.Fatal(err)
			}
			got := brief(report)
			if len(got) == 0 || got[0] != tc.want+" invalid-expression "+rule {
				t.Errorf("%v, want one at %s", got, tc.want)
			}
		})
	}
}

func TestOddFiles(t *testing.T) {
	valid := read(t, "no-decay")
	tests := map[string]struct {
		text string
		want []string
	}{
		"broken":             {"kind: [\n", []string{"1:1 unreadable "}},
		"broken second":      {valid + "---\n a: b: c\n", []string{"13:3 no-decay spec.scoring", fmt.Sprintf("%d:1 unreadable ", strings.Count(valid, "\n")+2)}},
		"tab":                {strings.Replace(valid, "  scoring:", "\tscoring:", 1), []string{"13:1 unreadable "}},
		"carriage returns":   {strings.ReplaceAll(valid, "\n", "\r\n"), []string{"13:3 no-decay spec.scoring"}},
		"byte order mark":    {"\ufeff" + valid, []string{"13:3 no-decay spec.scoring"}},
		"empty documents":    {"---\n---\n" + valid + "---\n# nothing\n", []string{"15:3 no-decay spec.scoring"}},
		"among others":       {"kind: ConfigMap\nmetadata: {name: 5}\n---\n" + valid, []string{"16:3 no-decay spec.scoring"}},
		"a number as a name": {strings.Replace(valid, "name: inbound", "name: 5", 1), []string{"4:9 schema metadata.name"}},
		"no spec": {
			"apiVersion: sla.handoff.dev/v1alpha1\nkind: ReviewCadence\nmetadata: {name: a}\n", []string{"1:1 schema spec"},
		},
		"another version": {strings.Replace(valid, "v1alpha1", "v1", 1), []string{"1:13 unknown-kind apiVersion"}},
		"metadata":        {strings.Replace(valid, "  name: inbound", "  nam: inbound", 1), []string{"4:3 unknown-field metadata"}},
		"an alias of itself": {
			"apiVersion: sla.handoff.dev/v1alpha1\nkind: ReviewCadence\nmetadata: {name: a}\nspec: &s {reviews: [*s, *s]}\n",
			[]string{"1:1 unreadable ", "4:11 unknown-field spec.reviews[0]", "4:11 unknown-field spec.reviews[1]"},
		},
		"measurement": {"apiVersion: sla.handoff.dev/v1alpha1\nkind: SLAMeasurement\nmetadata: {name: a}\nspecs: {}\n", []string{"4:1 unknown-field "}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			report, err := lintText(t, tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, brief(report)); diff != "" {
				t.Errorf("%s\n%s", diff, render(t, "text", report))
			}
		})
	}
}

func TestNothingToLint(t *testing.T) {
	for _, text := range []string{"", "\n", "# a comment\n", "---\n---\n", "apiVersion: v1\nkind: ConfigMap\n"} {
		if _, err := lintText(t, text); !errors.Is(err, lint.ErrNothing) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestComplete(t *testing.T) {
	for _, rule := range []string{"definition-not-found", "contract-not-found"} {
		report := run(t, lint.Options{Now: now, Complete: true}, "testdata/rules/"+rule+".yaml")
		if !slices.ContainsFunc(report.Findings, func(f lint.Finding) bool { return f.Rule == rule && f.Severity == lint.Error }) {
			t.Errorf("%s is no error:\n%s", rule, render(t, "text", report))
		}
	}
}

func TestReferencesDoNotCrossNamespaces(t *testing.T) {
	text := read(t, "definition-not-found") + "---\n" + strings.Replace(read(t, "no-decay"), "namespace: revenue", "namespace: another", 1)
	report, err := lintText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	if out := render(t, "text", report); !strings.Contains(out, `the one in namespace "another" is another`) {
		t.Error(out)
	}
}

func TestPathsTogether(t *testing.T) {
	rules := filepath.Join("testdata", "rules")
	report := run(t, lint.Options{Now: now}, filepath.Join(rules, "no-decay.yaml"), filepath.Join(rules, "definition-not-found.yaml"))
	if slices.ContainsFunc(report.Findings, func(f lint.Finding) bool { return f.Rule == "definition-not-found" }) {
		t.Errorf("the definition is in another file:\n%s", render(t, "text", report))
	}
	if want := (lint.Summary{Files: 2, Objects: 2, Advice: 1, Suppressed: 3}); report.Summary != want {
		t.Errorf("summary %+v, want %+v", report.Summary, want)
	}
}

func TestVerdict(t *testing.T) {
	tests := map[string][3]bool{ // at error, warning, advice
		"schema":                {true, true, true},
		"criterion-always-true": {false, true, true},
		"no-decay":              {false, false, true},
	}
	for rule, want := range tests {
		report := run(t, lint.Options{Now: now}, "testdata/rules/"+rule+".yaml")
		for i, severity := range []lint.Severity{lint.Error, lint.Warning, lint.Advice} {
			if got := report.Verdict(severity) != nil; got != want[i] {
				t.Errorf("%s at %s: %v", rule, severity, got)
			}
		}
	}
}

// A rule says "no lead" only where that is certain.
func TestNoFalseAlarms(t *testing.T) {
	text := read(t, "path-never-taken")
	for _, second := range []string{
		"lead.employees < 300", `lead.company.startsWith("A")`, "signals.demo.count > 2", "lead.employees * -1 < 100", "!has(lead.employees) || lead.employees > 300",
	} {
		report, err := lintText(t, replace(t, text, "'lead.employees < 100'", "'"+second+"'"))
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(report); len(got) > 0 {
			t.Errorf("%s: %v", second, got)
		}
	}
}

func TestLookup(t *testing.T) {
	asked := []string{}
	options := lint.Options{Now: now, Lookup: func(_ context.Context, kind, namespace, name string) (string, error) {
		asked = append(asked, kind+" "+namespace+"/"+name)
		switch kind {
		case "SLAContract":
			return read(t, "definition-not-found"), nil
		default:
			return read(t, "no-decay"), nil
		}
	}}
	report := run(t, options, "testdata/rules/contract-not-found.yaml", "testdata/rules/misfit.yaml")
	if got := without(brief(report), "misfit"); len(got) > 0 {
		t.Error(got)
	}
	// What is there is asked for once, for what is scheduled under its name.
	if diff := cmp.Diff([]string{"LeadDefinition revenue/inbound", "SLAContract revenue/inbound"}, asked); diff != "" {
		t.Error(diff)
	}
	asked = nil

	report = run(t, options, "testdata/rules/contract-not-found.yaml")
	if diff := cmp.Diff([]string(nil), brief(report)); diff != "" {
		t.Errorf("%s: what is only looked up is not reported on", diff)
	}
	if diff := cmp.Diff([]string{"SLAContract revenue/inbound", "LeadDefinition revenue/inbound"}, asked); diff != "" {
		t.Error(diff)
	}

	options.Lookup = func(context.Context, string, string, string) (string, error) { return "", nil }
	if got := brief(run(t, options, "testdata/rules/contract-not-found.yaml")); len(got) != 1 {
		t.Errorf("%v, want that the contract is not found", got)
	}
	failed := errors.New("no cluster")
	options.Lookup = func(context.Context, string, string, string) (string, error) { return "", failed }
	docs, err := manifest.Scan("testdata/rules/contract-not-found.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lint.Run(t.Context(), docs, options); !errors.Is(err, failed) {
		t.Errorf("error %v", err)
	}
}

func without(lines []string, what string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, what) })
}

// Whatever is given, a finding is the answer and not a panic.
func FuzzRun(f *testing.F) {
	files, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := manifest.Scan("-", strings.NewReader(text))
		if err != nil {
			t.Skip()
		}
		report, err := lint.Run(t.Context(), docs, lint.Options{Now: now})
		if err != nil && !errors.Is(err, lint.ErrNothing) {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if f.Line < 1 || f.Column < 1 || f.Message == "" {
				t.Errorf("%+v", f)
			}
		}
	})
}

// A value that lacks its quotes is told with what it was taken for, not only with the type that it lacks.
func TestTextWithoutQuotes(t *testing.T) {
	const text = `apiVersion: sla.handoff.dev/v1alpha1
kind: LeadDefinition
metadata: {name: x, namespace: r}
spec:
  fields:
  - {name: n, type: Integer}
  stages: {mql: {paths: [{name: any, criteria: [{expression: 'has(lead.n)'}]}]}}
`
	report, err := lintText(t, text)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(report.Findings, func(f lint.Finding) bool { return f.Rule == "schema" })
	if at < 0 {
		t.Fatalf("no finding of the schema: %v", brief(report))
	}
	if f := report.Findings[at]; f.Line != 6 || !strings.Contains(f.Message, "YAML reads n without quotes as false") || f.Cure != `write "n"` {
		t.Errorf("%+v", f)
	}
}

// A threshold on another scale is also said on that of 100, which the usual band is on.
func TestTheScaleOfAThreshold(t *testing.T) {
	text := read(t, "threshold-outside-band")
	for scoring, want := range map[string]string{
		"scoring:\n":              "has the threshold 40 of 100; usual are 60 to 75 of 100",
		"scoring:\n    max: 80\n": "has the threshold 40 of 80, which is 50 of 100; usual are 60 to 75 of 100",
	} {
		report, err := lintText(t, replace(t, text, "scoring:\n", scoring))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(report.Findings, func(f lint.Finding) bool { return strings.Contains(f.Message, want) }) {
			t.Errorf("no %q among %+v", want, report.Findings)
		}
	}
}
