// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func date(hours int) *metav1.Time {
	return &metav1.Time{Time: testkit.Now().Add(time.Duration(hours) * time.Hour)}
}

// define changes the definition's threshold, with a date in hours after the tests' now; 0 is none. Both sign it.
func (b *bench) define(threshold int32, hours int) {
	b.t.Helper()
	d := testkit.Get(b.t, b.definition)
	d.Spec.Stages.MQL.Paths[1].Threshold, d.Spec.EffectiveFrom = ptr.To(threshold), nil
	if hours != 0 {
		d.Spec.EffectiveFrom = date(hours)
	}
	testkit.SignDefinition(b.t, d, b.clock.Now(), testkit.Both()...)
	b.update(d)
	b.reconcileDefinition()
}

// agree changes the target of the terms in the same way.
func (b *bench) agree(target slav1alpha1.Percent, hours int) {
	b.t.Helper()
	c := testkit.Get(b.t, b.contract)
	c.Spec.Terms.Sales.FirstContact.TargetPercent, c.Spec.Terms.EffectiveFrom = ptr.To(target), nil
	if hours != 0 {
		c.Spec.Terms.EffectiveFrom = date(hours)
	}
	testkit.SignContract(b.t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
}

// settled has the workers rolled out and counted for what is in force by the tests' clock.
func (b *bench) settled() {
	b.t.Helper()
	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	b.reconcile()
}

func (b *bench) bundle(name string) bundle.Bundle {
	b.t.Helper()
	config := testkit.Get(b.t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: name}})
	decoded, err := bundle.DecodeBundle([]byte(config.Data[bundle.BundleFile]))
	if err != nil {
		b.t.Fatal(err)
	}
	return decoded
}

// volume of the bundles in the pods of a worker: file names by ConfigMap.
func (b *bench) volume(worker string) []string {
	b.t.Helper()
	var out []string
	for _, v := range b.deployment(worker).Spec.Template.Spec.Volumes {
		if v.Name != "bundle" {
			continue
		}
		if v.ConfigMap != nil {
			out = append(out, v.ConfigMap.Name)
		}
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			out = append(out, source.ConfigMap.Name+" as "+source.ConfigMap.Items[0].Path)
		}
	}
	return out
}

// A definition with a date: the workers get the pair beforehand, and when its time has come the operator only follows: it writes nothing but
// the status.
func TestScheduledPair(t *testing.T) {
	b := newBench(t)
	b.inForce()
	first := b.contract.Status.InForce.DeepCopy()
	testkit.Events(b.events.Events)
	b.define(10, 2)
	result := b.reconcile()
	if len(b.contract.Status.Scheduled) != 1 {
		t.Fatalf("scheduled: %+v", b.contract.Status.Scheduled)
	}
	next := b.contract.Status.Scheduled[0]
	if next.Sequence <= first.Sequence || next.Revision != first.Revision || next.Definition == first.Definition ||
		!next.EffectiveFrom.Equal(date(2)) {
		t.Errorf("scheduled %+v after %+v", next, first)
	}
	if got := b.bundle(next.Bundle); !got.EffectiveFrom.Equal(date(2).Time) || *got.Lead.Paths[1].Threshold != 10 || got.Sequence != next.Sequence {
		t.Errorf("bundle %+v", got)
	}
	if diff := cmp.Diff(first, b.contract.Status.InForce); diff != "" {
		t.Errorf("in force: %s", diff)
	}
	want := []string{first.Bundle + " as bundle.json", next.Bundle + " as " + bundle.ComingFile(next.Sequence)}
	for _, worker := range []string{"acme-scoring", "acme-routing"} {
		if diff := cmp.Diff(want, b.volume(worker)); diff != "" {
			t.Errorf("%s: %s", worker, diff)
		}
	}
	if result.RequeueAfter != 15*time.Minute {
		t.Errorf("again in %s", result.RequeueAfter)
	}
	if said := strings.Join(testkit.Events(b.events.Events), "\n"); !strings.Contains(said, "Normal Scheduled the terms "+next.Revision) {
		t.Errorf("events: %s", said)
	}
	b.settled()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", first.Revision+" and "+first.Definition+
		" are in force; "+next.Revision+" and "+next.Definition+" come into force at 2027-01-14T17:00:00Z")

	// An edit of one team changes nothing about it.
	d := testkit.Get(t, b.definition)
	d.Spec.Stages.MQL.Paths[1].Threshold, d.Spec.EffectiveFrom = ptr.To[int32](99), nil
	b.update(d)
	b.reconcileDefinition()
	b.reconcile()
	if len(b.writes.All) > 0 || len(b.contract.Status.Scheduled) != 1 {
		t.Errorf("wrote %q, scheduled %+v", b.writes.All, b.contract.Status.Scheduled)
	}

	b.clock.SetTime(date(2).Add(-time.Minute))
	if result := b.reconcile(); result.RequeueAfter != time.Minute {
		t.Errorf("a minute before: again in %s", result.RequeueAfter)
	}
	testkit.Events(b.events.Events)
	b.clock.SetTime(date(2).Time)
	b.reconcile()
	wantInForce := &slav1alpha1.PairInForce{
		Revision: next.Revision, Definition: next.Definition, Bundle: next.Bundle, Sequence: next.Sequence, Since: metav1.NewTime(date(2).Local()),
	}
	if diff := cmp.Diff(wantInForce, b.contract.Status.InForce); diff != "" {
		t.Errorf("at its time: %s", diff)
	}
	if !slices.Equal(b.writes.All, []string{"update status *v1alpha1.SLAContract"}) {
		t.Errorf("at its time it wrote %q", b.writes.All)
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", next.Revision+" and "+next.Definition+" are in force")
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionTrue, "Measured", "")
	testkit.Kstatus(t, b.contract, status.CurrentStatus)
	said := testkit.Events(b.events.Events)
	if len(said) != 1 || !strings.HasPrefix(said[0], "Normal Adopted") || !strings.Contains(said[0], "came into force, as was scheduled") {
		t.Errorf("events: %q", said)
	}
}

