// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// bench is a reconciler with what it writes and says.
type bench struct {
	t      *testing.T
	clock  *testclock.FakePassiveClock
	events *events.FakeRecorder
	writes *testkit.Writes
	r      *Reconciler
}

func newBench(t *testing.T) *bench {
	t.Helper()
	counting, writes := testkit.Counting(testkit.Client)
	b := &bench{t: t, clock: testclock.NewFakePassiveClock(testkit.Now()), events: events.NewFakeRecorder(100), writes: writes}
	b.r = &Reconciler{Client: counting, Live: testkit.Client, Clock: b.clock, Events: b.events}
	return b
}

// reconcile reads the object anew before and after.
func (b *bench) reconcile(d *slav1alpha1.LeadDefinition) (reconcile.Result, error) {
	b.t.Helper()
	b.writes.All = nil
	result, err := b.r.Reconcile(b.t.Context(), testkit.Get(b.t, d))
	testkit.Get(b.t, d)
	return result, err
}

func (b *bench) mustReconcile(d *slav1alpha1.LeadDefinition) {
	b.t.Helper()
	if _, err := b.reconcile(d); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) create(o client.Object) {
	b.t.Helper()
	if err := testkit.Client.Create(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) update(o client.Object) {
	b.t.Helper()
	if err := testkit.Client.Update(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) revisions(namespace string) map[string]int64 {
	b.t.Helper()
	list := &appsv1.ControllerRevisionList{}
	if err := testkit.Client.List(b.t.Context(), list, client.InNamespace(namespace)); err != nil {
		b.t.Fatal(err)
	}
	out := map[string]int64{}
	for _, r := range list.Items {
		out[r.Name] = r.Revision
	}
	return out
}

func TestUnsigned(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	b.create(d)
	b.mustReconcile(d)
	testkit.Condition(t, d.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "compiled; nothing is in force until both parties sign")
	short := string(d.Status.Digest)[:len("v1:sha256:")+8] + "…"
	testkit.Condition(t, d.Status.Conditions, "Ratified", metav1.ConditionFalse, "SignOffMissing",
		"Marketing and Sales have not signed "+short+"; run `kubectl sla sign --party Marketing --by ROLE FILE` and "+
			"`kubectl sla sign --party Sales --by ROLE FILE` on the manifest of leaddefinition/mid-market")
	if d.Status.InForce != nil || len(b.revisions(d.Namespace)) != 0 {
		t.Error("an unsigned definition is in force")
	}
	want := &slav1alpha1.Pending{Digest: d.Status.Digest, Missing: testkit.Both()}
	if diff := cmp.Diff(want, d.Status.Pending); diff != "" {
		t.Error(diff)
	}
	testkit.Kstatus(t, d, status.CurrentStatus)
}

// What is signed for one object is not signed for another, though the text be the same.
func TestSignOffsCopiedWithTheText(t *testing.T) {
	b := newBench(t)
	signed := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, signed, testkit.Now(), testkit.Both()...)
	b.create(signed)
	b.mustReconcile(signed)
	for name, copied := range map[string]*slav1alpha1.LeadDefinition{
		"under another name": testkit.Definition(signed.Namespace, "enterprise"), "in another namespace": testkit.Definition(testkit.Namespace(t), "mid-market"),
	} {
		t.Run(name, func(t *testing.T) {
			copied.Spec = *signed.Spec.DeepCopy()
			b.create(copied)
			b.mustReconcile(copied)
			of, this := client.ObjectKeyFromObject(signed), client.ObjectKeyFromObject(copied)
			testkit.Condition(t, copied.Status.Conditions, "Ratified", metav1.ConditionFalse, "SignOffMissing",
				fmt.Sprintf("Marketing and Sales have not signed %[1]s… (Marketing signed for %[2]s, and this is %[3]s; Sales signed for %[2]s, and this is %[3]s); "+
					"run `kubectl sla sign --party Marketing --by ROLE FILE` and `kubectl sla sign --party Sales --by ROLE FILE` on the manifest of leaddefinition/%[4]s",
					copied.Status.Digest[:len("v1:sha256:")+8], of, this, this.Name))
			if copied.Status.Digest != signed.Status.Digest || signed.Status.InForce == nil || copied.Status.InForce != nil {
				t.Errorf("%s of %s: in force %v", this, copied.Status.Digest, copied.Status.InForce)
			}
		})
	}
}

func TestRatified(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now().Add(-time.Hour), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)

	digest := string(d.Spec.SignOffs[0].Digest)
	name := "mid-market-" + strings.TrimPrefix(digest, "v1:sha256:")[:8]
	want := &slav1alpha1.InForce{
		Revision: name, Digest: slav1alpha1.Digest(digest), Since: metav1.NewTime(testkit.Now().Local()),
		Signed: []metav1.Time{metav1.NewTime(testkit.Now().Add(-time.Hour).Local())},
	}
	if diff := cmp.Diff(want, d.Status.InForce); diff != "" {
		t.Error(diff)
	}
	testkit.Condition(t, d.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", name+" is in force")
	testkit.Condition(t, d.Status.Conditions, "Ratified", metav1.ConditionTrue, "Attested",
		"both parties signed "+digest[:len("v1:sha256:")+8]+"…, the last at 2027-01-14T14:00:00Z")
	testkit.Kstatus(t, d, status.CurrentStatus)

	revision := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: name}})
	object := d.Namespace + "/mid-market"
	wantAnnotations := map[string]string{
		"sla.handoff.dev/digest": digest, "sla.handoff.dev/signed-at": "2027-01-14T14:00:00Z",
		"sla.handoff.dev/signed":      `["2027-01-14T14:00:00Z"]`,
		"sla.handoff.dev/ratified-at": "2027-01-14T15:00:00Z", "sla.handoff.dev/signers": "Marketing=VP Marketing,Sales=VP Sales",
		"sla.handoff.dev/sign-offs": `[{"party":"Marketing","by":"VP Marketing","at":"2027-01-14T14:00:00Z","object":"` + object + `","verified":false},` +
			`{"party":"Sales","by":"VP Sales","at":"2027-01-14T14:00:00Z","object":"` + object + `","verified":false}]`,
	}
	if diff := cmp.Diff(wantAnnotations, revision.Annotations); diff != "" {
		t.Error(diff)
	}
	if revision.Revision != 1 || metav1.GetControllerOf(revision) != nil || len(revision.OwnerReferences) != 1 {
		t.Errorf("revision %d, owners %v", revision.Revision, revision.OwnerReferences)
	}
	if strings.Contains(string(revision.Data.Raw), "signOffs") {
		t.Error("the revision keeps signatures in its data")
	}
	if said := testkit.Events(b.events.Events); len(said) != 1 || !strings.HasPrefix(said[0], "Normal Ratified") {
		t.Errorf("events: %q", said)
	}

	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.mustReconcile(d)
	if len(b.writes.All) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", b.writes.All)
	}
}

