// SPDX-License-Identifier: Apache-2.0

package analyze

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/stats"
)

// world is an export whose truth is known: source, size, partner and stack drive the conversion, a missing size takes away, noise and the
// time of day do nothing; won_at and crm_note are filled in afterwards.
func world(n int) (*Sample, []float64) {
	columns := []Column{
		{Property: "lead_id", ID: true},
		{Property: "Lead Source"},
		{Property: "employees"},
		{Property: "partner"},
		{Property: "stack", Type: lead.StringList},
		{Property: "noise"},
		{Property: "cookie"},
		{Property: "message"},
		{Property: "created"},
		{Property: "tenant"},
		{Property: "fax"},
		{Property: "won"},
		{Property: "lost_reason"},
		{Property: "segment", File: "deals.csv"},
		{Property: "margin", File: "deals.csv"},
		{Property: "call_seconds"},
	}
	NameFields(columns)
	s := NewSample(columns, n)
	random := rand.New(rand.NewPCG(7, 11))
	sources := []struct {
		name string
		odds float64
	}{{"organic", 0.4}, {"paid \"brand\"", 0.4}, {"social", -0.9}, {"email", -1.2}, {"event's", 1.1}}
	truth := map[string]bool{}
	var odds []float64
	for i := range n {
		source := sources[random.IntN(len(sources))]
		z := -1.6 + source.odds
		cells := make([]string, len(columns))
		cells[0], cells[1] = fmt.Sprintf("lead-%d", i), source.name
		if random.IntN(10) > 0 {
			size := int(math.Exp(random.Float64() * 8))
			cells[2] = fmt.Sprint(size)
			if size >= 50 && size < 500 {
				z += 1.2
			}
		} else {
			z -= 1.5
		}
		cells[3] = fmt.Sprint(random.IntN(4) == 0)
		if cells[3] == "true" {
			z += 0.8
		}
		for _, entry := range []string{"crm", "erp", "shop"} {
			if random.IntN(3) == 0 {
				cells[4] += entry + ";"
				if entry == "shop" {
					z += 0.9
				}
			}
		}
		cells[5] = string(rune('a' + random.IntN(6)))
		cells[6] = fmt.Sprintf("%x", random.Uint64())
		cells[7] = fmt.Sprintf("please call me about offer %d soon", random.IntN(100000))
		cells[8] = time.Unix(1.5e9+int64(random.IntN(3e7)), 0).UTC().Format(time.DateTime)
		cells[9] = "acme"
		won := random.Float64() < 1/(1+math.Exp(-z))
		truth[cells[0]] = won
		odds = append(odds, z)
		cells[15] = fmt.Sprint(100 + random.IntN(50))
		if won {
			cells[11], cells[13], cells[14] = "2027-01-01", "retail", fmt.Sprint(random.IntN(90))
			cells[15] = fmt.Sprint(900 + random.IntN(50))
		} else if random.IntN(2) == 0 {
			cells[12] = "price"
		}
		s.Add(cells[0], cells)
	}
	s.Judge(func(cells []string) bool { return truth[cells[0]] })
	return s, odds
}

