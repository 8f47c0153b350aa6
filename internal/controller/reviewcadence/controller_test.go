// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	testclock "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/leaddefinition"
	"github.com/handoff-sla/handoff/internal/controller/slacontract"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

type bench struct {
	t       *testing.T
	clock   *testclock.FakePassiveClock
	events  *events.FakeRecorder
	writes  *testkit.Writes
	r       *Reconciler
	cadence *slav1alpha1.ReviewCadence
}

func newBench(t *testing.T) *bench {
	t.Helper()
	counting, writes := testkit.Counting(testkit.Client)
	b := &bench{t: t, clock: testclock.NewFakePassiveClock(testkit.Now()), events: events.NewFakeRecorder(100), writes: writes}
	b.r = &Reconciler{Client: counting, Live: testkit.Client, Clock: b.clock, Events: b.events, Image: "example.com/handoff:test"}
	b.cadence = testkit.Cadence(testkit.Namespace(t), "board", "acme")
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

func (b *bench) reconcile() reconcile.Result {
	b.t.Helper()
	b.writes.All = nil
	result, err := b.r.Reconcile(b.t.Context(), testkit.Get(b.t, b.cadence))
	if err != nil && !strings.Contains(err.Error(), "terminal error") {
		b.t.Fatal(err)
	}
	testkit.Get(b.t, b.cadence)
	return result
}

// contract in force, of which the cadence reviews the pair.
func (b *bench) contract() *slav1alpha1.SLAContract {
	b.t.Helper()
	definition := testkit.Definition(b.cadence.Namespace, "mid-market")
	testkit.SignDefinition(b.t, definition, testkit.Now(), testkit.Both()...)
	contract := testkit.Contract(b.cadence.Namespace, "acme", "mid-market")
	testkit.SignContract(b.t, contract, testkit.Now(), testkit.Both()...)
	b.create(definition, contract)
	quiet := events.NewFakeRecorder(100)
	d := &leaddefinition.Reconciler{Client: testkit.Client, Live: testkit.Client, Clock: b.clock, Events: quiet}
	c := &slacontract.Reconciler{Client: testkit.Client, Live: testkit.Client, Clock: b.clock, Events: quiet, Image: "example.com/handoff:test"}
	if _, err := d.Reconcile(b.t.Context(), testkit.Get(b.t, definition)); err != nil {
		b.t.Fatal(err)
	}
	if _, err := c.Reconcile(b.t.Context(), testkit.Get(b.t, contract)); err != nil {
		b.t.Fatal(err)
	}
	return testkit.Get(b.t, contract)
}

// report plays the review job.
func (b *bench) report(period string) {
	b.t.Helper()
	b.create(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: b.cadence.Namespace, Name: "board-weekly-" + strings.ToLower(period),
		Labels: map[string]string{
			"app.kubernetes.io/managed-by": "handoff", "sla.handoff.dev/cadence": "board", "sla.handoff.dev/review": "weekly",
		},
		Annotations: map[string]string{"sla.handoff.dev/period": period, "sla.handoff.dev/result": "8 green, 1 yellow, 1 red"},
		OwnerReferences: []metav1.OwnerReference{{
			APIVersion: "sla.handoff.dev/v1alpha1", Kind: "ReviewCadence", Name: "board", UID: b.cadence.UID,
		}},
	}})
}

func (b *bench) cronJobs() []string {
	b.t.Helper()
	list := &batchv1.CronJobList{}
	if err := testkit.Client.List(b.t.Context(), list, client.InNamespace(b.cadence.Namespace)); err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, j := range list.Items {
		names = append(names, j.Name)
	}
	return names
}

