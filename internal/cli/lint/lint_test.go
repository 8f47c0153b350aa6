// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

var update = flag.Bool("update", false, "write the golden files anew")

var now = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

func run(t *testing.T, options lint.Options, paths ...string) lint.Report {
	t.Helper()
	var docs []manifest.Document
	for _, path := range paths {
		more, err := manifest.ScanAll(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, more...)
	}
	report, err := lint.Run(t.Context(), docs, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func render(t *testing.T, format string, r lint.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := lint.Write(&out, format, r, lint.Warning); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test ./internal/cli/lint -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (go test ./internal/cli/lint -update, when it is meant):\n%s", file, diff)
	}
}

// costs of expressions are another package's to compute.
var costs = regexp.MustCompile(`\b\d{6,}\b`)

// Each file is named after the rule that it fires, and its golden file is all that lint says of it. The files of warnings and advice
// are valid otherwise.
func TestRules(t *testing.T) {
	for _, r := range lint.Rules() {
		t.Run(r.ID, func(t *testing.T) {
			file := filepath.Join("testdata", "rules", r.ID+".yaml")
			report := run(t, lint.Options{Now: now}, file)
			fired := func(f lint.Finding) bool { return f.Rule == r.ID && f.Severity == r.Severity && !f.Suppressed }
			if !slices.ContainsFunc(report.Findings, fired) {
				t.Errorf("the rule does not fire on %s", file)
			}
			if r.Severity != lint.Error && report.Verdict(lint.Error) != nil {
				t.Error("the file is not even valid")
			}
			for _, f := range report.Findings {
				if f.Line < 1 || f.Column < 1 || f.Cure == "" || f.Message == "" || strings.HasSuffix(f.Message, ".") {
					t.Errorf("incomplete: %+v", f)
				}
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", costs.ReplaceAllString(render(t, "text", report), "N"))
		})
	}
}

func TestEveryFileIsOfARule(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if !slices.ContainsFunc(lint.Rules(), func(r lint.Rule) bool { return r.ID == id }) {
			t.Errorf("%s is of no rule", file)
		}
	}
}

func TestSamplesAreClean(t *testing.T) {
	report := run(t, lint.Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Complete: true}, "../../../config/samples")
	if report.Verdict(lint.Warning) != nil {
		t.Error(render(t, "text", report))
	}
	if report.Summary.Objects != 3 {
		t.Errorf("%d objects, want 3", report.Summary.Objects)
	}
}

func TestExamplesOfCRMsAreClean(t *testing.T) {
	for _, system := range []string{"hubspot", "salesforce"} {
		report := run(t, lint.Options{Now: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Complete: true},
			"../../../docs/examples/leaddefinition-"+system+".yaml", "../../../docs/examples/slacontract-"+system+".yaml")
		if report.Verdict(lint.Warning) != nil || report.Summary.Objects != 2 {
			t.Error(render(t, "text", report))
		}
	}
}
