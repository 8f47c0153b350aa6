// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// bench is the reconcilers of a definition and a contract with what the latter writes and says.
type bench struct {
	t          *testing.T
	clock      *testclock.FakePassiveClock
	events     *events.FakeRecorder
	writes     *testkit.Writes
	r          *Reconciler
	definition *slav1alpha1.LeadDefinition
	contract   *slav1alpha1.SLAContract
}

// newBench has a definition and a contract, both signed by both, neither created.
func newBench(t *testing.T) *bench {
	t.Helper()
	counting, writes := testkit.Counting(testkit.Client)
	b := &bench{t: t, clock: testclock.NewFakePassiveClock(testkit.Now()), events: events.NewFakeRecorder(1000), writes: writes}
	b.r = &Reconciler{Client: counting, Live: testkit.Client, Clock: b.clock, Events: b.events, Image: "example.com/handoff:test"}
	namespace := testkit.Namespace(t)
	b.definition = testkit.Definition(namespace, "mid-market")
	testkit.SignDefinition(t, b.definition, testkit.Now(), testkit.Both()...)
	b.contract = testkit.Contract(namespace, "acme", "mid-market")
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	return b
}

func (b *bench) create(objects ...client.Object) {
	b.t.Helper()
	for _, o := range objects {
		if err := testkit.Client.Create(b.t.Context(), o); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) update(o client.Object) {
	b.t.Helper()
	if err := testkit.Client.Update(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) updateStatus(o client.Object) {
	b.t.Helper()
	if err := testkit.Client.Status().Update(b.t.Context(), o); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) reconcileDefinition() {
	b.t.Helper()
	r := &leaddefinition.Reconciler{Client: testkit.Client, Live: testkit.Client, Clock: b.clock, Events: events.NewFakeRecorder(100)}
	if _, err := r.Reconcile(b.t.Context(), testkit.Get(b.t, b.definition)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) reconcile() reconcile.Result {
	b.t.Helper()
	b.writes.All = nil
	result, err := b.r.Reconcile(b.t.Context(), testkit.Get(b.t, b.contract))
	if err != nil && !strings.Contains(err.Error(), "terminal error") {
		b.t.Fatal(err)
	}
	testkit.Get(b.t, b.contract)
	return result
}

// inForce brings definition and contract into force with workers that run and have counted.
func (b *bench) inForce() {
	b.t.Helper()
	b.create(b.definition, b.contract)
	b.reconcileDefinition()
	b.reconcile()
	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	b.count()
	b.reconcile()
}

// available plays the Deployment controller.
func (b *bench) available(name string, replicas int32) {
	b.t.Helper()
	d := b.deployment(name)
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: replicas, AvailableReplicas: replicas,
	}
	b.updateStatus(d)
}

func (b *bench) deployment(name string) *appsv1.Deployment {
	b.t.Helper()
	return testkit.Get(b.t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: name}})
}

