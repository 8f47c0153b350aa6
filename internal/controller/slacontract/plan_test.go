// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/resources"
)

// scheduledOnly makes a contract whose first pair is to come in a day.
func (b *bench) scheduledOnly() {
	b.t.Helper()
	b.contract.Spec.Terms.EffectiveFrom = date(24)
	testkit.SignContract(b.t, b.contract, testkit.Now(), testkit.Both()...)
	b.create(b.definition, b.contract)
	b.reconcileDefinition()
	b.reconcile()
	if len(b.contract.Status.Scheduled) != 1 {
		b.t.Fatalf("scheduled: %+v", b.contract.Status.Scheduled)
	}
}

// withoutHigh signs terms without the tier of the intent High.
func (b *bench) withoutHigh(hours int) {
	b.t.Helper()
	c := testkit.Get(b.t, b.contract)
	c.Spec.Terms.Sales.FirstContact.Tiers = c.Spec.Terms.Sales.FirstContact.Tiers[1:]
	c.Spec.Terms.EffectiveFrom = date(hours)
	testkit.SignContract(b.t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
}

// definedWithoutHigh signs a definition, at once, that has no intent High.
func (b *bench) definedWithoutHigh() {
	b.t.Helper()
	d := testkit.Get(b.t, b.definition)
	d.Spec.Intents = []slav1alpha1.Intent{{Name: "Standard"}}
	testkit.SignDefinition(b.t, d, testkit.Now(), testkit.Both()...)
	b.update(d)
	b.reconcileDefinition()
}

// atRest reconciles until nothing is left to do, which is after one more time at the latest.
func (b *bench) atRest() {
	b.t.Helper()
	b.reconcile()
	before := b.bundles()
	for range 3 {
		b.reconcile()
		if len(b.writes.All) > 0 {
			b.t.Errorf("wrote at rest: %q", b.writes.All)
		}
	}
	if after := b.bundles(); !slices.Equal(before, after) {
		b.t.Errorf("bundles %v, then %v", before, after)
	}
}

// While nothing is in force, the first of two pairs to come stops to fit: it is called off, and the second comes.
func TestFirstOfTwoToComeIsCalledOff(t *testing.T) {
	b := newBench(t)
	b.scheduledOnly()
	b.withoutHigh(48)
	b.reconcile()
	if got := b.contract.Status.Scheduled; len(got) != 2 {
		t.Fatalf("scheduled: %+v", got)
	}
	b.definedWithoutHigh()
	b.reconcile()
	b.atRest()
	got := b.contract.Status.Scheduled
	if len(got) != 1 || !got[0].EffectiveFrom.Equal(date(48)) {
		t.Fatalf("scheduled: %+v", got)
	}
	if volume := b.volume("acme-scoring"); !slices.Equal(volume, []string{got[0].Bundle}) {
		t.Errorf("mounted: %v", volume)
	}
	b.clock.SetTime(date(25).Time)
	b.atRest()
	if in := b.contract.Status.InForce; in != nil {
		t.Errorf("in force at the time of what was called off: %+v", in)
	}
	b.clock.SetTime(date(48).Time)
	b.atRest()
	if in := b.contract.Status.InForce; in == nil || in.Sequence != got[0].Sequence {
		t.Errorf("in force at the time of the other: %+v", in)
	}
}

// The only pair to come stops to fit: the workers are told that nothing comes, and nothing does, until something that fits is signed.
func TestOnlyPairToComeIsCalledOff(t *testing.T) {
	b := newBench(t)
	b.scheduledOnly()
	old := b.contract.Status.Scheduled[0]
	testkit.Events(b.events.Events)
	b.definedWithoutHigh()
	b.reconcile()
	if got := b.contract.Status.Scheduled; got != nil {
		t.Errorf("scheduled: %+v", got)
	}
	if said := strings.Join(testkit.Events(b.events.Events), "\n"); !strings.Contains(said, "Normal Superseded pair") {
		t.Errorf("events: %s", said)
	}
	b.atRest()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "IncompatibleDefinition", "")
	mounted := b.volume("acme-routing")
	if len(mounted) != 1 || mounted[0] == old.Bundle {
		t.Fatalf("mounted: %v", mounted)
	}
	if got := b.bundle(mounted[0]); !got.CalledOff || got.Sequence <= old.Sequence || len(got.Lead.Paths) == 0 {
		t.Errorf("bundle: %+v", got)
	}
	b.clock.SetTime(date(25).Time)
	b.atRest()
	if in := b.contract.Status.InForce; in != nil {
		t.Errorf("in force: %+v", in)
	}
	b.withoutHigh(26)
	b.reconcile()
	b.atRest()
	if got := b.contract.Status.Scheduled; len(got) != 1 || got[0].Sequence <= old.Sequence {
		t.Errorf("scheduled: %+v", got)
	}
}

