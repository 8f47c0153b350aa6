// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
)

func runVerb(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	root := Root(func() time.Time { return time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) })
	var out bytes.Buffer
	root.SetArgs(args)
	root.SetIn(strings.NewReader(stdin))
	root.SetOut(&out)
	root.SetErr(&out)
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestLintVerb(t *testing.T) {
	samples := filepath.Join("..", "..", "config", "samples")
	rules := filepath.Join("lint", "testdata", "rules")
	text, err := os.ReadFile(filepath.Join(rules, "unknown-field.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	tests := map[string]struct {
		args  []string
		stdin string
		fails string // what the error says; "" for none
		says  string
	}{
		"samples":           {[]string{samples}, "", "", "3 objects in 5 files: 0 errors, 0 warnings"},
		"samples, complete": {[]string{"--complete", "--fail-on", "warning", samples}, "", "", "0 errors, 0 warnings"},
		"error":             {[]string{filepath.Join(rules, "misfit.yaml")}, "", "1 finding is an error", "[misfit]"},
		"standard input":    {[]string{"-"}, string(text), "2 findings are errors", "did you mean 'threshold'?"},
		"warning":           {[]string{filepath.Join(rules, "intent-always.yaml")}, "", "", "[intent-always]"},
		"warning fails": {
			[]string{"--fail-on", "warning", filepath.Join(rules, "intent-always.yaml")}, "", "1 finding is a warning or worse", "[intent-always]",
		},
		"advice fails": {
			[]string{"--fail-on", "advice", "-o", "github", filepath.Join(rules, "no-decay.yaml")}, "", "1 finding is advice or worse", "::notice file=",
		},
		"several paths":    {[]string{samples, filepath.Join(rules, "no-decay.yaml")}, "", "", "4 objects in 6 files"},
		"no such file":     {[]string{"nowhere.yaml"}, "", "nowhere.yaml", ""},
		"no YAML":          {[]string{empty}, "", "no *.yaml or *.yml file", ""},
		"nothing of ours":  {[]string{"-"}, "kind: ConfigMap\n", "no object of sla.handoff.dev/v1alpha1", ""},
		"no severity":      {[]string{"--fail-on", "bad", samples}, "", "error, warning or advice", ""},
		"no format":        {[]string{"-o", "xml", samples}, "", lint.Formats, ""},
		"nothing is given": {nil, "", "requires at least 1 arg", ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := runVerb(t, tc.stdin, append([]string{"lint"}, tc.args...)...)
			switch {
			case tc.fails == "" && err != nil:
				t.Errorf("error %v", err)
			case tc.fails != "" && (err == nil || !strings.Contains(err.Error(), tc.fails)):
				t.Errorf("error %v, want one that says %q", err, tc.fails)
			}
			if !strings.Contains(out, tc.says) {
				t.Errorf("%s\nwant %q", out, tc.says)
			}
		})
	}
}

func TestLintShowsWhatIsSuppressedInJSON(t *testing.T) {
	out, err := runVerb(t, "", "lint", "-o", "json", filepath.Join("lint", "testdata", "rules", "no-decay.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var report lint.Report
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	if report.Summary.Suppressed != 1 || len(report.Findings) != 2 || !report.Findings[0].Suppressed {
		t.Errorf("%+v", report)
	}
}

func TestLintReadsTheCluster(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := slav1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	docs, err := manifest.Read(filepath.Join("lint", "testdata", "rules", "no-decay.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	reader := fake.NewClientBuilder().WithScheme(scheme).WithObjects(docs[0].Definition).Build()
	text, err := liveText(t.Context(), reader, "LeadDefinition", "revenue", "inbound")
	if err != nil {
		t.Fatal(err)
	}
	live := manifest.Parse(manifest.Document{Text: text})
	if live.Err != nil {
		t.Fatal(live.Err)
	}
	want, errWant := docs[0].Digest()
	got, errGot := live.Digest()
	if errWant != nil || errGot != nil || got != want {
		t.Errorf("digest %s (%v), want that of the file, %s (%v)", got, errGot, want, errWant)
	}
	for _, kind := range []string{"LeadDefinition", "SLAContract", "ReviewCadence"} {
		if text, err := liveText(t.Context(), reader, kind, "another", "inbound"); err != nil || text != "" {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
	}
}