func (b *bench) measurement() *slav1alpha1.SLAMeasurement {
	b.t.Helper()
	return testkit.Get(b.t, &slav1alpha1.SLAMeasurement{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme"}})
}

// count plays the routing worker.
func (b *bench) count(rows ...slav1alpha1.MeasurementRow) {
	b.t.Helper()
	m := b.measurement()
	m.Status.AsOf = ptr.To(metav1.NewTime(b.clock.Now()))
	inForce := testkit.Get(b.t, b.contract).Status.InForce
	for i := range rows {
		rows[i].Revision = inForce.Revision
	}
	m.Status.Sequence = inForce.Sequence
	m.Status.Rows = rows
	if m.Status.Leads == nil {
		m.Status.Leads = &slav1alpha1.LeadCounts{Captured: ptr.To[int64](7), Waiting: ptr.To[int64](2)}
	}
	b.updateStatus(m)
}

func row(clause, tier string, met, missed int64) slav1alpha1.MeasurementRow {
	period := "2027-W02"
	if clause == "volume" {
		period = "2027-01"
	}
	zero := int64(0)
	return slav1alpha1.MeasurementRow{
		Clause: clause, Tier: tier, Period: period, Met: &met, Missed: &missed, Open: &zero, AtRisk: &zero, Excused: &zero,
	}
}

func (b *bench) bundles() []string {
	b.t.Helper()
	pairs, err := listPairs(b.t.Context(), testkit.Client, testkit.Get(b.t, b.contract))
	if err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, p := range pairs {
		out = append(out, p.name)
	}
	return out
}

func TestPairInForce(t *testing.T) {
	b := newBench(t)
	b.create(b.definition, b.contract)
	b.reconcileDefinition()
	b.reconcile()
	in := b.contract.Status.InForce
	if in == nil || !strings.HasPrefix(in.Revision, "acme-terms-") || in.Definition != b.definition.Status.InForce.Revision {
		t.Fatalf("in force: %+v", in)
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "WorkersUnavailable",
		"scoring 0 of 1 replicas available; routing 0 of 1 replicas available")
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionFalse, "NotMeasured", "no count has arrived yet")
	testkit.Condition(t, b.contract.Status.Conditions, "Compliant", metav1.ConditionUnknown, "NotMeasured", "nothing has been counted yet")
	testkit.Kstatus(t, b.contract, status.InProgressStatus)

	config := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: in.Bundle}})
	handed := bundle.Bundle{}
	if err := json.Unmarshal([]byte(config.Data["bundle.json"]), &handed); err != nil {
		t.Fatal(err)
	}
	if !*config.Immutable || handed.Sequence != in.Sequence || handed.Lead.Fields[0].Property != "numberofemployees" || handed.SLA.Definition != "mid-market" {
		t.Errorf("bundle: %+v", handed)
	}
	for name, d := range map[string]*appsv1.Deployment{"scoring": b.deployment("acme-scoring"), "routing": b.deployment("acme-routing")} {
		if got := d.Spec.Template.Spec.Volumes[0].ConfigMap.Name; got != in.Bundle {
			t.Errorf("%s mounts %s", name, got)
		}
	}
	revision := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: in.Definition}})
	if len(revision.OwnerReferences) != 2 {
		t.Errorf("the definition's revision has owners %v", revision.OwnerReferences)
	}

	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	b.count()
	result := b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", in.Revision+" and "+in.Definition+" are in force")
	testkit.Condition(t, b.contract.Status.Conditions, "WorkersAvailable", metav1.ConditionTrue, "WorkersAvailable",
		"scoring 1 of 1 replicas available, routing 1 of 1 replicas available")
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionTrue, "Measured", "counts as of 2027-01-14T15:00:00Z; 2 leads waiting")
	testkit.Kstatus(t, b.contract, status.CurrentStatus)
	if result.RequeueAfter != 15*time.Minute {
		t.Errorf("again in %s", result.RequeueAfter)
	}
	if *b.contract.Status.VolumeTarget != 133 || b.contract.Status.IngestAddress != "http://acme-ingest."+b.contract.Namespace+".svc/v1/events" {
		t.Errorf("status: %+v", b.contract.Status)
	}
}

func TestAtRestNothingIsWritten(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.clock.SetTime(testkit.Now().Add(time.Minute))
	b.reconcile()
	if len(b.writes.All) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", b.writes.All)
	}
}

