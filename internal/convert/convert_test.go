// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

var newYear = time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)

func fullDefinition() slav1alpha1.LeadDefinitionSpec {
	return slav1alpha1.LeadDefinitionSpec{
		EffectiveFrom: ptr.To(metav1.NewTime(newYear.Add(time.Millisecond).In(time.FixedZone("EST", -5*3600)))),

		Fields:  []slav1alpha1.Field{{Name: "email", Type: "String", Property: "mail", Required: ptr.To(true)}},
		Signals: []slav1alpha1.Signal{{Name: "demo", Activity: "FormSubmit", When: "activity.form == 'demo'"}},
		Scoring: &slav1alpha1.Scoring{Max: ptr.To[int32](90), Groups: []slav1alpha1.RuleGroup{{
			Name: "intent", Max: ptr.To[int32](60), Rules: []slav1alpha1.Rule{
				{Name: "size", When: "lead.employees > 1", Points: ptr.To[int32](-5)},
				{Name: "demo", Signal: "demo", Points: ptr.To[int32](40), Max: ptr.To[int32](80), HalfLife: "1d12h"},
			},
		}}},
		Account:  &slav1alpha1.Account{Field: "company"},
		Identity: []string{"email"},
		Stages: slav1alpha1.Stages{Exclusions: []slav1alpha1.Exclusion{{Name: "customer", When: "lead.customer"}}, SQL: &slav1alpha1.SQLStage{Criteria: []slav1alpha1.SQLCriterion{
			{Name: "budget", Expression: "qualification.budget", Message: "no budget"},
		}}, MQL: slav1alpha1.MQLStage{Paths: []slav1alpha1.Path{
			{Name: "fit", Threshold: ptr.To[int32](65), Criteria: []slav1alpha1.Criterion{{Expression: "true", Message: "why"}}},
			{Name: "group", Account: &slav1alpha1.AccountPath{MinContacts: 2, Threshold: 90}},
		}}},
		Intents: []slav1alpha1.Intent{{Name: "High", When: "true"}, {Name: "Standard"}},
		Dispositions: []slav1alpha1.Disposition{
			{
				Name: "BadTiming", Outcome: "Recycled", MinAttempts: ptr.To[int32](5),
				Reentry: &slav1alpha1.Reentry{After: "90d", ScoreDelta: ptr.To[int32](-20)}, Status: "Nurture", FullCadence: slav1alpha1.FullCadenceRequired,
			},
			{Name: "NotICP", Outcome: "Disqualified", Suppress: slav1alpha1.SuppressAccount},
			{Name: "StakeholderChange", Outcome: "Recycled", Reentry: &slav1alpha1.Reentry{NewContact: slav1alpha1.NewContactRequired}},
		},
	}
}

