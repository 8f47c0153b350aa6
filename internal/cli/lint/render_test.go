// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"encoding/json"
	"encoding/xml"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/lint"
)

// awkward holds all that needs escaping somewhere.
func awkward() lint.Report {
	return lint.Report{
		Findings: []lint.Finding{
			{
				Severity: lint.Error, Rule: "invalid-expression", Kind: "LeadDefinition", Namespace: "revenue", Name: "inbound",
				Path: "spec.intents[0].when", File: "sla/a,b:c%.yaml", Line: 3, Column: 7,
				Message: "100% \"quoted\" <tag> & 'it'::\r\nsecond line \x00 ]]>", Cure: "write it, properly",
			},
			{Severity: lint.Warning, Rule: "one-sided", Kind: "SLAContract", Name: "inbound", File: "sla/b.yaml", Line: 1, Column: 1, Message: "m", Cure: "c"},
			{Severity: lint.Advice, Rule: "no-decay", Kind: "SLAContract", Name: "inbound", File: "sla/b.yaml", Line: 2, Column: 1, Message: "m", Cure: "c"},
			{Severity: lint.Error, Rule: "schema", Kind: "SLAContract", Name: "inbound", File: "sla/b.yaml", Line: 3, Column: 1, Message: "m", Cure: "c", Suppressed: true},
		},
		Summary: lint.Summary{Files: 2, Objects: 2, Errors: 1, Warnings: 1, Advice: 1, Suppressed: 1},
	}
}

func TestFormats(t *testing.T) {
	for _, format := range strings.Split(lint.Formats, "|") {
		t.Run(format, func(t *testing.T) {
			golden(t, filepath.Join("testdata", "formats", format), render(t, format, awkward()))
			golden(t, filepath.Join("testdata", "formats", format+"-clean"), render(t, format, lint.Report{
				Findings: []lint.Finding{}, Summary: lint.Summary{Files: 1, Objects: 2},
			}))
		})
	}
	if err := lint.CheckFormat("yaml"); err == nil || !strings.Contains(err.Error(), lint.Formats) {
		t.Errorf("error %v", err)
	}
}

func TestJSONReadsBack(t *testing.T) {
	var got lint.Report
	if err := json.Unmarshal([]byte(render(t, "json", awkward())), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(awkward(), got); diff != "" {
		t.Error(diff)
	}
}

func TestJUnitReadsBack(t *testing.T) {
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
				Skipped *struct{} `xml:"skipped"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(render(t, "junit", awkward())), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 4 || got.Failures != 2 || len(got.Suites) != 2 { // --fail-on warning
		t.Fatalf("%+v", got)
	}
	if message := got.Suites[0].Cases[0].Failure.Message; !strings.Contains(message, `100% "quoted" <tag> & 'it'`) {
		t.Errorf("message %q", message)
	}
	if cases := got.Suites[1].Cases; cases[1].Failure != nil || cases[2].Skipped == nil {
		t.Errorf("%+v", cases)
	}
}

// A command ends at the line's end, and a property at a comma or a colon.
func TestGitHubIsOneLineAFinding(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(render(t, "github", awkward()), "\n"), "\n")
	if len(lines) != 4 { // three findings, a summary
		t.Fatalf("%d lines:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	want := "::error file=sla/a%2Cb%3Ac%25.yaml,line=3,col=7,title=invalid-expression LeadDefinition/inbound::100%25 \"quoted\""
	if !strings.HasPrefix(lines[0], want) {
		t.Errorf("%s\nwant the beginning\n%s", lines[0], want)
	}
}

func TestGitLabFingerprints(t *testing.T) {
	r := awkward()
	prints := func() []string {
		var issues []struct{ Fingerprint string }
		if err := json.Unmarshal([]byte(render(t, "gitlab", r)), &issues); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, i := range issues {
			out = append(out, i.Fingerprint)
		}
		return out
	}
	before := prints()
	if len(before) != 3 || before[0] == before[1] || before[1] == before[2] {
		t.Fatalf("%v", before)
	}
	r.Findings[0].Line = 30 // lines above were added
	if diff := cmp.Diff(before, prints()); diff != "" {
		t.Error(diff)
	}
}
