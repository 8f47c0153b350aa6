// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

var noon = time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }

// dated is a revision with a date, in hours after noon; one below -100 has none.
func dated(number int64, from int) Revision {
	r := Revision{Name: fmt.Sprint("r", number), Number: number, Digest: fmt.Sprint("d", number), Since: hour(-50)}
	if from > -100 {
		r.EffectiveFrom = hour(from)
	}
	return r
}

func TestTimeline(t *testing.T) {
	const none = -1000
	cases := map[string]struct {
		revisions []Revision
		want      string // in force at noon, then what comes
	}{
		"nothing":                   {nil, "-"},
		"one":                       {[]Revision{dated(1, none)}, "r1"},
		"one to come":               {[]Revision{dated(1, 1)}, "- r1"},
		"one whose date is up":      {[]Revision{dated(1, -1)}, "r1"},
		"at its very second":        {[]Revision{dated(1, none), dated(2, 0)}, "r2"},
		"one in force, one to come": {[]Revision{dated(2, 1), dated(1, none)}, "r1 r2"},
		"two to come":               {[]Revision{dated(1, none), dated(2, 1), dated(3, 2)}, "r1 r2 r3"},
		"superseded by one in force": {
			[]Revision{dated(1, none), dated(2, 1), dated(3, none)}, "r3",
		},
		"superseded by an earlier one to come": {[]Revision{dated(1, none), dated(2, 2), dated(3, 1)}, "r1 r3"},
		"superseded at the same second":        {[]Revision{dated(1, none), dated(2, 1), dated(3, 1)}, "r1 r3"},
		"an older one whose date is still up":  {[]Revision{dated(1, none), dated(2, -2), dated(3, -5)}, "r3"},
		"one superseded, one kept":             {[]Revision{dated(1, 1), dated(2, 3), dated(3, 2), dated(4, 4)}, "- r1 r3 r4"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := Stand(tc.revisions, noon)
			got := []string{"-"}
			if s.InForce != nil {
				got[0] = s.InForce.Name
			}
			for _, r := range s.Coming {
				got = append(got, r.Name)
				if at := At(tc.revisions, r.EffectiveFrom); at == nil || at.Name != r.Name {
					t.Errorf("at its time, %v is in force instead of %s", at, r.Name)
				}
			}
			if diff := cmp.Diff(tc.want, strings.Join(got, " ")); diff != "" {
				t.Error(diff)
			}
			if len(s.Coming) > 0 && !s.Next.Equal(s.Coming[0].EffectiveFrom) {
				t.Errorf("looked at again at %v", s.Next)
			}
		})
	}
}

func TestStart(t *testing.T) {
	for name, c := range map[string]struct {
		revision Revision
		want     time.Time
	}{
		"no date":                       {dated(1, -1000), hour(-50)},
		"ratified before its date":      {dated(1, 3), hour(3)},
		"ratified when its date was up": {dated(1, -60), hour(-50)},
	} {
		if got := c.revision.InForce().Since.Time; !got.Equal(c.want) {
			t.Errorf("%s: in force since %v, want %v", name, got, c.want)
		}
	}
}

func TestPendingOfScheduled(t *testing.T) {
	missing := sla.Ratification{Missing: []sla.Party{sla.PartySales}}
	ratified := sla.Ratification{Ratified: true}
	at := &metav1.Time{Time: hour(1)}
	cases := map[string]struct {
		standing Standing
		want     *slav1alpha1.Pending
	}{
		"ratified, its time to come": {
			Standing{Digest: "d2", Ratification: ratified, effectiveFrom: hour(1), Coming: []Revision{dated(2, 1)}},
			&slav1alpha1.Pending{Digest: "d2", EffectiveFrom: at, Revision: "r2"},
		},
		"unsigned, with a date": {
			Standing{Digest: "d2", Ratification: missing, effectiveFrom: hour(1)},
			&slav1alpha1.Pending{Digest: "d2", EffectiveFrom: at, Missing: []slav1alpha1.Party{"Sales"}},
		},
		"unsigned, while another is to come": {
			Standing{Digest: "d3", Ratification: missing, Coming: []Revision{dated(2, 1)}},
			&slav1alpha1.Pending{Digest: "d3", Missing: []slav1alpha1.Party{"Sales"}},
		},
		"what is in force, while another is to come": {
			Standing{Digest: "d1", Ratification: missing, InForce: &Revision{Digest: "d1"}, Coming: []Revision{dated(2, 1)}}, nil,
		},
		"to come, although signed no more": {
			Standing{Digest: "d2", Ratification: missing, effectiveFrom: hour(1), Coming: []Revision{dated(2, 1)}},
			&slav1alpha1.Pending{Digest: "d2", EffectiveFrom: at, Revision: "r2"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.standing.Pending()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWordsAboutWhatIsToCome(t *testing.T) {
	s := Standing{Digest: "d3", InForce: &Revision{Name: "r1"}, Coming: []Revision{dated(2, 1), dated(3, 2)}}
	want := "; r1 stays in force; r2, which is ratified and not what is written now, comes into force at 2027-01-15T13:00:00Z" +
		"; r3, which is ratified, comes into force at 2027-01-15T14:00:00Z"
	if diff := cmp.Diff(want, s.Kept()); diff != "" {
		t.Error(diff)
	}
	want = "r1 is in force; r2 comes into force at 2027-01-15T13:00:00Z; r3 comes into force at 2027-01-15T14:00:00Z"
	if diff := cmp.Diff(want, s.Outlook()); diff != "" {
		t.Error(diff)
	}
	if got := (&Standing{}).Outlook(); got != "" {
		t.Errorf("nothing at all: %q", got)
	}
}

func TestDamagedDate(t *testing.T) {
	damaged := revision("a", 1, digest)
	damaged.Annotations[resources.EffectiveFromAnnotation] = "soon"
	_, err := List(t.Context(), fake.NewClientBuilder().WithObjects(damaged).Build(), series)
	if err == nil || !strings.Contains(err.Error(), "annotation sla.handoff.dev/effective-from") {
		t.Errorf("error %v", err)
	}
}

// A text that was ratified for a date and is overtaken is named until that date: both signed it, and may count on it.
func TestOvertakenTextsAreNamed(t *testing.T) {
	const none = -1000
	said := func(over, from string) string {
		return "; r2, ratified for 2027-01-15T14:00:00Z, never comes into force: " + over + " was ratified after it and takes effect at " + from +
			"; if it is to follow, sign its text again"
	}
	for name, tc := range map[string]struct {
		revisions []Revision
		want      string
	}{
		"in their order":          {[]Revision{dated(1, none), dated(2, 2), dated(3, 3)}, ""},
		"an earlier date":         {[]Revision{dated(1, none), dated(2, 2), dated(3, 1)}, said("r3", "2027-01-15T13:00:00Z")},
		"the same second":         {[]Revision{dated(1, none), dated(2, 2), dated(3, 2)}, said("r3", "2027-01-15T14:00:00Z")},
		"at once":                 {[]Revision{dated(1, none), dated(2, 2), dated(3, none)}, said("r3", "2027-01-13T10:00:00Z")},
		"the date has gone by":    {[]Revision{dated(1, none), dated(2, -2), dated(3, none)}, ""},
		"the second has its turn": {[]Revision{dated(1, none), dated(2, 2), dated(3, 5)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Stand(tc.revisions, noon).overlap()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
