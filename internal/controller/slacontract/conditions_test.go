// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/condition"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

var sameFinding = cmp.AllowUnexported(finding{})

// both workers, with the replicas wanted and available of each; wanted -1 is a Deployment that does not exist.
func both(scoringWanted, scoringAvailable, routingWanted, routingAvailable int32) []worker {
	one := func(component resources.Component, wanted, available int32) worker {
		if wanted < 0 {
			return worker{component: component}
		}
		return worker{component: component, deployment: &appsv1.Deployment{
			Spec: appsv1.DeploymentSpec{Replicas: &wanted}, Status: appsv1.DeploymentStatus{AvailableReplicas: available},
		}}
	}
	return []worker{one(resources.Scoring, scoringWanted, scoringAvailable), one(resources.Routing, routingWanted, routingAvailable)}
}

func said(kind, reason, message string) *slav1alpha1.SLAMeasurement {
	return &slav1alpha1.SLAMeasurement{Status: slav1alpha1.SLAMeasurementStatus{Conditions: []metav1.Condition{
		{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message},
	}}}
}

func TestWorkersAvailable(t *testing.T) {
	p := &pair{}
	failing := both(1, 0, 1, 1)
	failing[0].deployment.Status.Conditions = []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota"},
	}
	tests := map[string]struct {
		pair        *pair
		workers     []worker
		measurement *slav1alpha1.SLAMeasurement
		want        finding
	}{
		"nothing in force": {nil, both(-1, 0, -1, 0), nil, finding{
			"False", "NothingInForce", "no pair of terms and definition is in force; the workers are not started",
		}},
		"all available": {p, both(2, 2, 1, 1), nil, finding{
			"True", "WorkersAvailable", "scoring 2 of 2 replicas available, routing 1 of 1 replicas available",
		}},
		"more than wanted during a roll-out": {p, both(1, 2, 1, 1), nil, finding{
			"True", "WorkersAvailable", "scoring 2 of 1 replicas available, routing 1 of 1 replicas available",
		}},
		"scaled to zero": {p, both(0, 0, 1, 1), nil, finding{
			"True", "WorkersAvailable", "scoring 0 of 0 replicas available, routing 1 of 1 replicas available",
		}},
		"not there yet": {p, both(-1, 0, 1, 1), nil, finding{"False", "WorkersUnavailable", "scoring 0 of 1 replicas available"}},
		"one missing":   {p, both(2, 1, 1, 1), nil, finding{"False", "WorkersUnavailable", "scoring 1 of 2 replicas available"}},
		"quota":         {p, failing, nil, finding{"False", "WorkersUnavailable", "scoring 0 of 1 replicas available: exceeded quota"}},
		"no token": {p, both(1, 0, 1, 1), said("IngestAvailable", "SecretNotFound", "no token"), finding{
			"False", "SecretNotFound", "scoring 0 of 1 replicas available: no token",
		}},
		"no database": {p, both(1, 0, 1, 0), said("LedgerAvailable", "LedgerUnreachable", "refused"), finding{
			"False", "LedgerUnreachable", "scoring 0 of 1 replicas available; routing 0 of 1 replicas available: refused",
		}},
		"a complaint of before": {p, both(1, 1, 1, 1), said("LedgerAvailable", "LedgerUnreachable", "refused"), finding{
			"True", "WorkersAvailable", "scoring 1 of 1 replicas available, routing 1 of 1 replicas available",
		}},
		"a made-up reason": {p, both(1, 1, 1, 0), said("LedgerAvailable", "Compliant", "trust me"), finding{
			"False", "WorkersUnavailable", "routing 0 of 1 replicas available: trust me",
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, workersAvailable(tc.pair != nil, tc.workers, tc.measurement), sameFinding); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whoever wants to be told, and cannot be, reads it in the contract; of one that tells nobody nothing is said, whatever was said before.
func TestEffectsAvailable(t *testing.T) {
	told := slav1alpha1.SLAContractSpec{Notify: &slav1alpha1.Notify{}}
	there := said("EffectsAvailable", "EffectsAvailable", "there")
	there.Status.Conditions[0].Status = metav1.ConditionTrue
	waiting := &finding{"Unknown", "Waiting", "the routing worker has not looked yet whether the Secrets of notify and crm are there"}
	for name, tc := range map[string]struct {
		spec        slav1alpha1.SLAContractSpec
		running     bool
		measurement *slav1alpha1.SLAMeasurement
		want        *finding
	}{
		"tells nobody":     {slav1alpha1.SLAContractSpec{}, true, said("EffectsAvailable", "SecretNotFound", "of before"), nil},
		"nothing in force": {told, false, nil, nil},
		"no measurement":   {told, true, nil, waiting},
		"not looked":       {told, true, said("LedgerAvailable", "LedgerUnreachable", "away"), waiting},
		"missing":          {told, true, said("EffectsAvailable", "SecretNotFound", "Secret x"), &finding{"False", "SecretNotFound", "Secret x"}},
		"a made-up reason": {told, true, said("EffectsAvailable", "Compliant", "trust me"), &finding{"False", "SecretNotFound", "trust me"}},
		"there, of events": {slav1alpha1.SLAContractSpec{CRM: &slav1alpha1.CRM{Events: &slav1alpha1.CRMEvents{}}}, true, there, &finding{"True", "EffectsAvailable", "there"}},
		"leads in a CRM":   {slav1alpha1.SLAContractSpec{CRM: &slav1alpha1.CRM{HubSpot: &slav1alpha1.HubSpot{}}}, true, there, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, effectsAvailable(tc.spec, tc.running, tc.measurement), sameFinding); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMeasured(t *testing.T) {
	p := &pair{bundle: bundle.Bundle{Sequence: 7}}
	counted := func(sequence int64, conditions ...metav1.Condition) *slav1alpha1.SLAMeasurement {
		return &slav1alpha1.SLAMeasurement{Status: slav1alpha1.SLAMeasurementStatus{
			AsOf: ptr.To(metav1.NewTime(time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC))), Sequence: sequence, Conditions: conditions,
			Leads: &slav1alpha1.LeadCounts{Waiting: ptr.To[int64](3)},
		}}
	}
	away := metav1.Condition{Type: "LedgerAvailable", Status: metav1.ConditionFalse, Reason: "LedgerUnreachable", Message: "refused"}
	tests := map[string]struct {
		pair        *pair
		workers     []worker
		measurement *slav1alpha1.SLAMeasurement
		want        finding
	}{
		"nothing in force": {nil, both(1, 1, 1, 1), counted(7), finding{"False", "NotMeasured", "no count has arrived yet"}},
		"no measurement":   {p, both(1, 1, 1, 1), nil, finding{"False", "NotMeasured", "no count has arrived yet"}},
		"never counted, and why": {p, both(1, 1, 1, 0), said("LedgerAvailable", "SecretNotFound", "no Secret"), finding{
			"False", "NotMeasured", "no count has arrived yet: no Secret",
		}},
		"current": {p, both(1, 0, 1, 1), counted(7), finding{"True", "Measured", "counts as of 2027-01-14T15:00:00Z; 3 leads waiting"}},
		"ledger away": {p, both(1, 1, 1, 1), counted(7, away), finding{
			"False", "LedgerUnreachable", "counts as of 2027-01-14T15:00:00Z: refused",
		}},
		"clock back": {p, both(1, 1, 1, 1), counted(7, metav1.Condition{
			Type: "ClockSteady", Status: metav1.ConditionFalse, Reason: "ClockWentBack", Message: "it shows an hour before",
		}), finding{"Unknown", "ClockWentBack", "counts as of 2027-01-14T15:00:00Z: it shows an hour before"}},
		"routing away": {p, both(1, 1, 2, 0), counted(7), finding{
			"False", "Waiting", "counts as of 2027-01-14T15:00:00Z: the routing worker, which counts, has 0 of 2 replicas available",
		}},
		"one of two counts": {p, both(1, 1, 2, 1), counted(7), finding{"True", "Measured", "counts as of 2027-01-14T15:00:00Z; 3 leads waiting"}},
		"old pair": {p, both(1, 1, 1, 1), counted(6), finding{
			"False", "Waiting", "counts as of 2027-01-14T15:00:00Z: the ledger has pair 6 in force and not yet 7",
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, measured(tc.pair, nil, tc.workers, tc.measurement), sameFinding); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// At a switch that was scheduled, nothing is false: the last counts of the pair before are right until there are newer ones, and the ledger's
// clock may be ahead of the operator's.
func TestMeasuredAtASwitch(t *testing.T) {
	at := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	old := &pair{bundle: bundle.Bundle{Sequence: 7}}
	dated := &pair{bundle: bundle.Bundle{Sequence: 8, EffectiveFrom: at}}
	for name, tc := range map[string]struct {
		pair     *pair
		coming   []pair
		sequence int64
		asOf     time.Time
		want     string
	}{
		"before":                                {old, []pair{*dated}, 7, at.Add(-time.Minute), "Measured"},
		"the ledger's clock is ahead":           {old, []pair{*dated}, 8, at.Add(time.Second), "Measured"},
		"after, last counted before":            {dated, nil, 7, at.Add(-time.Second), "Measured"},
		"after, counted since":                  {dated, nil, 8, at.Add(time.Second), "Measured"},
		"after, and the ledger has it not":      {dated, nil, 7, at, "Waiting"},
		"the first, whose time is to come":      {nil, []pair{*dated}, 0, at.Add(-time.Minute), "NotMeasured"},
		"the first, by a ledger that is ahead":  {nil, []pair{*dated}, 8, at, "Measured"},
		"one that nobody knows in place of all": {old, []pair{*dated}, 9, at, "Waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &slav1alpha1.SLAMeasurement{Status: slav1alpha1.SLAMeasurementStatus{AsOf: ptr.To(metav1.NewTime(tc.asOf)), Sequence: tc.sequence}}
			if got := measured(tc.pair, tc.coming, both(1, 1, 1, 1), m); got.reason != tc.want {
				t.Errorf("%+v, want %s", got, tc.want)
			}
		})
	}
}

func judged(rows ...sla.Row) *judgement {
	return &judgement{counted: true, volumeTarget: 133, Judgement: judge.Judgement{Rows: rows}}
}

func TestCompliant(t *testing.T) {
	met := sla.Row{Clause: sla.ClauseScore, Verdict: sla.VerdictMet}
	waived := sla.Row{Clause: sla.ClauseFollowUp, Verdict: sla.VerdictWaived}
	thin := sla.Row{Clause: sla.ClauseDelivery, Verdict: sla.VerdictInsufficientData}
	behind := sla.Row{
		Clause: sla.ClauseVolume, Verdict: sla.VerdictAtRisk, Actual: "60 of 133 MQLs", Target: "133 MQLs a month", Period: "2027-01",
	}
	missed := sla.Row{
		Clause: sla.ClauseFirstContact, Tier: "High", Verdict: sla.VerdictMissed, Actual: "81% (97 of 120)", Target: "90%", Period: "2027-W03",
	}
	tests := map[string]struct {
		judged *judgement
		want   finding
	}{
		"no pair":     {nil, finding{"Unknown", "NotMeasured", "nothing has been counted yet"}},
		"not counted": {&judgement{Judgement: judge.Judgement{Rows: []sla.Row{thin}}}, finding{"Unknown", "NotMeasured", "nothing has been counted yet"}},
		"no clause":   {judged(), finding{"Unknown", "InsufficientData", "the terms in force have no clause"}},
		"no sample":   {judged(thin, thin), finding{"Unknown", "InsufficientData", "no clause has enough leads yet to be judged"}},
		"all met":     {judged(met, met), finding{"True", "AllMet", "2 of 2 clauses met"}},
		"met, behind, without a sample": {judged(behind, met, thin), finding{
			"True", "AtRisk", "1 of 3 clauses met; behind its pace: volume 60 of 133 MQLs, target 133 MQLs a month, 2027-01; 1 without enough leads to be judged",
		}},
		"met, without a sample": {judged(met, thin), finding{"True", "AllMet", "1 of 2 clauses met; 1 without enough leads to be judged"}},
		"nothing met, behind": {judged(behind, thin), finding{
			"Unknown", "AtRisk", "0 of 2 clauses met; behind its pace: volume 60 of 133 MQLs, target 133 MQLs a month, 2027-01; 1 without enough leads to be judged",
		}},
		"missed": {judged(missed, met), finding{
			"False", "Missed", "fell short: firstContact High 81% (97 of 120), target 90%, 2027-W03",
		}},
		"waived":     {judged(met, waived), finding{"True", "AllMet", "1 of 2 clauses met; 1 waived"}},
		"all waived": {judged(waived), finding{"Unknown", "InsufficientData", "no clause has enough leads yet to be judged; 1 waived"}},
		"met, escalated": {
			&judgement{counted: true, Judgement: judge.Judgement{Rows: []sla.Row{met}, Escalations: []judge.Escalation{
				{Clause: "terms", Level: 3}, {Clause: "firstContact", Level: 2},
			}}},
			finding{"True", "AllMet", "1 of 1 clauses met; escalated: terms at level 3, firstContact at level 2"},
		},
		"clock back": {
			&judgement{counted: true, back: time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC), Judgement: judge.Judgement{Rows: []sla.Row{missed}}},
			finding{"Unknown", "ClockWentBack", "the ledger's clock went back, so that what is open is not judged until it has caught up; the scorecard is that " +
				"of 2027-01-14T15:00:00Z, and closed weeks stay as they were judged"},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, compliant(tc.judged), sameFinding); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShownNumbers(t *testing.T) {
	volume := sla.Row{Clause: sla.ClauseVolume, Met: 118, Total: 133, Verdict: sla.VerdictAtRisk}
	contact := func(tier string, met, total int64, actual string, verdict sla.Verdict) sla.Row {
		return sla.Row{Clause: sla.ClauseFirstContact, Tier: tier, Met: met, Total: total, Actual: actual, Verdict: verdict}
	}
	tests := map[string]struct {
		judged             *judgement
		mqls, firstContact string
	}{
		"nothing":      {judged(), "", ""},
		"volume alone": {judged(volume), "118/133", ""},
		"the worst tier": {judged(
			contact("Standard", 95, 100, "95% (95 of 100)", sla.VerdictMet), contact("High", 97, 120, "81% (97 of 120)", sla.VerdictMissed),
		), "", "81%"},
		"a tier without a sample": {judged(
			contact("Standard", 95, 100, "95% (95 of 100)", sla.VerdictMet), contact("High", 0, 2, "0% (0 of 2)", sla.VerdictInsufficientData),
		), "", "95%"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if mqls, contact := tc.judged.mqls(), tc.judged.firstContact(); mqls != tc.mqls || contact != tc.firstContact {
				t.Errorf("%q and %q", mqls, contact)
			}
		})
	}
}

func TestClauseEvents(t *testing.T) {
	rows := func(verdicts ...slav1alpha1.Verdict) []slav1alpha1.ScorecardRow {
		var out []slav1alpha1.ScorecardRow
		for i, v := range verdicts {
			out = append(out, slav1alpha1.ScorecardRow{
				Clause: "firstContact", Tier: []string{"High", "Standard"}[i], Verdict: v, Actual: "81% (97 of 120)", Target: "90%", Period: "2027-W03",
			})
		}
		return out
	}
	high := corev1.ObjectReference{
		APIVersion: "sla.handoff.dev/v1alpha1", Kind: "SLAMeasurement", Name: "mid-market", FieldPath: "status.rows{firstContact/High}",
	}
	note := "firstContact High 81% (97 of 120), target 90%, 2027-W03"
	tests := map[string]struct {
		before, after []slav1alpha1.ScorecardRow
		want          []condition.Event
	}{
		"first judgement": {nil, rows("Met"), nil},
		"missed": {rows("Met"), rows("Missed"), []condition.Event{
			{Type: "Warning", Reason: "ClauseMissed", Action: "Judge", Note: note, Related: high},
		}},
		"missed from the start": {nil, rows("Missed"), []condition.Event{
			{Type: "Warning", Reason: "ClauseMissed", Action: "Judge", Note: note, Related: high},
		}},
		"still missed": {rows("Missed"), rows("Missed"), nil},
		"met again": {rows("Missed", "Met"), rows("Met", "Met"), []condition.Event{
			{Type: "Normal", Reason: "ClauseMet", Action: "Judge", Note: note, Related: high},
		}},
		"no sample any more": {rows("Missed"), rows("InsufficientData"), nil},
		"other tier":         {rows("Missed", "Met"), rows("Missed", "Met"), nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, clauseEvents("mid-market", tc.before, tc.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
