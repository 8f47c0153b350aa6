// SPDX-License-Identifier: Apache-2.0

package reviewcadence

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/sla"
)

// measured plays the routing worker: the ledger's clock stands at an instant, and the terms have been in force since another.
func (b *bench) measured(contract *slav1alpha1.SLAContract, since, at time.Time, closed string) {
	b.t.Helper()
	m := &slav1alpha1.SLAMeasurement{ObjectMeta: metav1.ObjectMeta{Namespace: contract.Namespace, Name: contract.Name}}
	testkit.Get(b.t, m)
	asOf := metav1.NewTime(at)
	m.Status.AsOf, m.Status.ClosedThrough = &asOf, closed
	m.Status.Spells = []slav1alpha1.MeasuredSpell{{Revision: contract.Status.InForce.Revision, From: metav1.NewTime(since)}}
	if err := testkit.Client.Status().Update(b.t.Context(), m); err != nil {
		b.t.Fatal(err)
	}
}

// says wants a condition whose message holds a text.
func says(t *testing.T, b *bench, kind string, status metav1.ConditionStatus, reason, text string) {
	t.Helper()
	c := meta.FindStatusCondition(b.cadence.Status.Conditions, kind)
	if c == nil || c.Status != status || c.Reason != reason || !strings.Contains(c.Message, text) {
		t.Errorf("%s is %+v, want %s/%s with %q", kind, c, status, reason, text)
	}
}

func newYork(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func record(review, period, held string, by ...slav1alpha1.Party) slav1alpha1.ReviewRecord {
	return slav1alpha1.ReviewRecord{Review: review, Period: period, Held: slav1alpha1.Date(held), By: by}
}

// The agreement is in force since Monday, 18 January 2027, which begins week 3. Its review is scheduled for the 25th, and due by the 29th.
func TestAReviewIsHeldByBothInTime(t *testing.T) {
	tests := map[string]struct {
		at      string
		closed  string
		records []slav1alpha1.ReviewRecord
		status  metav1.ConditionStatus
		reason  string
		says    string
		missed  []string
		held    string
	}{
		"nothing is due yet": {"2027-01-28 12:00", "2027-W03", nil, "Unknown", "NotDue", "no review was due yet", nil, ""},
		"held by both": {
			"2027-01-30 12:00", "2027-W03",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-01-26", testkit.Both()...)},
			"True", "Held", "1 reviews were due", nil, "2027-W03",
		},
		"held by one": {
			"2027-01-30 12:00", "2027-W03",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-01-26", "Sales")},
			"False", "NotHeld", "weekly of 2027-W03",
			[]string{"2027-W03"},
			"",
		},
		"not held": {"2027-02-06 12:00", "2027-W04", nil, "False", "NotHeld", "weekly of 2027-W04, weekly of 2027-W03", []string{"2027-W04", "2027-W03"}, ""},
		"held late": {
			"2027-02-03 12:00", "2027-W04",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-02-02", testkit.Both()...)},
			"True", "Held", "", nil, "2027-W03",
		},
		"recorded for the future": {
			"2027-01-30 12:00", "2027-W03",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-02-02", testkit.Both()...)},
			"False", "NotHeld", "",
			[]string{"2027-W03"},
			"",
		},
		"a period that was not over": {
			"2027-01-30 12:00", "2027-W03",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-01-22", testkit.Both()...)},
			"False", "NotHeld", "was held on 2027-01-22",
			[]string{"2027-W03"},
			"",
		},
		"a period of another kind": {
			"2027-01-30 12:00", "2027-W03",
			[]slav1alpha1.ReviewRecord{record("weekly", "2027-01", "2027-02-02", testkit.Both()...)},
			"False", "NotHeld", "looks at weeks",
			[]string{"2027-W03"},
			"",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.cadence.Spec.Records = tc.records
			b.create(b.cadence)
			contract := b.contract()
			b.measured(contract, newYork(t, "2027-01-18 00:00"), newYork(t, tc.at), tc.closed)
			b.reconcile()
			says(t, b, "ReviewsHeld", tc.status, tc.reason, tc.says)
			review := b.cadence.Status.Reviews[0]
			if !slices.Equal(review.Missed, tc.missed) || review.Held != tc.held {
				t.Errorf("missed %q, held %q; want %q, %q", review.Missed, review.Held, tc.missed, tc.held)
			}
		})
	}
}

