// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

const corpus = "testdata/digests"

// TestGoldenDigests holds the digests of the corpus for ever: people signed such digests. When this test fails, the change must not
// be made to version 1, whatever it is; write a version 2 beside it.
func TestGoldenDigests(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus, "*.json"))
	if err != nil || len(files) < 4 {
		t.Fatalf("the corpus has %d texts (%v), want at least 4", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".digest")
			if err != nil {
				t.Fatal(err)
			}
			if got := digestFile(t, file); got != strings.TrimSpace(string(want)) {
				t.Errorf("the digest changed:\ngot  %s\nwant %s", got, want)
			}
		})
	}
}

func digestFile(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(filepath.Base(file), "definition-") {
		return digestDefinition(t, readStrictly[lead.Definition](t, data))
	}
	if strings.HasPrefix(filepath.Base(file), "waiver-") {
		return digestWaiver(t, readStrictly[Waiver](t, data))
	}
	return digestTerms(t, readStrictly[Terms](t, data))
}

func digestWaiver(t *testing.T, w Waiver) string {
	t.Helper()
	digest, err := DigestWaiver(w)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func readStrictly[T any](t *testing.T, data []byte) T {
	t.Helper()
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func digestDefinition(t *testing.T, d lead.Definition) string {
	t.Helper()
	digest, err := DigestDefinition(d)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func digestTerms(t *testing.T, terms Terms) string {
	t.Helper()
	digest, err := DigestTerms(terms)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// The form itself, so that it can be read and checked by hand.
func TestCanonicalForm(t *testing.T) {
	c := &canonical{}
	c.group("terms", func() {
		c.text("definition", "a;b{}=")
		c.text("absent", "")
		c.number("zero", 0)
		c.optional("unset", nil)
		c.flag("off", false)
		c.flag("on", true)
		c.window("none", 0)
		c.window("within", 90*time.Second)
		c.window("odd", 1500*time.Millisecond)
		keyed(c, "keyed", []string{"b", "a"}, func(s string) string { return s }, func(s string) { c.text("k", s) })
		ordered(c, "ordered", []string{"b", "a"}, func(s string) { c.text("k", s) })
		bag(c, "bag", []string{"b", "a"}, func(in *canonical, s string) { in.text("k", s) })
	})
	const want = "terms{definition=6:a;b{}=;zero=1:0;on=4:true;within=2:90;odd=13:1+500000000ns;" +
		"keyed{k=1:a;}keyed{k=1:b;}ordered{k=1:b;}ordered{k=1:a;}bag{k=1:a;}bag{k=1:b;}}"
	if got := c.out.String(); got != want {
		t.Errorf("form:\ngot  %s\nwant %s", got, want)
	}
}

func corpusDefinition(t *testing.T) lead.Definition {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "definition-mid-market.json"))
	if err != nil {
		t.Fatal(err)
	}
	return readStrictly[lead.Definition](t, data)
}

func corpusTerms(t *testing.T) Terms {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, "terms-full.json"))
	if err != nil {
		t.Fatal(err)
	}
	return readStrictly[Terms](t, data)
}

func TestWhatLeavesTheDigestOfADefinition(t *testing.T) {
	cases := map[string]func(*lead.Definition){
		"the property of a field":   func(d *lead.Definition) { d.Fields[1].Property = "headcount" },
		"the order of fields":       func(d *lead.Definition) { slices.Reverse(d.Fields) },
		"the order of signals":      func(d *lead.Definition) { slices.Reverse(d.Signals) },
		"the order of groups":       func(d *lead.Definition) { slices.Reverse(d.Scoring.Groups) },
		"the order of rules":        func(d *lead.Definition) { slices.Reverse(d.Scoring.Groups[0].Rules) },
		"the order of dispositions": func(d *lead.Definition) { slices.Reverse(d.Dispositions) },
		"white space": func(d *lead.Definition) {
			d.Paths[0].Criteria[0].Expression = "signals.demoRequest.count>0\n || signals.trialSignup.count  > 0"
		},
		"parentheses":            func(d *lead.Definition) { d.Intents[0].When = "(signals.demoRequest.count > (0))" },
		"a comment":              func(d *lead.Definition) { d.Signals[0].When += " // as agreed" },
		"quotes of another sort": func(d *lead.Definition) { d.Signals[1].When = "activity.form == 'demo'" },
	}
	want := digestDefinition(t, corpusDefinition(t))
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			d := corpusDefinition(t)
			change(&d)
			if got := digestDefinition(t, d); got != want {
				t.Errorf("digest = %s, want %s", got, want)
			}
		})
	}
}

