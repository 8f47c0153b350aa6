// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"testing"
	"time"
)

// day0 is the time that test histories count from.
var day0 = time.Date(2027, time.January, 4, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func ptr[T any](v T) *T { return &v }

// midMarket is the definition of the API's example.
func midMarket() Definition {
	return Definition{
		Fields: []Field{
			{Name: "company", Type: String, Required: true},
			{Name: "employees", Type: Integer, Property: "numberofemployees", Required: true},
			{Name: "industry", Type: String},
			{Name: "stack", Type: StringList, Property: "web_technologies"},
			{Name: "revenue", Type: Number},
			{Name: "partner", Type: Boolean},
			{Name: "founded", Type: Timestamp},
			{Name: "seniority", Type: String, Property: "hs_seniority"},
			{Name: "email", Type: String, Required: true},
		},
		Signals: []Signal{
			{Name: "pricingView", Activity: "PageView", When: `activity.path.startsWith("/pricing")`},
			{Name: "gatedDownload", Activity: "Download", When: `activity.gated`},
			{Name: "demoRequest", Activity: "FormSubmit", When: `activity.form == "demo"`},
			{Name: "trialSignup", Activity: "TrialSignup"},
		},
		Scoring: &Scoring{Groups: []Group{
			{Name: "fit", Max: ptr(50), Rules: []Rule{
				{Name: "company-size", When: `lead.employees >= 50 && lead.employees <= 500`, Points: 20},
				{Name: "saas", When: `lead.industry == "saas"`, Points: 10},
				{Name: "seniority", When: `lead.seniority in ["director", "vp", "cxo"]`, Points: 25},
				{Name: "free-mail", When: `lead.email.endsWith("@gmail.com")`, Points: -15},
			}},
			{Name: "intent", Max: ptr(60), Rules: []Rule{
				{Name: "pricing", On: "pricingView", Points: 15, Max: ptr(30), HalfLife: 14 * day},
				{Name: "demo", On: "demoRequest", Points: 40},
				{Name: "content", On: "gatedDownload", Points: 5, Max: ptr(15), HalfLife: 30 * day},
			}},
		}},
		Paths: []Path{
			{Name: "hand-raise", Criteria: []Criterion{{Expression: `signals.demoRequest.count > 0 || signals.trialSignup.count > 0`}}},
			{Name: "fit-and-engagement", Threshold: ptr(65), Criteria: []Criterion{
				{Expression: `lead.seniority in ["director", "vp", "cxo"]`},
				{Expression: `signals.pricingView.within("90d") >= 1 && signals.gatedDownload.count >= 1`},
			}},
		},
		Intents: []Intent{
			{Name: "High", When: `signals.demoRequest.count > 0 || signals.trialSignup.count > 0 || signals.pricingView.within("7d") > 0`},
			{Name: "Standard"},
		},
		Dispositions: []Disposition{{Name: "AcceptAsSQL", Outcome: Accepted}, {Name: "BadTiming", Outcome: Recycled}, {Name: "NotICP", Outcome: Disqualified}},
	}
}

func mustCompile(tb testing.TB, d Definition) *Program {
	tb.Helper()
	p, err := Compile(d)
	if err != nil {
		tb.Fatalf("Compile: %v", err)
	}
	return p
}

func captured(at time.Time, properties map[string]any) Event {
	return Event{Kind: KindCaptured, Time: at, Properties: properties}
}

func updated(at time.Time, properties map[string]any) Event {
	return Event{Kind: KindUpdated, Time: at, Properties: properties}
}

func acted(at time.Time, activity string, properties map[string]any) Event {
	return Event{Kind: KindActivity, Time: at, Activity: activity, Properties: properties}
}

func pricingView(at time.Time) Event {
	return acted(at, "PageView", map[string]any{"path": "/pricing/teams"})
}

// director is complete and worth 45 points of fit.
func director() map[string]any {
	return map[string]any{"company": "Acme", "numberofemployees": 120, "hs_seniority": "director", "email": "a@acme.example"}
}

// since has every event judged from an instant on.
func since(at time.Time) func(Event) bool {
	return func(e Event) bool { return !e.Time.Before(at) }
}
