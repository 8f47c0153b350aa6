// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// The message of a sales criterion says what is missing, and nothing where the criterion holds.
func TestTheMessageOfASalesCriterion(t *testing.T) {
	e, err := New("d", lead.Definition{
		Fields:  []lead.Field{{Name: "role", Type: lead.String}},
		Signals: []lead.Signal{{Name: "view", Activity: "PageView"}},
		Paths:   []lead.Path{{Name: "view", Criteria: []lead.Criterion{{Expression: "signals.view.count > 0"}}}},
		SQL: []lead.SQLCriterion{
			{Name: "budget", Expression: "qualification.budget", Message: "nobody pays"},
			{Name: "need", Expression: `qualification.need != ""`, Message: "nobody needs it"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	told := lead.Event{Kind: lead.KindQualified, Time: start.Add(2 * time.Hour), Sequence: 9, Qualification: map[string]any{"budget": false, "need": "a crane"}}
	x := e.Lead("a", []lead.Event{captured(nil), view(time.Hour), told})
	var out bytes.Buffer
	if err := x.Text(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "nobody pays") || strings.Contains(text, "nobody needs it") {
		t.Errorf("budget is unmet and need is not:\n%s", text)
	}
}