func TestEditTakesEffectOnlyWhenBothSigned(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	first := d.Status.InForce.DeepCopy()

	d.Spec.Stages.MQL.Paths[1].Threshold = ptr.To[int32](10)
	b.update(d)
	b.mustReconcile(d)
	if diff := cmp.Diff(first, d.Status.InForce); diff != "" {
		t.Errorf("an unsigned edit took effect: %s", diff)
	}
	if d.Status.Pending == nil || !cmp.Equal(d.Status.Pending.Missing, testkit.Both()) {
		t.Errorf("pending: %+v", d.Status.Pending)
	}

	testkit.SignDefinition(t, d, testkit.Now().Add(time.Minute), slav1alpha1.PartyMarketing)
	b.update(d)
	b.mustReconcile(d)
	if diff := cmp.Diff(first, d.Status.InForce); diff != "" {
		t.Errorf("an edit signed by one party took effect: %s", diff)
	}
	if diff := cmp.Diff([]slav1alpha1.Party{slav1alpha1.PartySales}, d.Status.Pending.Missing); diff != "" {
		t.Error(diff)
	}

	testkit.SignDefinition(t, d, testkit.Now().Add(2*time.Minute), testkit.Both()...)
	b.update(d)
	b.mustReconcile(d)
	if d.Status.InForce.Digest != d.Status.Digest || d.Status.Pending != nil {
		t.Errorf("signed by both, yet not in force: %+v", d.Status)
	}
	if got := b.revisions(d.Namespace); got[first.Revision] != 1 || got[d.Status.InForce.Revision] != 2 {
		t.Errorf("revisions: %v", got)
	}
}

