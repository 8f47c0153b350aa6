// SPDX-License-Identifier: Apache-2.0

package measurement_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

var noon = time.Date(2027, 1, 18, 12, 0, 0, 0, time.UTC)

// cluster is an API server in memory that knows the schema of the CRD, so that fields are owned as they would be in earnest.
type cluster struct {
	client.Client
	writes []string // field managers, in order
	fail   error
}

func newCluster(t *testing.T, objects ...client.Object) *cluster {
	t.Helper()
	scheme, err := measurement.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{}
	c.Client = fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&slav1alpha1.SLAMeasurement{}).
		WithTypeConverters(converter(t)).
		WithInterceptorFuncs(interceptor.Funcs{
			SubResourceApply: func(ctx context.Context, cl client.Client, sub string, ac runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
				var o client.SubResourceApplyOptions
				o.ApplyOpts(opts)
				c.writes = append(c.writes, o.FieldManager)
				if c.fail != nil {
					return c.fail
				}
				return cl.SubResource(sub).Apply(ctx, ac, opts...)
			},
		}).Build()
	return c
}

func converter(t *testing.T) managedfields.TypeConverter {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/bases/sla.handoff.dev_slameasurements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	api, err := builder.BuildOpenAPIV3(&crd, "v1alpha1", builder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	typed, err := managedfields.NewTypeConverter(api.Components.Schemas, false)
	if err != nil {
		t.Fatal(err)
	}
	return typed
}

func newWriter(t *testing.T) (*measurement.Writer, *cluster, *time.Time) {
	t.Helper()
	c := newCluster(t, &slav1alpha1.SLAMeasurement{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"}})
	now := noon
	return &measurement.Writer{Client: c, Namespace: "revenue", Name: "mid-market", Now: func() time.Time { return now }}, c, &now
}

func status(t *testing.T, c client.Client) slav1alpha1.SLAMeasurementStatus {
	t.Helper()
	var m slav1alpha1.SLAMeasurement
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: "revenue", Name: "mid-market"}, &m); err != nil {
		t.Fatal(err)
	}
	return m.Status
}

func counted(at time.Time, met int64) pipeline.Measurement {
	return pipeline.Measurement{
		Snapshot: ledger.Snapshot{
			AsOf: at, Sequence: 3, Leads: ledger.Leads{Captured: 10, MQLs: 4, Unrouted: 1, Fallback: 2, Recycled: 3, Merged: 5, BeforeGoLive: 6},
			Counts: []sla.Count{{
				Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W03", Revision: "mid-market-terms-1", Met: met, Open: 2, AtRisk: 1, Contacted: met,
				Times: sla.Times{Leads: met, Within5m: 1, Within15m: 2, Median: 10 * time.Minute, P90: 3 * time.Hour},
			}},
		},
		ClosedThrough: "2027-W02",
		Paces: []sla.Pace{
			{Week: "2027-W03", Month: "2027-01", MQLs: 4, Revision: "mid-market-terms-1", From: noon.AddDate(0, 0, -7)},
			{Week: "2027-W02", Month: "2027-01", Revision: "mid-market-terms-1"},
		},
		Spells: []judge.Spell{{From: noon.AddDate(0, 0, -7), Revision: "mid-market-terms-1"}},
		Restatements: []ledger.Restatement{{
			Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W01", At: noon.Add(time.Millisecond), Version: 2,
			Was: sla.Count{Met: 97, Missed: 23, Contacted: 98}, Is: sla.Count{Met: 119, Missed: 1, Excused: 2, Contacted: 120},
		}, {
			Clause: sla.ClauseVolume, Period: "2026-12", At: noon, Version: 2, Was: sla.Count{Met: 118, Open: 1}, Is: sla.Count{Met: 120},
		}, {
			Clause: sla.ClauseScore, Period: "2027-W01", At: noon, Version: 2, Is: sla.Count{Met: 1},
		}},
	}
}

func TestCountsAreWrittenWhenTheyChange(t *testing.T) {
	w, c, _ := newWriter(t)
	for _, step := range []struct {
		name   string
		m      pipeline.Measurement
		writes int
		asOf   time.Time
	}{
		{"first", counted(noon, 1), 1, noon},
		{"only later", counted(noon.Add(time.Minute), 1), 1, noon},
		{"changed", counted(noon.Add(2*time.Minute), 2), 2, noon.Add(2 * time.Minute)},
		{"nothing left", pipeline.Measurement{Snapshot: ledger.Snapshot{AsOf: noon.Add(time.Hour)}}, 3, noon.Add(time.Hour)},
		{"still nothing", pipeline.Measurement{Snapshot: ledger.Snapshot{AsOf: noon.Add(2 * time.Hour)}}, 3, noon.Add(time.Hour)},
	} {
		if err := w.Write(t.Context(), step.m); err != nil {
			t.Fatal(err)
		}
		got := status(t, c)
		if len(c.writes) != step.writes || !got.AsOf.Time.Equal(step.asOf) || len(got.Rows) != len(step.m.Counts) {
			t.Errorf("%s: %d writes, as of %v, %d rows; want %d, %v, %d",
				step.name, len(c.writes), got.AsOf, len(got.Rows), step.writes, step.asOf, len(step.m.Counts))
		}
	}
}

func TestCountsArriveWhole(t *testing.T) {
	w, c, _ := newWriter(t)
	if err := w.Write(t.Context(), counted(noon, 7)); err != nil {
		t.Fatal(err)
	}
	at := metav1.NewTime(noon)
	want := slav1alpha1.SLAMeasurementStatus{
		AsOf: &at, ClosedThrough: "2027-W02", Sequence: 3,
		Leads: &slav1alpha1.LeadCounts{
			Captured: new(int64(10)), MQLs: new(int64(4)), Held: new(int64(0)), Unrouted: new(int64(1)), Fallback: new(int64(2)), Waiting: new(int64(0)),
			Recycled: new(int64(3)), Disqualified: new(int64(0)), Suppressed: new(int64(0)), Duplicates: new(int64(0)), Merged: new(int64(5)),
			Excluded: new(int64(0)), BeforeGoLive: new(int64(6)),
		},
		Rows: []slav1alpha1.MeasurementRow{{
			Clause: "firstContact", Tier: "High", Period: "2027-W03", Revision: "mid-market-terms-1",
			Met: new(int64(7)), Missed: new(int64(0)), Open: new(int64(2)), AtRisk: new(int64(1)), Excused: new(int64(0)), Contacted: new(int64(7)),
			Times: &slav1alpha1.ResponseTimes{
				Leads: new(int64(7)), Median: "10m0s", P90: "3h0m0s", Within5m: new(int64(1)),
				Within15m: new(int64(2)),
			},
		}},
		Paces: []slav1alpha1.MeasuredPace{
			{Week: "2027-W03", Month: "2027-01", MQLs: new(int64(4)), Revision: "mid-market-terms-1", From: new(metav1.NewTime(noon.AddDate(0, 0, -7)))},
			{Week: "2027-W02", Month: "2027-01", MQLs: new(int64(0)), Revision: "mid-market-terms-1"},
		},
		Spells: []slav1alpha1.MeasuredSpell{{Revision: "mid-market-terms-1", From: metav1.NewTime(noon.AddDate(0, 0, -7))}},
		Restatements: []slav1alpha1.Restatement{
			{Clause: "firstContact", Tier: "High", Period: "2027-W01", At: at, Was: "81% (97 of 120), 98 contacted, 0 excused", Is: "99% (119 of 120), 120 contacted, 2 excused"},
			{Clause: "volume", Period: "2026-12", At: at, Was: "118 MQLs, 1 open", Is: "120 MQLs, 0 open"},
			{Clause: "score", Period: "2027-W01", At: at, Was: "no leads", Is: "100% (1 of 1)"},
		},
	}
	if diff := cmp.Diff(want, status(t, c)); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

// While the ledger's clock is behind what it showed before, a condition says so; it goes once the clock has caught up.
func TestClockThatWentBack(t *testing.T) {
	w, c, now := newWriter(t)
	if err := w.SetIngest(t.Context(), measurement.Condition{OK: true, Reason: measurement.ReasonIngestAvailable, Message: "events are accepted"}); err != nil {
		t.Fatal(err)
	}
	behind := counted(noon, 1)
	behind.ClockBehind = true
	for _, step := range []struct {
		name   string
		m      pipeline.Measurement
		writes int
		said   bool
	}{
		{"steady", counted(noon, 1), 2, false},
		{"went back", behind, 3, true},
		{"still behind", behind, 3, true},
		{"caught up", counted(noon.Add(time.Minute), 1), 4, false},
		{"steady again", counted(noon.Add(2*time.Minute), 1), 4, false},
	} {
		*now = now.Add(time.Minute)
		if err := w.Write(t.Context(), step.m); err != nil {
			t.Fatal(err)
		}
		conditions := status(t, c).Conditions
		clock := meta.FindStatusCondition(conditions, slav1alpha1.ClockSteadyCondition)
		if len(c.writes) != step.writes || (clock != nil) != step.said || !meta.IsStatusConditionTrue(conditions, slav1alpha1.IngestAvailableCondition) {
			t.Errorf("%s: %d writes, conditions %+v", step.name, len(c.writes), conditions)
		}
		const want = "the ledger's clock went back: it has shown 2027-01-18T12:00:00Z before. Closed weeks stay closed, and nothing is judged until it has " +
			"caught up; set the clock of the database server"
		if step.said && (clock.Status != metav1.ConditionFalse || clock.Reason != slav1alpha1.ReasonClockWentBack || clock.Message != want ||
			!clock.LastTransitionTime.Time.Equal(noon.Add(2*time.Minute))) {
			t.Errorf("%s: %+v", step.name, clock)
		}
	}
}

// The counts and the two conditions have different writers: none takes away what another one wrote.
func TestWritersKeepApart(t *testing.T) {
	w, c, now := newWriter(t)
	ok := measurement.Condition{OK: true, Reason: measurement.ReasonIngestAvailable, Message: "events are accepted"}
	missing := measurement.Condition{Reason: measurement.ReasonSecretNotFound, Message: "Secret x"}
	for range 2 {
		for _, err := range []error{
			w.SetIngest(t.Context(), ok), w.Write(t.Context(), counted(*now, 1)), w.SetLedger(t.Context(), missing),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Write(t.Context(), counted(*now, 2)); err != nil {
		t.Fatal(err)
	}
	if err := w.SetLedger(t.Context(), measurement.Condition{OK: true, Reason: measurement.ReasonLedgerAvailable, Message: "back"}); err != nil {
		t.Fatal(err)
	}
	got := status(t, c)
	var conditions []string
	for _, condition := range got.Conditions {
		conditions = append(conditions, condition.Type+" "+string(condition.Status)+" "+condition.Reason)
	}
	want := []string{"IngestAvailable True IngestAvailable", "LedgerAvailable True LedgerAvailable"}
	if diff := cmp.Diff(want, conditions); diff != "" || *got.Rows[0].Met != 2 {
		t.Errorf("met %d, conditions (-want +got):\n%s", *got.Rows[0].Met, diff)
	}
	managers := []string{
		measurement.ManagerScoring, measurement.ManagerCounts, measurement.ManagerLedger, measurement.ManagerCounts, measurement.ManagerLedger,
	}
	if diff := cmp.Diff(managers, c.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// The CRM's condition is written and taken back by itself, whatever else is said.
func TestCRM(t *testing.T) {
	w, c, _ := newWriter(t)
	missing := measurement.Condition{Reason: string(crm.FieldMissing), Message: `spec.crm.fields.score: HubSpot has no field "handoff_score" for leads`}
	there := measurement.Condition{OK: true, Reason: measurement.ReasonCRMAvailable, Message: "HubSpot answers"}
	for _, err := range []error{
		w.ClearCRM(t.Context()), w.SetCRM(t.Context(), missing), w.SetCRM(t.Context(), missing),
		w.SetEffects(t.Context(), measurement.Condition{OK: true, Reason: measurement.ReasonEffectsAvailable, Message: "m"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	said := meta.FindStatusCondition(status(t, c).Conditions, slav1alpha1.CRMAvailableCondition)
	if said == nil || said.Status != metav1.ConditionFalse || said.Reason != slav1alpha1.ReasonFieldMissing || said.Message != missing.Message {
		t.Errorf("condition %+v", said)
	}
	if err := w.SetCRM(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	if got := status(t, c).Conditions; len(got) != 2 || !meta.IsStatusConditionTrue(got, slav1alpha1.CRMAvailableCondition) {
		t.Errorf("conditions %+v", got)
	}
	if err := errors.Join(w.ClearCRM(t.Context()), w.ClearCRM(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got := status(t, c).Conditions; len(got) != 1 || got[0].Type != slav1alpha1.EffectsAvailableCondition {
		t.Errorf("conditions %+v", got)
	}
	want := []string{measurement.ManagerCRM, measurement.ManagerEffects, measurement.ManagerCRM, measurement.ManagerCRM}
	if diff := cmp.Diff(want, c.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// What the check of a mapping says is what the API documents.
func TestReasonsOfAMapping(t *testing.T) {
	for is, want := range map[crm.Reason]string{
		crm.PermissionMissing: slav1alpha1.ReasonPermissionMissing, crm.FieldMissing: slav1alpha1.ReasonFieldMissing,
		crm.FieldMistyped: slav1alpha1.ReasonFieldMistyped, crm.FieldReadOnly: slav1alpha1.ReasonFieldReadOnly, crm.FieldShared: slav1alpha1.ReasonFieldShared,
		crm.OptionMissing: slav1alpha1.ReasonOptionMissing, crm.MappingAmbiguous: slav1alpha1.ReasonMappingAmbiguous,
		crm.OwnerUnknown: slav1alpha1.ReasonOwnerUnknown,
	} {
		if string(is) != want {
			t.Errorf("%s, want %s", is, want)
		}
	}
}

// Of a contract that has no effects any more nothing is said of them, and what is said besides stays.
func TestEffectsAreTakenBack(t *testing.T) {
	w, c, _ := newWriter(t)
	for _, err := range []error{
		w.ClearEffects(t.Context()),
		w.SetLedger(t.Context(), measurement.Condition{OK: true, Reason: measurement.ReasonLedgerAvailable, Message: "there"}),
		w.SetEffects(t.Context(), measurement.Condition{Reason: measurement.ReasonSecretNotFound, Message: "Secret x"}),
		w.ClearEffects(t.Context()), w.ClearEffects(t.Context()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := status(t, c).Conditions; len(got) != 1 || got[0].Type != slav1alpha1.LedgerAvailableCondition {
		t.Errorf("conditions %+v", got)
	}
	if diff := cmp.Diff([]string{measurement.ManagerLedger, measurement.ManagerEffects, measurement.ManagerEffects}, c.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// A transition is a change of the status, not of its reason, and not a restart of the worker.
func TestTransitionTime(t *testing.T) {
	w, c, now := newWriter(t)
	for _, step := range []struct {
		condition measurement.Condition
		since     time.Time
		writes    int
	}{
		{measurement.Condition{Reason: "SecretNotFound", Message: "m"}, noon, 1},
		{measurement.Condition{Reason: "SecretNotFound", Message: "m"}, noon, 1},
		{measurement.Condition{Reason: "LedgerUnreachable", Message: "m"}, noon, 2},
		{measurement.Condition{OK: true, Reason: "LedgerAvailable", Message: "m"}, noon.Add(3 * time.Minute), 3},
	} {
		if err := w.SetLedger(t.Context(), step.condition); err != nil {
			t.Fatal(err)
		}
		got := status(t, c).Conditions[0]
		if !got.LastTransitionTime.Time.Equal(step.since) || len(c.writes) != step.writes || got.Reason != step.condition.Reason {
			t.Errorf("%+v: since %v, %d writes; want %v, %d", step.condition, got.LastTransitionTime, len(c.writes), step.since, step.writes)
		}
		*now = now.Add(time.Minute)
	}
}

func TestErrorsNameTheObject(t *testing.T) {
	w, c, _ := newWriter(t)
	c.fail = errors.New("refused")
	if err := w.Write(t.Context(), counted(noon, 1)); err == nil || err.Error() != "writing the status of SLAMeasurement revenue/mid-market: refused" {
		t.Errorf("write: %v", err)
	}
	w.Name = "other"
	if err := w.SetIngest(t.Context(), measurement.Condition{}); err == nil ||
		err.Error() != `reading SLAMeasurement revenue/other: slameasurements.sla.handoff.dev "other" not found` {
		t.Errorf("read: %v", err)
	}
}

func TestReports(t *testing.T) {
	cadence := &slav1alpha1.ReviewCadence{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market", UID: "uid-1"},
		Spec:       slav1alpha1.ReviewCadenceSpec{ContractRef: slav1alpha1.ObjectReference{Name: "contract"}},
	}
	scheme, err := measurement.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(cadence).Build()
	if _, err := measurement.OpenReports(t.Context(), c, "revenue", "other", "weekly"); err == nil {
		t.Error("a cadence that is not there was opened")
	}
	reports, err := measurement.OpenReports(t.Context(), c, "revenue", "mid-market", "weekly")
	if err != nil {
		t.Fatal(err)
	}
	if there, err := reports.Has(t.Context(), "2027-W03"); err != nil || there {
		t.Errorf("before: %v, %v", there, err)
	}
	for _, text := range []string{"# First", "# Second"} {
		if err := reports.Put(t.Context(), ledger.Report{Period: "2027-W03", Result: "8 green", Seal: "v1:sha256:9f", Markdown: text, HTML: "<p>", JSON: "{}"}); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := reports.Has(t.Context(), "2027-W03"); err != nil || !there {
		t.Errorf("after: %v, %v", there, err)
	}
	var got corev1.ConfigMap
	if err := c.Get(t.Context(), types.NamespacedName{Namespace: "revenue", Name: "mid-market-weekly-2027-w03"}, &got); err != nil {
		t.Fatal(err)
	}
	want := corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "revenue", Name: "mid-market-weekly-2027-w03", ResourceVersion: "1",
			Labels: map[string]string{
				"app.kubernetes.io/managed-by": "handoff", "app.kubernetes.io/component": "review", "sla.handoff.dev/contract": "contract",
				"sla.handoff.dev/cadence": "mid-market", "sla.handoff.dev/review": "weekly",
			},
			Annotations: map[string]string{"sla.handoff.dev/period": "2027-W03", "sla.handoff.dev/result": "8 green", "sla.handoff.dev/seal": "v1:sha256:9f"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "sla.handoff.dev/v1alpha1", Kind: "ReviewCadence", Name: "mid-market", UID: "uid-1", BlockOwnerDeletion: new(false),
			}},
		},
		Immutable: new(true), Data: map[string]string{"report.md": "# First", "report.html": "<p>", "report.json": "{}"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}