func TestWhatChangesTheDigestOfADefinition(t *testing.T) {
	number := func(n int) *int { return &n }
	cases := map[string]func(*lead.Definition){
		"a date":                     func(d *lead.Definition) { d.EffectiveFrom = newYear },
		"another date":               func(d *lead.Definition) { d.EffectiveFrom = newYear.Add(time.Second) },
		"a field's name":             func(d *lead.Definition) { d.Fields[0].Name = "account" },
		"a field's type":             func(d *lead.Definition) { d.Fields[1].Type = lead.Number },
		"a field no longer required": func(d *lead.Definition) { d.Fields[0].Required = false },
		"a field less":               func(d *lead.Definition) { d.Fields = d.Fields[1:] },
		"a signal's activity":        func(d *lead.Definition) { d.Signals[0].Activity = "Download" },
		"a signal's condition":       func(d *lead.Definition) { d.Signals[0].When = `activity.path.startsWith("/price")` },
		"points":                     func(d *lead.Definition) { d.Scoring.Groups[0].Rules[0].Points = 21 },
		"a rule's cap":               func(d *lead.Definition) { d.Scoring.Groups[1].Rules[0].Max = number(31) },
		"a cap less":                 func(d *lead.Definition) { d.Scoring.Groups[1].Rules[0].Max = nil },
		"a half-life":                func(d *lead.Definition) { d.Scoring.Groups[1].Rules[0].HalfLife += time.Second },
		"a rule's signal":            func(d *lead.Definition) { d.Scoring.Groups[1].Rules[1].On = "trialSignup" },
		"a rule's condition": func(d *lead.Definition) {
			d.Scoring.Groups[0].Rules[0].When = "lead.employees >= 51 && lead.employees <= 500"
		},
		"an operator": func(d *lead.Definition) {
			d.Scoring.Groups[0].Rules[0].When = "lead.employees > 50 && lead.employees <= 500"
		},
		"a connective": func(d *lead.Definition) {
			d.Scoring.Groups[0].Rules[0].When = "lead.employees >= 50 || lead.employees <= 500"
		},
		"a group's cap":          func(d *lead.Definition) { d.Scoring.Groups[0].Max = number(60) },
		"the default, written":   func(d *lead.Definition) { d.Scoring.Groups[1].Max = number(0) },
		"the score's cap less":   func(d *lead.Definition) { d.Scoring.Max = nil },
		"no scoring":             func(d *lead.Definition) { d.Scoring = nil },
		"a threshold":            func(d *lead.Definition) { d.Paths[1].Threshold = number(64) },
		"a threshold of nothing": func(d *lead.Definition) { d.Paths[0].Threshold = number(0) },
		"the order of paths":     func(d *lead.Definition) { slices.Reverse(d.Paths) },
		"the order of criteria":  func(d *lead.Definition) { slices.Reverse(d.Paths[1].Criteria) },
		"a criterion's message":  func(d *lead.Definition) { d.Paths[1].Criteria[0].Message = "too junior" },
		"an account":             func(d *lead.Definition) { d.Account = &lead.Account{Field: "company"} },
		"another account":        func(d *lead.Definition) { d.Account = &lead.Account{Field: "email"} },
		"a path of the account":  func(d *lead.Definition) { d.Paths[0].Account = &lead.AccountPath{MinContacts: 2, Threshold: 90} },
		"its contacts":           func(d *lead.Definition) { d.Paths[0].Account = &lead.AccountPath{MinContacts: 3, Threshold: 90} },
		"its threshold":          func(d *lead.Definition) { d.Paths[0].Account = &lead.AccountPath{MinContacts: 2, Threshold: 91} },
		"an SQL criterion":       func(d *lead.Definition) { d.SQL = []lead.SQLCriterion{{Name: "need", Expression: "true"}} },
		"its name":               func(d *lead.Definition) { d.SQL = []lead.SQLCriterion{{Name: "needs", Expression: "true"}} },
		"its expression":         func(d *lead.Definition) { d.SQL = []lead.SQLCriterion{{Name: "need", Expression: "false"}} },
		"its message": func(d *lead.Definition) {
			d.SQL = []lead.SQLCriterion{{Name: "need", Expression: "true", Message: "?"}}
		},
		"the order of intents":  func(d *lead.Definition) { slices.Reverse(d.Intents) },
		"an intent's condition": func(d *lead.Definition) { d.Intents[0].When = "signals.demoRequest.count > 1" },
		"attempts":              func(d *lead.Definition) { d.Dispositions[1].MinAttempts = 5 },
		"an attempt more":       func(d *lead.Definition) { d.Dispositions[1].MinAttempts = 6 },
		"re-entry":              func(d *lead.Definition) { d.Dispositions[1].Reentry = &lead.Reentry{After: 24 * time.Hour} },
		"re-entry later":        func(d *lead.Definition) { d.Dispositions[1].Reentry = &lead.Reentry{After: 25 * time.Hour} },
		"re-entry with points": func(d *lead.Definition) {
			d.Dispositions[1].Reentry = &lead.Reentry{After: 24 * time.Hour, ScoreDelta: -20}
		},
		"re-entry of another": func(d *lead.Definition) {
			d.Dispositions[1].Reentry = &lead.Reentry{NewContact: lead.NewContactRequired}
		},
		"a status":                 func(d *lead.Definition) { d.Dispositions[1].Status = "Nurture" },
		"another status":           func(d *lead.Definition) { d.Dispositions[1].Status = "Required" },
		"a full cadence":           func(d *lead.Definition) { d.Dispositions[1].FullCadence = lead.FullCadenceRequired },
		"a suppressed contact":     func(d *lead.Definition) { d.Dispositions[1].Suppress = lead.ScopeContact },
		"a suppressed account":     func(d *lead.Definition) { d.Dispositions[1].Suppress = lead.ScopeAccount },
		"an identity":              func(d *lead.Definition) { d.Identity = []string{"email"} },
		"an identity of two":       func(d *lead.Definition) { d.Identity = []string{"email", "company"} },
		"an exclusion":             func(d *lead.Definition) { d.Exclusions = []lead.Exclusion{{Name: "customer", When: "true"}} },
		"an exclusion's name":      func(d *lead.Definition) { d.Exclusions = []lead.Exclusion{{Name: "partner", When: "true"}} },
		"an exclusion's condition": func(d *lead.Definition) { d.Exclusions = []lead.Exclusion{{Name: "customer", When: "false"}} },
		"an outcome":               func(d *lead.Definition) { d.Dispositions[1].Outcome = lead.Disqualified },
		"a reason code more": func(d *lead.Definition) {
			d.Dispositions = append(d.Dispositions, lead.Disposition{Name: "Bot", Outcome: lead.Disqualified})
		},
		"a rule in the other group": func(d *lead.Definition) {
			g := d.Scoring.Groups
			g[1].Rules, g[0].Rules = append(g[1].Rules, g[0].Rules[2]), g[0].Rules[:2]
		},
	}
	digests := map[string]string{digestDefinition(t, corpusDefinition(t)): "the corpus"}
	for name, change := range cases {
		d := corpusDefinition(t)
		change(&d)
		digest := digestDefinition(t, d)
		if other, ok := digests[digest]; ok {
			t.Errorf("%q has the digest of %q", name, other)
		}
		digests[digest] = name
	}
}