// The workers were told too late, so that the ledger has the pair in force: then it is, and what comes stays.
func TestCalledOffTooLate(t *testing.T) {
	b := newBench(t)
	b.scheduledOnly()
	old := b.contract.Status.Scheduled[0]
	b.clock.SetTime(date(24).Add(-time.Second))
	b.definedWithoutHigh()
	b.reconcile()
	b.clock.SetTime(date(24).Add(time.Minute))
	m := b.measurement()
	m.Status.Sequence = old.Sequence
	b.updateStatus(m)
	b.reconcile()
	b.atRest()
	if in := b.contract.Status.InForce; in == nil || in.Sequence != old.Sequence {
		t.Errorf("in force %+v; the ledger has %d", in, old.Sequence)
	}
}

// Terms to come that name a definition which is not there yet hold up nothing of what comes before.
func TestMissingDefinitionOfWhatIsToCome(t *testing.T) {
	b := newBench(t)
	b.inForce()
	c := testkit.Get(t, b.contract)
	c.Spec.DefinitionRef.Name = "not-there-yet"
	c.Spec.Terms.EffectiveFrom = date(48)
	testkit.SignContract(t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
	b.define(10, 2)
	b.reconcile()
	if got := b.contract.Status.Scheduled; len(got) != 1 || !got[0].EffectiveFrom.Equal(date(2)) {
		t.Errorf("scheduled: %+v", got)
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "DefinitionNotFound", "")
	ready := meta.FindStatusCondition(b.contract.Status.Conditions, "Ready")
	if !strings.HasPrefix(ready.Message, "from 2027-01-16T15:00:00Z on, LeadDefinition ") {
		t.Errorf("Ready says %q", ready.Message)
	}
	b.atRest()
}

// A pair that a forged bundle brought in does not stay because something else is not there.
func TestForgedBundleIsSuperseded(t *testing.T) {
	b := newBench(t)
	b.inForce()
	c := testkit.Get(t, b.contract)
	c.Spec.DefinitionRef.Name = "not-there-yet"
	c.Spec.Terms.EffectiveFrom = date(48)
	testkit.SignContract(t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
	b.reconcile()
	forged := b.bundle(b.contract.Status.InForce.Bundle)
	forged.Sequence += 1000
	forged.SLA.Sales.FirstContact.TargetPercent = 1
	config, err := forged.Encode()
	if err != nil {
		t.Fatal(err)
	}
	made := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: c.Namespace, Name: b.contract.Status.InForce.Bundle}})
	b.create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: c.Namespace, Name: resources.BundleName(c.Name, forged.Sequence), Labels: made.Labels, OwnerReferences: made.OwnerReferences,
		},
		Data: map[string]string{bundle.BundleFile: string(config)},
	})
	b.reconcile()
	in := b.contract.Status.InForce
	if in == nil || in.Sequence <= forged.Sequence || b.bundle(in.Bundle).SLA.Sales.FirstContact.TargetPercent == 1 {
		t.Errorf("in force %+v", in)
	}
}

// What is to be in force now carries its date: a ledger whose clock is behind the operator's waits for it.
func TestAdoptedPairCarriesItsDate(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.agree(50, 3)
	b.clock.SetTime(date(4).Time) // the operator was away
	b.reconcile()
	in := b.contract.Status.InForce
	if got := b.bundle(in.Bundle); !got.EffectiveFrom.Equal(date(3).Time) || in.Since.Time.Before(b.clock.Now().Truncate(time.Second)) {
		t.Errorf("bundle from %v, in force since %v", got.EffectiveFrom, in.Since)
	}
}

// A bundle that is over stays as long as the workers have it: taking it away would roll them out again.
func TestPruningRollsNothingOut(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.define(10, 2)
	b.agree(50, 4)
	b.reconcile()
	if got := b.contract.Status.Scheduled; len(got) != 2 {
		t.Fatalf("scheduled: %+v", got)
	}
	mounted := b.volume("acme-scoring")
	b.clock.SetTime(date(5).Time)
	b.reconcile()
	b.count() // the ledger has switched to the last
	b.reconcile()
	b.atRest()
	if got := b.volume("acme-scoring"); !slices.Equal(mounted, got) {
		t.Errorf("mounted %v, then %v", mounted, got)
	}
}
