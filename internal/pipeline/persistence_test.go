// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// byPersistence has sales owe all that it can.
func byPersistence(b *bundle.Bundle) {
	b.Lead.Account = &lead.Account{Field: "company"}
	b.Lead.Dispositions = append(b.Lead.Dispositions,
		lead.Disposition{Name: "NoResponse", Outcome: lead.Recycled, FullCadence: lead.FullCadenceRequired},
		lead.Disposition{Name: "NotICP", Outcome: lead.Disqualified, Suppress: lead.ScopeAccount})
	b.SLA.Sales.Acceptance = &sla.Acceptance{Within: 24 * time.Hour, TargetPercent: 90}
	b.SLA.Sales.FollowUp = &sla.FollowUp{Attempts: 2, MinSpan: time.Hour, Within: 48 * time.Hour, Channels: 2, TargetPercent: 90}
	b.SLA.Sales.Feedback = &sla.Share{TargetPercent: 50}
}

func telling(id string, kind lead.Kind, at time.Time, data ledger.Data) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: kind, Time: at, Data: data}
}

const ofSales = `SELECT concat_ws(' ', lead_id, clause || coalesce('/' || nullif(tier, ''), ''), state) FROM obligations
WHERE clause IN ('acceptance', 'firstContact', 'followUp', 'disposition', 'rejection', 'feedback') ORDER BY lead_id, clause`

func (r *rig) stands(when string, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, ledgertest.Column[string](r.t, r.dsn, ofSales)); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// The clauses of persistence follow what arrives, in whatever order it does: a lead is followed up and given up with its code, and then the
// rejection is overturned.
func TestPersistence(t *testing.T) {
	r := newRig(t, bundleOf(1, byPersistence))
	hour := time.Now().UTC().Truncate(time.Hour)
	at := func(hours int) time.Time { return hour.Add(time.Duration(hours-30) * time.Hour) }
	r.send(append(mql("a", at(0)), assigned("a", "rep-1", at(0)), disposed("a", "NoResponse", at(20)))...)
	r.work(team("rep-1"))
	r.stands("given up without an attempt",
		"a acceptance Missed", "a disposition Met", "a feedback Open", "a firstContact/Standard Missed", "a followUp Missed", "a rejection Missed")

	mail := touch("a", at(9))
	mail.Data.Channel = "Email"
	r.send(mail, touch("a", at(3)), telling("a", lead.KindFeedback, at(21), ledger.Data{Rating: 2}))
	r.work(team("rep-1"))
	r.stands("the attempts are told late",
		"a acceptance Met", "a disposition Met", "a feedback Met", "a firstContact/Standard Met", "a followUp Met", "a rejection Met")

	r.send(telling("a", lead.KindContested, at(25), ledger.Data{Ruling: lead.ContestOverturned, Parties: []string{"Marketing", "Sales"}}))
	r.work(team("rep-1"))
	r.stands("the rejection is void",
		"a acceptance Missed", "a disposition Open", "a firstContact/Standard Met", "a followUp Met")

	r.send(telling("a", lead.KindAccepted, at(22), ledger.Data{}))
	r.work(team("rep-1"))
	r.stands("it had been accepted in time",
		"a acceptance Met", "a disposition Open", "a firstContact/Standard Met", "a followUp Met")
}

// A lead that shows a higher intent before its first contact is due earlier, and counted in that tier.
func TestAHigherIntentMovesTheDeadline(t *testing.T) {
	r := newRig(t, bundleOf(1, byPersistence))
	now := time.Now().UTC().Truncate(time.Second)
	due := func() string {
		return ledgertest.Value[string](t, r.dsn, "SELECT concat(tier, ' ', extract(epoch FROM due_at)::bigint) FROM obligations WHERE clause = 'firstContact'")
	}
	is := func(when, tier string, at time.Time) {
		t.Helper()
		if got, want := due(), fmt.Sprintf("%s %d", tier, at.Unix()); got != want {
			t.Errorf("%s it is due %s, want %s", when, got, want)
		}
	}
	r.send(append(mql("a", now.Add(-time.Hour)), assigned("a", "rep-1", now.Add(-time.Hour)))...)
	r.work(team("rep-1"))
	is("at first", "Standard", now.Add(7*time.Hour))
	r.send(pricing("a", now.Add(-time.Minute)))
	r.work(team("rep-1"))
	is("after it looked at prices", "High", now.Add(4*time.Minute))
	r.send(touch("a", now.Add(-2*time.Minute)))
	r.work(team("rep-1"))
	is("when a contact before that is told", "Standard", now.Add(7*time.Hour))
}

// Somebody opts a whole account out: the clocks of its other leads are over, also after it is lifted; a lead of another account runs on.
func TestAnAccountOptsOut(t *testing.T) {
	r := newRig(t, bundleOf(1, byPersistence))
	now := time.Now().UTC()
	at := func(hours int) time.Time { return now.Add(time.Duration(hours-12) * time.Hour) }
	for id, name := range map[string]string{"a": "acme", "b": "Acme ", "c": "other"} {
		r.send(captured(id, at(0), map[string]any{"company": name}), demo(id, at(0)), assigned(id, "rep-1", at(0)))
	}
	r.work(team("rep-1"))
	r.send(telling("b", lead.KindOptedOut, at(2), ledger.Data{Scope: lead.ScopeAccount}))
	r.work(team("rep-1"))
	want := []string{
		"a acceptance Excused", "a disposition Excused", "a firstContact/Standard Excused", "a followUp Excused",
		"b acceptance Excused", "b disposition Excused", "b firstContact/Standard Excused", "b followUp Excused",
		"c acceptance Open", "c disposition Open", "c firstContact/Standard Missed", "c followUp Open",
	}
	r.stands("opted out", want...)
	r.send(telling("b", lead.KindReinstated, at(4), ledger.Data{Scope: lead.ScopeAccount}))
	r.work(team("rep-1"))
	r.stands("lifted", want...)
}
