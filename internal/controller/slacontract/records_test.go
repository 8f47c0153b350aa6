// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// waive 2027-W03 for the first contact.
func (b *bench) waive(at time.Time, parties ...slav1alpha1.Party) {
	b.t.Helper()
	w := slav1alpha1.Waiver{Name: "crm-migration", Clause: "firstContact", From: "2027-01-20", To: "2027-01-22", Reason: "the CRM moves"}
	testkit.SignWaiver(b.t, b.contract, &w, at, parties...)
	b.contract.Spec.Waivers = []slav1alpha1.Waiver{w}
	b.update(b.contract)
	b.reconcile()
}

// A waiver that both signed in time takes its week out of judgement: the miss before it is neither followed by a second nor resolved. One that does
// not count is said once, with what helps.
func TestWaiver(t *testing.T) {
	for name, tc := range map[string]struct {
		days                int // after the end of the week
		parties             []slav1alpha1.Party
		reason, says, level string
	}{
		"signed by both in time": {7, testkit.Both(), "RecordsAccepted", "1 waiver on record", "1 firstContact"},
		"signed by one": {
			1, testkit.Both()[:1], "WaiverNotSigned",
			"spec.waivers[crm-migration].signOffs: Sales has not signed, so that it does not count; its weeks are over", "2 firstContact",
		},
		"signed too late": {8, testkit.Both(), "WaiverTooLate", "spec.waivers[crm-migration]: both had signed it on 2027-02-02T05:00:00Z", "2 firstContact"},
	} {
		t.Run(name, func(t *testing.T) {
			b := withExecutive(t)
			b.closes(4, week(2, 8, 2), week(3, 8, 2))
			at := ends(t, 3).AddDate(0, 0, tc.days)
			b.clock.SetTime(at.Add(time.Hour))
			b.governed()
			b.waive(at, tc.parties...)
			c := meta.FindStatusCondition(b.contract.Status.Conditions, "RecordsAccepted")
			if c == nil || c.Reason != tc.reason || !strings.HasPrefix(c.Message, tc.says) {
				t.Errorf("RecordsAccepted %+v", c)
			}
			if b.contract.Status.Escalation != tc.level {
				t.Errorf("escalation %q, want %q", b.contract.Status.Escalation, tc.level)
			}
			said := strings.Join(b.governed(), "\n")
			if waived := tc.level == "1 firstContact"; waived != strings.Contains(said, "Restated 2027-W03, a closed week, is judged anew: firstContact was missed, is waived") ||
				waived == strings.Contains(said, "Warning "+tc.reason) {
				t.Errorf("events %s", said)
			}
			testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
			b.restarts()
		})
	}
}

// A party with keys waives nothing by name.
func TestWaiverOfAPartyWithKeys(t *testing.T) {
	b := withExecutive(t)
	b.closes(3, week(2, 8, 2), week(3, 8, 2))
	key, signers := testkit.Key(t, 1), client.ObjectKey{Namespace: b.contract.Namespace, Name: "signers"}
	testkit.PutKeys(t, signers, map[string]string{b.contract.Namespace + ".Sales": key.Line()})
	b.r.Signers = &ratify.Signers{Reader: testkit.Client, Key: signers}
	b.waive(b.clock.Now(), testkit.Both()...)
	c := meta.FindStatusCondition(b.contract.Status.Conditions, "RecordsAccepted")
	if c.Reason != "WaiverNotSigned" || !strings.Contains(c.Message, "Sales signed by name, but has keys in ConfigMap "+signers.String()) {
		t.Errorf("by name: %+v", c)
	}
	key.SealWaiver(t, b.contract, &b.contract.Spec.Waivers[0].SignOffs[1])
	b.update(b.contract)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "RecordsAccepted", metav1.ConditionTrue, "RecordsAccepted", "1 waiver on record")
	b.escalation("1 firstContact", 1, "VP Sales")
}

// What is on record about nothing, or in the future, is named with its field and what helps.
func TestRecordsThatDoNotCount(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 8, 2))
	b.governed()
	b.contract.Spec.Remediations = []slav1alpha1.Remediation{
		{Name: "phones", Clause: "feedback", Owner: "RevOps", Plan: "ask for more", Due: "2027-02-01"},
		{Name: "emea-nights", Clause: "firstContact", Owner: "Sales Ops", Plan: "route the night shift", Due: "2027-02-01"},
		{Name: "training", Clause: "firstContact", Owner: "Sales Ops", Plan: "train", Due: "2027-01-15", Done: "2027-01-15"},
	}
	b.contract.Spec.Dispute = &slav1alpha1.Dispute{RaisedBy: "Sales", At: metav1.NewTime(b.clock.Now().AddDate(1, 0, 0)), Reason: "too much"}
	b.update(b.contract)
	result := b.reconcile()
	c := meta.FindStatusCondition(b.contract.Status.Conditions, "RecordsAccepted")
	terms := b.contract.Status.InForce.Revision
	want := "spec.remediations[phones].clause: the terms " + terms + ` have no clause "feedback", so that the entry is about nothing; write a clause that they have, ` +
		"or take the entry out; spec.dispute.at: 2028-01-18T14:00:00Z is in the future: the dispute is none until then; write when it was raised"
	if c.Status != metav1.ConditionFalse || c.Reason != "UnknownClause" || c.Message != want {
		t.Errorf("RecordsAccepted %+v", c)
	}
	b.escalation("1 firstContact", 1, "VP Sales")
	if plans := b.contract.Status.Escalations[0].Remediations; len(plans) != 1 || plans[0] != "emea-nights" {
		t.Errorf("plans %v", plans)
	}
	b.hears("Warning UnknownClause spec.remediations[phones]", "Warning InvalidDate spec.dispute.at")
	b.restarts()
	if result.RequeueAfter != judgeEvery {
		t.Errorf("looks again in %s", result.RequeueAfter)
	}
}