func TestDriftIsRepaired(t *testing.T) {
	b := newBench(t)
	b.inForce()
	d := b.deployment("acme-scoring")
	d.Spec.Template.Spec.Containers[0].Image = "example.com/other"
	d.Spec.Replicas = ptr.To[int32](3) // an autoscaler's
	b.update(d)
	role := testkit.Get(t, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-measure"}})
	role.Rules[0].Verbs = []string{"*"}
	b.update(role)
	m := b.measurement()
	m.Labels["sla.handoff.dev/contract"] = "other"
	b.update(m)
	b.reconcile()
	d = b.deployment("acme-scoring")
	if got := d.Spec.Template.Spec.Containers[0].Image; got != "example.com/handoff:test" {
		t.Errorf("image %s", got)
	}
	if *d.Spec.Replicas != 3 {
		t.Error("replicas were taken from the autoscaler")
	}
	if got := testkit.Get(t, role).Rules[0].Verbs; got[0] != "get" {
		t.Errorf("verbs %v", got)
	}
	if got := b.measurement().Labels["sla.handoff.dev/contract"]; got != "acme" {
		t.Errorf("label %s", got)
	}
	if len(b.writes.All) != 4 { // three objects and the status, which waits for the roll-out
		t.Errorf("wrote %q", b.writes.All)
	}
}

func TestUnsignedTermsChangeNothing(t *testing.T) {
	b := newBench(t)
	b.inForce()
	before := b.contract.Status.DeepCopy()
	b.contract.Spec.Terms.Sales.FirstContact.TargetPercent = ptr.To[slav1alpha1.Percent](50)
	b.contract.Spec.DefinitionRef.Name = "another"
	testkit.SignContract(t, b.contract, testkit.Now().Add(time.Minute), slav1alpha1.PartySales)
	b.update(b.contract)
	b.reconcile()
	if diff := cmp.Diff(before.InForce, b.contract.Status.InForce); diff != "" {
		t.Error(diff)
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ratified", metav1.ConditionFalse, "SignOffMissing", "")
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	if diff := cmp.Diff([]slav1alpha1.Party{"Marketing"}, b.contract.Status.Pending.Missing); diff != "" {
		t.Error(diff)
	}
}

func TestNewTermsRollTheBundle(t *testing.T) {
	b := newBench(t)
	b.inForce()
	first := b.contract.Status.InForce.DeepCopy()
	testkit.Events(b.events.Events)
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.contract.Spec.Terms.Sales.FirstContact.TargetPercent = ptr.To[slav1alpha1.Percent](50)
	testkit.SignContract(t, b.contract, testkit.Now().Add(time.Minute), testkit.Both()...)
	b.update(b.contract)
	b.reconcile()
	second := b.contract.Status.InForce
	if second.Sequence <= first.Sequence || second.Revision == first.Revision || second.Definition != first.Definition {
		t.Errorf("from %+v to %+v", first, second)
	}
	if got := b.deployment("acme-routing").Spec.Template.Labels["sla.handoff.dev/bundle"]; got != second.Bundle {
		t.Errorf("pods have bundle %s", got)
	}
	said := strings.Join(testkit.Events(b.events.Events), "\n")
	if !strings.Contains(said, "Normal Ratified") || !strings.Contains(said, "Normal Adopted") {
		t.Errorf("events: %s", said)
	}
	b.reconcile() // the status now shows the roll-out
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "Waiting",
		"rolling out "+second.Bundle+": scoring 1 of 1 replicas updated")
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionFalse, "Waiting", "")
}

func TestPropertyNeedsNoSignature(t *testing.T) {
	b := newBench(t)
	b.inForce()
	first := b.contract.Status.InForce.DeepCopy()
	testkit.Get(t, b.definition).Spec.Fields[0].Property = "headcount"
	b.update(b.definition)
	b.reconcileDefinition()
	b.reconcile()
	second := b.contract.Status.InForce
	if second.Sequence <= first.Sequence || second.Definition != first.Definition {
		t.Errorf("from %+v to %+v", first, second)
	}
	config := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: second.Bundle}})
	if !strings.Contains(config.Data["bundle.json"], "headcount") {
		t.Error("the workers do not get the new property")
	}
}

func TestLostStatusDoesNoHarm(t *testing.T) {
	b := newBench(t)
	b.inForce()
	want := b.contract.Status.DeepCopy()
	b.contract.Status = slav1alpha1.SLAContractStatus{}
	b.updateStatus(b.contract)
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.reconcile()
	if diff := cmp.Diff(want.InForce, b.contract.Status.InForce); diff != "" {
		t.Error(diff)
	}
	if got := b.bundles(); len(got) != 1 {
		t.Errorf("bundles %v", got)
	}
}

