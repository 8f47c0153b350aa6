// SPDX-License-Identifier: Apache-2.0

// Package lint finds what is wrong in definitions, contracts and cadences, and what practice advises against, before anybody signs.
package lint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Severity of a finding.
type Severity string

// The severities, worst first. An error is what the operator or the API server would refuse, or what would not do what it says.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Advice  Severity = "advice"
)

var severities = []Severity{Error, Warning, Advice}

// AtLeast says whether a severity is as bad as another, or worse.
func (s Severity) AtLeast(other Severity) bool {
	return slices.Index(severities, s) <= slices.Index(severities, other)
}

// ParseSeverity reads a severity.
func ParseSeverity(text string) (Severity, error) {
	if slices.Contains(severities, Severity(text)) {
		return Severity(text), nil
	}
	return "", fmt.Errorf("%q is no severity; write error, warning or advice", text)
}

// Finding is one thing in one place.
type Finding struct {
	Severity   Severity `json:"severity"`
	Rule       string   `json:"rule"`
	Kind       string   `json:"kind,omitempty"`
	Namespace  string   `json:"namespace,omitempty"`
	Name       string   `json:"name,omitempty"`
	Path       string   `json:"path,omitempty"` // in the object, such as spec.terms.sales.disposition.within
	File       string   `json:"file"`
	Line       int      `json:"line"`   // of the file, from 1
	Column     int      `json:"column"` // in characters, from 1
	Message    string   `json:"message"`
	Cure       string   `json:"cure"`
	Suppressed bool     `json:"suppressed,omitempty"` // by the object's annotation
}

// Object is what the finding is about, such as LeadDefinition/mid-market.
func (f Finding) Object() string {
	if f.Kind == "" {
		return ""
	}
	return f.Kind + "/" + f.Name
}

// Summary counts findings.
type Summary struct {
	Files      int `json:"files"`
	Objects    int `json:"objects"`
	Errors     int `json:"errors"`
	Warnings   int `json:"warnings"`
	Advice     int `json:"advice"`
	Suppressed int `json:"suppressed"`
}

// Report is the outcome of a run: findings in the order of files and lines.
type Report struct {
	Findings []Finding `json:"findings"`
	Summary  Summary   `json:"summary"`
}

// Verdict is an error when the report fails at a severity; it says how many findings are the reason.
func (r Report) Verdict(at Severity) error {
	n := 0
	for _, f := range r.Findings {
		if !f.Suppressed && f.Severity.AtLeast(at) {
			n++
		}
	}
	one := map[Severity]string{Error: "an error", Warning: "a warning or worse", Advice: "advice or worse"}[at]
	many := map[Severity]string{Error: "errors", Warning: "warnings or worse", Advice: "advice or worse"}[at]
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("1 finding is " + one)
	default:
		return fmt.Errorf("%d findings are %s", n, many)
	}
}

// newReport sorts and counts findings.
func newReport(findings []Finding, files, objects int) Report {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Rule, b.Rule))
	})
	r := Report{Findings: findings, Summary: Summary{Files: files, Objects: objects}}
	for _, f := range findings {
		switch {
		case f.Suppressed:
			r.Summary.Suppressed++
		case f.Severity == Error:
			r.Summary.Errors++
		case f.Severity == Warning:
			r.Summary.Warnings++
		default:
			r.Summary.Advice++
		}
	}
	return r
}