// A waiver that is signed with a date to come counts from that date on, and not before.
func TestWaiverSignedWithADateToCome(t *testing.T) {
	b := withExecutive(t)
	b.closes(3, week(2, 8, 2), week(3, 8, 2))
	at := b.clock.Now().Add(48 * time.Hour)
	b.waive(at, testkit.Both()...)
	testkit.Condition(t, b.contract.Status.Conditions, "RecordsAccepted", metav1.ConditionFalse, "InvalidDate", "")
	b.escalation("2 firstContact", 2, "VP Marketing", "VP Sales")
	b.clock.SetTime(at.Add(time.Minute))
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "RecordsAccepted", metav1.ConditionTrue, "RecordsAccepted", "1 waiver on record")
	b.escalation("1 firstContact", 1, "VP Sales")
}

// The manager looks again when a waiver ends, although nothing changes: at midnight where the contract is.
func TestLooksAgainWhenAWaiverEnds(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 8, 2))
	b.waive(b.clock.Now(), testkit.Both()...)
	midnight := time.Date(2027, 1, 23, 0, 0, 0, 0, newYork)
	b.clock.SetTime(midnight.Add(-3 * time.Minute))
	if result := b.reconcile(); result.RequeueAfter != 3*time.Minute {
		t.Errorf("looks again in %s", result.RequeueAfter)
	}
}

// Terms by which leads were counted and that are gone are named; those in force stand in.
func TestRevisionIsMissing(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 8, 2))
	first := b.contract.Status.InForce.Revision
	b.contract.Spec.Terms.MinimumSample = ptr.To[int32](4)
	testkit.SignContract(t, b.contract, b.clock.Now(), testkit.Both()...)
	b.update(b.contract)
	b.reconcile()
	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	if err := testkit.Client.Delete(t.Context(), &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: first}}); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	c := meta.FindStatusCondition(b.contract.Status.Conditions, "RecordsAccepted")
	want := "ControllerRevision " + first + " is gone or cannot be read: what was counted under it is judged by " + b.contract.Status.InForce.Revision +
		"; `kubectl sla revisions import` brings it back from an export"
	if c == nil || c.Reason != "RevisionMissing" || c.Message != want {
		t.Errorf("RecordsAccepted %+v", c)
	}
	b.escalation("1 firstContact", 1, "VP Sales")
}

// A review that was due and is not on record for both is missed by both; a record by both undoes that. A cadence that is refused has no say.
func TestReviewsHeld(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.Terms.Marketing.Volume = nil
	b.contract.Spec.Terms.Governance = &slav1alpha1.Governance{ReviewsHeld: "Required"}
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.inForce()
	cadence, refused := testkit.Cadence(b.contract.Namespace, "board", "acme"), testkit.Cadence(b.contract.Namespace, "second", "acme")
	held := slav1alpha1.ReviewRecord{Review: "weekly", Period: "2027-W02", Held: "2027-01-20", By: testkit.Both()}
	refused.Spec.Records = []slav1alpha1.ReviewRecord{held}
	b.create(cadence, refused)
	b.reconcile()
	b.governed()

	b.closes(3)
	b.escalation("1 reviewsHeld", 1, "VP Marketing", "VP Sales")
	b.hears("Warning EscalationRaised reviewsHeld is at level 1: fell short: not held in time: weekly of 2027-W02")
	held.By = testkit.Both()[:1]
	cadence.Spec.Records = []slav1alpha1.ReviewRecord{held}
	b.update(cadence)
	b.reconcile()
	b.escalation("1 reviewsHeld", 1, "VP Marketing", "VP Sales")
	cadence.Spec.Records[0].By = testkit.Both()
	b.update(cadence)
	b.reconcile()
	b.escalation("", 0)
	b.hears("Normal EscalationResolved reviewsHeld is resolved, from level 1",
		"Normal Restated 2027-W03, a closed week, is judged anew: reviewsHeld was missed, is met")
	b.restarts()
}

// What there is to judge cannot be read for a moment: the last outcome stays, and nobody hears of it.
func TestLastOutcomeStays(t *testing.T) {
	b := withExecutive(t)
	b.closes(3, week(2, 8, 2), week(3, 8, 2))
	before := b.contract.Status.DeepCopy()
	b.governed()
	whole := b.r.Client
	b.r.Client = interceptor.NewClient(testkit.Client, interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*slav1alpha1.ReviewCadenceList); ok {
				return errors.New("no cadences for a moment")
			}
			return c.List(ctx, list, opts...)
		},
	})
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, b.contract)); err == nil || !strings.Contains(err.Error(), "no cadences for a moment") {
		t.Errorf("error %v", err)
	}
	status := testkit.Get(t, b.contract).Status
	if diff := cmp.Diff(before.Scorecard, status.Scorecard) + cmp.Diff(before.Escalations, status.Escalations) + cmp.Diff(before.History, status.History); diff != "" {
		t.Error(diff)
	}
	was, is := meta.FindStatusCondition(before.Conditions, "Compliant"), meta.FindStatusCondition(status.Conditions, "Compliant")
	if diff := cmp.Diff(was, is); diff != "" {
		t.Error(diff)
	}
	b.hears()
	b.r.Client = whole
	b.reconcile()
	b.hears()
}
