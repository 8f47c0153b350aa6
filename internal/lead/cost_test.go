// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/interpreter"
)

// unbounded says how an activity of a size is made; nothing bounds it but the event's own size.
func unbounded(entries int) map[string]any {
	return map[string]any{"list": manyOnes(entries), "text": strings.Repeat("a", 10*entries)}
}

// The bound must hold while an expression runs: releases of CEL's library have ignored it when other options were set beside it.
func TestRunTimeBoundStops(t *testing.T) {
	d := midMarket()
	for _, source := range []string{
		`activity.list.all(x, x == 1)`, `activity.list.exists(x, x == 2)`, `activity.list.map(x, x + 1.0).size() >= 0`, `activity.list.filter(x, x == 1).size() >= 0`,
		`activity.list.exists_one(x, x == 1)`, `activity.text.split("").size() > 0`, `activity.text.replace("a", "b") != ""`,
	} {
		t.Run(source, func(t *testing.T) {
			d.Signals[0].When = source
			p := mustCompile(t, d)
			s := newState(p)
			s.activity = unbounded(1000)
			if _, _, err := p.signals[0].program.Eval(s); err != nil {
				t.Errorf("an activity of common size: %v", err)
			}
			s.activity = unbounded(400_000)
			_, _, err := p.signals[0].program.Eval(s)
			var cancelled interpreter.EvalCancelledError
			if !errors.As(err, &cancelled) || cancelled.Cause != interpreter.CostLimitExceeded {
				t.Errorf("an activity without bounds: error %v, want that the cost limit is exceeded", err)
			}
			if p.signals[0].holds(s) {
				t.Error("what was stopped holds")
			}
		})
	}
}

// worst fills a record up to the bounds that Coerce keeps.
func worst(random *rand.Rand, s *state) {
	text := func() string {
		return strings.Repeat([]string{"a", "é", "日", "ab", " "}[random.IntN(5)], MaxText)[:MaxText-random.IntN(2)]
	}
	s.reset()
	for i, f := range s.program.definition.Fields {
		switch f.Type {
		case String:
			s.put(i, text())
		case StringList:
			list := make([]string, MaxList)
			for k := range list {
				list[k] = text()
			}
			s.put(i, list)
		case Integer:
			s.put(i, random.Int64())
		case Number:
			s.put(i, random.Float64())
		case Boolean:
			s.put(i, random.IntN(2) == 0)
		default:
			s.put(i, day0.Add(time.Duration(random.Int64N(int64(day)))))
		}
	}
	s.now = day0
	for _, signal := range s.signals.signals {
		for range 1000 {
			signal.times = append(signal.times, day0)
		}
	}
}

// What is refused before it runs is refused by an estimate: it must not be below what an evaluation really costs.
func TestEstimateBoundsTheActualCost(t *testing.T) {
	h := newHarness(t, generated())
	random := rand.New(rand.NewPCG(13, 14))
	sources := append([]string{
		`lead.l1.map(x, x + "a").exists(y, y == lead.s1)`, `lead.l1.all(x, x.size() == lead.s1.size())`, `lead.s1.lowerAscii() == lead.s2.upperAscii()`,
		`(lead.s1 + lead.s2).contains(lead.s1)`, `lead.s1.matches("(a|b)*c")`, `lead.l1 == lead.l2`, `lead.l1.filter(x, x != lead.s1).size() == 100`,
		`lead.s1.split("").size() > 5`, `lead.s1.indexOf("ab") > 3`, `lead.l1.exists(x, x.startsWith(lead.s1))`, `lead.s1.trim() == lead.s2.trim()`,
		`lead.s1.substring(1).size() > 3`, `(lead.l1 + lead.l2).size() == 200`, `(lead.l1 + lead.l2).all(x, x != "a")`, `lead.s1.reverse() == lead.s2`,
	}, handWritten...)
	for range 400 {
		g := generator{data: randomBytes(random, 200)}
		sources = append(sources, g.condition(3))
	}
	highest := 0.0
	for _, source := range sources {
		_, s, problems := h.compile(source, false, h.constantsFor(0))
		if problems != nil {
			continue // refused
		}
		checked, _ := h.base.record.env.Compile(source)
		estimate, err := h.base.record.env.EstimateCost(checked, sizes{})
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		counting, err := h.base.record.env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptTrackCost))
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		for range 5 {
			worst(random, s)
			_, details, _ := counting.Eval(s)
			actual := details.ActualCost()
			if actual == nil || *actual > estimate.Max {
				t.Errorf("%s cost %v, the estimate is %d at most", source, actual, estimate.Max)
				break
			}
			highest = max(highest, float64(*actual)/float64(estimate.Max))
		}
	}
	if highest < 0.5 {
		t.Errorf("the dearest evaluation costs %.0f%% of its estimate: the records are not the worst", 100*highest)
	}
}
