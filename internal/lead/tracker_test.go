// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// everyEvent is the tracker's way to what Qualify says of the last event.
func everyEvent(p *Program, history []Event) Standing {
	t := p.NewTracker()
	for _, e := range history {
		t.Apply(e)
	}
	return t.Standing()
}

func TestTrackerStandsWhereQualifyDoes(t *testing.T) {
	p := mustCompile(t, midMarket())
	random := rand.New(rand.NewPCG(3, 4))
	reused := p.NewTracker()
	for range 300 {
		history := randomHistory(random)
		j := p.Qualify(history, since(history[len(history)-1].Time)) // only the end is judged
		got := everyEvent(p, history)
		told := got
		if told.Path == "" { // a journey tells what is missing only where a path holds,
			told.Missing = nil
		}
		if told.Missing != nil { // and the intent only of a lead that is complete
			told.Intent = ""
		}
		if diff := cmp.Diff(standingOf(j), told); diff != "" {
			t.Fatalf("standing (-qualify +tracker):\n%s", diff)
		}
		explained := p.Explain(history)
		checkSums(t, explained)
		if explained.Factors = nil; !cmp.Equal(explained, got.Score) {
			t.Fatalf("Explain says %+v, the tracker %+v", explained, got.Score)
		}
		reused.Reset()
		for i, e := range history {
			reused.Apply(e)
			if i%3 == 0 {
				reused.Standing()
			}
		}
		if diff := cmp.Diff(got, reused.Standing()); diff != "" {
			t.Fatalf("after another lead and with standings between (-new +reused):\n%s", diff)
		}
	}
}

func standingOf(j Journey) Standing {
	s := Standing{Score: j.Score}
	if j.Reached != nil {
		s.Path, s.Missing = j.Reached.Path, j.Reached.Missing
		s.Held = j.Qualified == nil
	}
	if j.Qualified != nil {
		s.Intent = j.Qualified.Intent
	}
	return s
}

// leftToCEL is the same definition in a shape that has no closure.
func leftToCEL(d Definition) Definition {
	wrap := func(source string) string {
		if source == "" {
			return ""
		}
		return "[0].all(zero, " + source + ")"
	}
	d.Signals, d.Paths, d.Intents = slices.Clone(d.Signals), slices.Clone(d.Paths), slices.Clone(d.Intents)
	scoring := Scoring{Max: d.Scoring.Max, Groups: slices.Clone(d.Scoring.Groups)}
	d.Scoring = &scoring
	for i := range scoring.Groups {
		scoring.Groups[i].Rules = slices.Clone(scoring.Groups[i].Rules)
		for k := range scoring.Groups[i].Rules {
			scoring.Groups[i].Rules[k].When = wrap(scoring.Groups[i].Rules[k].When)
		}
	}
	for i := range d.Signals {
		d.Signals[i].When = wrap(d.Signals[i].When)
	}
	for i := range d.Intents {
		d.Intents[i].When = wrap(d.Intents[i].When)
	}
	for i := range d.Paths {
		d.Paths[i].Criteria = slices.Clone(d.Paths[i].Criteria)
		for k := range d.Paths[i].Criteria {
			d.Paths[i].Criteria[k].Expression = wrap(d.Paths[i].Criteria[k].Expression)
		}
	}
	return d
}

// A lead's whole journey and every factor are the same by closures and by CEL, and the factors add up.
func TestJourneysAreTheSameByClosuresAndByCEL(t *testing.T) {
	fast, slow := mustCompile(t, midMarket()), mustCompile(t, leftToCEL(midMarket()))
	if !fast.groups[0].rules[0].when.closure || slow.groups[0].rules[0].when.closure || slow.signals[0].closure || slow.paths[0].criteria[0].closure || slow.intents[0].when.closure {
		t.Fatal("the two are evaluated in the same way")
	}
	random := rand.New(rand.NewPCG(15, 16))
	qualified := 0
	for range 200 {
		history := randomHistory(random)
		got, want := fast.Qualify(history, since(day0)), slow.Qualify(history, since(day0))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("journey (-CEL +closures):\n%s", diff)
		}
		explained := fast.Explain(history)
		if diff := cmp.Diff(slow.Explain(history), explained); diff != "" {
			t.Fatalf("factors (-CEL +closures):\n%s", diff)
		}
		checkSums(t, explained)
		if got.Qualified != nil {
			qualified++
		}
	}
	if qualified < 20 || qualified > 180 {
		t.Errorf("%d of 200 qualified: the histories are too alike", qualified)
	}
}

func randomHistory(random *rand.Rand) []Event {
	history := []Event{captured(day0, director())}
	at := day0
	for range random.IntN(12) {
		at = at.Add(time.Duration(random.Int64N(int64(10 * day))))
		switch random.IntN(5) {
		case 0:
			history = append(history, updated(at, map[string]any{"numberofemployees": random.IntN(700), "email": []any{nil, "a@gmail.com", "b@x.example"}[random.IntN(3)]}))
		case 1:
			history = append(history, acted(at, "FormSubmit", map[string]any{"form": []any{"demo", "contact", 3.0}[random.IntN(3)]}))
		case 2:
			history = append(history, acted(at, "Download", map[string]any{"gated": random.IntN(2) == 0}))
		case 3:
			history = append(history, updated(at, map[string]any{"industry": "saas", "hs_seniority": []any{"vp", "intern"}[random.IntN(2)]}))
		default:
			history = append(history, pricingView(at))
		}
	}
	return history
}