func TestDefinition(t *testing.T) {
	got, err := Definition(fullDefinition())
	if err != nil {
		t.Fatal(err)
	}
	want := lead.Definition{
		EffectiveFrom: newYear,

		Fields:  []lead.Field{{Name: "email", Type: lead.String, Property: "mail", Required: true}},
		Signals: []lead.Signal{{Name: "demo", Activity: "FormSubmit", When: "activity.form == 'demo'"}},
		Scoring: &lead.Scoring{Max: ptr.To(90), Groups: []lead.Group{{
			Name: "intent", Max: ptr.To(60), Rules: []lead.Rule{
				{Name: "size", When: "lead.employees > 1", Points: -5},
				{Name: "demo", On: "demo", Points: 40, Max: ptr.To(80), HalfLife: 36 * time.Hour},
			},
		}}},
		Account:    &lead.Account{Field: "company"},
		Identity:   []string{"email"},
		Exclusions: []lead.Exclusion{{Name: "customer", When: "lead.customer"}},
		Paths: []lead.Path{
			{Name: "fit", Threshold: ptr.To(65), Criteria: []lead.Criterion{{Expression: "true", Message: "why"}}},
			{Name: "group", Account: &lead.AccountPath{MinContacts: 2, Threshold: 90}},
		},
		SQL:     []lead.SQLCriterion{{Name: "budget", Expression: "qualification.budget", Message: "no budget"}},
		Intents: []lead.Intent{{Name: "High", When: "true"}, {Name: "Standard"}},
		Dispositions: []lead.Disposition{
			{
				Name: "BadTiming", Outcome: lead.Recycled, MinAttempts: 5, Reentry: &lead.Reentry{After: 90 * 24 * time.Hour, ScoreDelta: -20},
				Status: "Nurture", FullCadence: lead.FullCadenceRequired,
			},
			{Name: "NotICP", Outcome: lead.Disqualified, Suppress: lead.ScopeAccount},
			{Name: "StakeholderChange", Outcome: lead.Recycled, Reentry: &lead.Reentry{NewContact: lead.NewContactRequired}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func fullContract() slav1alpha1.SLAContractSpec {
	percent := func(p slav1alpha1.Percent) *slav1alpha1.Percent { return &p }
	return slav1alpha1.SLAContractSpec{
		DefinitionRef: slav1alpha1.ObjectReference{Name: "mid-market"},
		Terms: slav1alpha1.Terms{
			EffectiveFrom: ptr.To(metav1.NewTime(newYear)),
			Parties: slav1alpha1.Parties{
				Marketing: slav1alpha1.PartyContact{Owner: "VP Marketing", Contact: "m"}, Sales: slav1alpha1.PartyContact{Owner: "VP Sales", Contact: "s"},
				Executive: &slav1alpha1.PartyContact{Owner: "CRO", Contact: "c"},
			},
			Calendar: slav1alpha1.Calendar{
				TimeZone:   "UTC",
				Hours:      []slav1alpha1.WorkingHours{{Days: []slav1alpha1.Weekday{"Mon"}, Shifts: []slav1alpha1.Shift{{From: "09:00", To: "24:00"}}}},
				Exceptions: []slav1alpha1.CalendarException{{Date: "2027-01-01", Name: "New Year", Shifts: []slav1alpha1.Shift{{From: "10:00", To: "11:00"}}}},
				Holidays:   "de-by",
			},
			Funnel: &slav1alpha1.Funnel{
				BookingsPerMonth: 500000, AverageDealSize: 50000,
				CloseRatePercent: ptr.To(intstr.FromInt32(25)), MQLToOpportunityPercent: ptr.To(intstr.FromString("10.5")),
			},
			Marketing: &slav1alpha1.MarketingTerms{
				Volume:       &slav1alpha1.VolumeClause{MQLsPerMonth: ptr.To[int32](120), SevereBelowPercent: percent(69)},
				Completeness: &slav1alpha1.ShareClause{TargetPercent: percent(95)},
				Score:        &slav1alpha1.ShareClause{TargetPercent: percent(100)},
				Delivery:     &slav1alpha1.DeliveryClause{Within: "5m", Mechanism: "CRM", TargetPercent: percent(99)},
			},
			Sales: &slav1alpha1.SalesTerms{
				FirstContact: &slav1alpha1.FirstContactClause{TargetPercent: percent(90), SevereBelowContactedPercent: percent(49), Tiers: []slav1alpha1.FirstContactTier{
					{Intent: "High", Within: "5m", OutsideHours: "1h"},
				}},
				Disposition: &slav1alpha1.DispositionClause{Within: "16d", TargetPercent: percent(94)},
				Rejection:   &slav1alpha1.ShareClause{TargetPercent: percent(93)},
				Acceptance:  &slav1alpha1.AcceptanceClause{Within: "24h", TargetPercent: percent(92)},
				FollowUp: &slav1alpha1.FollowUpClause{
					Attempts: 6, MinSpan: "10d", Within: "14d", Channels: ptr.To[int32](2), TargetPercent: percent(91),
				},
				Feedback: &slav1alpha1.ShareClause{TargetPercent: percent(50)},
			},
			Governance: &slav1alpha1.Governance{ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"},
			Escalation: &slav1alpha1.EscalationTerms{
				Level2: &slav1alpha1.EscalationLevel2{ConsecutiveMisses: 3}, Level3: &slav1alpha1.EscalationLevel3{UnresolvedWeeks: 4},
			},
			Enforcement:   slav1alpha1.Observe,
			MinimumSample: ptr.To[int32](6), YellowWithin: percent(11), WarnAtPercent: ptr.To[int32](81),
		},
	}
}

func fullTerms() sla.Terms {
	return sla.Terms{
		EffectiveFrom: newYear,

		Definition: "mid-market",
		Parties: sla.Parties{
			Marketing: sla.Contact{Owner: "VP Marketing", Contact: "m"}, Sales: sla.Contact{Owner: "VP Sales", Contact: "s"},
			Executive: &sla.Contact{Owner: "CRO", Contact: "c"},
		},
		Calendar: sla.Calendar{
			TimeZone:   "UTC",
			Hours:      []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "09:00", To: "24:00"}}}},
			Exceptions: []sla.Exception{{Date: "2027-01-01", Name: "New Year", Shifts: []sla.Shift{{From: "10:00", To: "11:00"}}}},
			Holidays:   "de-by",
		},
		Funnel: &sla.Funnel{BookingsPerMonth: 500000, AverageDealSize: 50000, CloseRatePercent: "25", MQLToOpportunityPercent: "10.5"},
		Marketing: &sla.Marketing{
			Volume: &sla.Volume{MQLsPerMonth: 120, SevereBelowPercent: ptr.To(69)}, Completeness: &sla.Share{TargetPercent: 95}, Score: &sla.Share{TargetPercent: 100},
			Delivery: &sla.Delivery{Within: 5 * time.Minute, Mechanism: sla.CRM, TargetPercent: 99},
		},
		Sales: &sla.Sales{
			FirstContact: &sla.FirstContact{TargetPercent: 90, SevereBelowContactedPercent: ptr.To(49), Tiers: []sla.Tier{
				{Intent: "High", Within: 5 * time.Minute, OutsideHours: time.Hour},
			}},
			Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 94}, Rejection: &sla.Share{TargetPercent: 93},
			Acceptance: &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 92},
			FollowUp:   &sla.FollowUp{Attempts: 6, MinSpan: 10 * 24 * time.Hour, Within: 14 * 24 * time.Hour, Channels: 2, TargetPercent: 91},
			Feedback:   &sla.Share{TargetPercent: 50},
		},
		Governance:    sla.Governance{ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"},
		Escalation:    sla.Escalation{ConsecutiveMisses: 3, UnresolvedWeeks: 4},
		Enforcement:   sla.Observe,
		MinimumSample: ptr.To(6), YellowWithin: ptr.To(11), WarnAtPercent: ptr.To(81),
	}
}