var newYear = time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)

// Identities are a set and exclusions are keyed: their order means nothing.
func TestTheOrderOfIdentitiesAndExclusions(t *testing.T) {
	d := corpusDefinition(t)
	d.Identity = []string{"email", "company"}
	d.Exclusions = []lead.Exclusion{{Name: "customer", When: "true"}, {Name: "partner", When: "false"}}
	want := digestDefinition(t, d)
	slices.Reverse(d.Identity)
	slices.Reverse(d.Exclusions)
	if got := digestDefinition(t, d); got != want {
		t.Errorf("in another order the digest is %s, want %s", got, want)
	}
}

// The zone in which a date is written does not matter.
func TestDateInAnotherZone(t *testing.T) {
	d, x := corpusDefinition(t), corpusTerms(t)
	d.EffectiveFrom, x.EffectiveFrom = newYear, newYear
	definition, terms := digestDefinition(t, d), digestTerms(t, x)
	zone := time.FixedZone("EST", -5*3600)
	d.EffectiveFrom, x.EffectiveFrom = newYear.In(zone), newYear.In(zone)
	if digestDefinition(t, d) != definition || digestTerms(t, x) != terms {
		t.Error("the zone changes the digest")
	}
}

func TestWhatLeavesTheDigestOfTerms(t *testing.T) {
	cases := map[string]func(*Terms){
		"the name of an exception":  func(x *Terms) { x.Calendar.Exceptions[0].Name = "Heiligabend" },
		"the dates of holidays":     func(x *Terms) { x.Calendar.HolidayDates = []Holiday{{Date: "2027-01-01", Name: "New Year"}} },
		"the order of exceptions":   func(x *Terms) { slices.Reverse(x.Calendar.Exceptions) },
		"the order of days":         func(x *Terms) { slices.Reverse(x.Calendar.Hours[0].Days) },
		"the order of shifts":       func(x *Terms) { slices.Reverse(x.Calendar.Hours[0].Shifts) },
		"the order of the week":     func(x *Terms) { slices.Reverse(x.Calendar.Hours) },
		"the order of tiers":        func(x *Terms) { slices.Reverse(x.Sales.FirstContact.Tiers) },
		"zeros behind the point":    func(x *Terms) { x.Funnel.CloseRatePercent, x.Funnel.MQLToOpportunityPercent = "25.0", "30.500" },
		"a zero in front":           func(x *Terms) { x.Funnel.CloseRatePercent = "025" },
		"an empty list for no list": func(x *Terms) { x.Calendar.Exceptions[1].Shifts = []Shift{} },
	}
	want := digestTerms(t, corpusTerms(t))
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			terms := corpusTerms(t)
			change(&terms)
			if got := digestTerms(t, terms); got != want {
				t.Errorf("digest = %s, want %s", got, want)
			}
		})
	}
}