// A review that is not held is said once, and again when it is held after all.
func TestAMissedReviewIsAnEvent(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	contract := b.contract()
	since := newYork(t, "2027-01-18 00:00")
	b.measured(contract, since, newYork(t, "2027-01-30 12:00"), "2027-W03")
	b.reconcile()
	if said := about(testkit.Events(b.events.Events), "weekly"); len(said) != 1 ||
		said[0] != "Warning ReviewMissed review weekly of 2027-W03 was not held by its date: hold it, and record it for both parties in spec.records" {
		t.Errorf("%q", said)
	}
	b.measured(contract, since, newYork(t, "2027-01-30 18:00"), "2027-W03")
	b.reconcile()
	if said := testkit.Events(b.events.Events); len(said) > 0 {
		t.Errorf("said again: %q", said)
	}
	b.cadence.Spec.Records = []slav1alpha1.ReviewRecord{record("weekly", "2027-W03", "2027-01-30", testkit.Both()...)}
	b.cadence.Spec.Records[0].Actions = []slav1alpha1.ReviewAction{{What: "Ask", Owner: "RevOps"}, {What: "Tell", Owner: "RevOps", Done: "2027-01-30"}}
	b.update(b.cadence)
	b.reconcile()
	if said := about(testkit.Events(b.events.Events), "weekly"); len(said) != 1 || said[0] != "Normal ReviewHeld review weekly of 2027-W03 was held by both" {
		t.Errorf("%q", said)
	}
	if n := b.cadence.Status.Reviews[0].OpenActions; n == nil || *n != 1 {
		t.Errorf("%v open actions", n)
	}
}

// What is due cannot be read for a moment, or a schedule is mistyped: what was known of it stays, and nobody hears of it twice.
func TestWhatWasMissedStaysKnown(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	contract := b.contract()
	b.measured(contract, newYork(t, "2027-01-18 00:00"), newYork(t, "2027-01-30 12:00"), "2027-W03")
	b.reconcile()
	testkit.Events(b.events.Events)
	stays := func(when string, status metav1.ConditionStatus, reason string) {
		t.Helper()
		says(t, b, "ReviewsHeld", status, reason, "")
		if missed := b.cadence.Status.Reviews[0].Missed; !slices.Equal(missed, []string{"2027-W03"}) {
			t.Errorf("%s, missed is %q", when, missed)
		}
		if said := about(testkit.Events(b.events.Events), "ReviewMissed"); len(said) > 0 {
			t.Errorf("%s, said again: %q", when, said)
		}
	}
	whole := b.r.Client
	b.r.Client = interceptor.NewClient(testkit.Client, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if _, ok := o.(*slav1alpha1.SLAMeasurement); ok {
				return errors.New("no measurement for a moment")
			}
			return c.Get(ctx, key, o, opts...)
		},
	})
	if _, err := b.r.Reconcile(t.Context(), testkit.Get(t, b.cadence)); err == nil || !strings.Contains(err.Error(), "no measurement for a moment") {
		t.Errorf("error %v", err)
	}
	testkit.Get(t, b.cadence)
	stays("unread", metav1.ConditionFalse, "NotHeld")
	b.r.Client = whole
	b.reconcile()
	stays("read again", metav1.ConditionFalse, "NotHeld")

	good := b.cadence.Spec.Reviews[0].Schedule
	b.cadence.Spec.Reviews[0].Schedule = "0 9 30 2 *"
	b.update(b.cadence)
	b.reconcile()
	stays("with a schedule that never comes", metav1.ConditionUnknown, "InvalidSchedule")
	b.cadence.Spec.Reviews[0].Schedule = good
	b.update(b.cadence)
	b.reconcile()
	stays("mended", metav1.ConditionFalse, "NotHeld")
}

func about(said []string, what string) []string {
	return slices.DeleteFunc(said, func(s string) bool { return !strings.Contains(s, what) || strings.Contains(s, "Report") })
}

