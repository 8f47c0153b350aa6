// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"slices"
)

// KindRefused is an attempt to reject a lead without a reason code that was refused. Nobody sends it, and it changes nothing of the lead: it is what
// was tried first, which the clause about reason codes goes by.
const KindRefused Kind = "refused"

// Uncoded says whether a disposition gives a lead back to marketing without a reason code for it, though there are codes to do so.
func Uncoded(codes []Disposition, d Disposed) bool {
	outcome, code := d.resolve(codes)
	return outcome.rejects() && code == nil && !d.Coded && len(RejectionCodes(codes, outcome)) > 0
}

// RejectionCodes are the names of the codes by which leads are given back with an outcome; where it has none, those of the other.
func RejectionCodes(codes []Disposition, outcome Outcome) []string {
	var same, other []string
	for _, code := range codes {
		switch {
		case code.Outcome == outcome:
			same = append(same, code.Name)
		case code.Outcome.rejects():
			other = append(other, code.Name)
		}
	}
	if len(same) > 0 {
		return same
	}
	return other
}

// Enforced is a history as it is where rejections without a reason code are refused. The history itself is not changed, and given back where there is
// none.
func Enforced(codes []Disposition, history []Event) []Event {
	refused := func(e Event) bool {
		return e.Kind == KindDisposition && e.Disposition != nil && Uncoded(codes, *e.Disposition)
	}
	if !slices.ContainsFunc(history, refused) {
		return history
	}
	enforced := slices.Clone(history)
	for i, e := range enforced {
		if refused(e) {
			enforced[i].Kind = KindRefused
		}
	}
	return enforced
}

// VoidIn are the positions in a history, which is in (Time, Sequence) order, of the rejections that were overturned, and of the refused attempts at
// them: what came after the rejection before.
func VoidIn(codes []Disposition, history []Event) map[int]bool {
	var void map[int]bool
	for _, o := range OverturnedIn(codes, history) {
		if void == nil {
			void = map[int]bool{}
		}
		void[o.Rejection] = true
		for i := o.Rejection - 1; i >= 0 && !history[i].rejects(codes); i-- {
			if history[i].Kind == KindRefused {
				void[i] = true
			}
		}
	}
	return void
}

// rejects says whether the event gives the lead back.
func (e Event) rejects(codes []Disposition) bool {
	if e.Kind != KindDisposition || e.Disposition == nil {
		return false
	}
	outcome, _ := e.Disposition.resolve(codes)
	return outcome.rejects()
}

// Observing is the program of terms that hold nothing up: a lead without required fields is handed off all the same.
func (p *Program) Observing() *Program {
	observing := *p
	observing.observes = true
	return &observing
}