func TestTerms(t *testing.T) {
	got, err := Terms(fullContract())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fullTerms(), got); diff != "" {
		t.Error(diff)
	}
}

// A field that is added to the pure types or the API and forgotten here would be signed and then lost.
func TestTheFullObjectsAreFull(t *testing.T) {
	definition, err := Definition(fullDefinition())
	if err != nil {
		t.Fatal(err)
	}
	terms := fullTerms()
	terms.Marketing.Volume.FromFunnel = true                                           // excludes the other
	terms.Calendar.HolidayDates = []sla.Holiday{{Date: "2027-01-01", Name: "Neujahr"}} // written out when the text is ratified
	definition.Scoring.Groups[0].Rules = definition.Scoring.Groups[0].Rules[1:]
	definition.Scoring.Groups[0].Rules[0].When = "excludes the other"
	definition.Paths[0].Account, definition.Paths = definition.Paths[1].Account, definition.Paths[:1] // exclude each other
	definition.Dispositions[0].Reentry.NewContact, definition.Dispositions[0].Suppress = "excludes the other", "excludes the outcome"
	definition.Dispositions = definition.Dispositions[:1]
	definition.Intents = definition.Intents[:1]
	for name, full := range map[string]any{
		"definition": definition, "terms": terms, "API terms": withVolume(fullContract().Terms),
	} {
		assertFull(t, name, reflect.ValueOf(full))
	}
}