func TestScheduled(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	contract := b.contract()
	result := b.reconcile()
	testkit.Condition(t, b.cadence.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "1 reviews are scheduled in America/New_York")
	testkit.Kstatus(t, b.cadence, status.CurrentStatus)
	monday := time.Date(2027, 1, 18, 14, 0, 0, 0, time.UTC) // 9 in New York
	want := []slav1alpha1.ReviewStatus{{Name: "weekly", Next: ptr.To(metav1.NewTime(monday.Local()))}}
	if diff := cmp.Diff(want, b.cadence.Status.Reviews); diff != "" {
		t.Error(diff)
	}
	if result.RequeueAfter != monday.Sub(testkit.Now())+time.Second {
		t.Errorf("again in %s", result.RequeueAfter)
	}
	job := testkit.Get(t, &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: b.cadence.Namespace, Name: "board-weekly"}})
	if *job.Spec.TimeZone != "America/New_York" || job.Spec.Schedule != "0 9 * * MON" ||
		job.Spec.JobTemplate.Spec.Template.Spec.Volumes[0].ConfigMap.Name != contract.Status.InForce.Bundle {
		t.Errorf("CronJob: %+v", job.Spec)
	}
	b.clock.SetTime(testkit.Now().Add(time.Hour))
	b.reconcile()
	if len(b.writes.All) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", b.writes.All)
	}

	job.Spec.Suspend = ptr.To(true) // a person's: not ours
	job.Spec.Schedule = "0 0 * * *"
	b.update(job)
	b.reconcile()
	if testkit.Get(t, job); job.Spec.Schedule != "0 9 * * MON" || !*job.Spec.Suspend {
		t.Errorf("schedule %s, suspend %v", job.Spec.Schedule, *job.Spec.Suspend)
	}
}

// Who publishes to people that nobody has named reads so.
func TestReportsThatNobodyGets(t *testing.T) {
	b := newBench(t)
	b.cadence.Spec.Publish = &slav1alpha1.Publish{Notify: slav1alpha1.PublishAll}
	b.create(b.cadence)
	contract := b.contract()
	says := func(want string) {
		t.Helper()
		b.reconcile()
		testkit.Condition(t, b.cadence.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "1 reviews are scheduled in America/New_York"+want)
	}
	says("; their reports are sent to nobody, although spec.publish says All: SLAContract acme has no spec.notify")
	contract.Spec.Notify = &slav1alpha1.Notify{SecretRef: slav1alpha1.ObjectReference{Name: "notify-urls"}}
	b.update(contract)
	says("")
	contract.Spec.Notify = nil
	b.update(contract)
	b.cadence.Spec.Publish.Notify = slav1alpha1.PublishNone
	b.update(b.cadence)
	says("")
}

func TestReports(t *testing.T) {
	b := newBench(t)
	b.cadence.Spec.HistoryLimit = ptr.To[int32](2)
	b.create(b.cadence)
	b.contract()
	b.reconcile()
	testkit.Events(b.events.Events)
	for _, week := range []int{50, 51, 52} {
		b.report(fmt.Sprintf("2026-W%d", week))
	}
	b.report("2027-W01")
	job := testkit.Get(t, &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: b.cadence.Namespace, Name: "board-weekly"}})
	job.Status.LastScheduleTime = ptr.To(metav1.NewTime(testkit.Now().Add(-time.Hour)))
	if err := testkit.Client.Status().Update(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	b.reconcile()
	review := b.cadence.Status.Reviews[0]
	want := &slav1alpha1.ReviewReport{Period: "2027-W01", Result: "8 green, 1 yellow, 1 red", Report: "board-weekly-2027-w01"}
	if diff := cmp.Diff(want, review.Last); diff != "" {
		t.Error(diff)
	}
	if review.LastRun == nil || !review.LastRun.Equal(job.Status.LastScheduleTime) {
		t.Errorf("last run %v", review.LastRun)
	}
	said := testkit.Events(b.events.Events)
	if len(said) != 1 || said[0] != "Normal ReportPublished review weekly of 2027-W01: 8 green, 1 yellow, 1 red, in ConfigMap board-weekly-2027-w01" {
		t.Errorf("events: %q", said)
	}
	list := &corev1.ConfigMapList{}
	if err := testkit.Client.List(t.Context(), list, client.InNamespace(b.cadence.Namespace), client.MatchingLabels{"sla.handoff.dev/cadence": "board"}); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 || list.Items[0].Name != "board-weekly-2026-w52" {
		t.Errorf("%d reports are kept", len(list.Items))
	}
	b.reconcile()
	if len(b.writes.All) > 0 || len(testkit.Events(b.events.Events)) > 0 {
		t.Errorf("nothing changed, yet it wrote %q", b.writes.All)
	}
}

