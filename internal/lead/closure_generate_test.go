// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// generator makes well-typed expressions of the shapes that have closures, and records to evaluate them on, from bytes.
type generator struct {
	data   []byte
	locals []string
}

func (g *generator) below(n int) int {
	if len(g.data) == 0 {
		return 0
	}
	b := g.data[0]
	g.data = g.data[1:]
	return int(b) % n
}

func pick[T any](g *generator, from ...T) T { return from[g.below(len(from))] }

// generated has two fields of each type.
func generated() Definition {
	d := Definition{
		Signals: []Signal{{Name: "view", Activity: "View"}, {Name: "demo", Activity: "Demo"}},
		Paths:   []Path{{Name: "p", Criteria: []Criterion{{Expression: "true"}}}},
	}
	for _, name := range []string{"s", "l", "i", "n", "b", "t"} {
		to := map[string]FieldType{"s": String, "l": StringList, "i": Integer, "n": Number, "b": Boolean, "t": Timestamp}[name]
		d.Fields = append(d.Fields, Field{Name: name + "1", Type: to}, Field{Name: name + "2", Type: to})
	}
	return d
}

func (g *generator) field(letter string) string { return "lead." + letter + pick(g, "1", "2") }

func (g *generator) operator() string { return pick(g, "<", "<=", "==", "!=", ">=", ">") }

func (g *generator) ordering() string { return pick(g, "<", "<=", ">=", ">") }

// condition of at most a depth; at depth 0 only those that contain no other condition.
func (g *generator) condition(depth int) string {
	depth--
	of := func(kind func(int) string) string {
		return fmt.Sprintf("%s %s %s", kind(depth), g.operator(), kind(depth))
	}
	simple := []func() string{
		func() string { return g.field("b") },
		func() string { return of(g.integer) },
		func() string { return of(g.number) },
		func() string { return of(g.text) },
		func() string { return of(g.instant) },
		func() string { return fmt.Sprintf("%s %s %s", g.integer(depth), g.ordering(), g.number(depth)) },
		func() string { return fmt.Sprintf("%s %s %s", g.number(depth), g.ordering(), g.integer(depth)) },
		func() string { return g.among(g.text(depth), g.literalText) },
		func() string { return g.among(g.integer(depth), g.literalInteger) },
		func() string { return g.among(g.number(depth), g.literalNumber) },
		func() string { return fmt.Sprintf("%s in %s", g.text(depth), g.field("l")) },
		func() string {
			return fmt.Sprintf("%s.%s(%s)", g.text(depth), pick(g, "startsWith", "endsWith", "contains"), g.text(depth))
		},
		func() string {
			return fmt.Sprintf("%s.matches(%q)", g.text(depth), pick(g, "^a", "(?i)ACME", "", "é.*", "a|b", `\d+`))
		},
		func() string { return "has(" + g.field(pick(g, "s", "l", "i", "n", "b", "t")) + ")" },
		func() string { return pick(g, "true", "false", "has(signals.view)", "has(signals.demo.count)") },
	}
	if depth < 0 {
		return simple[g.below(len(simple))]()
	}
	compound := append(simple,
		func() string { return fmt.Sprintf("(%s && %s)", g.condition(depth), g.condition(depth)) },
		func() string { return fmt.Sprintf("(%s || %s)", g.condition(depth), g.condition(depth)) },
		func() string {
			return fmt.Sprintf("(%s %s %s %s %s)", g.condition(depth), pick(g, "&&", "||"), g.condition(depth), pick(g, "&&", "||"), g.condition(depth))
		},
		func() string { return fmt.Sprintf("!(%s)", g.condition(depth)) },
		func() string {
			return fmt.Sprintf("(%s ? %s : %s)", g.condition(depth), g.condition(depth), g.condition(depth))
		},
		func() string {
			return fmt.Sprintf("((%s) %s (%s))", g.condition(depth), g.operator(), g.condition(depth))
		},
		func() string { return g.quantified(depth) },
	)
	return compound[g.below(len(compound))]()
}

func (g *generator) quantified(depth int) string {
	variable := pick(g, "x", "y", "lead")
	if len(g.locals) == maxLocals || slices.Contains(g.locals, "lead") {
		return "true" // what reads the lead would not type-check any more
	}
	list, macro := g.field("l"), pick(g, "exists", "all")
	g.locals = append(g.locals, variable)
	defer func() { g.locals = g.locals[:len(g.locals)-1] }()
	if variable == "lead" {
		return fmt.Sprintf("%s.%s(lead, lead %s %s)", list, macro, g.operator(), g.literalText())
	}
	return fmt.Sprintf("%s.%s(%s, %s)", list, macro, variable, g.condition(min(depth, 1)))
}