func withVolume(t slav1alpha1.Terms) slav1alpha1.Terms {
	t.Marketing.Volume.From = "Funnel"
	return t
}

// leaves are structs that are looked at as a whole.
var leaves = []reflect.Type{reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[time.Time](), reflect.TypeFor[metav1.Time]()}

func assertFull(t *testing.T, path string, v reflect.Value) {
	t.Helper()
	switch kind := v.Kind(); {
	case kind == reflect.Pointer && !v.IsNil():
		assertFull(t, path, v.Elem())
		return
	case kind == reflect.Slice:
		for i := range v.Len() {
			assertFull(t, path+"[]", v.Index(i))
		}
	case kind == reflect.Struct && !slices.Contains(leaves, v.Type()):
		for i := range v.NumField() {
			assertFull(t, path+"."+v.Type().Field(i).Name, v.Field(i))
		}
		return
	}
	if v.IsZero() {
		t.Errorf("%s is empty: fill it in the test, and carry it over in this package", path)
	}
}

func TestWindowsThatAreNone(t *testing.T) {
	tests := map[string]struct {
		change func(*slav1alpha1.SLAContractSpec)
		want   string
	}{
		"delivery":      {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Marketing.Delivery.Within = "soon" }, "terms.marketing.delivery.within: "},
		"disposition":   {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.Disposition.Within = "soon" }, "terms.sales.disposition.within: "},
		"first contact": {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.FirstContact.Tiers[0].Within = "soon" }, "terms.sales.firstContact.tiers[High].within: "},
		"acceptance":    {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.Acceptance.Within = "soon" }, "terms.sales.acceptance.within: "},
		"follow-up":     {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.FollowUp.Within = "soon" }, "terms.sales.followUp.within: "},
		"its span":      {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.FollowUp.MinSpan = "soon" }, "terms.sales.followUp.minSpan: "},
		"outside hours": {func(s *slav1alpha1.SLAContractSpec) { s.Terms.Sales.FirstContact.Tiers[0].OutsideHours = "soon" }, "terms.sales.firstContact.tiers[High].outsideHours: "},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			spec := fullContract()
			tc.change(&spec)
			if _, err := Terms(spec); err == nil || !strings.HasPrefix(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	spec := fullDefinition()
	spec.Scoring.Groups[0].Rules[1].HalfLife = "soon"
	if _, err := Definition(spec); err == nil || !strings.HasPrefix(err.Error(), `rule "intent/demo": halfLife: `) {
		t.Errorf("error %v", err)
	}
}

