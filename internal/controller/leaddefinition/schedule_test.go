// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// change the definition with a date, an hour count after now; without one when it is 0. It is signed by the parties.
func (b *bench) change(d *slav1alpha1.LeadDefinition, threshold int32, hours int, parties ...slav1alpha1.Party) {
	b.t.Helper()
	d.Spec.Stages.MQL.Paths[1].Threshold = ptr.To(threshold)
	d.Spec.EffectiveFrom = nil
	if hours != 0 {
		d.Spec.EffectiveFrom = &metav1.Time{Time: testkit.Now().Add(time.Duration(hours) * time.Hour)}
	}
	d.Spec.SignOffs = nil
	if len(parties) > 0 {
		testkit.SignDefinition(b.t, d, b.clock.Now(), parties...)
	}
	b.update(d)
}

// inForce makes a definition that is ratified and in force.
func (b *bench) inForce() *slav1alpha1.LeadDefinition {
	b.t.Helper()
	d := testkit.Definition(testkit.Namespace(b.t), "mid-market")
	testkit.SignDefinition(b.t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	testkit.Events(b.events.Events)
	return d
}

func names(scheduled []slav1alpha1.ScheduledRevision) []string {
	var out []string
	for _, r := range scheduled {
		out = append(out, r.Revision)
	}
	return out
}

// A ratified text with a date is recorded at once, survives an unsigned edit, and is in force from its second on.
func TestScheduledRevision(t *testing.T) {
	b := newBench(t)
	d := b.inForce()
	first := d.Status.InForce.Revision

	b.change(d, 10, 2, testkit.Both()...)
	result, err := b.reconcile(d)
	if err != nil {
		t.Fatal(err)
	}
	at := testkit.Now().Add(2 * time.Hour)
	if len(d.Status.Scheduled) != 1 || d.Status.InForce.Revision != first || result.RequeueAfter != 2*time.Hour {
		t.Fatalf("scheduled %+v, in force %s, again in %s", d.Status.Scheduled, d.Status.InForce.Revision, result.RequeueAfter)
	}
	second := d.Status.Scheduled[0]
	if second.Digest != d.Status.Digest || !second.EffectiveFrom.Equal(&metav1.Time{Time: at}) {
		t.Errorf("scheduled: %+v", second)
	}
	wantPending := &slav1alpha1.Pending{Digest: d.Status.Digest, EffectiveFrom: &metav1.Time{Time: at.Local()}, Revision: second.Revision}
	if diff := cmp.Diff(wantPending, d.Status.Pending); diff != "" {
		t.Error(diff)
	}
	testkit.Condition(t, d.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded",
		first+" is in force; "+second.Revision+" comes into force at 2027-01-14T17:00:00Z")
	testkit.Condition(t, d.Status.Conditions, "Ratified", metav1.ConditionTrue, "Attested",
		"both parties signed "+string(d.Status.Digest)[:18]+"…, the last at 2027-01-14T15:00:00Z; it comes into force at 2027-01-14T17:00:00Z")
	testkit.Kstatus(t, d, status.CurrentStatus)
	revision := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: second.Revision}})
	if revision.Revision != 2 || revision.Annotations["sla.handoff.dev/effective-from"] != "2027-01-14T17:00:00Z" {
		t.Errorf("revision %d: %v", revision.Revision, revision.Annotations)
	}
	said := testkit.Events(b.events.Events)
	if len(said) != 1 || said[0] != "Normal Scheduled "+second.Revision+" is ratified and comes into force at 2027-01-14T17:00:00Z" {
		t.Errorf("events: %q", said)
	}
	b.mustReconcile(d)
	if len(b.writes.All) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", b.writes.All)
	}

	b.change(d, 99, 0) // by one team, unsigned
	b.mustReconcile(d)
	if diff := cmp.Diff([]string{second.Revision}, names(d.Status.Scheduled)); diff != "" {
		t.Errorf("an unsigned edit took the scheduled revision away: %s", diff)
	}
	message := ""
	for _, c := range d.Status.Conditions {
		if c.Type == "Ratified" {
			message = c.Message
		}
	}
	for _, part := range []string{
		"Marketing and Sales have not signed", first + " stays in force",
		second.Revision + ", which is ratified and not what is written now, comes into force at 2027-01-14T17:00:00Z",
	} {
		if !strings.Contains(message, part) {
			t.Errorf("the message does not say %q: %s", part, message)
		}
	}

	b.clock.SetTime(at.Add(-time.Second))
	result, err = b.reconcile(d)
	if err != nil || d.Status.InForce.Revision != first || result.RequeueAfter != time.Second {
		t.Errorf("a second before: %s, again in %s, %v", d.Status.InForce.Revision, result.RequeueAfter, err)
	}
	testkit.Events(b.events.Events)
	b.clock.SetTime(at)
	b.mustReconcile(d)
	want := &slav1alpha1.InForce{Revision: second.Revision, Digest: second.Digest, Since: metav1.NewTime(at.Local()), Signed: []metav1.Time{metav1.NewTime(testkit.Now().Local())}}
	if diff := cmp.Diff(want, d.Status.InForce); diff != "" {
		t.Errorf("at its time: %s", diff)
	}
	if d.Status.Scheduled != nil || d.Status.Pending == nil || len(d.Status.Pending.Missing) != 2 {
		t.Errorf("scheduled %+v, pending %+v", d.Status.Scheduled, d.Status.Pending)
	}
	said = testkit.Events(b.events.Events)
	if len(said) != 1 || said[0] != "Normal Ratified "+second.Revision+" is in force" {
		t.Errorf("events: %q", said)
	}
}

