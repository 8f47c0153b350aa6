// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"strconv"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// longestShown of a value that does not fit, in characters.
const longestShown = 40

// misfit is a value that the operator would read as absent, as a backtest then does: with the value, since the reader has the file, and how
// it is written so that both take it.
func (s *source) misfit(line, column int, text string, f lead.Field, err error) leadfile.Problem {
	return s.problem(line, leadfile.KindValue, "column %q has %s: %v; read as absent%s", s.columns[column], shown(text), err, written(f.Type))
}

func shown(text string) string {
	if runes := []rune(text); len(runes) > longestShown {
		text = string(runes[:longestShown]) + "..."
	}
	return strconv.Quote(text)
}

// written is how a value of a type is written, where exports often have another form.
func written(t lead.FieldType) string {
	forms := map[lead.FieldType]string{
		lead.Boolean: "true or false", lead.Timestamp: "2026-03-01T09:30:00Z or 2026-03-01", lead.Integer: "12000, without separators",
		lead.Number: "12000.5, without separators",
	}
	if forms[t] == "" {
		return ""
	}
	return fmt.Sprintf(" (write %s)", forms[t])
}