// What is adopted later supersedes: when the pair in force changes while another is to come, that one is made anew above it.
func TestChangeWhileAnotherIsToCome(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.reconcile()
	old := b.contract.Status.Scheduled[0]
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.agree(50, 0)
	b.reconcile()
	now, next := b.contract.Status.InForce, b.contract.Status.Scheduled
	if len(next) != 1 || now.Sequence <= old.Sequence || next[0].Sequence <= now.Sequence || next[0].Definition != old.Definition ||
		next[0].Revision != now.Revision || !next[0].EffectiveFrom.Equal(date(2)) {
		t.Errorf("in force %+v, scheduled %+v, before %+v", now, next, old)
	}
	if diff := cmp.Diff([]string{now.Bundle + " as bundle.json", next[0].Bundle + " as " + bundle.ComingFile(next[0].Sequence)},
		b.volume("acme-routing")); diff != "" {
		t.Error(diff)
	}
	b.clock.SetTime(date(3).Time)
	b.reconcile()
	if got := b.contract.Status.InForce; got.Sequence != next[0].Sequence {
		t.Errorf("in force %+v", got)
	}
}

// A text that is ratified later and at once takes the place of the one to come: the ledger is told by a pair of a higher sequence.
func TestSupersededPair(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.reconcile()
	old := b.contract.Status.Scheduled[0]
	testkit.Events(b.events.Events)
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.define(15, 0) // the text that is in force, signed anew
	b.reconcile()
	if got := b.contract.Status; got.Scheduled != nil || got.InForce.Sequence <= old.Sequence {
		t.Errorf("in force %+v, scheduled %+v", got.InForce, got.Scheduled)
	}
	if said := strings.Join(testkit.Events(b.events.Events), "\n"); !strings.Contains(said, "Normal Superseded pair") {
		t.Errorf("events: %s", said)
	}
	b.clock.SetTime(date(3).Time)
	b.reconcile()
	if got := b.contract.Status.InForce; *b.bundle(got.Bundle).Lead.Paths[1].Threshold != 15 {
		t.Errorf("in force %+v", got)
	}
}

// Terms and definition that come into force at the same second are one pair; at different times, two.
func TestTermsAndDefinitionToCome(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.agree(50, 2)
	b.reconcile()
	if got := b.contract.Status.Scheduled; len(got) != 1 {
		t.Errorf("scheduled: %+v", got)
	}
	if p := b.contract.Status.Pending; p == nil || !p.EffectiveFrom.Equal(date(2)) || p.Revision != b.contract.Status.Scheduled[0].Revision {
		t.Errorf("pending: %+v", p)
	}
	b.agree(60, 4)
	b.reconcile()
	got := b.contract.Status.Scheduled
	if len(got) != 2 || !got[1].EffectiveFrom.Equal(date(4)) || got[1].Sequence <= got[0].Sequence || got[1].Definition != got[0].Definition {
		t.Errorf("scheduled: %+v", got)
	}
	terms := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: got[1].Revision}}
	if owner := metav1.GetControllerOf(testkit.Get(t, terms)); owner == nil || owner.Name != "acme" {
		t.Errorf("owner %v", owner)
	}
}