func (g *generator) among(value string, literal func() string) string {
	list := make([]string, g.below(4))
	for i := range list {
		list[i] = literal()
	}
	return fmt.Sprintf("%s in [%s]", value, strings.Join(list, ", "))
}

func (g *generator) choice(depth int, kind func(int) string) string {
	return fmt.Sprintf("(%s ? %s : %s)", g.condition(depth-1), kind(depth-1), kind(depth-1))
}

func (g *generator) integer(depth int) string {
	switch n := g.below(10); {
	case n < 4:
		return g.field("i")
	case n < 6 || depth <= 0:
		return g.literalInteger()
	case n == 6:
		return fmt.Sprintf("(%s %s %s)", g.integer(depth-1), pick(g, "+", "-", "*", "/", "%"), g.integer(depth-1))
	case n == 7:
		return pick(g, "size("+g.text(depth-1)+")", g.field("l")+".size()", "-("+g.integer(depth-1)+")", g.text(depth-1)+".size()")
	case n == 8:
		return pick(g, "signals.view.count", `signals.view.within("7d")`, `signals.demo.within("1h30m")`, "signals.demo.count")
	default:
		return g.choice(depth, g.integer)
	}
}

func (g *generator) literalInteger() string {
	return pick(g, "0", "1", "-1", "2", "50", "500", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808")
}

func (g *generator) number(depth int) string {
	switch n := g.below(8); {
	case n < 4:
		return g.field("n")
	case n == 4 || depth <= 0:
		return g.literalNumber()
	case n == 5:
		return fmt.Sprintf("(%s %s %s)", g.number(depth-1), pick(g, "+", "-", "*", "/"), g.number(depth-1))
	case n == 6:
		return pick(g, "double("+g.integer(depth-1)+")", "-("+g.number(depth-1)+")", "double("+g.number(depth-1)+")")
	default:
		return g.choice(depth, g.number)
	}
}

func (g *generator) literalNumber() string {
	return pick(g, "0.0", "-0.0", "1.0", "1.5", "-1.5", "1e308", "5e-324", "9007199254740992.0", "9007199254740994.0", "9223372036854775807.0", "-9.3e18")
}

func (g *generator) text(depth int) string {
	switch n := g.below(8); {
	case n < 3:
		return g.field("s")
	case n < 5:
		if readable := slices.DeleteFunc(slices.Clone(g.locals), func(name string) bool { return name == "lead" }); len(readable) > 0 {
			return pick(g, readable...)
		}
		return g.field("s")
	case n == 5 || depth <= 0:
		return g.literalText()
	case n == 6:
		return g.text(depth-1) + pick(g, ".lowerAscii()", ".upperAscii()", ".trim()")
	default:
		return g.choice(depth, g.text)
	}
}

var texts = []string{"", "a", "b", "A", "acme", "Acme GmbH", " a ", "é", "É", "日本", "a\x00b", "\xff\xfe", "ſ", strings.Repeat("x", 40)}

func (g *generator) literalText() string {
	text := pick(g, texts...)
	if text == "\xff\xfe" {
		return `"ÿ"` // a literal is valid UTF-8
	}
	if text == "a\x00b" {
		return `"a\000b"`
	}
	return `"` + text + `"`
}

func (g *generator) instant(depth int) string {
	switch n := g.below(6); {
	case n < 3:
		return g.field("t")
	case n < 5 || depth <= 0:
		return pick(g, `timestamp("2027-01-04T09:00:00Z")`, `timestamp("2027-01-04T10:00:00.000000001+01:00")`, `timestamp("0001-01-01T00:00:00Z")`,
			`timestamp("9999-12-31T23:59:59.999999999Z")`)
	default:
		return g.choice(depth, g.instant)
	}
}

// about is a condition about an activity.
func (g *generator) about(depth int) string {
	property := func() string { return "activity." + pick(g, "p", "q", "r") }
	literal := func() string {
		return pick(g, g.literalText, g.literalInteger, g.literalNumber)()
	}
	simple := []func() string{
		property,
		func() string { return fmt.Sprintf("%s %s %s", property(), g.operator(), literal()) },
		func() string { return fmt.Sprintf("%s %s %s", literal(), g.operator(), property()) },
		func() string {
			return fmt.Sprintf("%s %s %s", property(), pick(g, "==", "!="), pick(g, "true", "false", "null"))
		},
		func() string { return g.among(property(), g.literalText) },
		func() string {
			return fmt.Sprintf("%s.%s(%s)", property(), pick(g, "startsWith", "endsWith", "contains"), pick(g, g.literalText(), property()))
		},
		func() string { return fmt.Sprintf("%s.matches(%q)", property(), pick(g, "^a", "", "b$")) },
		func() string { return "has(" + property() + ")" },
		func() string {
			changed := property() + pick(g, ".lowerAscii()", ".upperAscii()", ".trim()", ".trim().lowerAscii()")
			return pick(g, func() string { return fmt.Sprintf("%s %s %s", changed, g.operator(), g.literalText()) },
				func() string { return g.among(changed, g.literalText) },
				func() string {
					return fmt.Sprintf("%s.%s(%s)", changed, pick(g, "startsWith", "endsWith", "contains"), g.literalText())
				},
				func() string { return fmt.Sprintf("%s.size() %s %s", changed, g.operator(), g.literalInteger()) })()
		},
	}
	if depth <= 0 {
		return simple[g.below(len(simple))]()
	}
	depth--
	compound := append(simple,
		func() string {
			return fmt.Sprintf("(%s %s %s)", g.about(depth), pick(g, "&&", "||"), g.about(depth))
		},
		func() string { return fmt.Sprintf("!(%s)", g.about(depth)) },
		func() string { return fmt.Sprintf("(%s ? %s : %s)", g.about(depth), g.about(depth), g.about(depth)) },
	)
	return compound[g.below(len(compound))]()
}

// fill gives the record values: many absent, many at the edge of their type.
func (g *generator) fill(s *state) {
	s.reset()
	for i, f := range s.program.definition.Fields {
		if g.below(4) > 0 {
			s.put(i, g.value(f.Type))
		}
	}
	s.now = pick(g, day0, day0.Add(7*day), day0.Add(90*time.Minute), day0.Add(7*day+1))
	for i := range s.signals.signals {
		at := day0
		for range g.below(5) {
			s.signals.signals[i].times = append(s.signals.signals[i].times, at)
			at = at.Add(pick(g, 0, time.Second, time.Hour, 3*day, 1))
		}
	}
	s.activity = map[string]any{}
	for _, name := range []string{"p", "q", "r"} {
		if g.below(5) > 0 {
			s.activity[name] = g.property()
		}
	}
}

func (g *generator) value(to FieldType) any {
	switch to {
	case String:
		return pick(g, texts...)
	case StringList:
		list := make([]string, g.below(5))
		for i := range list {
			list[i] = pick(g, texts...)
		}
		return list
	case Integer:
		return pick[int64](g, 0, 1, -1, 2, 49, 50, 51, 500, 501, 1<<53, 1<<53+1, -1<<53-1, math.MaxInt64, math.MinInt64, math.MaxInt64-1)
	case Number:
		return pick(g, 0, math.Copysign(0, -1), 1, 1.5, -1.5, 50, 1e308, -1e308, math.SmallestNonzeroFloat64, 1<<53, 1<<53+2, 1<<63, -1<<63,
			math.Inf(1), math.Inf(-1), math.NaN())
	case Boolean:
		return pick(g, true, false)
	default:
		return pick(g, day0, day0.Add(1), day0.Add(-1), time.Time{}, time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Unix(0, 0).UTC(), time.Unix(-1, 5).UTC())
	}
}

// property is what an activity may hold: what JSON decodes to, and what else Go code may give.
func (g *generator) property() any {
	return pick[func() any](g,
		func() any { return pick(g, texts...) },
		func() any { return g.value(Number) },
		func() any { return g.value(Boolean) },
		func() any { return g.value(Integer) },
		func() any {
			return pick(g, json.Number("1"), json.Number("1.5"), json.Number("9007199254740993"), json.Number("x"), json.Number("1e999"))
		},
		func() any {
			return pick[any](g, nil, 50, uint64(math.MaxUint64), uint(1), int32(-1), float32(1.5), []byte("a"), struct{}{}, day0, time.Hour, []string{"a"})
		},
		func() any { return pick[any](g, []any{"a", 1.0}, map[string]any{"a": "b"}, []any{}) },
	)()
}