// Signed in January: due from April on, overdue once the review of the quarter is to have been held, lapsed in July, and current again when both sign.
func TestTheRatificationLapsesAndIsRenewed(t *testing.T) {
	b := newBench(t)
	b.cadence.Spec.Reviews = append(b.cadence.Spec.Reviews,
		slav1alpha1.Review{Name: "quarterly", Type: "Strategic", Schedule: "0 10 5 1,4,7,10 *", Owner: "Leadership"})
	b.create(b.cadence)
	contract := b.contract()
	for _, step := range []struct {
		at, closed string
		status     metav1.ConditionStatus
		reason     string
		says       string
	}{
		{"2027-03-30 12:00", "2027-W12", "True", "Current", "both signed on 14 January 2027; next in 2027-Q2"},
		{"2027-04-02 12:00", "2027-W12", "True", "Due", "sign again in 2027-Q2"},
		{"2027-04-28 12:00", "2027-W16", "False", "Overdue", "What is in force stays in force"},
		{"2027-07-02 12:00", "2027-W25", "False", "Lapsed", "kubectl sla sign"},
		{"2028-02-02 12:00", "2028-W04", "False", "Lapsed", ""},
	} {
		b.measured(contract, testkit.Now(), newYork(t, step.at), step.closed)
		b.reconcile()
		says(t, b, "RatificationCurrent", step.status, step.reason, step.says)
		says(t, b, "Ready", metav1.ConditionTrue, "Succeeded", "")
	}
	said := testkit.Events(b.events.Events)
	for _, want := range []string{"Normal RatificationDue", "Warning RatificationOverdue", "Warning RatificationLapsed"} {
		if n := len(slices.DeleteFunc(slices.Clone(said), func(s string) bool { return !strings.HasPrefix(s, want+" ") })); n != 1 {
			t.Errorf("%s %d times in %q", want, n, said)
		}
	}
}

// A cadence that is made a year after the go-live owes the reviews of its own time: nobody knew of any before.
func TestALateCadenceOwesNothingOfBefore(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	contract := b.contract()
	zone := newYork(t, "2027-01-01 00:00").Location()
	made := b.cadence.CreationTimestamp.Time
	own := sla.WeekOf(made, zone)
	_, next, err := own.Next().Bounds(zone) // by then the review of its own week is past its date
	if err != nil {
		t.Fatal(err)
	}
	b.clock.SetTime(next)
	b.measured(contract, made.AddDate(-1, 0, 0), next, string(own.Next()))
	b.reconcile()
	if missed := b.cadence.Status.Reviews[0].Missed; !slices.Equal(missed, []string{string(own)}) {
		t.Errorf("missed %q, want its own week %s alone", missed, own)
	}
}

// The day of a date belongs to it: a review that is held in its evening is never shown as one that was missed.
func TestADateIsOverWithItsDay(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	contract := b.contract()
	for _, step := range []struct {
		at     string
		missed []string
	}{{"2027-01-29 23:00", nil}, {"2027-01-30 00:01", []string{"2027-W03"}}} { // due on the 29th at nine
		b.clock.SetTime(newYork(t, step.at))
		b.measured(contract, newYork(t, "2027-01-18 00:00"), newYork(t, step.at), "2027-W03")
		if result := b.reconcile(); step.missed == nil && result.RequeueAfter > 2*time.Hour {
			t.Errorf("looks again only after %s", result.RequeueAfter)
		}
		if missed := b.cadence.Status.Reviews[0].Missed; !slices.Equal(missed, step.missed) {
			t.Errorf("at %s missed %q, want %q", step.at, missed, step.missed)
		}
	}
}

// A cadence whose contract has nothing in force yet owes nothing.
func TestNothingInForceOwesNothing(t *testing.T) {
	b := newBench(t)
	b.create(b.cadence)
	b.reconcile()
	for _, kind := range []string{"ReviewsHeld", "RatificationCurrent"} {
		says(t, b, kind, metav1.ConditionUnknown, "NotDue", "nothing is in force yet")
	}
}
