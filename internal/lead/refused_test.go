// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var rejectionCodes = []Disposition{
	{Name: "AcceptAsSQL", Outcome: Accepted}, {Name: "BadTiming", Outcome: Recycled}, {Name: "NotICP", Outcome: Disqualified},
}

func TestUncoded(t *testing.T) {
	for name, c := range map[string]struct {
		said  Disposed
		codes []Disposition
		want  bool
	}{
		"no reason":                          {said: Disposed{Outcome: Recycled}, codes: rejectionCodes, want: true},
		"a reason that is no code":           {said: Disposed{Outcome: Disqualified, Reason: "meh"}, codes: rejectionCodes, want: true},
		"the code of another outcome":        {said: Disposed{Outcome: Disqualified, Reason: "BadTiming"}, codes: rejectionCodes, want: true},
		"a code":                             {said: Disposed{Outcome: Recycled, Reason: "BadTiming"}, codes: rejectionCodes},
		"a code alone":                       {said: Disposed{Reason: "NotICP"}, codes: rejectionCodes},
		"a code when it was taken":           {said: Disposed{Outcome: Recycled, Reason: "Old", Coded: true}, codes: rejectionCodes},
		"an acceptance needs none":           {said: Disposed{Outcome: Accepted}, codes: rejectionCodes},
		"nothing that is known":              {said: Disposed{Reason: "meh"}, codes: rejectionCodes},
		"a definition without codes to give": {said: Disposed{Outcome: Recycled}, codes: rejectionCodes[:1]},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Uncoded(c.codes, c.said); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRejectionCodes(t *testing.T) {
	for outcome, want := range map[Outcome][]string{Recycled: {"BadTiming"}, Disqualified: {"NotICP"}} {
		if got := RejectionCodes(rejectionCodes, outcome); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", outcome, got, want)
		}
	}
	if got := RejectionCodes(rejectionCodes[:2], Disqualified); !slices.Equal(got, []string{"BadTiming"}) {
		t.Errorf("an outcome without a code: got %v, want those of the other", got)
	}
}

func TestEnforced(t *testing.T) {
	history := []Event{
		{Kind: KindCaptured},
		{Kind: KindDisposition, Disposition: &Disposed{Outcome: Recycled}},
		{Kind: KindDisposition, Disposition: &Disposed{Reason: "BadTiming"}},
	}
	var got []Kind
	for _, e := range Enforced(rejectionCodes, history) {
		got = append(got, e.Kind)
	}
	if diff := cmp.Diff([]Kind{KindCaptured, KindRefused, KindDisposition}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if history[1].Kind != KindDisposition {
		t.Error("the history itself was changed")
	}
}

// A rejection that both overturned is void, and so is the attempt at it that was refused; one at a rejection before it is not.
func TestOverturnedWithItsAttempts(t *testing.T) {
	at := time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)
	history := []Event{
		{Sequence: 1, Kind: KindRefused},
		{Sequence: 2, Kind: KindDisposition, Disposition: &Disposed{Reason: "BadTiming"}},
		{Sequence: 3, Kind: KindRefused},
		{Sequence: 4, Kind: KindTouch, Touch: &Touch{}},
		{Sequence: 5, Kind: KindDisposition, Disposition: &Disposed{Reason: "NotICP"}},
		{Sequence: 6, Kind: KindContested, Contest: &Contest{Ruling: ContestOverturned}},
		{Sequence: 7, Kind: KindRefused},
	}
	for i := range history {
		history[i].Time = at.Add(time.Duration(i) * time.Hour)
	}
	var kept []int64
	for _, e := range WithoutOverturned(rejectionCodes, history) {
		kept = append(kept, e.Sequence)
	}
	if diff := cmp.Diff([]int64{1, 2, 4, 7}, kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