func TestMissingDefinitionThatAppears(t *testing.T) {
	b := newBench(t)
	b.create(b.contract)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "DefinitionNotFound",
		"LeadDefinition "+b.contract.Namespace+"/mid-market does not exist")
	testkit.Condition(t, b.contract.Status.Conditions, "Ratified", metav1.ConditionTrue, "Attested", "")
	testkit.Kstatus(t, b.contract, status.InProgressStatus)

	offs := b.definition.Spec.SignOffs
	b.definition.Spec.SignOffs = nil
	b.create(b.definition)
	b.reconcileDefinition()
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "DefinitionNotRatified", "")

	testkit.Get(t, b.definition).Spec.SignOffs = offs
	b.update(b.definition)
	b.reconcileDefinition()
	b.reconcile()
	if b.contract.Status.InForce == nil {
		t.Error("nothing in force after the definition was ratified")
	}

	if err := testkit.Client.Delete(t.Context(), b.definition); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "DefinitionNotFound", "")
	if b.contract.Status.InForce == nil {
		t.Error("the pair went with the definition")
	}
}

func TestUnsignedContractStartsNothing(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.SignOffs = nil
	b.create(b.definition, b.contract)
	b.reconcileDefinition()
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "NothingInForce", "")
	testkit.Condition(t, b.contract.Status.Conditions, "WorkersAvailable", metav1.ConditionFalse, "NothingInForce", "")
	testkit.Kstatus(t, b.contract, status.InProgressStatus)
	list := &appsv1.DeploymentList{}
	if err := testkit.Client.List(t.Context(), list, client.InNamespace(b.contract.Namespace)); err != nil || len(list.Items) > 0 {
		t.Errorf("%d Deployments, %v", len(list.Items), err)
	}
}

func TestIncompatibleDefinitionKeepsThePair(t *testing.T) {
	b := newBench(t)
	b.inForce()
	before := b.contract.Status.InForce.DeepCopy()
	testkit.Get(t, b.definition).Spec.Intents = []slav1alpha1.Intent{{Name: "Standard"}} // a tier of the terms is High
	testkit.SignDefinition(t, b.definition, testkit.Now().Add(time.Minute), testkit.Both()...)
	b.update(b.definition)
	b.reconcileDefinition()
	b.contract.Spec.Routing.Pools[0].Members[0].Rep = "rep-9"
	b.update(b.contract)
	result := b.reconcile()
	if diff := cmp.Diff(before, b.contract.Status.InForce); diff != "" {
		t.Error(diff)
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "IncompatibleDefinition", "")
	message := b.contract.Status.Conditions
	if text := stalledMessage(message); !strings.Contains(text, "High") || !strings.Contains(text, before.Definition+" stays in force") {
		t.Errorf("the message does not say what does not fit: %s", text)
	}
	testkit.Kstatus(t, b.contract, status.FailedStatus)
	if result.RequeueAfter != 15*time.Minute {
		t.Errorf("the pair in force is judged again in %s", result.RequeueAfter)
	}
	roster := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-roster"}})
	if !strings.Contains(roster.Data["roster.json"], "rep-9") {
		t.Error("the roster did not change while the pair was kept")
	}
}

func stalledMessage(conditions []metav1.Condition) string {
	for _, c := range conditions {
		if c.Type == "Stalled" {
			return c.Message
		}
	}
	return ""
}

