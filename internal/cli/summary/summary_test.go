// SPDX-License-Identifier: Apache-2.0

package summary

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

func load(t *testing.T, paths ...string) []manifest.Document {
	t.Helper()
	var out []manifest.Document
	for _, path := range paths {
		docs, err := manifest.Load(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, docs...)
	}
	return out
}

func TestGolden(t *testing.T) {
	const samples = "testdata/agreement/"
	cases := map[string]struct {
		file  string
		paths []string
		write func(Summaries, *strings.Builder)
	}{
		"text":                     {"both.txt", []string{samples}, func(s Summaries, b *strings.Builder) { s.Text(b) }},
		"Markdown":                 {"both.md", []string{samples}, func(s Summaries, b *strings.Builder) { s.Markdown(b) }},
		"the contract alone":       {"contract.txt", []string{samples + "slacontract.yaml"}, func(s Summaries, b *strings.Builder) { s.Text(b) }},
		"the definition alone":     {"definition.txt", []string{samples + "leaddefinition.yaml"}, func(s Summaries, b *strings.Builder) { s.Text(b) }},
		"a small contract":         {"small.txt", []string{"testdata/small.yaml"}, func(s Summaries, b *strings.Builder) { s.Text(b) }},
		"everything that there is": {"full.txt", []string{"testdata/full.yaml"}, func(s Summaries, b *strings.Builder) { s.Text(b) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := Of(load(t, tc.paths...))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			tc.write(s, &b)
			golden := "testdata/" + tc.file
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), b.String()); diff != "" {
				t.Errorf("(-want +got; UPDATE_GOLDEN=1 writes it anew)\n%s", diff)
			}
		})
	}
}

var stop = regexp.MustCompile(`[.](\s|$)`)

// Two sentences a side, always: for every choice of clauses, and each clause is heard.
func TestEveryClauseIsHeard(t *testing.T) {
	m := sla.Marketing{
		Volume: &sla.Volume{MQLsPerMonth: 120}, Completeness: &sla.Share{TargetPercent: 95}, Score: &sla.Share{TargetPercent: 90},
		Delivery: &sla.Delivery{Within: 5 * time.Minute, TargetPercent: 99},
	}
	s := sla.Sales{
		FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{{Intent: "Standard", Within: 8 * time.Hour}}},
		Disposition:  &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95}, Rejection: &sla.Share{TargetPercent: 80},
		Acceptance: &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 85},
		FollowUp:   &sla.FollowUp{Attempts: 6, Within: 14 * 24 * time.Hour, TargetPercent: 70}, Feedback: &sla.Share{TargetPercent: 50},
	}
	choices(t, reflect.ValueOf(&m).Elem(), func() string { return marketing(m, 120, nil).String() })
	choices(t, reflect.ValueOf(&s).Elem(), func() string { return sales(s, nil).String() })
}

// choices takes every subset of a side's clauses away and holds that no two sound alike.
func choices(t *testing.T, side reflect.Value, say func() string) {
	t.Helper()
	n := side.NumField()
	all := make([]reflect.Value, n)
	for i := range n {
		if side.Field(i).IsZero() {
			t.Fatalf("%s.%s is not set in this test", side.Type(), side.Type().Field(i).Name)
		}
		all[i] = reflect.ValueOf(side.Field(i).Interface())
	}
	seen := map[string]int{}
	for subset := range 1 << n {
		for i := range n {
			side.Field(i).SetZero()
			if subset&(1<<i) != 0 {
				side.Field(i).Set(all[i])
			}
		}
		text := say()
		if sentences := len(stop.FindAllString(text, -1)); sentences != 2 {
			t.Errorf("%d sentences: %s", sentences, text)
		}
		if other, twice := seen[text]; twice {
			t.Errorf("clauses %b and %b sound alike: %s", other, subset, text)
		}
		seen[text] = subset
	}
}

func TestWindows(t *testing.T) {
	cases := map[time.Duration][2]string{
		5 * time.Minute:                {"5 minutes", "5 business minutes"},
		time.Minute:                    {"a minute", "one business minute"},
		time.Hour:                      {"an hour", "one business hour"},
		90 * time.Minute:               {"1 hour 30 minutes", "1 hour 30 minutes of business time"},
		24 * time.Hour:                 {"a day", "24 business hours"},
		16*24*time.Hour + 12*time.Hour: {"16 days 12 hours", "396 business hours"},
	}
	for d, want := range cases {
		if got := [2]string{window(d), business(d)}; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestTiers(t *testing.T) {
	high, middle, standard := sla.Tier{Intent: "High", Within: 5 * time.Minute}, sla.Tier{Intent: "Inbound", Within: time.Hour}, sla.Tier{Intent: "Standard", Within: 8 * time.Hour}
	intents := func(names ...string) *lead.Definition {
		d := &lead.Definition{}
		for _, n := range names {
			d.Intents = append(d.Intents, lead.Intent{Name: n})
		}
		return d
	}
	cases := map[string]struct {
		tiers      []sla.Tier
		definition *lead.Definition
		want       string
	}{
		"the rest":                    {[]sla.Tier{standard, high}, intents("High", "Standard"), "a high-intent lead within 5 business minutes and any other within 8 business hours"},
		"three":                       {[]sla.Tier{high, middle, standard}, nil, "a high-intent lead within 5 business minutes, an inbound-intent lead within one business hour and any other within 8 business hours"},
		"an intent without a tier":    {[]sla.Tier{high, standard}, intents("High", "Inbound", "Standard"), "a high-intent lead within 5 business minutes and a standard-intent lead within 8 business hours"},
		"one intent":                  {[]sla.Tier{standard}, intents(), "every lead within 8 business hours"},
		"one tier, unknown intents":   {[]sla.Tier{standard}, nil, "a standard-intent lead within 8 business hours"},
		"one tier of several intents": {[]sla.Tier{high}, intents("High", "Standard"), "a high-intent lead within 5 business minutes"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tiers(tc.tiers, tc.definition); got != tc.want {
				t.Errorf("%q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	docs := load(t, "testdata/small.yaml")
	docs[0].Contract.Spec.Terms.Calendar.TimeZone = "Mars/Olympus"
	if _, err := Of(docs); err == nil || !strings.Contains(err.Error(), "SLAContract/small: terms.calendar.timeZone") {
		t.Errorf("error %v, want one that names the object and the field", err)
	}
}
