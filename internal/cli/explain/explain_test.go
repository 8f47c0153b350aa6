// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

func pointer(n int) *int { return &n }

func explainer(t *testing.T) *Explainer {
	t.Helper()
	e, err := New("d", lead.Definition{
		Fields: []lead.Field{
			{Name: "size", Type: lead.Integer}, {Name: "role", Type: lead.String}, {Name: "phone", Type: lead.String, Required: true},
		},
		Signals: []lead.Signal{{Name: "view", Activity: "PageView"}},
		Scoring: &lead.Scoring{Groups: []lead.Group{
			{Name: "fit", Max: pointer(30), Rules: []lead.Rule{
				{Name: "large", When: "lead.size > 10", Points: 25},
				{Name: "chief", When: `lead.role == "chief"`, Points: 20},
				{Name: "named", When: `has(lead.role) && lead.size > 0`, Points: 1},
			}},
			{Name: "interest", Rules: []lead.Rule{{Name: "views", On: "view", Points: 8, HalfLife: 24 * time.Hour}}},
		}},
		Paths: []lead.Path{{Name: "score", Threshold: pointer(50), Criteria: []lead.Criterion{
			{Expression: "signals.view.count > 0", Message: "never looked"}, {Expression: `lead.role == "chief"`, Message: "no chief"},
		}}},
		Intents: []lead.Intent{{Name: "Hot", When: "signals.view.count > 1"}, {Name: "Cold"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func captured(properties map[string]any) lead.Event {
	return lead.Event{Kind: lead.KindCaptured, Time: start, Properties: properties}
}

func view(after time.Duration) lead.Event {
	return lead.Event{Kind: lead.KindActivity, Time: start.Add(after), Activity: "PageView", Sequence: int64(after)}
}

// The parts of an explanation add up to the score that the evaluator compares with thresholds.
func TestTheNumbersAddUp(t *testing.T) {
	histories := map[string][]lead.Event{
		"nothing":         {captured(nil)},
		"clamped":         {captured(map[string]any{"size": 20.0, "role": "chief"})},
		"decayed":         {captured(map[string]any{"size": 20.0}), view(0), view(36 * time.Hour)},
		"values that lie": {captured(map[string]any{"size": "many"})},
	}
	for name, history := range histories {
		t.Run(name, func(t *testing.T) {
			x := explainer(t).Lead("a", history)
			raw := 0.0
			for _, g := range x.Groups {
				sum := 0.0
				for _, r := range g.Rules {
					sum += r.Points
				}
				if sum != g.Sum {
					t.Errorf("group %s: rules sum to %v, it says %v", g.Name, sum, g.Sum)
				}
				raw += g.Points
			}
			if raw != x.Score.Raw {
				t.Errorf("groups sum to %v, the score says %v", raw, x.Score.Raw)
			}
		})
	}
}

func TestWhatIsLacking(t *testing.T) {
	x := explainer(t).Lead("a", []lead.Event{captured(map[string]any{"size": 20.0})})
	want := []string{"score: 25 more points (threshold 50); never looked; no chief (no value for role)", "every path: a value for phone"}
	if !slices.Equal(x.Needs, want) {
		t.Errorf("needs %q, want %q", x.Needs, want)
	}
	if x.MQL || x.Intent != "Cold" || !slices.Equal(x.Missing, []string{"phone"}) {
		t.Errorf("%+v", x)
	}
	chief, named := x.Groups[0].Rules[1], x.Groups[0].Rules[2]
	if !slices.Equal(chief.Absent, []string{"role"}) || len(named.Absent) != 0 {
		t.Errorf("absent %v and %v: has() asks for a value, it does not read it", chief.Absent, named.Absent)
	}
	var out bytes.Buffer
	if err := x.Text(&out); err != nil || !strings.Contains(out.String(), "would be 20") || !strings.Contains(out.String(), "(required)") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestAnMQL(t *testing.T) {
	history := []lead.Event{captured(map[string]any{"size": 20.0, "role": "chief", "phone": "1"}), view(time.Hour), view(2 * time.Hour), view(3 * time.Hour)}
	x := explainer(t).Lead("a", history)
	if !x.MQL || x.Qualified.Path != "score" || x.Qualified.Score < 50 || len(x.Needs) != 0 || x.Intent != "Hot" {
		t.Errorf("%+v", x)
	}
	if g := x.Groups[0]; g.Points != 30 || g.Sum != 46 {
		t.Errorf("group fit gives %v of %v, want 30 of 46", g.Points, g.Sum)
	}
	held := explainer(t).Lead("a", append([]lead.Event{captured(map[string]any{"size": 20.0, "role": "chief"})}, history[1:]...))
	if held.MQL || !strings.Contains(held.verdict(), "is held") {
		t.Errorf("without a phone: %s", held.verdict())
	}
}
