// SPDX-License-Identifier: Apache-2.0

package leaddefinition

import (
	"strings"
	"testing"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// The same text signed again is a time of signing and no new revision. Times are neither lost nor moved back.
func TestSignedAgain(t *testing.T) {
	b := newBench(t)
	january := testkit.Now()
	d := testkit.Definition(testkit.Namespace(t), "mid-market")
	testkit.SignDefinition(t, d, january, testkit.Both()...)
	b.create(d)
	b.mustReconcile(d)
	revision := d.Status.InForce.Revision
	signed := func(when string, want ...time.Time) {
		t.Helper()
		var got []string
		for _, at := range d.Status.InForce.Signed {
			got = append(got, at.UTC().Format(time.RFC3339))
		}
		var wanted []string
		for _, at := range want {
			wanted = append(wanted, at.Format(time.RFC3339))
		}
		if strings.Join(got, " ") != strings.Join(wanted, " ") {
			t.Errorf("%s: signed at %v, want %v", when, got, wanted)
		}
		if d.Status.InForce.Revision != revision {
			t.Errorf("%s: %s is in force instead of %s", when, d.Status.InForce.Revision, revision)
		}
	}
	sign := func(at time.Time, parties ...slav1alpha1.Party) {
		t.Helper()
		old := d.Spec.SignOffs
		testkit.SignDefinition(t, d, at, parties...)
		if len(parties) == 1 { // Marketing's comes first
			d.Spec.SignOffs = append(d.Spec.SignOffs, old[1])
		}
		b.update(d)
		b.mustReconcile(d)
	}
	signed("at first", january)

	april := january.AddDate(0, 0, 85)
	b.clock.SetTime(april.Add(time.Hour))
	sign(april, slav1alpha1.PartyMarketing)
	signed("by one party", january)
	sign(april, testkit.Both()...)
	signed("by both", april, january)
	sign(april.AddDate(1, 0, 0), testkit.Both()...)
	signed("with a date that is to come", april, january)
	sign(january, testkit.Both()...)
	signed("with an older date", april, january)

	b.clock.SetTime(january.Add(-24 * time.Hour))
	b.mustReconcile(d)
	signed("with a clock that went back", april, january)
	b.clock.SetTime(april.Add(2 * time.Hour))
	d.Status = slav1alpha1.LeadDefinitionStatus{}
	if err := testkit.Client.Status().Update(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	b.mustReconcile(d)
	signed("from the revision alone", april, january)
	b.mustReconcile(d)
	if len(b.writes.All) > 0 {
		t.Errorf("at rest: %v", b.writes.All)
	}
}