func TestStanding(t *testing.T) {
	p := mustCompile(t, midMarket())
	tracker := p.NewTracker()
	if diff := cmp.Diff(Standing{}, tracker.Standing()); diff != "" {
		t.Errorf("before anything (-want +got):\n%s", diff)
	}
	if tracker.Apply(Event{Kind: KindTouch, Time: day0, Touch: &Touch{}}) {
		t.Error("a touch changes the record")
	}
	if diff := cmp.Diff(Standing{}, tracker.Standing()); diff != "" {
		t.Errorf("after a touch (-want +got):\n%s", diff)
	}
	tracker.Apply(captured(day0, without(director(), "email")))
	score := Score{Raw: 45, Rounded: 45, Clamped: 45}
	if diff := cmp.Diff(Standing{Score: score, Missing: []string{"email"}}, tracker.Standing()); diff != "" {
		t.Errorf("captured (-want +got):\n%s", diff)
	}
	tracker.Apply(demoRequest(day0.Add(day)))
	score = Score{Raw: 85, Rounded: 85, Clamped: 85}
	if diff := cmp.Diff(Standing{Score: score, Path: "hand-raise", Missing: []string{"email"}, Held: true, Intent: "High"}, tracker.Standing()); diff != "" {
		t.Errorf("a demo requested (-want +got):\n%s", diff)
	}
	tracker.Reset()
	if diff := cmp.Diff(Standing{}, tracker.Standing()); diff != "" {
		t.Errorf("another lead (-want +got):\n%s", diff)
	}
	tracker.Begin(day0)
	if got := tracker.Standing().Missing; !slices.Equal(got, []string{"company", "employees", "email"}) {
		t.Errorf("an empty row misses %v", got)
	}
}

// cells are texts as exports have them, right and wrong for every type.
var cells = []string{
	"", " ", "Acme", " a ", "120", " 120 ", "-3", "+7", "120.0", "1.5", "1e3", "1e999", "9007199254740993", "9223372036854775808", "NaN", "Inf", "0x10", "1.2.3",
	"--1", "true", "FALSE", "falſe", "yes", "a;b", " a ;; b;", ";", "2027-01-15", "2027-01-15T09:30:00Z", "2027-01-15T09:30:00.25-05:00", "15.01.2027", "2027-02-30",
	"0000-01-01", "9999-12-31T23:59:59Z", strings.Repeat("ä", MaxText), strings.Repeat("ä", MaxText+1), strings.Repeat("a;", MaxList), strings.Repeat("a;", MaxList+1),
	"a;" + strings.Repeat("b", MaxText+1), "\xff", "é", "-0", "-0.0", ".5", "5.", "1_000", "\u00a05\u00a0",
}

// oneOfEachType has no other fields.
func oneOfEachType(tb testing.TB) *Program {
	tb.Helper()
	var d Definition
	for _, to := range []FieldType{String, StringList, Integer, Number, Boolean, Timestamp} {
		d.Fields = append(d.Fields, Field{Name: "f" + string(to), Type: to, Property: "p" + string(to)})
	}
	d.Paths = []Path{{Name: "p", Criteria: []Criterion{{Expression: `lead.fString == "Acme" || "a" in lead.fStringList`}}}}
	return mustCompile(tb, d)
}

func checkSetText(t *testing.T, p *Program, text string) {
	t.Helper()
	tracker := p.NewTracker()
	for i, f := range p.definition.Fields {
		if err := tracker.SetText(i, "true"); (err == nil) != (f.Type == String || f.Type == StringList || f.Type == Boolean) {
			t.Fatalf("the value before: %v", err)
		}
		want, wantErr := Coerce(f, text)
		err := tracker.SetText(i, text)
		if errorText(err) != errorText(wantErr) {
			t.Errorf("%s of %q: error %v, Coerce says %v", f.Type, text, err, wantErr)
		}
		values := tracker.state.values()
		got, there := values[f.Name]
		if there != (want != nil) {
			t.Errorf("%s of %q: there %t, Coerce gives %v", f.Type, text, there, want)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s of %q (-Coerce +SetText):\n%s", f.Type, text, diff)
		}
	}
}

func TestSetTextIsCoerce(t *testing.T) {
	p := oneOfEachType(t)
	for i, cell := range cells {
		t.Run(fmt.Sprint(i), func(t *testing.T) { checkSetText(t, p, cell) })
	}
}

func FuzzSetTextIsCoerce(f *testing.F) {
	for _, cell := range cells {
		f.Add(cell)
	}
	p := oneOfEachType(f)
	f.Fuzz(func(t *testing.T, text string) { checkSetText(t, p, text) })
}

func TestRowsCostNoAllocation(t *testing.T) {
	d := midMarket()
	d.Scoring.Groups[0].Rules = append(d.Scoring.Groups[0].Rules, Rule{Name: "group", When: `lead.company.lowerAscii().contains("acme")`, Points: 1})
	p := mustCompile(t, d)
	tracker := p.NewTracker()
	rows := [][]string{
		{"Acme", "120", "saas", "go;k8s", "1.5", "true", "2020-02-03", "vp", "a@b.example"},
		{"Bmce", " 90 ", "bank", "", "", "", "", "intern", ""},
		{"Cmce", "60", "saas", "java", "3", "FALSE", "2020-02-03T00:00:00Z", "director", ""},
	}
	for name, rows := range map[string][][]string{"complete": rows[:1], "incomplete": rows[1:]} {
		if allocations := testing.AllocsPerRun(100, func() {
			for _, row := range rows {
				tracker.Reset()
				tracker.Begin(day0)
				for i, text := range row {
					if err := tracker.SetText(i, text); err != nil {
						t.Fatal(err)
					}
				}
				tracker.Standing()
			}
		}); allocations != 0 {
			t.Errorf("%s: %v allocations", name, allocations)
		}
	}
}
