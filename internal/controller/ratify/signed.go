// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"encoding/json"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

// mostSigned is how many times of signing a status shows.
const mostSigned = 8

// Signed are the times at which both parties had signed one of the texts, oldest first. Signing the same text again is one of them: a quarter's
// refresh is judged by these.
func Signed(revisions []Revision) []time.Time {
	var out []time.Time
	for i := range revisions {
		out = append(out, revisions[i].Signed...)
	}
	slices.SortFunc(out, time.Time.Compare)
	return slices.CompactFunc(out, time.Time.Equal)
}

// ShowInForce is what a status shows of the text in force and of all times of signing; nil when nothing is in force.
func (s *Standing) ShowInForce() *slav1alpha1.InForce {
	out := s.InForce.InForce()
	if out == nil {
		return nil
	}
	newest := s.Signed[max(0, len(s.Signed)-mostSigned):]
	for i := len(newest) - 1; i >= 0; i-- {
		out.Signed = append(out.Signed, metav1.NewTime(newest[i]))
	}
	return out
}

// signedAgain is when both parties have signed a text again since a time: each with a sign-off that counts and is newer. Zero when they have not:
// one party's new date is not yet an agreement.
func signedAgain(offs []sla.SignOff, subject sla.Subject, check sla.Check, since time.Time) time.Time {
	newer := func(off sla.SignOff) (bool, string) {
		if !off.At.After(since) {
			return false, "not signed again"
		}
		return check(off)
	}
	return sla.RatifyWith(offs, subject, nil, newer).SignedAt
}

// agreed adds a time of signing. Times only grow: one that is there stays, and what is not newer than the last is none.
func agreed(signed []time.Time, at time.Time) []time.Time {
	if at.IsZero() || (len(signed) > 0 && !at.After(signed[len(signed)-1])) {
		return signed
	}
	return append(slices.Clone(signed), at.UTC().Truncate(time.Second))
}

func lastOf(signed []time.Time) time.Time {
	if len(signed) == 0 {
		return time.Time{}
	}
	return signed[len(signed)-1]
}

// readSigned reads the annotation. A revision of before there was one was signed once.
func readSigned(text string, signedAt time.Time) ([]time.Time, error) {
	if text == "" {
		return []time.Time{signedAt}, nil
	}
	var out []time.Time
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, err
	}
	slices.SortFunc(out, time.Time.Compare)
	return out, nil
}