// persistent is the follow-up of the tests.
func persistent(span time.Duration, channels int) *FollowUp {
	return &FollowUp{Attempts: 6, MinSpan: span, Within: 14 * 24 * time.Hour, Channels: channels, TargetPercent: 90}
}

func TestWhatChangesTheDigestOfTerms(t *testing.T) {
	number := func(n int) *int { return &n }
	cases := map[string]func(*Terms){
		"a date":                      func(x *Terms) { x.EffectiveFrom = newYear },
		"another date":                func(x *Terms) { x.EffectiveFrom = newYear.Add(time.Second) },
		"the definition":              func(x *Terms) { x.Definition = "enterprise" },
		"an owner":                    func(x *Terms) { x.Parties.Marketing.Owner = "CMO" },
		"owners swapped":              func(x *Terms) { x.Parties.Marketing, x.Parties.Sales = x.Parties.Sales, x.Parties.Marketing },
		"a contact less":              func(x *Terms) { x.Parties.Sales.Contact = "" },
		"the zone":                    func(x *Terms) { x.Calendar.TimeZone = "America/Toronto" },
		"a day":                       func(x *Terms) { x.Calendar.Hours[0].Days = x.Calendar.Hours[0].Days[:4] },
		"a shift":                     func(x *Terms) { x.Calendar.Hours[0].Shifts[0].To = "12:00" },
		"shifts of other days":        func(x *Terms) { h := x.Calendar.Hours; h[0].Shifts, h[1].Shifts = h[1].Shifts, h[0].Shifts },
		"an exception's date":         func(x *Terms) { x.Calendar.Exceptions[1].Date = "2026-12-26" },
		"an exception's shift":        func(x *Terms) { x.Calendar.Exceptions[0].Shifts[0].To = "13:00" },
		"an exception closed":         func(x *Terms) { x.Calendar.Exceptions[0].Shifts = nil },
		"a region of holidays":        func(x *Terms) { x.Calendar.Holidays = "us" },
		"another region":              func(x *Terms) { x.Calendar.Holidays = "ca" },
		"an exception less":           func(x *Terms) { x.Calendar.Exceptions = x.Calendar.Exceptions[:1] },
		"bookings":                    func(x *Terms) { x.Funnel.BookingsPerMonth++ },
		"the deal size":               func(x *Terms) { x.Funnel.AverageDealSize++ },
		"the close rate":              func(x *Terms) { x.Funnel.CloseRatePercent = "25.1" },
		"the MQL rate":                func(x *Terms) { x.Funnel.MQLToOpportunityPercent = "305" },
		"a rate that is no number":    func(x *Terms) { x.Funnel.CloseRatePercent = "25.0x" },
		"no funnel":                   func(x *Terms) { x.Funnel = nil },
		"the volume stated":           func(x *Terms) { x.Marketing.Volume = &Volume{MQLsPerMonth: 133} },
		"no volume":                   func(x *Terms) { x.Marketing.Volume = nil },
		"the target of completeness":  func(x *Terms) { x.Marketing.Completeness.TargetPercent = 99 },
		"the target of the score":     func(x *Terms) { x.Marketing.Score.TargetPercent = 1 },
		"no score":                    func(x *Terms) { x.Marketing.Score = nil },
		"the window of delivery":      func(x *Terms) { x.Marketing.Delivery.Within += time.Second },
		"the mechanism of delivery":   func(x *Terms) { x.Marketing.Delivery.Mechanism = CRM },
		"the mechanism left out":      func(x *Terms) { x.Marketing.Delivery.Mechanism = "" },
		"the target of delivery":      func(x *Terms) { x.Marketing.Delivery.TargetPercent = 98 },
		"no marketing":                func(x *Terms) { x.Marketing = nil },
		"marketing without a clause":  func(x *Terms) { x.Marketing = &Marketing{} },
		"the target of first contact": func(x *Terms) { x.Sales.FirstContact.TargetPercent = 89 },
		"the window of a tier":        func(x *Terms) { x.Sales.FirstContact.Tiers[0].Within = 6 * time.Minute },
		"outside hours":               func(x *Terms) { x.Sales.FirstContact.Tiers[0].OutsideHours = 0 },
		"outside hours elsewhere":     func(x *Terms) { x.Sales.FirstContact.Tiers[1].OutsideHours = time.Hour },
		"the intent of a tier":        func(x *Terms) { x.Sales.FirstContact.Tiers[1].Intent = "Low" },
		"a tier less":                 func(x *Terms) { x.Sales.FirstContact.Tiers = x.Sales.FirstContact.Tiers[:1] },
		"the window of disposition":   func(x *Terms) { x.Sales.Disposition.Within += time.Hour },
		"the target of disposition":   func(x *Terms) { x.Sales.Disposition.TargetPercent = 94 },
		"the target of rejection":     func(x *Terms) { x.Sales.Rejection.TargetPercent = 99 },
		"an acceptance":               func(x *Terms) { x.Sales.Acceptance = &Acceptance{Within: time.Hour, TargetPercent: 90} },
		"its window":                  func(x *Terms) { x.Sales.Acceptance = &Acceptance{Within: 2 * time.Hour, TargetPercent: 90} },
		"its target":                  func(x *Terms) { x.Sales.Acceptance = &Acceptance{Within: time.Hour, TargetPercent: 91} },
		"a feedback":                  func(x *Terms) { x.Sales.Feedback = &Share{TargetPercent: 50} },
		"the target of feedback":      func(x *Terms) { x.Sales.Feedback = &Share{TargetPercent: 51} },
		"a follow-up":                 func(x *Terms) { x.Sales.FollowUp = persistent(0, 0) },
		"its attempts":                func(x *Terms) { x.Sales.FollowUp = persistent(0, 0); x.Sales.FollowUp.Attempts++ },
		"its time":                    func(x *Terms) { x.Sales.FollowUp = persistent(0, 0); x.Sales.FollowUp.Within++ },
		"its share":                   func(x *Terms) { x.Sales.FollowUp = persistent(0, 0); x.Sales.FollowUp.TargetPercent++ },
		"its span":                    func(x *Terms) { x.Sales.FollowUp = persistent(time.Hour, 0) },
		"its channels":                func(x *Terms) { x.Sales.FollowUp = persistent(0, 1) },
		"its span and its channels":   func(x *Terms) { x.Sales.FollowUp = persistent(time.Hour, 1) },
		"no sales":                    func(x *Terms) { x.Sales = nil },
		"an executive":                func(x *Terms) { x.Parties.Executive = &Contact{Owner: "CRO"} },
		"another executive":           func(x *Terms) { x.Parties.Executive = &Contact{Owner: "CEO"} },
		"its address":                 func(x *Terms) { x.Parties.Executive = &Contact{Owner: "CRO", Contact: "cro@acme.example"} },
		"severe volume":               func(x *Terms) { x.Marketing.Volume.SevereBelowPercent = number(70) },
		"more severe volume":          func(x *Terms) { x.Marketing.Volume.SevereBelowPercent = number(60) },
		"severe first contact":        func(x *Terms) { x.Sales.FirstContact.SevereBelowContactedPercent = number(50) },
		"severe at nothing":           func(x *Terms) { x.Sales.FirstContact.SevereBelowContactedPercent = number(0) },
		"reviews":                     func(x *Terms) { x.Governance.ReviewsHeld = "Required" },
		"a refresh":                   func(x *Terms) { x.Governance.DefinitionRefresh = "Quarterly" },
		"both":                        func(x *Terms) { x.Governance = Governance{"Required", "Quarterly"} },
		"misses in a row":             func(x *Terms) { x.Escalation.ConsecutiveMisses = 2 },
		"weeks unresolved":            func(x *Terms) { x.Escalation.UnresolvedWeeks = 2 },
		"one of each":                 func(x *Terms) { x.Escalation = Escalation{1, 1} },
		"enforcement":                 func(x *Terms) { x.Enforcement = Enforce },
		"observation":                 func(x *Terms) { x.Enforcement = Observe },
		"the sample":                  func(x *Terms) { *x.MinimumSample = 6 },
		"the default sample left out": func(x *Terms) { x.MinimumSample = nil },
		"yellow":                      func(x *Terms) { *x.YellowWithin = 9 },
		"the warning":                 func(x *Terms) { *x.WarnAtPercent = 81 },
	}
	digests := map[string]string{digestTerms(t, corpusTerms(t)): "the corpus"}
	for name, change := range cases {
		terms := corpusTerms(t)
		change(&terms)
		digest := digestTerms(t, terms)
		if other, ok := digests[digest]; ok {
			t.Errorf("%q has the digest of %q", name, other)
		}
		digests[digest] = name
	}
}

