// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
)

// benchLead is a lead as hand-written Go and expr read it; the zero value is absent.
type benchLead struct {
	Employees, Visits                                                     int64
	Revenue, Growth                                                       float64
	Industry, Country, Seniority, Department, Title, Email, Phone, Source string
	Stack                                                                 []string
	Partner, Subscribed                                                   bool
}

// benchRule is one rule in CEL and in expr's language. The two read alike, so that none has more to do.
type benchRule struct {
	group, cel, expr string
	points           int
}

var benchRules = []benchRule{
	{"fit", `lead.employees >= 50 && lead.employees <= 500`, `Employees >= 50 && Employees <= 500`, 15},
	{"fit", `lead.employees > 500`, `Employees > 500`, 10},
	{"fit", `lead.revenue >= 5000000.0`, `Revenue >= 5000000.0`, 8},
	{"fit", `lead.growth > 0.2`, `Growth > 0.2`, 4},
	{"fit", `lead.industry == "saas"`, `Industry == "saas"`, 10},
	{"fit", `lead.industry in ["fintech", "insurance", "healthcare"]`, `Industry in ["fintech", "insurance", "healthcare"]`, 6},
	{"fit", `lead.country in ["US", "CA", "GB", "IE", "AU"]`, `Country in ["US", "CA", "GB", "IE", "AU"]`, 8},
	{"fit", `lead.country == "DE" || lead.country == "FR"`, `Country == "DE" || Country == "FR"`, 4},
	{"fit", `"kubernetes" in lead.stack`, `"kubernetes" in Stack`, 6},
	{"fit", `"salesforce" in lead.stack && "marketo" in lead.stack`, `"salesforce" in Stack && "marketo" in Stack`, 5},
	{"fit", `lead.stack.size() >= 4`, `len(Stack) >= 4`, 3},
	{"fit", `lead.partner`, `Partner`, -10},
	{"role", `lead.seniority in ["director", "vp", "cxo"]`, `Seniority in ["director", "vp", "cxo"]`, 20},
	{"role", `lead.seniority == "manager"`, `Seniority == "manager"`, 8},
	{"role", `lead.department in ["marketing", "sales", "operations"]`, `Department in ["marketing", "sales", "operations"]`, 8},
	{"role", `lead.title.contains("Revenue")`, `Title contains "Revenue"`, 5},
	{"role", `lead.title.startsWith("Head of")`, `Title startsWith "Head of"`, 6},
	{"role", `lead.title.contains("Intern") || lead.title.contains("Student")`, `Title contains "Intern" || Title contains "Student"`, -20},
	{"reach", `has(lead.phone)`, `Phone != ""`, 5},
	{"reach", `lead.email.endsWith("@gmail.com") || lead.email.endsWith("@yahoo.com")`, `Email endsWith "@gmail.com" || Email endsWith "@yahoo.com"`, -15},
	{"reach", `lead.source == "partner-referral"`, `Source == "partner-referral"`, 12},
	{"reach", `lead.source in ["organic", "paid", "social"]`, `Source in ["organic", "paid", "social"]`, 4},
	{"reach", `lead.visits > 3 && lead.visits < 100`, `Visits > 3 && Visits < 100`, 6},
	{"reach", `lead.subscribed && lead.visits > 0`, `Subscribed && Visits > 0`, 3},
	{"reach", `lead.subscribed && lead.employees >= 1000`, `Subscribed && Employees >= 1000`, 5},
}

var benchGroups = []struct {
	name string
	max  int
}{{"fit", 50}, {"role", 40}, {"reach", 30}}

// row is a lead as an export has it, by field.
func (l *benchLead) row(fields []Field) []string {
	values, row := l.values(), make([]string, len(fields))
	for i, f := range fields {
		switch v := values[f.Name].(type) {
		case nil:
		case []string:
			row[i] = strings.Join(v, listSeparator)
		default:
			row[i] = fmt.Sprint(v)
		}
	}
	return row
}