func TestColumnsThatCannotBeUsed(t *testing.T) {
	s, _ := world(4000)
	r, err := Analyse(s, Options{Outcome: "won"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, l := range r.LeftOut {
		got[l.Property] = l.Why
	}
	want := map[string]string{
		"lead_id": WhyID, "cookie": WhyID, "message": WhyFreeText, "created": WhyDate, "tenant": WhyConstant, "fax": WhyEmpty,
		"won": WhyLeak, "lost_reason": WhyLeak, "segment": WhyLeak, "margin": WhyLeak, "call_seconds": WhyLeak,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, l := range r.LeftOut {
		if l.Property == "segment" && !strings.HasPrefix(l.Reason, "deals.csv has rows for") {
			t.Errorf("segment: %s", l.Reason)
		}
		if l.Property == "call_seconds" && !strings.Contains(l.Reason, "AUC 1.00") {
			t.Errorf("call_seconds: %s", l.Reason)
		}
	}
}

func TestFieldsAreMeasured(t *testing.T) {
	s, _ := world(4000)
	r, err := Analyse(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]Field{}
	for _, f := range r.Fields {
		fields[f.name()] = f
		sum := 0
		for _, v := range f.Values {
			sum += v.Leads
			if v.Rate.Low > v.Rate.Share || v.Rate.High < v.Rate.Share || math.Abs(v.Rate.Share-float64(v.Converted)/float64(v.Leads)) > 1e-12 {
				t.Errorf("%s %s: %+v", f.Name, v.Label, v)
			}
		}
		if sum != 4000 {
			t.Errorf("%s: values of %d leads, want 4000", f.name(), sum)
		}
	}
	for name, want := range map[string]struct{ kind, strength string }{
		"leadSource": {"String", "strong suspiciously strong"}, "employees": {"Integer", "medium strong"}, "partner": {"Boolean", "weak medium"},
		`stack has "shop"`: {"StringList", "weak medium"}, "noise": {"String", "no more than chance"},
	} {
		f, ok := fields[name]
		if !ok || f.Type != want.kind || !strings.Contains(want.strength, f.Strength) {
			t.Errorf("%s: %+v, want %+v", name, f, want)
		}
	}
	source := fields["leadSource"].Values
	at := slices.IndexFunc(source, func(v Value) bool { return v.Label == "email" })
	want := cellOf(s.kept, func(r row) bool { return r.cells[1] == "email" })
	if at < 0 || source[at].Leads != want.Total() || source[at].Converted != want.Yes {
		t.Errorf("email: %+v, want %+v", source, want)
	}
}

// What the report says of a lead's score is what the operator computes of the written definition.
func TestTheDraftScoresAsTheModel(t *testing.T) {
	s, odds := world(4000)
	outcomes := s.outcomes()
	r, err := Analyse(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var usable []*variable
	for i, c := range s.Columns {
		if slices.Contains([]string{"Lead Source", "employees", "partner", "stack", "noise"}, c.Property) {
			usable = append(usable, s.variablesOf(i)...)
		}
	}
	m, err := fitModel(usable, every(len(outcomes)), outcomes)
	if err != nil {
		t.Fatal(err)
	}
	definition := written(t, r, nil)
	program, err := lead.Compile(definition)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float64, len(outcomes))
	for i, kept := range s.kept {
		properties := map[string]any{}
		for n, c := range s.Columns {
			if kept.cells[n] != "" {
				properties[c.Property] = kept.cells[n]
			}
		}
		score := program.Explain([]lead.Event{{Kind: lead.KindCaptured, Time: time.Unix(0, 0), Properties: properties}})
		if score.Clamped != m.score(i) {
			t.Fatalf("lead %v: the definition gives %+v, the model %d", kept.cells, score, m.score(i))
		}
		scores[i] = float64(score.Clamped)
	}
	d := r.Draft
	if got := stats.AUC(scores, outcomes); math.Abs(got-d.SeenAUC) > 1e-12 {
		t.Errorf("AUC of the definition %g, of the report %g", got, d.SeenAUC)
	}
	best := stats.AUC(odds, outcomes)
	if d.AUC < best-0.03 || d.AUC > best+0.01 || d.AUC > d.SeenAUC || d.SeenAUC-d.AUC > 0.02 {
		t.Errorf("AUC %g cross-validated, %g seen; the truth itself has %g", d.AUC, d.SeenAUC, best)
	}
	qualified := 0
	for _, score := range scores {
		if score >= float64(d.Threshold) {
			qualified++
		}
	}
	if got := d.Suggested(); got.Qualified != qualified {
		t.Errorf("%d at the threshold, the report says %d", qualified, got.Qualified)
	}
}

func TestTheDraftFindsTheTruth(t *testing.T) {
	s, _ := world(8000)
	r, err := Analyse(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, rule := range r.Draft.Rules {
		found[rule.When] = true
		if strings.Contains(rule.When, "noise") || strings.Contains(rule.When, `"crm"`) || strings.Contains(rule.When, `"erp"`) {
			t.Errorf("a rule on what means nothing: %+v", rule)
		}
		if rule.Points < 0 != (rule.LogOdds < 0) {
			t.Errorf("points and log-odds disagree: %+v", rule)
		}
	}
	for _, want := range []string{"true", "!has(lead.employees)", `"shop" in lead.stack`, "lead.partner", `lead.leadSource == "event's"`} {
		if !found[want] {
			t.Errorf("no rule %s among %v", want, found)
		}
	}
	for _, w := range r.Draft.Warnings {
		t.Errorf("warning of a good draft: %s", w)
	}
}

// What is not known of a lead never gives it more than the worst that is known, unless leads without it tell otherwise.
func TestTheDraftGivesNothingForWhatIsNotKnown(t *testing.T) {
	cases := map[string]struct {
		absent int // every so many leads have no size; 0: all have one
		rate   float64
		equals string // a size that an unknown one is worth as much as
	}{
		"no lead lacks it":                       {equals: "5"},
		"too few lack it":                        {absent: 600, rate: 1, equals: "5"},
		"those who lack it convert as the worst": {absent: 6, rate: 0.05, equals: "5"},
		"those who lack it convert the most":     {absent: 6, rate: 0.6, equals: "80"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 1))
			s := NewSample([]Column{{Property: "id", ID: true, Field: "id"}, {Property: "size", Field: "size"}}, 5000)
			for i := range 3000 {
				size := fmt.Sprint(1 + random.IntN(100))
				if tc.absent > 0 && i%tc.absent == 0 {
					size = ""
				}
				s.Add(fmt.Sprint(i), []string{fmt.Sprint(i), size})
			}
			s.Judge(func(cells []string) bool {
				rate := 0.05
				switch {
				case cells[1] == "":
					rate = tc.rate
				case len(cells[1]) > 1 && cells[1] >= "30":
					rate = 0.6
				}
				return random.Float64() < rate
			})
			r, err := Analyse(s, Options{})
			if err != nil {
				t.Fatal(err)
			}
			program, err := lead.Compile(written(t, r, nil))
			if err != nil {
				t.Fatal(err)
			}
			score := func(properties map[string]any) int {
				return program.Explain([]lead.Event{{Kind: lead.KindCaptured, Time: time.Unix(0, 0), Properties: properties}}).Clamped
			}
			got, want := score(nil), score(map[string]any{"size": tc.equals})
			if near := 20; got < want-near || got > want+near || score(map[string]any{"size": "80"}) == score(map[string]any{"size": "5"}) {
				t.Errorf("an unknown size is worth %d, a size of %s %d; rules %+v", got, tc.equals, want, r.Draft.Rules)
			}
			qualified := 0
			for _, k := range s.kept {
				properties := map[string]any{}
				if k.cells[1] != "" {
					properties["size"] = k.cells[1]
				}
				if score(properties) >= r.Draft.Threshold {
					qualified++
				}
			}
			if said := r.Draft.Suggested().Qualified; said != qualified {
				t.Errorf("%d leads qualify, the report says %d", qualified, said)
			}
		})
	}
}

func TestNothingToFind(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	s := NewSample([]Column{{Property: "id", ID: true, Field: "id"}, {Property: "a", Field: "a"}}, 5000)
	for i := range 400 {
		s.Add(fmt.Sprint(i), []string{fmt.Sprint(i), string(rune('a' + i%4))})
	}
	s.Judge(func([]string) bool { return random.IntN(4) == 0 })
	r, err := Analyse(s, Options{})
	if err != nil || r.Draft != nil || !strings.Contains(r.NoDraft, "no field separates") {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := r.Manifest("x", "", nil); err == nil {
		t.Error("a manifest of no draft")
	}
	few := NewSample([]Column{{Property: "id", ID: true, Field: "id"}}, 5000)
	few.Add("1", []string{"1"})
	few.Judge(func([]string) bool { return true })
	if r, err = Analyse(few, Options{}); err != nil || !strings.Contains(r.NoDraft, "at least 20 of each") {
		t.Errorf("%+v %v", r, err)
	}
}

func TestAWeakDraftIsCalledWeak(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	s := NewSample([]Column{{Property: "id", ID: true, Field: "id"}, {Property: "a", Field: "a"}}, 5000)
	for i := range 5000 {
		s.Add(fmt.Sprint(i), []string{fmt.Sprint(i), string(rune('a' + i%2))})
	}
	s.Judge(func(cells []string) bool { return random.Float64() < map[string]float64{"a": 0.2, "b": 0.3}[cells[1]] })
	r, err := Analyse(s, Options{})
	if err != nil || r.Draft == nil || len(r.Draft.Warnings) == 0 || !strings.Contains(r.Draft.Warnings[0], "the score is weak") {
		t.Errorf("%+v %v", r.Draft, err)
	}
}

func TestKeepAndExclude(t *testing.T) {
	s, _ := world(2000)
	r, err := Analyse(s, Options{Keep: []string{"lost_reason"}, Exclude: []string{"partner"}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Property == "lost_reason" }) {
		t.Error("lost_reason is not kept")
	}
	if slices.ContainsFunc(r.Fields, func(f Field) bool { return f.Property == "partner" }) {
		t.Error("partner is not excluded")
	}
	if err := s.Knows([]string{"partnr"}); err == nil || !strings.Contains(err.Error(), "did you mean 'partner'?") {
		t.Errorf("error %v", err)
	}
}

// written is the draft after a trip through its file.
func written(t *testing.T, r *Report, from *slav1alpha1.LeadDefinition) lead.Definition {
	t.Helper()
	m, err := r.Manifest("draft", "revenue", from)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := m.YAML(&out, r); err != nil {
		t.Fatal(err)
	}
	docs, err := manifest.Read("-", &out)
	if err != nil {
		t.Fatal(err)
	}
	if len(docs) != 1 || docs[0].Definition == nil || len(docs[0].SignOffs()) != 0 || docs[0].Name != "draft" || docs[0].Namespace != "revenue" {
		t.Fatalf("documents %+v", docs)
	}
	_, ignores := docs[0].Definition.Annotations["sla.handoff.dev/lint-ignore"]
	if ignores != (r.Draft.Rules[0].Name == "base") {
		t.Errorf("annotations %v: lint is told of the base rule, if there is one", docs[0].Definition.Annotations)
	}
	if err := docs[0].Check(); err != nil {
		t.Fatal(err)
	}
	definition, err := convert.Definition(docs[0].Definition.Spec)
	if err != nil {
		t.Fatal(err)
	}
	return definition
}

// With -f all stays that the leads' fields tell nothing about.
func TestTheDraftOfADefinition(t *testing.T) {
	docs, err := manifest.Read("../../../config/samples/leaddefinition.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	from := docs[0].Definition
	before := from.DeepCopy()
	s, _ := world(4000)
	r, err := Analyse(s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Columns {
		if !slices.ContainsFunc(from.Spec.Fields, func(f slav1alpha1.Field) bool { return f.Name == c.Field }) {
			from.Spec.Fields = append(from.Spec.Fields, slav1alpha1.Field{Name: c.Field, Type: typeOf(r, c.Field), Property: c.Property})
		}
	}
	from.Spec.Scoring.Groups[1].Name = "fitted" // taken
	definition := written(t, r, from)
	if len(definition.Signals) != len(before.Spec.Signals) || len(definition.Dispositions) != len(before.Spec.Dispositions) || len(definition.Intents) != 2 {
		t.Errorf("%+v", definition)
	}
	groups := definition.Scoring.Groups
	if len(groups) != 2 || groups[0].Name != "fitted-draft" || groups[1].Name != "fitted" || len(groups[1].Rules) != 3 {
		t.Errorf("groups %+v", groups)
	}
	if p := definition.Paths; *p[1].Threshold != r.Draft.Threshold || p[0].Threshold != nil || len(p) != len(before.Spec.Stages.MQL.Paths) {
		t.Errorf("paths %+v", p)
	}
}

func typeOf(r *Report, field string) slav1alpha1.FieldType {
	for _, f := range r.Fields {
		if f.Name == field {
			return slav1alpha1.FieldType(f.Type)
		}
	}
	return slav1alpha1.FieldType(lead.String)
}

func TestForms(t *testing.T) {
	s, _ := world(3000)
	r, err := Analyse(s, Options{Outcome: `row.won != "" || false`})
	if err != nil {
		t.Fatal(err)
	}
	var text, markdown, object bytes.Buffer
	for out, write := range map[*bytes.Buffer]func(*bytes.Buffer) error{
		&text: func(b *bytes.Buffer) error { return r.Text(b) }, &markdown: func(b *bytes.Buffer) error { return r.Markdown(b) },
		&object: func(b *bytes.Buffer) error { return r.JSON(b) },
	} {
		if err := write(out); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"3,000 leads, ", "deals.csv has rows for", "suggested", "AUC 0.", "segment, margin"} {
		if !strings.Contains(text.String(), want) || !strings.Contains(markdown.String(), want) {
			t.Errorf("no %q in\n%s\n%s", want, text.String(), markdown.String())
		}
	}
	if !strings.Contains(markdown.String(), `lead.leadSource == "event's"`) {
		t.Error("no whole condition in Markdown")
	}
	var got struct {
		Leads  int
		Fields []struct{ Field string }
		Draft  struct {
			CrossValidatedAUC float64
			Rules             []struct {
				When   string
				Points int
			}
		}
	}
	if err := json.Unmarshal(object.Bytes(), &got); err != nil || got.Leads != 3000 || got.Draft.CrossValidatedAUC < 0.6 || len(got.Draft.Rules) < 4 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestTwoRunsAgree(t *testing.T) {
	var first string
	for range 2 {
		s, _ := world(1500)
		r, err := Analyse(s, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := r.JSON(&out); err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = out.String()
		} else if diff := cmp.Diff(first, out.String()); diff != "" {
			t.Error(diff)
		}
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
