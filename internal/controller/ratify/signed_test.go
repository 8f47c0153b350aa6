// SPDX-License-Identifier: Apache-2.0

package ratify

import (
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

// A text is signed again when both parties have a sign-off that counts and is newer than the last time.
func TestSignedAgain(t *testing.T) {
	since := hour(0)
	off := func(party sla.Party, hours int) sla.SignOff {
		return sla.SignOff{Party: party, At: hour(hours), Object: "revenue/acme", Digest: digest}
	}
	refused := func(sla.SignOff) (bool, string) { return false, "signed by name, but has keys" }
	byName := func(sla.SignOff) (bool, string) { return false, "" }
	for name, tc := range map[string]struct {
		offs  []sla.SignOff
		check sla.Check
		want  time.Time
	}{
		"both":                       {[]sla.SignOff{off(sla.PartyMarketing, 2), off(sla.PartySales, 1)}, byName, hour(2)},
		"one":                        {[]sla.SignOff{off(sla.PartyMarketing, 2), off(sla.PartySales, 0)}, byName, time.Time{}},
		"neither":                    {[]sla.SignOff{off(sla.PartyMarketing, 0), off(sla.PartySales, -3)}, byName, time.Time{}},
		"one of them does not count": {[]sla.SignOff{off(sla.PartyMarketing, 2), off(sla.PartySales, 1)}, refused, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := signedAgain(tc.offs, sla.Subject{Namespace: "revenue", Name: "acme", Digest: digest}, tc.check, since)
			if !got.Equal(tc.want) {
				t.Errorf("signed again at %v, want %v", got, tc.want)
			}
		})
	}
}

func TestTimesOfSigningOnlyGrow(t *testing.T) {
	times := []time.Time{hour(1), hour(3)}
	for name, tc := range map[string]struct {
		at   time.Time
		want []time.Time
	}{
		"a new one":    {hour(4), []time.Time{hour(1), hour(3), hour(4)}},
		"the last":     {hour(3), times},
		"an older one": {hour(2), times},
		"none":         {time.Time{}, times},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, agreed(times, tc.at)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Every text of the object counts, the newest times are shown first, and no more than eight.
func TestSignedIsShown(t *testing.T) {
	var revisions []Revision
	for i := range 5 {
		r := dated(int64(i+1), -1000)
		r.Signed = []time.Time{hour(-20 + i), hour(-10 + i)}
		revisions = append(revisions, r)
	}
	shown := Stand(revisions, noon).ShowInForce()
	var want []metav1.Time
	for _, h := range []int{-6, -7, -8, -9, -10, -16, -17, -18} {
		want = append(want, metav1.NewTime(hour(h)))
	}
	if diff := cmp.Diff(want, shown.Signed); diff != "" || shown.Revision != "r5" {
		t.Errorf("%s: %s", shown.Revision, diff)
	}
	if got := Stand(nil, noon).ShowInForce(); got != nil {
		t.Errorf("nothing in force: %+v", got)
	}
}

// A revision of before times of signing were kept was signed once; one that was damaged says so.
func TestTimesOfSigningAreRead(t *testing.T) {
	old := revision("a", 1, digest)
	read, err := Read(old)
	if err != nil || !cmp.Equal([]time.Time{read.SignedAt}, read.Signed) {
		t.Errorf("%+v, %v", read.Signed, err)
	}
	old.Annotations[resources.SignedAnnotation] = `["2027-04-05T00:00:00Z","2027-01-14T14:00:00Z"]`
	if read, err = Read(old); err != nil || len(read.Signed) != 2 || read.Signed[0].After(read.Signed[1]) {
		t.Errorf("%+v, %v", read.Signed, err)
	}
	old.Annotations[resources.SignedAnnotation] = `["soon"]`
	if _, err = Read(old); err == nil || !strings.Contains(err.Error(), "ControllerRevision revenue/a: annotation sla.handoff.dev/signed") {
		t.Errorf("error %v", err)
	}
}

// A cache that is behind loses no time of signing: it is added to what the cluster has.
func TestTimesOfSigningPastTheCache(t *testing.T) {
	live := revision("acme-terms-01234567", 1, digest)
	live.Annotations[resources.SignedAnnotation] = `["2027-01-14T14:00:00Z","2027-04-05T00:00:00Z"]`
	c := fake.NewClientBuilder().WithObjects(live).Build()
	cached, err := Read(revision(live.Name, 1, digest))
	if err != nil {
		t.Fatal(err)
	}
	july := time.Date(2027, 7, 1, 9, 0, 0, 0, time.UTC)
	var offs []slav1alpha1.SignOff
	for _, p := range []slav1alpha1.Party{"Marketing", "Sales"} {
		offs = append(offs, slav1alpha1.SignOff{Party: p, At: metav1.NewTime(july), Object: "revenue/acme", Digest: digest})
	}
	standing, err := Keeper{Client: c, Live: c}.Keep(t.Context(), Text{
		Series: series, Owner: resources.Owner{Namespace: "revenue", Name: "acme"}, Prefix: "acme-terms", Digest: digest, SignOffs: offs,
	}, []Revision{cached}, july.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	want := []time.Time{cached.SignedAt, time.Date(2027, 4, 5, 0, 0, 0, 0, time.UTC), july}
	if diff := cmp.Diff(want, standing.Signed); diff != "" {
		t.Error(diff)
	}
}