func TestInvalidRoutingKeepsTheRoster(t *testing.T) {
	b := newBench(t)
	b.inForce()
	b.contract.Spec.Routing.Pools[0].When = "lead.staff > 0"
	b.update(b.contract)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidRouting", "")
	if text := stalledMessage(b.contract.Status.Conditions); !strings.Contains(text, "everyone") || !strings.Contains(text, "staff") {
		t.Errorf("the message names neither pool nor field: %s", text)
	}
	roster := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-roster"}})
	if strings.Contains(roster.Data["roster.json"], "staff") {
		t.Error("the workers got pools that cannot be read")
	}
	good := roster.Data["roster.json"]

	// People are told of an escalation all the same.
	b.closes(2, week(2, 8, 2))
	b.tells("firstContact 1")
	if testkit.Get(t, roster).Data["roster.json"] != good {
		t.Errorf("the last good roster is not in use any more: %s", roster.Data["roster.json"])
	}
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidRouting", "")
	b.restarts()
}

func TestInvalidTermsKeepThePair(t *testing.T) {
	b := newBench(t)
	b.inForce()
	before := b.contract.Status.InForce.DeepCopy()
	b.contract.Spec.Terms.Funnel = nil // the volume clause takes its target from it
	b.update(b.contract)
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidTerms", "")
	testkit.Condition(t, b.contract.Status.Conditions, "Ratified", metav1.ConditionFalse, "InvalidTerms", "")
	if diff := cmp.Diff(before, b.contract.Status.InForce); diff != "" {
		t.Error(diff)
	}
	if text := stalledMessage(b.contract.Status.Conditions); !strings.Contains(text, "funnel") {
		t.Errorf("the message does not name the field: %s", text)
	}
	testkit.Kstatus(t, b.contract, status.FailedStatus)
}

func TestTenantIsTaken(t *testing.T) {
	b := newBench(t)
	b.inForce()
	other := testkit.Contract(b.contract.Namespace, "younger", "mid-market")
	other.Spec.Ledger.Tenant = "acme"
	testkit.SignContract(t, other, testkit.Now(), testkit.Both()...)
	b.create(other)
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, other)); err == nil {
		t.Error("no terminal error")
	}
	testkit.Get(t, other)
	testkit.Condition(t, other.Status.Conditions, "Ready", metav1.ConditionFalse, "TenantTaken",
		"SLAContract "+other.Namespace+`/acme is older and has the same ledger Secret "handoff-ledger" and tenant "acme"; `+
			"make this contract anew with another tenant")
	testkit.Kstatus(t, other, status.FailedStatus)
	if other.Status.InForce != nil {
		t.Error("it adopted a pair")
	}
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")

	if err := testkit.Client.Delete(t.Context(), b.contract); err != nil {
		t.Fatal(err)
	}
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, other)); err != nil {
		t.Fatal(err)
	}
	if testkit.Get(t, other).Status.InForce == nil {
		t.Error("the tenant is free, yet nothing is in force")
	}
}

func TestBundlesArePrunedWhenNothingRefersToThem(t *testing.T) {
	b := newBench(t)
	b.inForce()
	oldest := b.contract.Status.InForce.Bundle
	replicaSet := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-scoring-abc", Labels: b.deployment("acme-scoring").Spec.Template.Labels},
		Spec: appsv1.ReplicaSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: b.deployment("acme-scoring").Spec.Selector.MatchLabels},
			Template: b.deployment("acme-scoring").Spec.Template,
		},
	}
	b.create(replicaSet)
	for i := range 3 {
		b.clock.SetTime(b.clock.Now().Add(time.Hour))
		b.contract.Spec.Terms.Sales.FirstContact.TargetPercent = ptr.To(slav1alpha1.Percent(50 + i))
		testkit.SignContract(t, b.contract, b.clock.Now(), testkit.Both()...)
		b.update(b.contract)
		b.reconcile()
	}
	b.reconcile()
	if got := b.bundles(); len(got) != 4 {
		t.Fatalf("the ledger has not switched, yet bundles went: %v", got)
	}
	b.count()
	b.reconcile()
	if got := b.bundles(); len(got) != 3 || got[0] != oldest {
		t.Fatalf("bundles %v, want the newest two and %s, which a ReplicaSet refers to", got, oldest)
	}
	if err := testkit.Client.Delete(t.Context(), replicaSet); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	if got := b.bundles(); len(got) != 2 || got[0] == oldest {
		t.Errorf("bundles %v", got)
	}
}