func TestRevertNeedsNewSignatures(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	old := d.Spec.DeepCopy()
	b.create(d)
	b.mustReconcile(d)
	first := d.Status.InForce.Revision

	d.Spec.Stages.MQL.Paths[1].Threshold = ptr.To[int32](10)
	testkit.SignDefinition(t, d, testkit.Now().Add(time.Hour), testkit.Both()...)
	b.update(d)
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.mustReconcile(d)
	second := d.Status.InForce.Revision

	d.Spec = *old.DeepCopy()
	b.update(d)
	b.mustReconcile(d)
	if d.Status.InForce.Revision != second {
		t.Fatal("an old text came back with its old signatures")
	}

	testkit.SignDefinition(t, d, testkit.Now().Add(2*time.Hour), testkit.Both()...)
	b.update(d)
	b.clock.SetTime(testkit.Now().Add(2 * time.Hour))
	b.mustReconcile(d)
	if d.Status.InForce.Revision != first {
		t.Errorf("in force %s, want %s", d.Status.InForce.Revision, first)
	}
	if got := b.revisions(d.Namespace); got[first] != 3 || got[second] != 2 || len(got) != 2 {
		t.Errorf("revisions: %v", got)
	}
}

func TestInvalidKeepsTheLastGoodRevision(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	good := d.Status.InForce.DeepCopy()

	d.Spec.Scoring.Groups[0].Rules[0].When = "lead.employes >= 50"
	b.update(d)
	if _, err := b.reconcile(d); err == nil || !strings.Contains(err.Error(), "terminal error") {
		t.Errorf("error %v, want a terminal one", err)
	}
	if diff := cmp.Diff(good, d.Status.InForce); diff != "" {
		t.Error(diff)
	}
	testkit.Condition(t, d.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidDefinition", "")
	testkit.Condition(t, d.Status.Conditions, "Ratified", metav1.ConditionFalse, "InvalidDefinition", "")
	message := ""
	for _, c := range d.Status.Conditions {
		if c.Type == "Stalled" {
			message = c.Message
		}
	}
	for _, part := range []string{"fit/company-size", "employes", "employees", good.Revision + " stays in force"} {
		if !strings.Contains(message, part) {
			t.Errorf("the message does not say %q: %s", part, message)
		}
	}
	testkit.Kstatus(t, d, status.FailedStatus)

	d.Spec.Scoring.Groups[0].Rules[0].When = "lead.employees >= 50"
	b.update(d)
	b.mustReconcile(d)
	testkit.Kstatus(t, d, status.CurrentStatus)
}

func TestStatusIsMadeAgainFromTheRevisions(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	want := d.Status.DeepCopy()
	d.Status = slav1alpha1.LeadDefinitionStatus{}
	if err := testkit.Client.Status().Update(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.mustReconcile(d)
	if diff := cmp.Diff(want.InForce, d.Status.InForce); diff != "" {
		t.Error(diff)
	}
}

func TestSignatureFromTheFutureWaits(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now().Add(time.Hour), testkit.Both()...)
	b.create(d)
	result, err := b.reconcile(d)
	if err != nil {
		t.Fatal(err)
	}
	if d.Status.InForce != nil || result.RequeueAfter != 55*time.Minute {
		t.Errorf("in force %v, again in %s", d.Status.InForce, result.RequeueAfter)
	}
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.mustReconcile(d)
	if d.Status.InForce == nil {
		t.Error("not in force when its time has come")
	}
}

func TestRevisionIsRepaired(t *testing.T) {
	b := newBench(t)
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	revision := &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: d.Namespace, Name: d.Status.InForce.Revision}}
	testkit.Get(t, revision).OwnerReferences = nil
	b.update(revision)
	b.mustReconcile(d)
	if len(testkit.Get(t, revision).OwnerReferences) != 1 {
		t.Error("the owner was not restored")
	}
	if diff := cmp.Diff([]string{"apply ControllerRevision"}, b.writes.All); diff != "" {
		t.Error(diff)
	}
}
