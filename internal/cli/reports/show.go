// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/paint"
)

// As a form: text, markdown, json or html.
func (r Report) As(form string, p paint.Palette) (string, error) {
	text := map[string]string{"text": r.Markdown, "markdown": r.Markdown, "json": r.JSON, "html": r.HTML}[form]
	if text == "" {
		return "", fmt.Errorf("report %s has no %s: an earlier version of the program made it", r.Name, form)
	}
	if form != "text" {
		return text, nil
	}
	var b strings.Builder
	Terminal(paint.Safe(&b), p, text)
	return b.String(), nil
}

// Table of reports.
func Table(all []Report, p paint.Palette) string {
	var rows [][]paint.Cell
	for _, r := range all {
		rows = append(rows, paint.Cells(r.Name, r.Cadence, r.Review, r.Period, r.Result, r.Made.Format(time.RFC3339)))
	}
	var b strings.Builder
	p.Table(paint.Safe(&b), "", []string{"NAME", "CADENCE", "REVIEW", "PERIOD", "RESULT", "MADE"}, rows)
	return b.String()
}

// Title of a verdict: what it is about.
func (v *Verdict) Title() string {
	parts := []string{v.Name}
	if v.Review != "" {
		parts = append(parts, fmt.Sprintf("(%s of cadence %s, %s: %s)", v.Review, v.Cadence, v.Period, v.Result))
	}
	return strings.Join(parts, " ")
}

// Lines below it: what does not hold first.
func (v *Verdict) Lines() []string {
	var out []string
	for _, flaw := range v.Flaws {
		out = append(out, "✖ "+flaw)
	}
	for _, change := range v.Changes {
		out = append(out, "▲ "+change.String())
	}
	for _, proof := range v.Proofs {
		out = append(out, "● "+proof)
	}
	return out
}