func TestReviewsThatAreNoLongerListedGo(t *testing.T) {
	b := newBench(t)
	second := b.cadence.Spec.Reviews[0]
	second.Name = "second"
	b.cadence.Spec.Reviews = append(b.cadence.Spec.Reviews, second)
	b.create(b.cadence)
	b.contract()
	b.reconcile()
	if diff := cmp.Diff([]string{"board-second", "board-weekly"}, b.cronJobs()); diff != "" {
		t.Error(diff)
	}
	b.cadence.Spec.Reviews = b.cadence.Spec.Reviews[:1]
	b.update(b.cadence)
	b.reconcile()
	if diff := cmp.Diff([]string{"board-weekly"}, b.cronJobs()); diff != "" {
		t.Error(diff)
	}
}

func TestWaitsForTheContract(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	b.reconcile()
	testkit.Condition(t, b.cadence.Status.Conditions, "Ready", metav1.ConditionFalse, "ContractNotFound",
		"SLAContract "+b.cadence.Namespace+"/acme does not exist")
	testkit.Kstatus(t, b.cadence, status.InProgressStatus)

	unsigned := testkit.Contract(b.cadence.Namespace, "acme", "mid-market")
	b.create(unsigned)
	b.reconcile()
	testkit.Condition(t, b.cadence.Status.Conditions, "Ready", metav1.ConditionFalse, "NothingInForce", "")

	if err := testkit.Client.Delete(t.Context(), unsigned); err != nil {
		t.Fatal(err)
	}
	b.contract()
	b.reconcile()
	testkit.Kstatus(t, b.cadence, status.CurrentStatus)
}

func TestInvalidSchedule(t *testing.T) {
	b := newBench(t)
	good := b.cadence.Spec.Reviews[0]
	bad := good
	bad.Name, bad.Schedule = "never", "0 9 30 2 *"
	b.cadence.Spec.Reviews = append(b.cadence.Spec.Reviews, bad)
	b.create(b.cadence)
	b.contract()
	b.reconcile()
	testkit.Condition(t, b.cadence.Status.Conditions, "Ready", metav1.ConditionFalse, "InvalidSchedule",
		`review "never": schedule: no such date comes in the next five years`)
	testkit.Kstatus(t, b.cadence, status.FailedStatus)
	if diff := cmp.Diff([]string{"board-weekly"}, b.cronJobs()); diff != "" {
		t.Errorf("the good review is not scheduled: %s", diff)
	}
}

func TestReferenceIsTaken(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	b.contract()
	b.reconcile()
	younger := testkit.Cadence(b.cadence.Namespace, "younger", "acme")
	b.create(younger)
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, younger)); err == nil {
		t.Error("no terminal error")
	}
	testkit.Condition(t, testkit.Get(t, younger).Status.Conditions, "Ready", metav1.ConditionFalse, "ReferenceTaken",
		"ReviewCadence "+younger.Namespace+`/board is older and reviews SLAContract "acme" already`)
	testkit.Kstatus(t, younger, status.FailedStatus)
	if diff := cmp.Diff([]string{"board-weekly"}, b.cronJobs()); diff != "" {
		t.Error(diff)
	}
	if err := testkit.Client.Delete(t.Context(), b.cadence); err != nil {
		t.Fatal(err)
	}
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, younger)); err != nil {
		t.Fatal(err)
	}
	testkit.Kstatus(t, testkit.Get(t, younger), status.CurrentStatus)
}
