// SPDX-License-Identifier: Apache-2.0

package truth_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/lint/truth"
	"github.com/handoff-sla/handoff/internal/lead"
)

var from = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// condition writes a random expression that compiles.
func condition(r *rand.Rand, depth int) string {
	if depth > 0 {
		sub := func() string { return condition(r, depth-1) }
		switch r.IntN(6) {
		case 0, 1:
			return "(" + sub() + " && " + sub() + ")"
		case 2, 3:
			return "(" + sub() + " || " + sub() + ")"
		case 4:
			return "!(" + sub() + ")"
		default:
			return "(" + sub() + " ? " + sub() + " : " + sub() + ")"
		}
	}
	order := pick(r, "<", "<=", ">", ">=", "==", "!=")
	number, fraction := pick(r, "0", "1", "2", "3", "-1"), pick(r, "0.0", "1.0", "1.5", "2.0", "-1.5")
	if order != "==" && order != "!=" && r.IntN(4) == 0 {
		number = fraction // order, but not equality, is between all numbers
	}
	switch r.IntN(11) {
	case 0:
		return "lead.employees " + order + " " + number
	case 1:
		return number + " " + order + " lead.employees"
	case 2:
		return "lead.revenue " + order + " " + fraction
	case 3:
		return "lead.company " + pick(r, "==", "!=") + ` "` + pick(r, "a", "b", "") + `"`
	case 4:
		return `lead.company in ["a", "c"]`
	case 5:
		return pick(r, "lead.partner", "lead.partner == true", "lead.partner != false")
	case 6:
		return "has(lead." + pick(r, "company", "employees", "revenue", "partner", "stack", "seen") + ")"
	case 7:
		return "signals.demo.count " + order + " " + number
	case 8:
		return `signals.demo.within("` + pick(r, "1d", "7d") + `") ` + order + " " + number
	case 9:
		return pick(r, `lead.company.startsWith("a")`, `lead.stack.exists(s, s == "go")`, "lead.employees + 1 > 2", `"a" < lead.company`)
	default:
		return pick(r, "true", "false", "1 < 2", `"a" == "b"`)
	}
}

// history of a random lead.
func history(r *rand.Rand) []lead.Event {
	properties := map[string]any{}
	for name, value := range map[string]any{
		"company": pick(r, "a", "b", "c", "d", " "), "employees": pick(r, -2, -1, 0, 1, 2, 3, 4), "revenue": pick(r, -1.5, 0, 1.2, 1.5, 1.7, 2.5, 9),
		"partner": pick(r, true, false), "stack": pick(r, []any{"go"}, []any{"c", "go"}, []any{"c"}), "seen": "2026-12-01T00:00:00Z",
	} {
		if r.IntN(3) > 0 {
			properties[name] = value
		}
	}
	var events []lead.Event
	for i := range r.IntN(5) {
		events = append(events, lead.Event{
			Sequence: int64(i), Kind: lead.KindActivity, Activity: "FormSubmit", Time: from.Add(-time.Duration(4-i) * 40 * time.Hour),
		})
	}
	return append(events, lead.Event{Sequence: 9, Kind: lead.KindCaptured, Time: from, Properties: properties})
}

// What is proved of an expression is what the operator's own evaluator finds for every lead.
func TestProofsHold(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2)) // the same cases in every run
	optional := append([]lead.Field(nil), fields...)
	for i := range optional {
		optional[i].Required = false
	}
	always, never := 0, 0
	for range 800 {
		source := condition(r, 1+r.IntN(3))
		e := parse(t, source)
		isAlways, isNever := truth.Always(e, optional), truth.Never(e, optional)
		if !isAlways && !isNever {
			continue
		}
		if isAlways {
			always++
		} else {
			never++
		}
		program, err := lead.Compile(lead.Definition{
			Fields: optional, Signals: []lead.Signal{{Name: "demo", Activity: "FormSubmit"}},
			Paths: []lead.Path{{Name: "p", Criteria: []lead.Criterion{{Expression: source}}}},
		})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		for range 60 {
			events := history(r)
			journey := program.Qualify(events, func(e lead.Event) bool { return e.Kind == lead.KindCaptured })
			if held := journey.Reached != nil; held != isAlways {
				t.Fatalf("%s: proved always %v and never %v, but it gives %v for %s", source, isAlways, isNever, held, fmt.Sprint(events))
			}
		}
	}
	if always < 20 || never < 20 {
		t.Errorf("only %d always and %d never: the test says little", always, never)
	}
	t.Logf("%d proved to hold always, %d never", always, never)
}