func TestAbsentStaysAbsent(t *testing.T) {
	terms, err := Terms(slav1alpha1.SLAContractSpec{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sla.Terms{}, terms); diff != "" {
		t.Error(diff)
	}
	definition, err := Definition(slav1alpha1.LeadDefinitionSpec{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lead.Definition{}, definition); diff != "" {
		t.Error(diff)
	}
}

func TestWithProperties(t *testing.T) {
	signed := lead.Definition{Fields: []lead.Field{{Name: "email", Property: "mail"}, {Name: "gone", Property: "old"}, {Name: "size", Property: "n"}}}
	now := slav1alpha1.LeadDefinitionSpec{Fields: []slav1alpha1.Field{{Name: "email", Property: "e_mail"}, {Name: "size"}, {Name: "new"}}}
	want := []lead.Field{{Name: "email", Property: "e_mail"}, {Name: "gone", Property: "old"}, {Name: "size"}}
	if diff := cmp.Diff(want, WithProperties(signed, now).Fields); diff != "" {
		t.Error(diff)
	}
	if signed.Fields[0].Property != "mail" {
		t.Error("the signed definition was changed")
	}
}

func TestPools(t *testing.T) {
	at := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	got := Pools(slav1alpha1.Routing{Pools: []slav1alpha1.Pool{{
		Name: "enterprise", When: "lead.employees > 200", Strategy: "Weighted", Members: []slav1alpha1.Member{{
			Rep: "rep-1", Weight: ptr.To[int32](2), Capacity: ptr.To[int32](25),
			Away: []slav1alpha1.TimeAway{{From: metav1.NewTime(at.Local()), To: metav1.NewTime(at.Add(time.Hour))}},
		}},
	}}})
	want := []lead.Pool{{
		Name: "enterprise", When: "lead.employees > 200", Strategy: lead.Weighted, Members: []lead.Member{{
			Rep: "rep-1", Weight: 2, Capacity: 25, Away: []lead.Away{{From: at, To: at.Add(time.Hour)}},
		}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRoster(t *testing.T) {
	said := slav1alpha1.Routing{
		OwnerFirst: slav1alpha1.OwnerFirstPrefer, OnBreach: slav1alpha1.OnBreachReassign,
		Unroutable: &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutablePool, Pool: "rest"},
		Pools:      []slav1alpha1.Pool{{Name: "rest"}},
	}
	want := bundle.Roster{
		OwnerFirst: lead.OwnerPrefer, OnBreach: lead.BreachReassign, Unroutable: lead.Unroutable{Policy: lead.UnroutablePool, Pool: "rest"},
		Pools: []lead.Pool{{Name: "rest"}},
	}
	if diff := cmp.Diff(want, Roster(said)); diff != "" {
		t.Error(diff)
	}
	said.OwnerFirst, said.OnBreach, said.Unroutable = slav1alpha1.OwnerFirstIgnore, slav1alpha1.OnBreachKeep, &slav1alpha1.Unroutable{Policy: slav1alpha1.UnroutableHold}
	if diff := cmp.Diff(bundle.Roster{Pools: want.Pools}, Roster(said)); diff != "" {
		t.Errorf("what is the default is written: a worker of an earlier release refuses it\n%s", diff)
	}
}

func TestCountsAndScorecard(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	counts := Counts([]slav1alpha1.MeasurementRow{
		{Clause: "firstContact", Tier: "High", Period: "2027-W03", Revision: "r", Met: n(1), Missed: n(2), Open: n(3), AtRisk: n(4), Excused: n(5)},
		{Clause: "score"},
	})
	want := []sla.Count{
		{Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "r", Met: 1, Missed: 2, Open: 3, AtRisk: 4, Excused: 5},
		{Clause: sla.ClauseScore},
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
	rows := Scorecard([]sla.Row{{
		Clause: sla.ClauseFirstContact, Tier: "High", Party: sla.PartySales, Period: "2027-W03", Indicator: sla.Red, Verdict: sla.VerdictMissed,
		Met: 1, Total: 2, Open: 3, AtRisk: 4, Actual: "a", Target: "t", EnforcedBy: "e",
	}})
	wantRows := []slav1alpha1.ScorecardRow{{
		Clause: "firstContact", Tier: "High", Party: "Sales", Period: "2027-W03", Indicator: "Red", Verdict: "Missed",
		Met: n(1), Total: n(2), Open: n(3), AtRisk: n(4), Actual: "a", Target: "t", EnforcedBy: "e",
	}}
	if diff := cmp.Diff(wantRows, rows); diff != "" {
		t.Error(diff)
	}
}

func TestSignOffs(t *testing.T) {
	at := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	got := SignOffs([]slav1alpha1.SignOff{{Party: "Sales", By: "VP Sales", At: metav1.NewTime(at.Local()), Object: "revenue/acme", Digest: "v1:sha256:ab"}})
	want := []sla.SignOff{{Party: sla.PartySales, By: "VP Sales", At: at, Object: "revenue/acme", Digest: "v1:sha256:ab"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]slav1alpha1.Party{"Marketing"}, Missing([]sla.Party{sla.PartyMarketing})); diff != "" {
		t.Error(diff)
	}
}
