// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRatify(t *testing.T) {
	const (
		now = "v1:sha256:aaaaaaaa11111111"
		old = "v1:sha256:bbbbbbbb22222222"
	)
	day := func(n int) time.Time { return time.Date(2027, 1, n, 12, 0, 0, 0, time.UTC) }
	both := []Party{PartyMarketing, PartySales}
	off := func(p Party, n int, digest string) SignOff {
		return SignOff{Party: p, By: "VP", At: day(n), Object: "revenue/mid-market", Digest: digest}
	}
	of := func(object string) SignOff {
		return SignOff{Party: PartySales, By: "VP", At: day(5), Object: object, Digest: now}
	}
	refused := func(note string) Ratification { return Ratification{Missing: both[1:], Notes: []string{note}} }
	signed := []SignOff{off(PartyMarketing, 3, now), off(PartySales, 5, now)}
	cases := map[string]struct {
		offs    []SignOff
		inForce *InForce
		want    Ratification
	}{
		"nobody":                 {want: Ratification{Missing: both, Notes: []string{"Marketing has not signed", "Sales has not signed"}}},
		"both, nothing in force": {offs: signed, want: Ratification{Ratified: true, SignedAt: day(5)}},
		"the order does not matter": {
			offs: []SignOff{signed[1], signed[0]}, want: Ratification{Ratified: true, SignedAt: day(5)},
		},
		"one party is not enough": {
			offs: signed[:1], want: Ratification{Missing: both[1:], Notes: []string{"Sales has not signed"}},
		},
		"one party twice is not both": {
			offs: []SignOff{signed[0], off(PartyMarketing, 5, now)},
			want: Ratification{Missing: both[1:], Notes: []string{"Sales has not signed"}},
		},
		"a sign-off of another text, pasted": {
			offs: []SignOff{signed[0], off(PartySales, 5, old)},
			want: Ratification{Missing: both[1:], Notes: []string{
				"Sales signed v1:sha256:bbbbbbbb…, another text than v1:sha256:aaaaaaaa…, which is written now",
			}},
		},
		"of another name, copied with the text": {
			offs: []SignOff{signed[0], of("revenue/other")},
			want: refused("Sales signed for revenue/other, and this is revenue/mid-market"),
		},
		"of the name in another namespace": {
			offs: []SignOff{signed[0], of("europe/mid-market")},
			want: refused("Sales signed for europe/mid-market, and this is revenue/mid-market"),
		},
		"of no object": {
			offs: []SignOff{signed[0], of("")},
			want: refused("the sign-off of Sales does not say for which object (namespace/name): sign again"),
		},
		"of a name alone": {
			offs: []SignOff{signed[0], of("mid-market")},
			want: refused("the sign-off of Sales does not say for which object (namespace/name): sign again"),
		},
		"of the object, among others": {
			offs: []SignOff{of("revenue/other"), signed[0], signed[1]}, want: Ratification{Ratified: true, SignedAt: day(5)},
		},
		"what is in force, of another object": {
			offs: []SignOff{signed[0], of("revenue/other")}, inForce: &InForce{Digest: now, SignedAt: day(5)},
			want: refused("Sales signed for revenue/other, and this is revenue/mid-market"),
		},
		"newer than what is in force": {
			offs: signed, inForce: &InForce{Digest: old, SignedAt: day(2)}, want: Ratification{Ratified: true, SignedAt: day(5)},
		},
		"a revert with the old signatures": {
			offs: signed, inForce: &InForce{Digest: old, SignedAt: day(9)},
			want: Ratification{Missing: both, Notes: []string{
				"Marketing signed on 2027-01-03T12:00:00Z, before v1:sha256:bbbbbbbb… was signed on 2027-01-09T12:00:00Z, which was ratified last: bringing back an older text needs new signatures",
				"Sales signed on 2027-01-05T12:00:00Z, before v1:sha256:bbbbbbbb… was signed on 2027-01-09T12:00:00Z, which was ratified last: bringing back an older text needs new signatures",
			}},
		},
		"a revert signed anew by both": {
			offs:    []SignOff{off(PartyMarketing, 10, now), off(PartySales, 11, now)},
			inForce: &InForce{Digest: old, SignedAt: day(9)}, want: Ratification{Ratified: true, SignedAt: day(11)},
		},
		"the same instant is not older": {
			offs: []SignOff{off(PartyMarketing, 9, now), off(PartySales, 9, now)}, inForce: &InForce{Digest: old, SignedAt: day(9)},
			want: Ratification{Ratified: true, SignedAt: day(9)},
		},
		"what is in force stays ratified": {
			offs: signed, inForce: &InForce{Digest: now, SignedAt: day(9)}, want: Ratification{Ratified: true, SignedAt: day(5)},
		},
		"no date": {
			offs: []SignOff{signed[0], {Party: PartySales, By: "VP", Object: "revenue/mid-market", Digest: now}},
			want: Ratification{Missing: both[1:], Notes: []string{"the sign-off of Sales has no date"}},
		},
		"duplicates: one that counts is enough, the newest dates it": {
			offs: []SignOff{off(PartySales, 9, old), signed[0], signed[1], off(PartySales, 7, now)},
			want: Ratification{Ratified: true, SignedAt: day(7)},
		},
		"duplicates: every flaw is named": {
			offs: []SignOff{signed[0], {Party: PartySales, Object: "revenue/mid-market", Digest: now}, off(PartySales, 7, "mine")},
			want: Ratification{Missing: both[1:], Notes: []string{
				"the sign-off of Sales has no date", `Sales signed "mine", another text than v1:sha256:aaaaaaaa…, which is written now`,
			}},
		},
		"a stranger": {
			offs: append([]SignOff{off("Legal", 4, now)}, signed...),
			want: Ratification{Ratified: true, SignedAt: day(5), Notes: []string{`"Legal" is no party to the agreement: its sign-off counts for nothing`}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Ratify(tc.offs, Subject{Namespace: "revenue", Name: "mid-market", Digest: now}, tc.inForce)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("Ratify (-want +got):\n%s", diff)
			}
			if strings.Contains(strings.Join(got.Notes, ""), "VP") {
				t.Errorf("notes name a person: %q", got.Notes)
			}
		})
	}
}

// A manifest may leave its namespace to whoever applies it: then its name is compared.
func TestElsewhereWithoutANamespace(t *testing.T) {
	subject := Subject{Name: "mid-market"}
	for object, want := range map[string]string{
		"revenue/mid-market": "",
		"europe/mid-market":  "",
		"revenue/other":      "Sales signed for revenue/other, and this is mid-market",
		"":                   "the sign-off of Sales does not say for which object (namespace/name): sign again",
	} {
		if got := subject.Elsewhere(SignOff{Party: PartySales, Object: object}); got != want {
			t.Errorf("%q: got %q, want %q", object, got, want)
		}
	}
}
