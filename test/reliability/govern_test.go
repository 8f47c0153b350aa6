// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"fmt"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// govern has an escalation go up a step, as the manager writes it beside the roster, and a report made, as a review's job does. The name is in what
// people read of both.
func (r *rig) govern(name string) {
	r.t.Helper()
	at := ledgertest.Value[time.Time](r.t, r.dsn, "SELECT clock_timestamp()").UTC().Truncate(time.Second)
	at = at.Add(-time.Duration(len(r.standing.Steps)) * time.Minute) // weeks end apart: what people read has the time in whole seconds
	r.standing.Steps = append(r.standing.Steps, bundle.EscalationStep{
		Clause: sla.ClauseFirstContact, Level: 2, At: at, Since: at, Reason: "what " + name + " fell short", Owners: []string{"VP Sales"},
	})
	text, err := r.standing.Encode()
	r.must(err)
	r.replace("roster", bundle.StandingFile, string(text))
	_, made, err := ledgertest.Open(r.t, r.dsn, tenant).KeepReport(r.t.Context(), ledger.Report{
		Cadence: "mid-market", Review: name, Kind: "Operational", Period: "2027-W03", Result: "1 red", Summary: "what " + name + " says",
		Seal: "seal", Markdown: "# Report", HTML: "<!doctype html>", JSON: "{}", MadeAt: at,
	}, []ledger.Recipient{ledger.ToMarketing, ledger.ToSales})
	r.must(err)
	if !made {
		r.t.Errorf("there is a report of %s already", name)
	}
}

// governed: of each step and each report both sides were told, who read the same chat: once, and again only as the very same, as told has checked.
func (r *rig) governed() {
	r.t.Helper()
	if len(r.standing.Steps) == 0 {
		r.t.Error("no escalation went up a step: nothing is tested")
	}
	for what, column := range map[string]string{"steps": "escalation", "reports": "report"} {
		for result, condition := range map[string]string{"sent": "sent_at IS NOT NULL", "shared": "dropped = 'Shared'"} {
			n := ledgertest.Value[int](r.t, r.dsn, fmt.Sprintf("SELECT count(DISTINCT %s) FROM messages WHERE %s", column, condition))
			all := ledgertest.Value[int](r.t, r.dsn, fmt.Sprintf("SELECT count(*) FROM messages WHERE %s IS NOT NULL AND %s", column, condition))
			if n != len(r.standing.Steps) || all != n {
				r.t.Errorf("%s: %d of %d are %s, by %d messages", what, n, len(r.standing.Steps), result, all)
			}
		}
	}
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	for _, step := range r.standing.Steps {
		for _, want := range []string{step.Reason, strings.Replace(step.Reason, "fell short", "says", 1)} {
			refs := map[string]bool{}
			for _, text := range r.sink.texts {
				if match := refLine.FindStringSubmatch(text); match != nil && strings.Contains(text, want) {
					refs[match[1]] = true
				}
			}
			if len(refs) != 1 {
				r.t.Errorf("%q was told by %d messages, want 1", want, len(refs))
			}
		}
	}
}
