// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// buyingGroup is midMarket with a path about the account, tried last.
func buyingGroup() Definition {
	d := midMarket()
	d.Account = &Account{Field: "company"}
	d.Paths = append(d.Paths, Path{
		Name: "buying-group", Account: &AccountPath{MinContacts: 3, Threshold: 90},
		Criteria: []Criterion{{Expression: `lead.employees >= 50`}},
	})
	return d
}

func TestAccountPath(t *testing.T) {
	always := func(Event) bool { return true }
	at := day0.Add(time.Hour)
	seen := []Event{captured(day0, director()), pricingView(at)} // 45 + 15 points
	reached := func(missing ...string) *Reached { return &Reached{At: at, Path: "buying-group", Missing: missing} }
	qualified := func(contacts, score int) *Qualified {
		return &Qualified{
			At: at, Path: "buying-group", Score: 60, Intent: "High", MetThreshold: true, Account: Contacts{Count: contacts, Score: score},
		}
	}
	type want struct {
		Reached    *Reached
		Qualified  *Qualified
		MissingNow []string
	}
	cases := map[string]struct {
		history []Event
		given   Circumstances
		want    want
	}{
		"tipped by this contact": {seen, Circumstances{Judge: always, Peers: &Contacts{2, 30}}, want{Reached: reached(), Qualified: qualified(3, 90)}},
		"one point short":        {seen, Circumstances{Judge: always, Peers: &Contacts{2, 29}}, want{}},
		"one contact short":      {seen, Circumstances{Judge: always, Peers: &Contacts{1, 200}}, want{}},
		"peers are not known":    {seen, Circumstances{Judge: always, Peers: nil}, want{}},
		"no account": {
			[]Event{captured(day0, without(director(), "company")), pricingView(at)}, Circumstances{Judge: always, Peers: &Contacts{5, 200}}, want{},
		},
		"a blank account is none": {
			[]Event{captured(day0, director()), updated(day0, map[string]any{"company": "  "}), pricingView(at)},
			Circumstances{Judge: always, Peers: &Contacts{5, 200}},
			want{},
		},
		"a criterion of this lead fails": {
			[]Event{captured(day0, director()), updated(at, map[string]any{"numberofemployees": 10})}, Circumstances{Judge: always, Peers: &Contacts{5, 200}}, want{},
		},
		"held for a missing field": {
			[]Event{captured(day0, without(director(), "email")), pricingView(at)},
			Circumstances{Judge: always, Peers: &Contacts{2, 30}},
			want{Reached: reached("email"), MissingNow: []string{"email"}},
		},
		"its last event is not news": {
			seen, Circumstances{Judge: func(e Event) bool { return e.Time.Equal(day0) }, Peers: &Contacts{5, 200}}, want{},
		},
		"what sales does after is no matter": {
			append(seen[:2:2], Event{Kind: KindTouch, Time: at.Add(day), Touch: &Touch{}}),
			Circumstances{Judge: always, Peers: &Contacts{2, 30}},
			want{Reached: reached(), Qualified: qualified(3, 90)},
		},
		"a path before it goes first": {
			[]Event{captured(day0, director()), demoRequest(at)},
			Circumstances{Judge: always, Peers: &Contacts{5, 200}},
			want{
				Reached:   &Reached{At: at, Path: "hand-raise"},
				Qualified: &Qualified{At: at, Path: "hand-raise", Score: 85, Intent: "High", MetThreshold: true},
			},
		},
		"qualified before, by itself": {
			[]Event{captured(day0, director()), demoRequest(day0), pricingView(at)},
			Circumstances{Judge: always, Peers: &Contacts{5, 200}},
			want{
				Reached:   &Reached{At: day0, Path: "hand-raise"},
				Qualified: &Qualified{At: day0, Path: "hand-raise", Score: 85, Intent: "High", MetThreshold: true},
			},
		},
	}
	p := mustCompile(t, buyingGroup())
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			j := p.QualifyIn(tc.history, tc.given)
			if diff := cmp.Diff(tc.want, want{j.Reached, j.Qualified, j.MissingNow}); diff != "" {
				t.Errorf("journey (-want +got):\n%s", diff)
			}
		})
	}
	if j := p.Qualify(seen, always); j.Reached != nil {
		t.Errorf("without peers: %+v", j.Reached)
	}
}