// benchDefinition holds the rules.
func benchDefinition() Definition {
	d := Definition{Scoring: &Scoring{}, Paths: []Path{{Name: "score", Threshold: ptr(65)}}}
	for name, to := range benchFields {
		d.Fields = append(d.Fields, Field{Name: name, Type: to})
	}
	slices.SortFunc(d.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	for _, g := range benchGroups {
		made := Group{Name: g.name, Max: ptr(g.max)}
		for _, r := range benchRules {
			if r.group == g.name {
				made.Rules = append(made.Rules, Rule{Name: r.cel, When: r.cel, Points: r.points})
			}
		}
		d.Scoring.Groups = append(d.Scoring.Groups, made)
	}
	return d
}

var benchFields = map[string]FieldType{
	"employees": Integer, "visits": Integer, "revenue": Number, "growth": Number, "industry": String, "country": String, "seniority": String,
	"department": String, "title": String, "email": String, "phone": String, "source": String, "stack": StringList, "partner": Boolean, "subscribed": Boolean,
}

// values by field; what is zero is absent.
func (l *benchLead) values() map[string]any {
	all := map[string]any{
		"employees": l.Employees, "visits": l.Visits, "revenue": l.Revenue, "growth": l.Growth, "industry": l.Industry, "country": l.Country,
		"seniority": l.Seniority, "department": l.Department, "title": l.Title, "email": l.Email, "phone": l.Phone, "source": l.Source,
		"stack": l.Stack, "partner": l.Partner, "subscribed": l.Subscribed,
	}
	for name, value := range all {
		if value == any(int64(0)) || value == any(0.0) || value == "" {
			delete(all, name)
		}
	}
	return all
}

// benchLeads are 64 that differ; one value in ten is absent.
func benchLeads() []*benchLead {
	random := rand.New(rand.NewPCG(11, 12))
	one := func(from ...string) string {
		if random.IntN(10) == 0 {
			return ""
		}
		return from[random.IntN(len(from))]
	}
	technologies := []string{"kubernetes", "salesforce", "marketo", "hubspot", "go", "java", "snowflake"}
	leads := make([]*benchLead, 64)
	for i := range leads {
		l := &benchLead{
			Employees: random.Int64N(2000), Visits: random.Int64N(20), Revenue: float64(random.Int64N(10_000_000)), Growth: random.Float64() / 2,
			Industry: one("saas", "fintech", "insurance", "retail", "education"), Country: one("US", "GB", "DE", "FR", "BR", "IN"),
			Seniority: one("director", "vp", "manager", "individual", "cxo"), Department: one("marketing", "sales", "engineering", "finance"),
			Title: one("Head of Revenue Operations", "Chief Revenue Officer", "Software Engineer", "Marketing Intern", "VP of Sales"),
			Email: one("a@acme.example", "someone@gmail.com", "jane@yahoo.com", "first.last@corp.example"), Phone: one("+1 555 0100"),
			Source:  one("organic", "paid", "partner-referral", "event"),
			Partner: random.IntN(8) == 0, Subscribed: random.IntN(2) == 0,
		}
		for _, technology := range technologies {
			if random.IntN(2) == 0 {
				l.Stack = append(l.Stack, technology)
			}
		}
		leads[i] = l
	}
	return leads
}

// nativeScore is the definition as somebody would write it in Go.
func nativeScore(l *benchLead) int {
	fit := 0
	if l.Employees >= 50 && l.Employees <= 500 {
		fit += 15
	}
	if l.Employees > 500 {
		fit += 10
	}
	if l.Revenue >= 5000000 {
		fit += 8
	}
	if l.Growth > 0.2 {
		fit += 4
	}
	if l.Industry == "saas" {
		fit += 10
	}
	switch l.Industry {
	case "fintech", "insurance", "healthcare":
		fit += 6
	}
	switch l.Country {
	case "US", "CA", "GB", "IE", "AU":
		fit += 8
	}
	if l.Country == "DE" || l.Country == "FR" {
		fit += 4
	}
	if slices.Contains(l.Stack, "kubernetes") {
		fit += 6
	}
	if slices.Contains(l.Stack, "salesforce") && slices.Contains(l.Stack, "marketo") {
		fit += 5
	}
	if len(l.Stack) >= 4 {
		fit += 3
	}
	if l.Partner {
		fit -= 10
	}
	fit = min(max(fit, 0), 50)
	return min(fit+nativeRole(l)+nativeReach(l), 100)
}

func nativeRole(l *benchLead) int {
	role := 0
	switch l.Seniority {
	case "director", "vp", "cxo":
		role += 20
	}
	if l.Seniority == "manager" {
		role += 8
	}
	switch l.Department {
	case "marketing", "sales", "operations":
		role += 8
	}
	if strings.Contains(l.Title, "Revenue") {
		role += 5
	}
	if strings.HasPrefix(l.Title, "Head of") {
		role += 6
	}
	if strings.Contains(l.Title, "Intern") || strings.Contains(l.Title, "Student") {
		role -= 20
	}
	return min(max(role, 0), 40)
}

func nativeReach(l *benchLead) int {
	reach := 0
	if l.Phone != "" {
		reach += 5
	}
	if strings.HasSuffix(l.Email, "@gmail.com") || strings.HasSuffix(l.Email, "@yahoo.com") {
		reach -= 15
	}
	if l.Source == "partner-referral" {
		reach += 12
	}
	switch l.Source {
	case "organic", "paid", "social":
		reach += 4
	}
	if l.Visits > 3 && l.Visits < 100 {
		reach += 6
	}
	if l.Subscribed && l.Visits > 0 {
		reach += 3
	}
	if l.Subscribed && l.Employees >= 1000 {
		reach += 5
	}
	return min(max(reach, 0), 30)
}

// summed is the score by an evaluator that only tells which rules hold.
func summed(holds func(rule int) bool) int {
	total, rule := 0, 0
	for _, g := range benchGroups {
		sum := 0
		for ; rule < len(benchRules) && benchRules[rule].group == g.name; rule++ {
			if holds(rule) {
				sum += benchRules[rule].points
			}
		}
		total += min(max(sum, 0), g.max)
	}
	return min(total, 100)
}

// scorers give the score of the lead with a number, from the form in which each evaluator reads leads, made before.
func scorers(tb testing.TB) map[string]func(int) int {
	tb.Helper()
	leads := benchLeads()
	p := mustCompile(tb, benchDefinition())
	states, boxed := make([]*state, len(leads)), make([]any, len(leads))
	for i, l := range leads {
		states[i], boxed[i] = newState(p), l
		values := l.values()
		for k, f := range p.definition.Fields {
			states[i].set(k, values[f.Name])
			states[i].celValue(k)
		}
	}
	byExpr := exprRules(tb)
	machine := vm.VM{}
	plain, limited := celRules(tb, p), celRules(tb, p, cel.CostLimit(MaxCost))
	return map[string]func(int) int{
		"compiled": func(i int) int {
			s := states[i]
			s.fitsKnown = false
			return s.score().Clamped
		},
		"native":        func(i int) int { return nativeScore(leads[i]) },
		"cel":           func(i int) int { return summed(func(rule int) bool { return plain[rule].evaluate(states[i]) }) },
		"cel-costlimit": func(i int) int { return summed(func(rule int) bool { return limited[rule].evaluate(states[i]) }) },
		"expr": func(i int) int {
			return summed(func(rule int) bool {
				holds, err := machine.Run(byExpr[rule], boxed[i])
				return err == nil && holds == true
			})
		},
	}
}

func celRules(tb testing.TB, p *Program, options ...cel.ProgramOption) []*expression {
	tb.Helper()
	rules := make([]*expression, len(benchRules))
	for i, r := range benchRules {
		checked, issues := p.env.fit.env.Compile(r.cel)
		if issues.Err() != nil {
			tb.Fatal(issues.Err())
		}
		program, err := p.env.fit.env.Program(checked, append(options, cel.EvalOptions(cel.OptOptimize))...)
		if err != nil {
			tb.Fatal(err)
		}
		rules[i] = &expression{program: program}
	}
	return rules
}

func exprRules(tb testing.TB) []*vm.Program {
	tb.Helper()
	rules := make([]*vm.Program, len(benchRules))
	for i, r := range benchRules {
		program, err := expr.Compile(r.expr, expr.Env(&benchLead{}), expr.AsBool())
		if err != nil {
			tb.Fatal(err)
		}
		rules[i] = program
	}
	return rules
}

var evaluators = []string{"compiled", "native", "cel", "cel-costlimit", "expr"}

func agree(tb testing.TB, all map[string]func(int) int) {
	tb.Helper()
	distinct := map[int]bool{}
	for i := range benchLeads() {
		want := all["native"](i)
		distinct[want] = true
		for name, score := range all {
			if got := score(i); got != want {
				tb.Fatalf("lead %d: %s gives %d, hand-written Go %d", i, name, got, want)
			}
		}
	}
	if len(distinct) < 20 {
		tb.Fatalf("only %d different scores", len(distinct))
	}
}

func TestEvaluatorsOfTheBenchmarkAgree(t *testing.T) {
	all := scorers(t)
	p := mustCompile(t, benchDefinition())
	tracker, leads := p.NewTracker(), benchLeads()
	all["row"] = func(i int) int {
		tracker.Reset()
		tracker.Begin(day0)
		for field, text := range leads[i].row(p.definition.Fields) {
			if err := tracker.SetText(field, text); err != nil {
				t.Error(err)
			}
		}
		return tracker.Standing().Score.Clamped
	}
	agree(t, all)
}

// BenchmarkScore scores a lead by 25 rules. The lead is there in each evaluator's own form; the time is that of the rules, their
// sum by group, and the clamps.
func BenchmarkScore(b *testing.B) {
	all := scorers(b)
	agree(b, all)
	for _, name := range evaluators {
		b.Run(name, func(b *testing.B) {
			score, i, sum := all[name], 0, 0
			b.ReportAllocs()
			for b.Loop() {
				sum += score(i & 63)
				i++
			}
			if sum == 0 {
				b.Fatal("no lead has a score")
			}
		})
	}
}

// BenchmarkRow is a row of an export, from texts to where the lead stands: what a backtest does for each.
func BenchmarkRow(b *testing.B) {
	p := mustCompile(b, benchDefinition())
	var rows [][]string
	for _, l := range benchLeads() {
		rows = append(rows, l.row(p.definition.Fields))
	}
	tracker, i, qualified := p.NewTracker(), 0, 0
	b.ReportAllocs()
	for b.Loop() {
		tracker.Reset()
		tracker.Begin(day0)
		for field, text := range rows[i&63] {
			if err := tracker.SetText(field, text); err != nil {
				b.Fatal(err)
			}
		}
		if tracker.Standing().Path != "" {
			qualified++
		}
		i++
	}
	if qualified == 0 {
		b.Fatal("no lead qualifies")
	}
}
