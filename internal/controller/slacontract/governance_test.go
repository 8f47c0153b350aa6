// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/sla"
)

var newYork = func() *time.Location {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

// week of 2027 with the leads of the first contact in it.
func week(number int, met, missed int64) slav1alpha1.MeasurementRow {
	r := row("firstContact", "High", met, missed)
	r.Period = fmt.Sprintf("2027-W%02d", number)
	r.Contacted = ptr.To(met + missed)
	return r
}

func ends(t *testing.T, number int) time.Time {
	t.Helper()
	_, end, err := sla.Period(fmt.Sprintf("2027-W%02d", number)).Bounds(newYork)
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// closes plays the weeks up to one: the ledger has closed it, and the manager looks in the morning after it.
func (b *bench) closes(number int, rows ...slav1alpha1.MeasurementRow) {
	b.t.Helper()
	b.clock.SetTime(ends(b.t, number).Add(9 * time.Hour))
	b.count(rows...)
	m := b.measurement()
	m.Status.ClosedThrough = fmt.Sprintf("2027-W%02d", number)
	b.updateStatus(m)
	b.reconcile()
}

// governed are the events of the kinds that the governance has.
func (b *bench) governed() []string {
	b.t.Helper()
	var out []string
	for _, e := range testkit.Events(b.events.Events) {
		for _, reason := range []string{"Escalation", "Restated", "Waiver", "UnknownClause", "InvalidDate", "RevisionMissing"} {
			if strings.Contains(e, " "+reason) {
				out = append(out, e)
			}
		}
	}
	return out
}

// restarts: another manager that starts now writes and says nothing.
func (b *bench) restarts() {
	b.t.Helper()
	b.r.Events = events.NewFakeRecorder(100)
	b.events, _ = b.r.Events.(*events.FakeRecorder)
	b.reconcile()
	if len(b.writes.All) > 0 {
		b.t.Errorf("a manager that starts writes %v", b.writes.All)
	}
	if said := testkit.Events(b.events.Events); len(said) > 0 {
		b.t.Errorf("a manager that starts says %q", said)
	}
}

func (b *bench) escalation(want string, level int32, owners ...string) {
	b.t.Helper()
	status := b.contract.Status
	if status.Escalation != want {
		b.t.Errorf("the column shows %q, want %q", status.Escalation, want)
	}
	if level == 0 {
		if len(status.Escalations) > 0 {
			b.t.Errorf("open: %+v", status.Escalations)
		}
		return
	}
	if len(status.Escalations) == 0 || status.Escalations[0].Level != level {
		b.t.Fatalf("open: %+v, want level %d", status.Escalations, level)
	}
	if diff := cmp.Diff(owners, status.Escalations[0].Owners); diff != "" {
		b.t.Errorf("owners: %s", diff)
	}
	ready := meta.FindStatusCondition(status.Conditions, "Ready")
	if ready.Status != metav1.ConditionTrue {
		b.t.Errorf("what was missed turned Ready %s: %s", ready.Status, ready.Message)
	}
}

func (b *bench) hears(want ...string) {
	b.t.Helper()
	said := b.governed()
	if len(said) != len(want) {
		b.t.Fatalf("events %q, want %d", said, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(said[i], want[i]) {
			b.t.Errorf("event %q, want %q", said[i], want[i])
		}
	}
}

// withExecutive has somebody for level 3, and is signed.
func withExecutive(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.contract.Spec.Terms.Marketing.Volume = nil // nobody counts it here
	b.contract.Spec.Terms.Parties.Executive = &slav1alpha1.PartyContact{Owner: "CRO"}
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.inForce()
	testkit.Events(b.events.Events)
	return b
}

// A clause that falls short week after week goes up to the executive, and two met weeks end it. Each step is said once, and workers are told of it.
func TestEscalation(t *testing.T) {
	b := withExecutive(t)
	rows := []slav1alpha1.MeasurementRow{week(2, 8, 2)}
	b.closes(2, rows...)
	b.escalation("1 firstContact", 1, "VP Sales")
	b.hears("Warning EscalationRaised firstContact is at level 1: fell short: tier High 80% (8 of 10) against 90% in 2027-W02. With VP Sales; ends with: one week in which it is met")
	b.restarts()
	due := b.contract.Status.Escalations[0].Due
	if due == nil || !due.Time.Equal(ends(t, 3)) {
		t.Errorf("due %v", due)
	}

	rows = append(rows, week(3, 8, 2))
	b.closes(3, rows...)
	b.escalation("2 firstContact", 2, "VP Marketing", "VP Sales")
	b.hears("Warning EscalationRaised firstContact is at level 2: fell short two weeks running")
	b.restarts()
	c := meta.FindStatusCondition(b.contract.Status.Conditions, "Compliant")
	if c.Status != metav1.ConditionFalse || c.Message != "fell short: firstContact High 80% (8 of 10), target 90%, 2027-W03; escalated: firstContact at level 2" {
		t.Errorf("Compliant %+v", c)
	}

	rows = append(rows, week(4, 8, 2), week(5, 8, 2))
	b.closes(5, rows...)
	b.escalation("3 firstContact", 3, "CRO")
	b.hears("Warning EscalationRaised firstContact is at level 3")
	b.restarts()
	b.tells("firstContact 1, firstContact 2, firstContact 3")

	rows = append(rows, week(6, 10, 0))
	b.closes(6, rows...)
	b.escalation("3 firstContact", 3, "CRO")
	b.hears()
	rows = append(rows, week(7, 9, 1))
	b.closes(7, rows...)
	b.escalation("", 0)
	b.hears("Normal EscalationResolved firstContact is resolved, from level 3: met two weeks running")
	b.restarts()
	want := []slav1alpha1.ClosedWeek{{Period: "2027-W07", Met: []slav1alpha1.ClauseName{"firstContact"}, Insufficient: []slav1alpha1.ClauseName{"completeness"}}}
	if diff := cmp.Diff(want, b.contract.Status.History[:1]); diff != "" || len(b.contract.Status.History) != 6 {
		t.Errorf("%d weeks: %s", len(b.contract.Status.History), diff)
	}
}

// tells: what is mounted for the workers.
func (b *bench) tells(want string) {
	b.t.Helper()
	object := testkit.Get(b.t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-roster"}})
	told := bundle.Standing{}
	if err := json.Unmarshal([]byte(object.Data[bundle.StandingFile]), &told); err != nil {
		b.t.Fatal(err)
	}
	var steps []string
	for _, step := range told.Steps {
		steps = append(steps, fmt.Sprintf("%s %d", step.Clause, step.Level))
	}
	if got := strings.Join(steps, ", "); got != want {
		b.t.Errorf("the workers are told %q, want %q", got, want)
	}
}

// A manager that slept through weeks says every step of them, once.
func TestStepsWhileTheManagerSlept(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 8, 2))
	b.governed()
	b.closes(4, week(2, 8, 2), week(3, 8, 2), week(4, 10, 0))
	b.escalation("", 0)
	b.hears("Warning EscalationRaised firstContact is at level 2", "Normal EscalationResolved firstContact is resolved, from level 2")
	b.restarts()
}

// A late correction undoes a miss: the week is judged anew, and what it raised is resolved.
func TestCorrectionUndoesAMiss(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 8, 2))
	b.governed()
	b.count(week(2, 9, 1))
	m := b.measurement()
	m.Status.Restatements = []slav1alpha1.Restatement{{
		Clause: "firstContact", Tier: "High", Period: "2027-W02", At: metav1.NewTime(b.clock.Now()), Was: "80% (8 of 10)", Is: "90% (9 of 10)",
	}}
	b.updateStatus(m)
	b.reconcile()
	b.escalation("", 0)
	b.hears("Normal EscalationResolved firstContact is resolved, from level 1: by the counts and the records as they are now, nothing of it is open",
		"Normal Restated 2027-W02, a closed week, is judged anew: firstContact was missed, is met (firstContact High counted 80% (8 of 10), counts 90% (9 of 10))")
	b.restarts()
}