func TestAccountOf(t *testing.T) {
	p := mustCompile(t, buyingGroup())
	of := func(company any) string { return p.AccountOf(map[string]any{"company": company}) }
	for name, pair := range map[string][2]any{
		"case":              {"ACME Straße", "acme straße"},
		"white space":       {"  Acme\t", "acme"},
		"a final sigma":     {"ΟΔΟΣ", "οδος"},
		"the sign for ohms": {"Ω", "ω"},
	} {
		t.Run(name, func(t *testing.T) {
			if a, b := of(pair[0]), of(pair[1]); a != b || a == "" {
				t.Errorf("%q and %q are %q and %q, want one account", pair[0], pair[1], a, b)
			}
		})
	}
	if of("Acme") == of("Acme Inc") || of(nil) != "" || of("  ") != "" {
		t.Errorf("accounts %q, %q, %q, %q", of("Acme"), of("Acme Inc"), of(nil), of("  "))
	}
	if got := mustCompile(t, midMarket()).AccountOf(map[string]any{"company": "Acme"}); got != "" {
		t.Errorf("account %q by a definition that names no field", got)
	}
	if p.HasAccountPath() != true || mustCompile(t, midMarket()).HasAccountPath() {
		t.Error("HasAccountPath does not tell the definitions apart")
	}
}

func TestCompileAccount(t *testing.T) {
	group := func(d *Definition) *Path { return &d.Paths[len(d.Paths)-1] }
	for name, tc := range map[string]struct {
		change func(*Definition)
		want   string
	}{
		"as it is":      {func(*Definition) {}, ""},
		"unknown field": {func(d *Definition) { d.Account.Field = "compny" }, `account: field: unknown field 'compny'; did you mean 'company'?`},
		"field of another type": {
			func(d *Definition) { d.Account.Field = "employees" }, `account: field "employees" is of type Integer; only a String names an account`,
		},
		"no field":   {func(d *Definition) { d.Account = nil }, "path \"buying-group\": `account` needs the field that names a lead's account: write `account: {field: ...}` beside `fields`"},
		"no scoring": {func(d *Definition) { d.Scoring, d.Paths = nil, d.Paths[2:] }, "path \"buying-group\": `account` needs `scoring`"},
		"a threshold too": {
			func(d *Definition) { group(d).Threshold = ptr(5) },
			"path \"buying-group\": has a `threshold` and an `account`: write the sum of the contacts' scores as `account.threshold`, or a path of its own",
		},
		"one contact": {
			func(d *Definition) { group(d).Account.MinContacts = 1 },
			"path \"buying-group\": account.minContacts is 1; it must be at least 2: one contact is a path with a `threshold`",
		},
		"no score": {func(d *Definition) { group(d).Account.Threshold = 0 }, `path "buying-group": account.threshold is 0; it must be at least 1`},
	} {
		t.Run(name, func(t *testing.T) {
			d := buyingGroup()
			tc.change(&d)
			got := ""
			if _, err := Compile(d); err != nil {
				got = err.Error()
			}
			if got != tc.want {
				t.Errorf("Compile: %q, want %q", got, tc.want)
			}
		})
	}
}

// AccountIn says of every history what folding it says.
func TestAccountIn(t *testing.T) {
	d := buyingGroup()
	plain := mustCompile(t, d)
	i := slices.IndexFunc(d.Fields, func(f Field) bool { return f.Name == d.Account.Field })
	d.Fields = slices.Clone(d.Fields)
	d.Fields[i].Property = "companyname"
	values := []any{"Acme", "  ACME ", "Other", "", "  ", nil, 5.0, []any{"Acme"}, true}
	kinds := []Kind{KindCaptured, KindUpdated, KindActivity, KindTouch}
	source := rand.New(rand.NewPCG(1, 2))
	for _, p := range []*Program{plain, mustCompile(t, d), mustCompile(t, midMarket())} {
		seen := map[string]int{}
		for range 2000 {
			var history []Event
			for k := range source.IntN(5) {
				e := Event{Sequence: int64(k + 1), Kind: kinds[source.IntN(len(kinds))], Time: day0.Add(time.Duration(k) * time.Minute), Properties: map[string]any{}}
				for _, property := range []string{"company", "companyname", "phone"} {
					if source.IntN(2) == 0 {
						e.Properties[property] = values[source.IntN(len(values))]
					}
				}
				history = append(history, e)
			}
			want := p.AccountOf(p.Qualify(history, nil).Record)
			if got := p.AccountIn(history); got != want {
				t.Fatalf("%q, want %q of %+v", got, want, history)
			}
			seen[want]++
		}
		if p.accountField >= 0 && (seen[""] < 100 || seen["acme"] < 100) {
			t.Errorf("accounts %v: the histories say little", seen)
		}
	}
}
