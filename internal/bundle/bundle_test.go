// SPDX-License-Identifier: Apache-2.0

package bundle

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

func ptr[T any](v T) *T { return &v }

// full has a value in every field, so that a field that does not travel is found.
var newYear = time.Date(2027, 1, 1, 5, 0, 0, 0, time.UTC)

func full() Bundle {
	return Bundle{
		Contract: "revenue/mid-market",
		Sequence: 7,
		Since:    time.Date(2027, 1, 1, 5, 0, 0, 123000000, time.UTC),

		EffectiveFrom: newYear,
		CalledOff:     true,
		Definition:    RevisionOf{Name: "mid-market-9f2c41d0", Digest: "v1:sha256:9f2c41d0"},
		Terms:         RevisionOf{Name: "mid-market-terms-77ab01c2", Digest: "v1:sha256:77ab01c2"},
		Lead: lead.Definition{
			EffectiveFrom: newYear,

			Fields:  []lead.Field{{Name: "employees", Type: lead.Integer, Property: "numberofemployees", Required: true}},
			Signals: []lead.Signal{{Name: "demo", Activity: "FormSubmit", When: `activity.form == "demo"`}},
			Scoring: &lead.Scoring{Max: ptr(100), Groups: []lead.Group{{Name: "fit", Max: ptr(0), Rules: []lead.Rule{
				{Name: "size", When: "lead.employees >= 50 && lead.employees <= 500", On: "demo", Points: -15, Max: ptr(30), HalfLife: 14 * 24 * time.Hour},
			}}}},
			Paths:   []lead.Path{{Name: "fit", Threshold: ptr(65), Criteria: []lead.Criterion{{Expression: "true", Message: "never"}}, Account: &lead.AccountPath{MinContacts: 2, Threshold: 90}}},
			Account: &lead.Account{Field: "company"},
			SQL:     []lead.SQLCriterion{{Name: "budget", Expression: "qualification.budget", Message: "no budget"}},
			Intents: []lead.Intent{{Name: "High", When: "signals.demo.count > 0"}},
			Dispositions: []lead.Disposition{{
				Name: "NotICP", Outcome: lead.Disqualified, MinAttempts: 5, Reentry: &lead.Reentry{After: time.Hour, ScoreDelta: -20, NewContact: lead.NewContactRequired},
				Status: "Disqualified", FullCadence: lead.FullCadenceRequired, Suppress: lead.ScopeAccount,
			}},
			Identity:   []string{"email"},
			Exclusions: []lead.Exclusion{{Name: "customer", When: "lead.customer"}},
		},
		SLA: sla.Terms{
			EffectiveFrom: newYear,

			Definition: "mid-market",
			Parties: sla.Parties{
				Marketing: sla.Contact{Owner: "VP Marketing", Contact: "marketing@acme.example"}, Sales: sla.Contact{Owner: "VP Sales", Contact: "sales@acme.example"},
				Executive: &sla.Contact{Owner: "CRO", Contact: "cro@acme.example"},
			},
			Governance: sla.Governance{ReviewsHeld: "Required", DefinitionRefresh: "Quarterly"},
			Escalation: sla.Escalation{ConsecutiveMisses: 2, UnresolvedWeeks: 3}, Enforcement: "Observe",
			Calendar: sla.Calendar{
				TimeZone:   "America/New_York",
				Hours:      []sla.WeekHours{{Days: []string{"Mon"}, Shifts: []sla.Shift{{From: "09:00", To: "24:00"}}}},
				Exceptions: []sla.Exception{{Date: "2026-12-24", Shifts: []sla.Shift{{From: "09:00", To: "12:00"}}, Name: "Christmas Eve"}},
				Holidays:   "us", HolidayDates: []sla.Holiday{{Date: "2027-01-01", Name: "New Year's Day"}},
			},
			Funnel: &sla.Funnel{BookingsPerMonth: 500000, AverageDealSize: 50000, CloseRatePercent: "25", MQLToOpportunityPercent: "30"},
			Marketing: &sla.Marketing{
				Volume: &sla.Volume{FromFunnel: true, MQLsPerMonth: 1, SevereBelowPercent: ptr(70)}, Completeness: &sla.Share{TargetPercent: 100}, Score: &sla.Share{TargetPercent: 99},
				Delivery: &sla.Delivery{Within: 5 * time.Minute, Mechanism: sla.CRM, TargetPercent: 98},
			},
			Sales: &sla.Sales{
				FirstContact: &sla.FirstContact{TargetPercent: 90, SevereBelowContactedPercent: ptr(50), Tiers: []sla.Tier{{Intent: "High", Within: 5 * time.Minute, OutsideHours: time.Hour}}},
				Disposition:  &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
				Rejection:    &sla.Share{TargetPercent: 100},
				Acceptance:   &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 92},
				FollowUp:     &sla.FollowUp{Attempts: 6, MinSpan: 10 * 24 * time.Hour, Within: 14 * 24 * time.Hour, Channels: 2, TargetPercent: 91},
				Feedback:     &sla.Share{TargetPercent: 50},
			},
			MinimumSample: ptr(5), YellowWithin: ptr(10), WarnAtPercent: ptr(80),
		},
	}
}

