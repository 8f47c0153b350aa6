// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCompileReportsMistakes(t *testing.T) {
	firstRule := func(d *Definition) *Rule { return &d.Scoring.Groups[0].Rules[0] }
	cases := map[string]struct {
		change func(d *Definition)
		want   string // of the first problem: where, then a part of the message
	}{
		"misspelt field": {
			func(d *Definition) { firstRule(d).When = "lead.employes > 50" },
			`rule "fit/company-size": 1:5: undefined field 'employes' of lead; did you mean 'employees'?`,
		},
		"misspelt field on the second line": {
			func(d *Definition) { firstRule(d).When = "lead.employees > 50 &&\n  lead.industri == 'saas'" },
			`rule "fit/company-size": 2:7: undefined field 'industri' of lead; did you mean 'industry'?`,
		},
		"field far from any known name": {
			func(d *Definition) { firstRule(d).When = "lead.xyzzy > 50" },
			`rule "fit/company-size": 1:5: undefined field 'xyzzy' of lead; known: company, employees, industry, stack, revenue, partner, founded, seniority, email`,
		},
		"wrong type": {
			func(d *Definition) { firstRule(d).When = `lead.employees > "50"` },
			`rule "fit/company-size": 1:16: found no matching overload for '_>_' applied to '(int, string)'`,
		},
		"whole number against a Number": {
			func(d *Definition) { firstRule(d).When = `lead.revenue == 5` },
			`rule "fit/company-size": 1:14: found no matching overload for '_==_' applied to '(double, int)'; to compare a Number, write whole numbers with a fraction, such as 5.0`,
		},
		"not a condition": {
			func(d *Definition) { firstRule(d).When = `lead.employees` },
			`rule "fit/company-size": gives int; an expression must give bool (true or false)`,
		},
		"dyn is no condition": {
			func(d *Definition) { firstRule(d).When = `dyn(lead.partner)` },
			`rule "fit/company-size": gives dyn; an expression must give bool (true or false)`,
		},
		"dyn hides names": {
			func(d *Definition) { firstRule(d).When = `dyn(lead).employes == 1` },
			`rule "fit/company-size": 1:4: dyn() of lead or signals: read their fields directly`,
		},
		"objects cannot be built": {
			func(d *Definition) { firstRule(d).When = `handoff.Lead{}.employees == 1` },
			`rule "fit/company-size": 1:13: expressions cannot build objects`,
		},
		"syntax": {
			func(d *Definition) { firstRule(d).When = `lead.employees >` },
			`rule "fit/company-size": 1:17: Syntax error`,
		},
		"blank": {
			func(d *Definition) { firstRule(d).When = " " },
			`rule "fit/company-size": the expression is empty`,
		},
		"unknown variable": {
			func(d *Definition) { firstRule(d).When = `contact.employees > 5` },
			`rule "fit/company-size": 1:1: undeclared reference to 'contact'; known: lead`,
		},
		"unknown function": {
			func(d *Definition) { firstRule(d).When = `lead.company.frobnicate()` },
			`rule "fit/company-size": 1:24: undeclared reference to 'frobnicate'`,
		},
		"field of a text": {
			func(d *Definition) { firstRule(d).When = `lead.company.name == ""` },
			`rule "fit/company-size": 1:13: type 'string' does not support field selection`,
		},
		"bad pattern": {
			func(d *Definition) { firstRule(d).When = `lead.company.matches("(")` },
			`rule "fit/company-size": 1:22: invalid matches argument`,
		},
		"too costly": {
			func(d *Definition) { firstRule(d).When = `lead.stack.exists(a, lead.stack.exists(b, a == b + "x"))` },
			`rule "fit/company-size": may cost up to `,
		},
		"no bound": {
			func(d *Definition) { firstRule(d).When = `lead == lead` },
			`rule "fit/company-size": its cost has no bound`,
		},
		"a rule reads no signals": {
			func(d *Definition) { firstRule(d).When = `signals.demoRequest.count > 0` },
			"rule \"fit/company-size\": 1:1: a rule's `when` reads `lead` only",
		},
		"when and on": {
			func(d *Definition) { firstRule(d).On = "demoRequest" },
			"rule \"fit/company-size\": needs either `when` (fit) or `signal` (behaviour), and not both",
		},
		"neither when nor on": {
			func(d *Definition) { firstRule(d).When = "" },
			"rule \"fit/company-size\": needs either `when` (fit) or `signal` (behaviour), and not both",
		},
		"max of a fit rule": {
			func(d *Definition) { firstRule(d).Max = ptr(3) },
			"rule \"fit/company-size\": `max` and `halfLife` need `signal`",
		},
		"rule's max below 1": {
			func(d *Definition) { d.Scoring.Groups[1].Rules[0].Max = ptr(0) },
			`rule "intent/pricing": max is 0; it must be at least 1`,
		},
		"negative half-life": {
			func(d *Definition) { d.Scoring.Groups[1].Rules[0].HalfLife = -time.Hour },
			`rule "intent/pricing": halfLife is negative`,
		},
		"unknown signal": {
			func(d *Definition) { d.Scoring.Groups[1].Rules[0].On = "pricingViews" },
			`rule "intent/pricing": signal: unknown signal 'pricingViews'; did you mean 'pricingView'?`,
		},
		"duplicate rule in another group": {
			func(d *Definition) { d.Scoring.Groups[1].Rules[0].Name = "saas" },
			`rule "intent/saas": there is another rule of this name`,
		},
		"duplicate group": {
			func(d *Definition) { d.Scoring.Groups[1].Name = "fit" },
			`group "fit": there is another group of this name`,
		},
		"group's max below 1": {
			func(d *Definition) { d.Scoring.Groups[1].Max = ptr(0) },
			`group "intent": max is 0; it must be at least 1`,
		},
		"score's max below 1": {
			func(d *Definition) { d.Scoring.Max = ptr(0) },
			`scoring: max is 0; it must be at least 1`,
		},
		"identity by an unknown field": {
			func(d *Definition) { d.Identity = []string{"mail"} }, `identity "mail": unknown field 'mail'; did you mean 'email'?`,
		},
		"identity by a number": {
			func(d *Definition) { d.Identity = []string{"employees"} }, `identity "employees": the field is of type Integer; only a String identifies a person`,
		},
		"identity twice": {
			func(d *Definition) { d.Identity = []string{"email", "email"} }, `identity "email": the field is named twice; keep one`,
		},
		"exclusion without an expression": {
			func(d *Definition) { d.Exclusions = []Exclusion{{Name: "customer"}} },
			`exclusion "customer": when is empty: write the expression that keeps a lead out`,
		},
		"exclusion by an unknown field": {
			func(d *Definition) { d.Exclusions = []Exclusion{{Name: "customer", When: `lead.industri == "x"`}} }, `exclusion "customer": 1:5: `,
		},
		"duplicate exclusion": {
			func(d *Definition) {
				d.Exclusions = []Exclusion{{Name: "customer", When: "lead.partner"}, {Name: "customer", When: "signals.trialSignup.count > 3"}}
			},
			`exclusion "customer": there is another exclusion of this name`,
		},
		"full cadence of another sort": {
			func(d *Definition) { d.Dispositions[1].FullCadence = "Optional" },
			`disposition "BadTiming": fullCadence "Optional" is unknown; known: Required`,
		},
		"full cadence of a disqualified lead": {
			func(d *Definition) { d.Dispositions[2].FullCadence = FullCadenceRequired },
			"disposition \"NotICP\": `fullCadence` needs the outcome Recycled",
		},
		"suppression of another sort": {
			func(d *Definition) { d.Dispositions[2].Suppress = "Everybody" },
			`disposition "NotICP": suppress "Everybody" is unknown; known: Contact, Account`,
		},
		"suppression of a recycled lead": {
			func(d *Definition) { d.Dispositions[1].Suppress = ScopeContact },
			"disposition \"BadTiming\": `suppress` needs the outcome Disqualified: a lead with the outcome Recycled stays in the rotation",
		},
		"suppression of an account that nothing names": {
			func(d *Definition) { d.Dispositions[2].Suppress = ScopeAccount },
			"disposition \"NotICP\": `suppress: Account` needs `account: {field: ...}`",
		},
		"duplicate field": {
			func(d *Definition) { d.Fields[2].Name = "company" },
			`field "company": there is another field of this name`,
		},
		"field without a name": {
			func(d *Definition) { d.Fields = append(d.Fields, Field{Type: String}) },
			`field "": the name is empty`,
		},
		"field that cannot be read": {
			func(d *Definition) { d.Fields = append(d.Fields, Field{Name: "in", Type: String}) },
			`field "in": expressions cannot read this name`,
		},
		"unknown type": {
			func(d *Definition) { d.Fields = append(d.Fields, Field{Name: "phone", Type: "Text"}) },
			`field "phone": type "Text" is unknown; known: String, StringList, Integer, Number, Boolean, Timestamp`,
		},
		"duplicate signal": {
			func(d *Definition) { d.Signals = append(d.Signals, d.Signals[3]) },
			`signal "trialSignup": there is another signal of this name`,
		},
		"signal without an activity": {
			func(d *Definition) { d.Signals[3].Activity = "" },
			`signal "trialSignup": activity is empty`,
		},
		"signal reads the lead": {
			func(d *Definition) { d.Signals[0].When = `lead.employees > 3` },
			`signal "pricingView": 1:1: undeclared reference to 'lead'; known: activity`,
		},
		"signal gives a text": {
			func(d *Definition) { d.Signals[0].When = `activity.path + "x"` },
			`signal "pricingView": gives string; an expression must give bool`,
		},
		"unknown signal in a criterion": {
			func(d *Definition) { d.Paths[1].Criteria[1].Expression = `signals.demoRequests.count > 0` },
			`path "fit-and-engagement" criterion 2: 1:8: undefined field 'demoRequests' of signals; did you mean 'demoRequest'?`,
		},
		"criterion with a message": {
			func(d *Definition) {
				d.Paths[1].Criteria[0] = Criterion{Expression: `lead.senioritet == "Director"`, Message: "not director-level"}
			},
			`path "fit-and-engagement" criterion 1 (not director-level): 1:5: undefined field 'senioritet' of lead; did you mean 'seniority'?`,
		},
		"unknown field of a signal": {
			func(d *Definition) { d.Paths[0].Criteria[0].Expression = `signals.demoRequest.total > 0` },
			`path "hand-raise" criterion 1: 1:20: undefined field 'total' of signals.demoRequest; known: count, within(window)`,
		},
		"no window": {
			func(d *Definition) { d.Paths[0].Criteria[0].Expression = `signals.demoRequest.within("3w") > 0` },
			`path "hand-raise" criterion 1: 1:27: within: "3w" is no window`,
		},
		"no signals at all": {
			func(d *Definition) { d.Signals, d.Scoring.Groups = nil, d.Scoring.Groups[:1] },
			`path "hand-raise" criterion 1: 1:8: undefined field 'demoRequest' of signals; none is defined`,
		},
		"no paths": {
			func(d *Definition) { d.Paths = nil },
			`paths: there is none, so no lead could ever qualify`,
		},
		"duplicate path": {
			func(d *Definition) { d.Paths[1].Name = "hand-raise" },
			`path "hand-raise": there is another path of this name`,
		},
		"empty path": {
			func(d *Definition) { d.Paths[0].Criteria = nil },
			`path "hand-raise": needs a threshold, criteria or both`,
		},
		"threshold without scoring": {
			func(d *Definition) { d.Scoring = nil },
			"path \"fit-and-engagement\": a threshold needs `scoring`",
		},
		"threshold out of reach": {
			func(d *Definition) { d.Paths[1].Threshold = ptr(101) },
			`path "fit-and-engagement": no lead can reach the threshold 101: the highest score is 100`,
		},
		"threshold below 1": {
			func(d *Definition) { d.Paths[1].Threshold = ptr(0) },
			`path "fit-and-engagement": threshold is 0; it must be at least 1`,
		},
		"last intent with when": {
			func(d *Definition) { d.Intents = d.Intents[:1] },
			"intent \"High\": the last intent, and only the last, has no `when`",
		},
		"first intent without when": {
			func(d *Definition) { d.Intents[0].When = "" },
			"intent \"High\": the last intent, and only the last, has no `when`",
		},
		"duplicate intent": {
			func(d *Definition) { d.Intents[1].Name = "High" },
			`intent "High": there is another intent of this name`,
		},
		"attempts below zero": {
			func(d *Definition) { d.Dispositions[1].MinAttempts = -1 }, `disposition "BadTiming": minAttempts is -1; it must be at least 1, or left out`,
		},
		"duplicate disposition": {
			func(d *Definition) { d.Dispositions[1].Name = "NotICP" },
			`disposition "NotICP": there is another disposition of this name`,
		},
		"unknown outcome": {
			func(d *Definition) { d.Dispositions[1].Outcome = "Lost" },
			`disposition "BadTiming": outcome "Lost" is unknown; known: Accepted, Recycled, Disqualified`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := midMarket()
			tc.change(&d)
			_, err := Compile(d)
			var problems Problems
			if !errors.As(err, &problems) {
				t.Fatalf("Compile gave %v, want Problems", err)
			}
			if first := problems[:1].Error(); !strings.HasPrefix(first, tc.want) {
				t.Errorf("first problem:\n got %s\nwant %s", first, tc.want)
			}
		})
	}
}

