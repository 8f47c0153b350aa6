// SPDX-License-Identifier: Apache-2.0

package events

import (
	"fmt"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// refuses says whether a disposition is refused: it gives the lead back without a reason code, and the terms enforce that there is one.
func (c *Checker) refuses(e ledger.Entry) bool {
	said := lead.Disposed{Outcome: e.Data.Outcome, Reason: e.Data.Reason}
	return e.Kind == lead.KindDisposition && !c.observes && lead.Uncoded(c.dispositions, said)
}

// uncoded says what is wrong with a rejection that was refused, and which codes would do.
func (c *Checker) uncoded(e ledger.Entry) error {
	codes, what := lead.RejectionCodes(c.dispositions, e.Data.Outcome), "missing"
	if e.Data.Reason != "" {
		what = "no reason code of the definition in force for outcome " + string(e.Data.Outcome)
	}
	cure := "it should be one of " + strings.Join(codes, ", ")
	if c.codes[codes[0]] != e.Data.Outcome {
		cure = fmt.Sprintf("there is none for outcome %s: outcome should be %s, and reason one of %s", e.Data.Outcome, c.codes[codes[0]], strings.Join(codes, ", "))
	}
	return wrong("data.reason", "%s; %s. A rejection carries a reason code; this attempt is kept, and counts as one without. Send it again with a code", what, cure)
}

// tell what an event that was taken lacks, and why one was not.
func (c *Checker) tell(r *Result, e ledger.Entry, o ledger.Outcome) {
	switch {
	case o == ledger.Refused:
		r.invalid(c.uncoded(e))
	case e.Kind == lead.KindCaptured && (o == ledger.Accepted || o == ledger.Duplicate):
		if r.Missing = c.missing(e.Data); len(r.Missing) > 0 {
			r.Message = "the lead is taken; what is missing is required at the hand-off, " + c.consequence()
		}
	}
}

func (c *Checker) consequence() string {
	if c.observes {
		return "and counts against completeness if it is missing then"
	}
	return "which waits until it is there"
}

// missing are the required fields that a captured lead comes without.
func (c *Checker) missing(d ledger.Data) (names []string) {
	for _, f := range c.required {
		value, err := lead.Coerce(f, d.Properties[f.SourceProperty()])
		if err != nil || lead.Blank(value) {
			names = append(names, f.Name)
		}
	}
	return names
}