// A dispute is with the executive at once, and until it is resolved.
func TestDispute(t *testing.T) {
	b := withExecutive(t)
	b.closes(2, week(2, 10, 0))
	at := metav1.NewTime(b.clock.Now().Add(-time.Hour))
	b.contract.Spec.Dispute = &slav1alpha1.Dispute{RaisedBy: "Sales", At: at, Reason: "the volume target assumes a 30% conversion"}
	b.update(b.contract)
	b.reconcile()
	b.escalation("3 terms", 3, "CRO")
	b.hears("Warning EscalationRaised terms is at level 3: Sales disputes the terms: the volume target assumes a 30% conversion")
	b.restarts()
	b.closes(3, week(2, 10, 0), week(3, 10, 0))
	b.escalation("3 terms", 3, "CRO")
	b.hears()

	b.contract.Spec.Dispute.Resolution = &slav1alpha1.DisputeResolution{
		By: "CRO", At: metav1.NewTime(b.clock.Now().Add(-time.Minute)), Decision: "25% from the next quarter on",
	}
	b.update(b.contract)
	b.reconcile()
	b.escalation("", 0)
	b.hears("Normal EscalationResolved terms is resolved, from level 3: CRO resolved the dispute about the terms: 25% from the next quarter on")
	testkit.Condition(t, b.contract.Status.Conditions, "RecordsAccepted", metav1.ConditionTrue, "RecordsAccepted", "the dispute on record")
	b.restarts()
}