func TestCompileReportsAllMistakes(t *testing.T) {
	d := midMarket()
	d.Scoring.Groups[0].Rules[0].When = "lead.a && lead.b && lead.c && lead.d"
	d.Signals[0].When = "activity."
	_, err := Compile(d)
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("Compile gave %v, want Problems", err)
	}
	var where []string
	for _, p := range problems {
		where = append(where, p.Where)
	}
	rule := `rule "fit/company-size"`
	if diff := cmp.Diff([]string{`signal "pricingView"`, rule, rule, rule}, where); diff != "" {
		t.Errorf("three mistakes of one expression are told, the rest only follow from them (-want +got):\n%s", diff)
	}
	if got := err.Error(); !strings.Contains(got, `; rule "fit/company-size": 1:5: `) {
		t.Errorf("problems are not joined: %s", got)
	}
}

func TestDefinitionIsKept(t *testing.T) {
	if diff := cmp.Diff(midMarket(), mustCompile(t, midMarket()).Definition()); diff != "" {
		t.Error(diff)
	}
}

func TestReservedWordsMayBeFields(t *testing.T) {
	d := midMarket()
	d.Fields = append(d.Fields, Field{Name: "package", Type: String})
	d.Paths = []Path{{Name: "p", Criteria: []Criterion{{Expression: `lead.package == "gold"`}}}}
	j := mustCompile(t, d).Qualify([]Event{captured(day0, map[string]any{"package": "gold"})}, since(day0))
	if j.Reached == nil {
		t.Error("the path does not hold")
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`lead.employees > 5`, `lead.employes > 5`, `signals.pricingView.within("7d") > 1`, `has(lead.company)`, `lead.`, `"`, `signals.x.y.z(1)`,
		`lead.stack.exists(x, x == "a")`, `activity.gated`, `!`, "lead.company.matches('(')", `within("1d")`, `lead[signals]`, "\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		d := midMarket()
		d.Signals[0].When = source
		d.Scoring.Groups[0].Rules[0].When = source
		d.Paths[0].Criteria[0].Expression = source
		p, err := Compile(d)
		if err == nil {
			p.Qualify([]Event{captured(day0, director()), pricingView(day0)}, since(day0))
			return
		}
		var problems Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Errorf("%q: %v is no list of problems", source, err)
		}
	})
}

// One pass over a list is a rule that people write; one in another is not.
func TestWhatOnePassMayCost(t *testing.T) {
	for source, want := range map[string]bool{
		`lead.stack.exists(s, s.lowerAscii().contains("kubernetes"))`:                            true,
		`lead.stack.exists(s, s.startsWith("a") || s.lowerAscii() == "b")`:                       true,
		`lead.stack.all(s, s.matches("^[a-z]+$"))`:                                               true,
		`lead.stack.exists(s, lead.stack.exists(t, s == t))`:                                     false,
		`lead.company.replace("a", lead.company) != lead.industry`:                               false,
		`lead.stack.exists(s, s.lowerAscii().contains("a") || s.upperAscii().contains("B"))`:     false,
		`lead.stack.exists(s, s in ["a", "b", "c"]) && lead.stack.exists(s, s.startsWith("ku"))`: true,
	} {
		d := midMarket()
		d.Scoring.Groups[0].Rules[0].When = source
		if _, err := Compile(d); (err == nil) != want {
			t.Errorf("%s: compiles %t, want %t: %v", source, err == nil, want, err)
		}
	}
}
