// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// maxContacts of an account are listed.
const maxContacts = 10

func (a *Account) text(w io.Writer) {
	verdict := yes(a.holds())
	if a.Unknown != "" {
		verdict = "cannot be said"
	}
	fmt.Fprintf(w, "    account\t%s\t%s: %s\n", verdict, a.Asks(), a.has())
	for i, one := range a.Contacts {
		if i == maxContacts {
			fmt.Fprintf(w, "      and %d more\n", len(a.Contacts)-i)
			return
		}
		fmt.Fprintf(w, "      %s\t%s\n", one.Lead, points(float64(one.Score)))
	}
}

// ledgerText says what the ledger made of the lead, where that is not what the rest is about.
func (x *Explanation) ledgerText(w io.Writer) {
	if x.Ledger == nil {
		return
	}
	l := x.Ledger
	if l.InForce == "" {
		fmt.Fprintf(w, "Ledger tenant %s: no definition is in force\n", l.Tenant)
	} else {
		fmt.Fprintf(w, "Ledger tenant %s of contract %s: definition %s in force since %s\n", l.Tenant, l.Contract, l.InForce, instant(l.Since))
	}
	if l.Draft {
		fmt.Fprintf(w, "What follows is what it would be under %s. In the ledger its stage is %s.\n", x.Definition, l.Stage)
	}
	for _, h := range l.HandOffs {
		if l.Draft || h.Revision != l.InForce {
			fmt.Fprintf(w, "In the ledger it was handed off at %s under revision %s: %s\n", instant(h.At), h.Revision, h.text())
		}
	}
}

func (h HandOff) text() string {
	text := fmt.Sprintf("path %s, score %d, intent %s", h.Path, h.Score, h.Intent)
	if h.Contacts > 0 {
		text += fmt.Sprintf(", account with %s and %s", counted(h.Contacts, "contact"), counted(h.Account, "point"))
	}
	return text
}

// cyclesText lists hand-offs and what sales decided, of a lead about which sales decided anything.
func (x *Explanation) cyclesText(w io.Writer) {
	if len(x.Disposals) == 0 && len(x.LateContacts) == 0 && len(x.Raises) == 0 && x.Cycle == 1 {
		return
	}
	fmt.Fprintf(w, "\nHAND-OFFS\tcycle %d\n", x.Cycle)
	for number := 1; number <= max(1, len(x.HandOffs)); number++ {
		if number <= len(x.HandOffs) {
			h := x.HandOffs[number-1]
			fmt.Fprintf(w, "  handed off\t%s\t%s\n", instant(h.At), h.text())
		} else {
			fmt.Fprintf(w, "  never handed off\n")
		}
		for _, r := range x.Raises {
			if r.Cycle == number {
				fmt.Fprintf(w, "    intent\t%s\trose to %s\n", instant(r.At), r.Intent)
			}
		}
		for _, late := range x.LateContacts {
			if late.Cycle == number {
				fmt.Fprintf(w, "    contact\t%s\tput on record more than %d hours later: it is no first contact\n", instant(late.At), int(lead.LateLogged.Hours()))
			}
		}
		for _, d := range x.Disposals {
			if d.Cycle == number {
				fmt.Fprintf(w, "    %s\t%s\t%s\n", strings.ToLower(d.Outcome), instant(d.At), d.note())
			}
		}
	}
	if x.Cycle > 1 && x.Qualified == nil {
		fmt.Fprintf(w, "  it reached a path again, but is not handed off\n")
	}
}

func (d Disposal) note() string {
	text := d.counts()
	if d.Status != "" {
		text += ", status " + d.Status
	}
	if d.Overturned {
		text += "; overturned by both parties, as if it had not been"
	}
	return text
}

// counts says what there is to the reason.
func (d Disposal) counts() string {
	switch {
	case d.Refused:
		return "refused: without a reason code it was not taken; the clause rejection goes by this first attempt"
	case d.Coded && d.FullCadence && d.MinAttempts == 0:
		return d.Reason + ", which counts after the contract's full follow-up"
	case d.Coded && d.Attempts < d.MinAttempts:
		return fmt.Sprintf("%s, after %s of the %d it demands: the terms observe, and it counts all the same", d.Reason, counted(d.Attempts, "attempt"), d.MinAttempts)
	case d.Coded && d.MinAttempts > 0:
		return fmt.Sprintf("%s, after %s of the %d it demands", d.Reason, counted(d.Attempts, "attempt"), d.MinAttempts)
	case d.MinAttempts > 0:
		return fmt.Sprintf("%s does not count as a reason code: it demands %s and had %d", d.Reason, counted(d.MinAttempts, "attempt"), d.Attempts)
	case d.Reason == "":
		return "without a reason"
	case !d.Coded:
		return d.Reason + " is no reason code of that outcome"
	default:
		return d.Reason
	}
}

func (x *Explanation) salesText(w io.Writer) {
	s := x.Sales
	if s == nil {
		return
	}
	var heading string
	switch {
	case s.Since != nil:
		heading = "SQL since " + instant(*s.Since)
	case x.Qualified == nil:
		heading = "asked once it is an MQL"
	case !s.Told:
		heading = "no SQL: nothing is known of a conversation"
	default:
		heading = "no SQL yet"
	}
	if s.Revision != "" {
		heading += ", by revision " + s.Revision + ", which handed it off"
	}
	fmt.Fprintf(w, "\nSALES QUALIFICATION\t%s\n", heading)
	for _, c := range s.Criteria {
		c.text(w)
	}
}

func (x *Explanation) reentryText(w io.Writer) {
	r := x.Reentry
	if r == nil {
		return
	}
	fmt.Fprintf(w, "\nRE-ENTRY\t%s\n", r.verdict())
	if r.From == nil {
		return
	}
	fmt.Fprintf(w, "  by\ta signal after the disposition: %s\n", strings.Join(r.By, ", "))
	if len(r.Signals) == 0 {
		fmt.Fprintf(w, "  since then\tnone\n")
	} else {
		fmt.Fprintf(w, "  since then\t%s\n", strings.Join(r.Signals, ", "))
	}
	if len(r.Early) > 0 {
		fmt.Fprintf(w, "  before that time\tby %s, if the newer signals alone meet its criteria\n", strings.Join(r.Early, " or "))
	}
	if r.ScoreDelta != 0 {
		fmt.Fprintf(w, "  score\t%+d from now on\n", r.ScoreDelta)
	}
}

// verdict on whether the lead may come back.
func (r *Reentry) verdict() string {
	switch {
	case r.NewContact:
		return "it does not come back; another contact of its account may"
	case r.From == nil:
		return "it does not come back: no re-entry rule is about that"
	default:
		return fmt.Sprintf("it may come again from %s on, %s after that", instant(*r.From), sla.FormatWindow(r.From.Sub(r.Recycled)))
	}
}

// waiting says why a lead for which a path holds is not handed off.
func waiting(x *Explanation, c *Case) string {
	i := slices.IndexFunc(x.Paths, func(p Path) bool { return p.Holds })
	switch {
	case x.Qualified != nil || len(x.Missing) > 0 || i < 0:
		return ""
	case c.Kept != nil && c.Kept.Unscored:
		return "a path holds, but the ledger's latest events are not scored yet"
	case x.Paths[i].Account != nil:
		return "path " + x.Paths[i].Name + " holds by how the other contacts of its account are now; it is handed off at its next event"
	default:
		return "a path holds, but an earlier revision judged its events; it is handed off at its next event"
	}
}
