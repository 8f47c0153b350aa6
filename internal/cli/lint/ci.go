// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// writeGitHub writes workflow commands, which GitHub shows on the lines of a pull request.
func writeGitHub(w io.Writer, r Report) error {
	levels := map[Severity]string{Error: "error", Warning: "warning", Advice: "notice"}
	for _, f := range r.Findings {
		if f.Suppressed {
			continue
		}
		if _, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", levels[f.Severity], property(f.File), f.Line, f.Column,
			property(strings.TrimSpace(f.Rule+" "+f.Object())), message(f.Message+"\nCure: "+f.Cure)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, r.Summary)
	return err
}

// message and property are escaped as GitHub's runner reads them back.
func message(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}

// issue of GitLab's Code Quality report.
type issue struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines lines  `json:"lines"`
}

type lines struct {
	Begin int `json:"begin"`
}

func writeGitLab(w io.Writer, r Report) error {
	levels := map[Severity]string{Error: "critical", Warning: "major", Advice: "info"}
	issues, seen := []issue{}, map[string]int{}
	for _, f := range r.Findings {
		if f.Suppressed {
			continue
		}
		// The same finding keeps its fingerprint when lines above it change; GitLab shows what is new by it.
		key := strings.Join([]string{f.File, f.Object(), f.Namespace, f.Path, f.Rule, f.Message}, "\x00")
		seen[key]++
		sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", key, seen[key]))
		issues = append(issues, issue{
			Description: f.Message + ". Cure: " + f.Cure, CheckName: f.Rule, Fingerprint: hex.EncodeToString(sum[:]),
			Severity: levels[f.Severity], Location: location{Path: strings.TrimPrefix(f.File, "./"), Lines: lines{Begin: f.Line}},
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(issues)
}

// The elements of a JUnit report.
type (
	testSuites struct {
		XMLName  xml.Name    `xml:"testsuites"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Suites   []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	testCase struct {
		Name      string  `xml:"name,attr"`
		ClassName string  `xml:"classname,attr"`
		File      string  `xml:"file,attr,omitempty"`
		Line      int     `xml:"line,attr,omitempty"`
		Failure   *detail `xml:"failure"`
		Skipped   *detail `xml:"skipped"`
		Output    string  `xml:"system-out,omitempty"`
	}
	detail struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes a suite a file and a case a finding. A finding that makes the run fail is a failure; others are passed cases with
// their text as output, suppressed ones are skipped.
func writeJUnit(w io.Writer, r Report, failOn Severity) error {
	all := testSuites{Name: "kubectl sla lint"}
	for _, f := range r.Findings {
		if n := len(all.Suites); n == 0 || all.Suites[n-1].Name != f.File {
			all.Suites = append(all.Suites, testSuite{Name: f.File})
		}
		all.Suites[len(all.Suites)-1].add(f, failOn)
	}
	if len(all.Suites) == 0 {
		name := fmt.Sprintf("%s in %s", count(r.Summary.Objects, "object"), count(r.Summary.Files, "file"))
		all.Suites = []testSuite{{Name: "lint", Tests: 1, Cases: []testCase{{Name: name, ClassName: "lint"}}}}
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures = all.Tests+s.Tests, all.Failures+s.Failures
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *testSuite) add(f Finding, failOn Severity) {
	text := fmt.Sprintf("%s:%d:%d: %s: %s\n%s\ncure: %s", f.File, f.Line, f.Column, f.Severity, f.Message, strings.TrimSpace(f.Object()+" "+f.Path), f.Cure)
	c := testCase{
		Name: fmt.Sprintf("%s at %d:%d", f.Rule, f.Line, f.Column), ClassName: strings.TrimSpace(f.Object()), File: f.File, Line: f.Line,
	}
	s.Tests++
	switch {
	case f.Suppressed:
		s.Skipped++
		c.Skipped = &detail{Message: "suppressed by the annotation " + IgnoreAnnotation}
	case f.Severity.AtLeast(failOn):
		s.Failures++
		c.Failure = &detail{Message: f.Message, Type: string(f.Severity), Text: text}
	default:
		c.Output = text
	}
	s.Cases = append(s.Cases, c)
}