// Terms and definitions are told apart even when both are empty, and digesting changes nothing.
func TestDigestIsPure(t *testing.T) {
	if digestTerms(t, Terms{}) == digestDefinition(t, lead.Definition{}) {
		t.Error("empty terms and an empty definition have the same digest")
	}
	d := corpusDefinition(t)
	slices.Reverse(d.Fields)
	first := d.Fields[0].Name
	if a, b := digestDefinition(t, d), digestDefinition(t, d); a != b || d.Fields[0].Name != first {
		t.Errorf("digests %s, %s; first field %s, want %s", a, b, d.Fields[0].Name, first)
	}
}

func TestDigestOfWhatDoesNotParse(t *testing.T) {
	cases := map[string]struct {
		change func(*lead.Definition)
		where  string
	}{
		"signal":    {func(d *lead.Definition) { d.Signals[0].When = "a &&" }, `signal "pricingView": `},
		"rule":      {func(d *lead.Definition) { d.Scoring.Groups[0].Rules[1].When = "a &&" }, `rule "fit/free-mail": `},
		"criterion": {func(d *lead.Definition) { d.Paths[1].Criteria[1].Expression = "a &&" }, `path "fit-and-engagement" criterion 2: `},
		"intent":    {func(d *lead.Definition) { d.Intents[0].When = "a &&" }, `intent "High": `},
		"exclusion": {
			func(d *lead.Definition) { d.Exclusions = []lead.Exclusion{{Name: "customer", When: "a &&"}} }, `exclusion "customer": `,
		},
		"SQL": {
			func(d *lead.Definition) { d.SQL = []lead.SQLCriterion{{Name: "need", Expression: "a &&"}} }, `SQL criterion "need": `,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := corpusDefinition(t)
			tc.change(&d)
			digest, err := DigestDefinition(d)
			if err == nil || digest != "" || !strings.HasPrefix(err.Error(), tc.where) {
				t.Errorf("digest %q, error %v; want an error that begins with %s", digest, err, tc.where)
			}
		})
	}
}

// A sign-off names no kind, because its digest does: what is hashed begins with the kind, and whatever people write stands behind its own
// length, so that it cannot pretend to be another beginning.
func TestKindsNeverShareADigest(t *testing.T) {
	definition, err := DigestDefinition(lead.Definition{})
	if err != nil {
		t.Fatal(err)
	}
	terms, err := DigestTerms(Terms{Definition: "definition{}"})
	if err != nil {
		t.Fatal(err)
	}
	waiver := Waiver{Object: "revenue/mid-market", Name: "w", Clause: ClauseVolume, From: "2027-01-18", To: "2027-01-24", Reason: "r"}
	for hashed, got := range map[string]string{
		"definition{}": definition,
		"waiver{}":     digestWaiver(t, Waiver{}),
		"waiver{object=18:revenue/mid-market;name=1:w;clause=6:volume;from=10:2027-01-18;to=10:2027-01-24;reason=1:r;}": digestWaiver(t, waiver),
		"terms{definition=12:definition{};parties{marketing{}sales{}}calendar{}}":                                       terms,
	} {
		if want := fmt.Sprintf("v1:sha256:%x", sha256.Sum256([]byte(hashed))); got != want {
			t.Errorf("digest %s, want that of %s", got, hashed)
		}
	}
}
