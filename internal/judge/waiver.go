// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// signedWithin is how long after the end of a week a waiver for it can still be signed.
const signedWithin = 7 * day

// waiver that takes a clause out of judgement in a week; empty when none does. A waiver without effect is noted.
func (j *judging) waiver(clause sla.Clause, w span) string {
	for _, x := range j.Waivers {
		if x.Clause == clause && j.touches(x, w) && j.effective(x, w) {
			return x.Name
		}
	}
	return ""
}

// touches says whether the waiver holds on any day of the week.
func (j *judging) touches(x Waiver, w span) bool {
	from, _, err := sla.Day(x.From, j.zone)
	_, to, errTo := sla.Day(x.To, j.zone)
	if err != nil || errTo != nil {
		j.note("waiver %s has no effect: its days, %q to %q, cannot be read; write YYYY-MM-DD", x.Name, x.From, x.To)
		return false
	}
	return from.Before(w.to) && to.After(w.from)
}

// effective says whether both parties signed the waiver in time for the week.
func (j *judging) effective(x Waiver, w span) bool {
	switch {
	case x.Signed.IsZero():
		why := strings.Join(x.Flaws, "; ")
		if why == "" {
			why = "not both parties have signed it"
		}
		j.note("waiver %s has no effect: %s", x.Name, why)
		return false
	case x.Signed.After(w.to.Add(signedWithin)):
		j.note("waiver %s has no effect on %s: it was signed on %s, more than 7 days after that week ended",
			x.Name, w.period, x.Signed.In(j.zone).Format(time.DateOnly))
		return false
	}
	return true
}

// waive takes a row out of judgement. Its numbers stay.
func waive(row *sla.Row, name string) {
	row.Verdict, row.Indicator, row.Severe, row.Waiver = sla.VerdictWaived, sla.Grey, false, name
}