func TestMissedClause(t *testing.T) {
	b := newBench(t)
	b.inForce()
	testkit.Events(b.events.Events)
	b.count(row("firstContact", "High", 97, 23), row("firstContact", "Standard", 10, 0), row("completeness", "", 20, 0))
	b.reconcile()
	testkit.Condition(t, b.contract.Status.Conditions, "Compliant", metav1.ConditionFalse, "Missed", "")
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	testkit.Kstatus(t, b.contract, status.CurrentStatus)
	if status := b.contract.Status; status.FirstContact != "81%" || status.MQLs != "0/133" || *status.Leads.Captured != 7 || len(status.Scorecard) != 4 {
		t.Errorf("status: %+v", status)
	}
	said := testkit.Events(b.events.Events)
	if len(said) != 1 || said[0] != "Warning ClauseMissed firstContact High 81% (97 of 120), target 90%, 2027-W02" {
		t.Errorf("events: %q", said)
	}
	b.count(row("firstContact", "High", 98, 23))
	b.reconcile()
	if said := testkit.Events(b.events.Events); len(said) != 0 {
		t.Errorf("said again: %q", said)
	}
	b.count(row("firstContact", "High", 998, 2))
	b.reconcile()
	if said := testkit.Events(b.events.Events); len(said) != 1 || !strings.HasPrefix(said[0], "Normal ClauseMet firstContact High") {
		t.Errorf("events: %q", said)
	}
}

func TestMissingSecret(t *testing.T) {
	b := newBench(t)
	b.inForce()
	m := b.measurement()
	m.Status.Conditions = []metav1.Condition{{
		Type: "LedgerAvailable", Status: metav1.ConditionFalse, Reason: "SecretNotFound", LastTransitionTime: metav1.NewTime(testkit.Now()),
		Message: `Secret "handoff-ledger" has no key "dsn"`,
	}}
	b.updateStatus(m)
	b.available("acme-routing", 0)
	b.reconcile()
	message := `routing 0 of 1 replicas available: Secret "handoff-ledger" has no key "dsn"`
	testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "SecretNotFound", message)
	testkit.Condition(t, b.contract.Status.Conditions, "WorkersAvailable", metav1.ConditionFalse, "SecretNotFound", message)
	testkit.Condition(t, b.contract.Status.Conditions, "Measured", metav1.ConditionFalse, "SecretNotFound", "")
	testkit.Kstatus(t, b.contract, status.InProgressStatus)
}

func TestTerminating(t *testing.T) {
	b := newBench(t)
	b.contract.Finalizers = []string{"example.com/hold"}
	b.inForce()
	if err := testkit.Client.Delete(t.Context(), b.contract); err != nil {
		t.Fatal(err)
	}
	if result := b.reconcile(); result != (reconcile.Result{}) || len(b.writes.All) > 0 {
		t.Errorf("an object that goes: %v, wrote %q", result, b.writes.All)
	}
	b.contract.Finalizers = nil
	b.update(b.contract)
	if err := testkit.Client.Get(t.Context(), client.ObjectKeyFromObject(b.contract), b.contract); !apierrors.IsNotFound(err) {
		t.Error(err)
	}

	gone := newBench(t)
	gone.create(gone.definition, gone.contract)
	gone.reconcileDefinition()
	if err := testkit.Client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: gone.contract.Namespace}}); err != nil {
		t.Fatal(err)
	}
	if result := gone.reconcile(); result != (reconcile.Result{}) {
		t.Errorf("a namespace that goes: %v", result)
	}
	testkit.Condition(t, gone.contract.Status.Conditions, "Ready", metav1.ConditionFalse, "Terminating", "the namespace is being deleted")
}
