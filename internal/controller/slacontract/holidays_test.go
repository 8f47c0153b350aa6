// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/sla"
)

// off names a region whose holidays are days off; both sign it.
func (b *bench) off(region string) {
	b.t.Helper()
	c := testkit.Get(b.t, b.contract)
	c.Spec.Terms.Calendar.Holidays = region
	testkit.SignContract(b.t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
}

// termsRevision is the revision of the terms in force, with what it keeps.
func (b *bench) termsRevision() (*appsv1.ControllerRevision, signedTerms) {
	b.t.Helper()
	name := testkit.Get(b.t, b.contract).Status.Terms.Revision
	revision := testkit.Get(b.t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: name}})
	var kept signedTerms
	if err := json.Unmarshal(revision.Data.Raw, &kept); err != nil {
		b.t.Fatal(err)
	}
	return revision, kept
}

// The revision keeps the dates, and the bundle has those of the revision, whatever the library says later.
func TestHolidaysAreWrittenOutWhenSigned(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.Terms.Calendar.Holidays = "us"
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.inForce()
	revision, kept := b.termsRevision()
	year := testkit.Now().Year()
	if until, ok := (sla.Calendar{HolidayDates: kept.HolidayDates}).HolidaysUntil(); !ok || until != year+10 || kept.Terms.Calendar.Holidays != "us" {
		t.Fatalf("the revision keeps the region %q and dates until %d, want us and %d", kept.Terms.Calendar.Holidays, until, year+10)
	}
	calendar := b.bundle(testkit.Get(t, b.contract).Status.InForce.Bundle).SLA.Calendar
	if diff := cmp.Diff(kept.HolidayDates, calendar.HolidayDates); diff != "" {
		t.Errorf("the bundle has other dates than the revision (-revision +bundle):\n%s", diff)
	}

	bundles := b.bundles()
	b.clock.SetTime(testkit.Now().AddDate(2, 0, 0)) // a library that knows other dates, such as those of two years more
	b.reconcile()
	if again, _ := b.termsRevision(); string(again.Data.Raw) != string(revision.Data.Raw) {
		t.Error("two years later the revision keeps something else")
	}
	if diff := cmp.Diff(bundles, b.bundles()); diff != "" {
		t.Errorf("two years later there are other bundles (-before +after):\n%s", diff)
	}
}

// A region that is not known is said, with those of its country, and what was signed before stays in force.
func TestUnknownRegionOfHolidays(t *testing.T) {
	b := newBench(t)
	b.inForce()
	before := b.bundles()
	b.off("us-ny")
	b.reconcile()
	c := testkit.Get(t, b.contract)
	testkit.Condition(t, c.Status.Conditions, "Ready", metav1.ConditionFalse, slav1alpha1.ReasonInvalidTerms,
		`terms.calendar.holidays: "us-ny" is no region whose public holidays are known; write us; `+c.Status.Terms.Revision+" stays in force")
	if diff := cmp.Diff(before, b.bundles()); diff != "" {
		t.Errorf("the bundles changed (-before +after):\n%s", diff)
	}
}

// From the last year of its dates on, terms say that they run out, with one event; new terms have new dates.
func TestHolidaysRunOut(t *testing.T) {
	b := newBench(t)
	b.contract.Spec.Terms.Calendar.Holidays = "us"
	testkit.SignContract(t, b.contract, testkit.Now(), testkit.Both()...)
	b.inForce()
	year := testkit.Now().Year()
	warned := func() bool {
		for _, c := range testkit.Get(t, b.contract).Status.Conditions {
			if c.Type == slav1alpha1.RatifiedCondition {
				return strings.Contains(c.Message, "the public holidays of us are written out until the end of ")
			}
		}
		return false
	}
	for _, step := range []struct {
		at     time.Time
		warned bool
	}{
		{time.Date(year+9, 12, 31, 23, 0, 0, 0, time.UTC), false},
		{time.Date(year+10, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{time.Date(year+12, 1, 1, 0, 0, 0, 0, time.UTC), true},
	} {
		b.clock.SetTime(step.at)
		b.reconcile()
		if got := warned(); got != step.warned {
			t.Errorf("at %v it warns: %v, want %v", step.at, got, step.warned)
		}
	}
	if n := b.said("HolidaysEnd"); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	c := testkit.Get(t, b.contract)
	c.Spec.Terms.EffectiveFrom = &metav1.Time{Time: b.clock.Now().Add(-time.Hour)}
	testkit.SignContract(t, c, b.clock.Now(), testkit.Both()...)
	b.update(c)
	b.reconcile()
	if warned() {
		t.Error("it still warns of terms that were signed anew")
	}
}

// What cannot be a region is refused at admission.
func TestRegionPattern(t *testing.T) {
	b := newBench(t)
	for _, region := range []string{"US", "u", "us_ny", "us-newyork", "usa"} {
		c := b.contract.DeepCopy()
		c.Spec.Terms.Calendar.Holidays = region
		if err := testkit.Client.Create(t.Context(), c); !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "spec.terms.calendar.holidays") {
			t.Errorf("%q: %v, want an error of the field", region, err)
		}
	}
}

// said counts the events of a reason, and forgets all.
func (b *bench) said(reason string) int {
	n := 0
	for {
		select {
		case event := <-b.events.Events:
			if strings.HasPrefix(event, corev1.EventTypeWarning+" "+reason+" ") {
				n++
			}
		default:
			return n
		}
	}
}
