// SPDX-License-Identifier: Apache-2.0

package ratify

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Counted judges the sign-offs of what is agreed beside a text, such as a waiver: by the rules and the keys of the text itself, but for what was in
// force before it. What is dated in the future does not count yet; `again` is then when it does.
func Counted(offs []sla.SignOff, subject sla.Subject, check sla.Check, now time.Time) (r sla.Ratification, again time.Time) {
	counted, early := split(offs, now)
	r = sla.RatifyWith(counted, subject, nil, check)
	for _, off := range early {
		r.Notes = append(r.Notes, future(off))
		if at := off.At.Add(-skew); again.IsZero() || at.Before(again) {
			again = at
		}
	}
	return r, again
}

func future(off sla.SignOff) string {
	return fmt.Sprintf("%s's sign-off is dated %s, which is in the future", off.Party, stamp(off.At))
}