func fullRoster() Roster {
	return Roster{OwnerFirst: lead.OwnerPrefer, Unroutable: lead.Unroutable{Policy: lead.UnroutablePool, Pool: "enterprise"}, OnBreach: lead.BreachReassign, Pools: []lead.Pool{{
		Name: "enterprise", When: "lead.employees > 200", Strategy: lead.Weighted,
		Members: []lead.Member{{Rep: "rep-1", Weight: 2, Capacity: 25, Away: []lead.Away{{
			From: time.Date(2027, 1, 4, 0, 0, 0, 0, time.UTC), To: time.Date(2027, 1, 9, 0, 0, 0, 0, time.UTC),
		}}}},
	}}}
}

func TestBundleTravels(t *testing.T) {
	for name, want := range map[string]Bundle{"full": full(), "empty": {}} {
		t.Run(name, func(t *testing.T) {
			data, err := want.Encode()
			if err != nil {
				t.Fatal(err)
			}
			got, err := DecodeBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the bundle changed on the way (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRosterTravels(t *testing.T) {
	want := fullRoster()
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeRoster(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the roster changed on the way (-want +got):\n%s", diff)
	}
}

func fullStanding() Standing {
	return Standing{Steps: []EscalationStep{{
		Clause: sla.ClauseFirstContact, Level: 2, At: newYear, Reason: "97 of 120 leads contacted in time (81%), target 90%",
		Owners: []string{"VP Marketing", "VP Sales"}, Since: newYear.AddDate(0, 0, -7), Due: newYear.AddDate(0, 0, 14), Clears: "a week in which it is met",
	}}}
}

// What a newer manager says beside it does not keep this version from telling what it understands.
func TestStandingTravels(t *testing.T) {
	want := fullStanding()
	data, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(data), strings.Replace(string(data), "{", `{"newer": true,`, 1)} {
		got, err := DecodeStanding([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the standing changed on the way (-want +got):\n%s", diff)
		}
	}
	if _, err := DecodeStanding([]byte(`{"steps": [`)); err == nil || !strings.HasPrefix(err.Error(), "standing.json: ") {
		t.Errorf("half a file: %v", err)
	}
}

func fullCRM() crm.Settings {
	field := "field"
	return crm.Settings{
		Type: crm.TypeHubSpot, URL: "https://api.hubapi.com", Version: "2026-09", Webhooks: "https://handoff.example.com", MatchBy: "email",
		Mapping: crm.Mapping{
			Fields: crm.Fields{
				Stage: field, Status: field, Reason: field, Score: field, Revision: field, Due: field, FirstTouch: field, Attempts: field, Missing: field,
			},
			Stages: map[string]string{"MQL": "marketingqualifiedlead"}, Statuses: map[string]string{"Nurture": "BAD_TIMING"},
			Activities:    []crm.Activity{{Name: "FormSubmit", At: field, Properties: map[string]string{"form": field}}},
			Qualification: map[string]string{"need": field}, OptOut: field,
		},
		PollEvery: 15 * time.Second, DryRun: true, SetBack: crm.SetBack{After: time.Minute, Limit: 3}, UsedPercent: 90,
	}
}

// As with a standing; but of a CRM that this version does not know, nothing is made.
func TestCRMTravels(t *testing.T) {
	want := fullCRM()
	data, err := EncodeCRM(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(data), strings.Replace(string(data), "{", `{"newer": true,`, 1)} {
		got, err := DecodeCRM([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the settings changed on the way (-want +got):\n%s", diff)
		}
	}
	for name, text := range map[string]string{"half a file": `{"type": "HubSpot"`, "another CRM": `{"type": "Pipedrive"}`, "none": `{}`} {
		if got, err := DecodeCRM([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "crm.json: ") || !cmp.Equal(got, crm.Settings{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A field that is added to the vocabulary must be added to full and fullRoster, or the tests above would not see it get lost.
func TestFixturesFillEveryField(t *testing.T) {
	for name, v := range map[string]any{"bundle": full(), "roster": fullRoster(), "standing": fullStanding(), "CRM": fullCRM()} {
		for _, path := range empty(name, reflect.ValueOf(v)) {
			t.Errorf("%s has no value in the test", path)
		}
	}
}

// empty are the paths of fields and elements without a value; a pointer to zero is a value.
func empty(path string, v reflect.Value) []string {
	var paths []string
	if v.Type() == reflect.TypeFor[time.Time]() {
		if v.IsZero() {
			paths = append(paths, path)
		}
		return paths
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			paths = append(paths, empty(path+"."+v.Type().Field(i).Name, v.Field(i))...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			paths = append(paths, empty(path+"[]", v.Index(i))...)
		}
		if v.Len() == 0 {
			return []string{path}
		}
	case reflect.Pointer:
		if v.IsNil() {
			return []string{path}
		}
		if v.Elem().Kind() == reflect.Struct {
			return empty(path, v.Elem())
		}
	default:
		if v.IsZero() {
			return []string{path}
		}
	}
	return paths
}

// The same value gives the same bytes, and expressions stay readable in the ConfigMap.
func TestEncodingIsStable(t *testing.T) {
	a, errA := full().Encode()
	b, errB := full().Encode()
	if errA != nil || errB != nil || string(a) != string(b) {
		t.Errorf("two encodings differ (%v, %v)", errA, errB)
	}
	if !strings.Contains(string(a), `"when": "lead.employees >= 50 && lead.employees <= 500"`) {
		t.Errorf("the expression is not readable:\n%s", a)
	}
}

// What both teams signed and what runs must be the same: nothing unknown is passed over.
func TestDecodeRefuses(t *testing.T) {
	cases := map[string]string{
		"an unknown field":       `{"sequence": 1, "feedback": {}}`,
		"an unknown term":        `{"terms": {"sales": {"followUp": {"attempt": 6}}}}`,
		"another type":           `{"sequence": "one"}`,
		"half a file":            `{"sequence": 1`,
		"an empty file":          ``,
		"a second object":        `{} {}`,
		"something that follows": `{} x`,
		"no JSON":                `sequence: 1`,
	}
	for name, text := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := DecodeBundle([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), "bundle.json: ") || !cmp.Equal(got, Bundle{}) {
				t.Errorf("bundle %+v, error %v; want nothing and an error that names bundle.json", got, err)
			}
		})
	}
	if _, err := DecodeRoster([]byte(`{"pools": [], "queues": []}`)); err == nil || !strings.HasPrefix(err.Error(), "roster.json: ") {
		t.Errorf("roster: error %v, want one that names roster.json", err)
	}
}

// A pair begins at the later of its adoption and its own date.
func TestStart(t *testing.T) {
	for name, c := range map[string]struct{ from, want time.Time }{
		"no date":           {time.Time{}, newYear},
		"a date that is up": {newYear.Add(-time.Hour), newYear},
		"a date to come":    {newYear.Add(time.Hour), newYear.Add(time.Hour)},
	} {
		if got := (Bundle{Since: newYear, EffectiveFrom: c.from}).Start(); !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
