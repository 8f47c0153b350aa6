// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

const digest = "v1:sha256:0123456789abcdef"

func TestMissing(t *testing.T) {
	tests := map[string]struct {
		standing Standing
		want     string
	}{
		"one party": {
			Standing{Digest: digest, Ratification: sla.Ratification{Missing: []sla.Party{sla.PartySales}, Notes: []string{"Sales has not signed"}}},
			"Sales has not signed v1:sha256:01234567…; run `kubectl sla sign --party Sales --by ROLE FILE` on the manifest of slacontract/acme",
		},
		"both, of which one signed another text, and something in force": {
			Standing{Digest: digest, InForce: &Revision{Name: "acme-terms-1"}, Ratification: sla.Ratification{
				Missing: []sla.Party{sla.PartyMarketing, sla.PartySales}, Notes: []string{"Marketing has not signed", "Sales signed an older text"},
			}},
			"Marketing and Sales have not signed v1:sha256:01234567… (Sales signed an older text); run `kubectl sla sign --party Marketing --by ROLE FILE` " +
				"and `kubectl sla sign --party Sales --by ROLE FILE` on the manifest of slacontract/acme; acme-terms-1 stays in force",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.standing.Missing("slacontract", "acme")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPending(t *testing.T) {
	missing := sla.Ratification{Missing: []sla.Party{sla.PartySales}}
	pending := &slav1alpha1.Pending{Digest: digest, Missing: []slav1alpha1.Party{"Sales"}}
	tests := map[string]struct {
		standing Standing
		want     *slav1alpha1.Pending
	}{
		"does not compile":              {Standing{Ratification: missing}, nil},
		"ratified":                      {Standing{Digest: digest, Ratification: sla.Ratification{Ratified: true}}, nil},
		"nothing in force":              {Standing{Digest: digest, Ratification: missing}, pending},
		"another text in force":         {Standing{Digest: digest, Ratification: missing, InForce: &Revision{Digest: "v1:sha256:ff"}}, pending},
		"this text, without signatures": {Standing{Digest: digest, Ratification: missing, InForce: &Revision{Digest: digest}}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.standing.Pending()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShort(t *testing.T) {
	for given, want := range map[string]string{digest: "v1:sha256:01234567…", "v1:sha256:0123": "v1:sha256:0123", "": ""} {
		if got := Short(given); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
}

func revision(name string, number int64, text string) *appsv1.ControllerRevision {
	return &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "revenue", Name: name,
			Labels: map[string]string{
				resources.ManagedByLabel: resources.ManagedBy, resources.ComponentLabel: "terms", resources.ContractLabel: "acme",
			},
			Annotations: map[string]string{
				resources.DigestAnnotation: text, resources.SignedAtAnnotation: "2027-01-14T14:00:00Z", resources.RatifiedAtAnnotation: "2027-01-14T15:00:00Z",
			},
		},
		Revision: number,
	}
}

var series = Series{Namespace: "revenue", Label: resources.ContractLabel, Object: "acme", Component: resources.Terms}

func TestHistory(t *testing.T) {
	other := revision("other", 9, digest)
	other.Labels[resources.ContractLabel] = "other"
	reader := fake.NewClientBuilder().WithObjects(revision("a", 3, "x"), revision("b", 2, "y"), other).Build()
	all, err := List(t.Context(), reader, series)
	if err != nil {
		t.Fatal(err)
	}
	want := &Revision{
		Name: "a", Number: 3, Digest: "x",
		SignedAt: time.Date(2027, 1, 14, 14, 0, 0, 0, time.UTC), Since: time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC),
		Signed: []time.Time{time.Date(2027, 1, 14, 14, 0, 0, 0, time.UTC)},
	}
	if diff := cmp.Diff(want, Newest(all)); diff != "" {
		t.Error(diff)
	}
	if len(all) != 2 || Named(all, "b").Number != 2 || Named(all, "other") != nil || Newest(nil) != nil {
		t.Errorf("%+v", all)
	}
}

func TestDamagedRevision(t *testing.T) {
	damaged := revision("a", 1, digest)
	delete(damaged.Annotations, resources.SignedAtAnnotation)
	_, err := List(t.Context(), fake.NewClientBuilder().WithObjects(damaged).Build(), series)
	if err == nil || !strings.Contains(err.Error(), "ControllerRevision revenue/a: annotation sla.handoff.dev/signed-at") {
		t.Errorf("error %v", err)
	}
}

func TestNameTakenByAnotherText(t *testing.T) {
	taken := revision("acme-terms-01234567", 1, "v1:sha256:01234567ffff")
	c := fake.NewClientBuilder().WithObjects(taken).Build()
	now := time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC)
	var offs []slav1alpha1.SignOff
	for _, p := range []slav1alpha1.Party{"Marketing", "Sales"} {
		offs = append(offs, slav1alpha1.SignOff{Party: p, At: metav1.NewTime(now), Object: "revenue/acme", Digest: digest})
	}
	_, err := Keeper{Client: c, Live: c}.Keep(t.Context(), Text{
		Series: series, Owner: resources.Owner{Namespace: "revenue", Name: "acme"}, Prefix: "acme-terms", Digest: digest, SignOffs: offs,
	}, nil, now)
	if err == nil || !strings.Contains(err.Error(), "is taken by v1:sha256:01234567…") {
		t.Errorf("error %v", err)
	}
}

// Sign-offs of before they named their object ratify nothing any more; what they ratified stays in force.
func TestSignOffsThatNameNoObject(t *testing.T) {
	kept := revision("acme-terms-01234567", 1, digest)
	c := fake.NewClientBuilder().WithObjects(kept).Build()
	all, err := List(t.Context(), c, series)
	if err != nil {
		t.Fatal(err)
	}
	at := all[0].SignedAt
	offs := []slav1alpha1.SignOff{
		{Party: "Marketing", At: metav1.NewTime(at), Digest: digest}, {Party: "Sales", At: metav1.NewTime(at), Digest: digest},
	}
	for name, tc := range map[string]struct {
		revisions []Revision
		want      string // in force
	}{
		"with the text in force": {all, kept.Name},
		"with nothing in force":  {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Keeper{Client: c, Live: c}.Keep(t.Context(), Text{
				Series: series, Owner: resources.Owner{Namespace: "revenue", Name: "acme"}, Prefix: "acme-terms", Digest: digest, SignOffs: offs,
			}, tc.revisions, at.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			inForce := ""
			if got.InForce != nil {
				inForce = got.InForce.Name
			}
			if inForce != tc.want || got.Ratification.Ratified || !strings.Contains(got.Missing("slacontract", "acme"), "does not say for which object") {
				t.Errorf("%q in force, %+v", inForce, got.Ratification)
			}
		})
	}
}