// A pair that will not fit is said now, with its date; the others go on.
func TestScheduledPairThatDoesNotFit(t *testing.T) {
	b := newBench(t)
	b.inForce()
	before := b.contract.Status.InForce.DeepCopy()
	d := testkit.Get(t, b.definition)
	d.Spec.Intents, d.Spec.EffectiveFrom = []slav1alpha1.Intent{{Name: "Standard"}}, date(24*30) // a tier of the terms is High
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.update(d)
	b.reconcileDefinition()
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "IncompatibleDefinition", "")
	text := stalledMessage(b.contract.Status.Conditions)
	for _, part := range []string{"from 2027-02-13T15:00:00Z on, definition mid-market-", "High", "stays in force"} {
		if !strings.Contains(text, part) {
			t.Errorf("the message does not say %q: %s", part, text)
		}
	}
	b.clock.SetTime(date(24 * 31).Time)
	b.reconcile()
	if diff := cmp.Diff(before, b.contract.Status.InForce); diff != "" {
		t.Errorf("when its time has come: %s", diff)
	}

	// New terms that fit it are adopted with it, from the date on.
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	c := testkit.Get(t, b.contract)
	c.Spec.Terms.Sales.FirstContact.Tiers = c.Spec.Terms.Sales.FirstContact.Tiers[1:]
	c.Spec.Terms.EffectiveFrom = date(24 * 30)
	testkit.SignContract(t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
	b.settled()
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "Waiting", "")
	if got := b.contract.Status.Scheduled; len(got) != 1 {
		t.Errorf("scheduled: %+v", got)
	}
}

// The first pair of a contract may be one to come: the workers take events in, and judge from the date on.
func TestFirstPairIsToCome(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.Terms.EffectiveFrom = date(2)
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.create(b.definition, b.contract)
	b.reconcileDefinition()
	b.reconcile()
	if got := b.contract.Status; got.InForce != nil || len(got.Scheduled) != 1 || got.IngestAddress == "" {
		t.Fatalf("status: %+v", got)
	}
	if diff := cmp.Diff([]string{b.contract.Status.Scheduled[0].Bundle}, b.volume("acme-scoring")); diff != "" {
		t.Error(diff)
	}
	b.settled()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionFalse, "NotMeasured", "")
	b.clock.SetTime(date(2).Time)
	b.reconcile()
	if b.contract.Status.InForce == nil {
		t.Error("nothing in force at its time")
	}
}

// A definition that is to come is co-owned at once: it outlives the LeadDefinition, and so does the pair.
func TestScheduledRevisionIsCoOwned(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.reconcile()
	next := b.contract.Status.Scheduled[0]
	revision := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: next.Definition}}
	if owners := testkit.Get(t, revision).OwnerReferences; len(owners) != 2 {
		t.Errorf("owners %v", owners)
	}
	if err := testkit.Client.Delete(t.Context(), b.definition); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "DefinitionNotFound", "")
	if len(b.contract.Status.Scheduled) != 1 {
		t.Error("the pair to come went with the definition")
	}
	b.clock.SetTime(date(2).Time)
	b.reconcile()
	if got := b.contract.Status.InForce; got.Sequence != next.Sequence {
		t.Errorf("in force %+v", got)
	}
}

// Pools must be readable with what is to come too.
func TestRosterForWhatIsToCome(t *testing.T) {
	b := newBench(t)
	b.inForce()
	d := testkit.Get(t, b.definition)
	d.Spec.Fields = append(d.Spec.Fields, slav1alpha1.Field{Name: "region", Type: "String"})
	d.Spec.EffectiveFrom = date(2)
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.update(d)
	b.reconcileDefinition()
	b.contract.Spec.Routing.Pools[0].When = `lead.region == "EU"`
	b.update(b.contract)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidRouting", "")
	if text := stalledMessage(b.contract.Status.Conditions); !strings.Contains(text, "region") || strings.HasPrefix(text, "from ") {
		t.Errorf("message: %s", text)
	}
}

// Revisions that were imported are in force and co-owned like those that the operator made itself.
func TestImportedRevisionsAreCoOwned(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.reconcile()
	before := b.contract.Status.DeepCopy()
	names := []string{before.InForce.Definition, before.Scheduled[0].Definition}
	for _, name := range names {
		live := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: name}})
		if err := testkit.Client.Delete(t.Context(), live); err != nil {
			t.Fatal(err)
		}
		imported := &appsv1.ControllerRevision{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: live.Namespace, Name: name, Labels: live.Labels, Annotations: live.Annotations,
				OwnerReferences: slices.DeleteFunc(live.OwnerReferences, func(o metav1.OwnerReference) bool { return o.Kind != "LeadDefinition" }),
			},
			Data: live.Data, Revision: live.Revision,
		}
		if err := testkit.Client.Create(t.Context(), imported, client.FieldOwner("kubectl-sla")); err != nil {
			t.Fatal(err)
		}
	}
	b.reconcileDefinition()
	b.reconcile()
	for _, name := range names {
		live := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: name}})
		if len(live.OwnerReferences) != 2 {
			t.Errorf("owners of %s: %v", name, live.OwnerReferences)
		}
	}
	if diff := cmp.Diff(before.InForce, b.contract.Status.InForce); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before.Scheduled, b.contract.Status.Scheduled); diff != "" {
		t.Error(diff)
	}
	b.clock.SetTime(date(2).Time)
	b.reconcile()
	if got := b.contract.Status.InForce.Definition; got != names[1] {
		t.Errorf("in force %s", got)
	}
}