// A text that is ratified later and is in force at once supersedes the one to come, for ever.
func TestSupersededSchedule(t *testing.T) {
	b := newBench(t)
	d := b.inForce()
	first := d.Status.InForce.Revision
	b.change(d, 10, 2, testkit.Both()...)
	b.mustReconcile(d)
	scheduled := d.Status.Scheduled[0].Revision
	testkit.Events(b.events.Events)

	// The text in force is written again with its old signatures: they are older than those of what is to come.
	fresh := testkit.Definition(d.Namespace, d.Name)
	testkit.SignDefinition(t, fresh, testkit.Now().Add(-time.Minute), testkit.Both()...)
	d.Spec = *fresh.Spec.DeepCopy()
	b.update(d)
	b.mustReconcile(d)
	if len(d.Status.Scheduled) != 1 || d.Status.Pending != nil {
		t.Errorf("the old signatures took away what is to come: %+v, %+v", d.Status.Scheduled, d.Status.Pending)
	}

	b.clock.SetTime(testkit.Now().Add(time.Hour))
	testkit.SignDefinition(t, d, b.clock.Now(), testkit.Both()...)
	b.update(d)
	testkit.Events(b.events.Events)
	result, err := b.reconcile(d)
	if err != nil || result.RequeueAfter != 0 || d.Status.Scheduled != nil || d.Status.InForce.Revision != first {
		t.Errorf("signed anew: again in %s, scheduled %+v, in force %s, %v", result.RequeueAfter, d.Status.Scheduled, d.Status.InForce.Revision, err)
	}
	if said := testkit.Events(b.events.Events); len(said) != 1 || !strings.HasPrefix(said[0], "Normal Superseded "+scheduled+" does not come into force") {
		t.Errorf("events: %q", said)
	}
	b.clock.SetTime(testkit.Now().Add(3 * time.Hour))
	b.mustReconcile(d)
	if d.Status.InForce.Revision != first {
		t.Errorf("%s came into force although it is superseded", d.Status.InForce.Revision)
	}
	if got := b.revisions(d.Namespace); got[first] != 3 || got[scheduled] != 2 {
		t.Errorf("revisions: %v", got)
	}
}

// Nothing is in force before the first text's date; a date that is past is no reason to begin before the signatures.
func TestFirstTextWithADate(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	d.Spec.EffectiveFrom = &metav1.Time{Time: testkit.Now().Add(time.Hour)}
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	if d.Status.InForce != nil || len(d.Status.Scheduled) != 1 {
		t.Fatalf("in force %+v, scheduled %+v", d.Status.InForce, d.Status.Scheduled)
	}
	testkit.Condition(t, d.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded",
		d.Status.Scheduled[0].Revision+" comes into force at 2027-01-14T16:00:00Z")

	b.change(d, 10, -1, testkit.Both()...)
	b.mustReconcile(d)
	if d.Status.InForce == nil || !d.Status.InForce.Since.Equal(&metav1.Time{Time: testkit.Now()}) || d.Status.Scheduled != nil {
		t.Errorf("in force %+v, scheduled %+v", d.Status.InForce, d.Status.Scheduled)
	}
}
