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

func observing(b *bundle.Bundle) { b.SLA.Enforcement = sla.Observe }

// refused is a rejection without a reason code, as the ingest API hands it over.
func refused(id string, at time.Time) ledger.Entry {
	return ledger.Entry{Lead: id, Kind: lead.KindDisposition, Time: at, Data: ledger.Data{Outcome: lead.Recycled}, Refused: true}
}

const byClause = `SELECT concat_ws(' ', lead_id, clause, state) FROM obligations
WHERE clause IN ('completeness', 'acceptance', 'followUp', 'disposition', 'rejection') ORDER BY lead_id, clause`

func (r *rig) owes(when string, want ...string) {
	r.t.Helper()
	if diff := cmp.Diff(want, ledgertest.Column[string](r.t, r.dsn, byClause)); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

// A rejection that was refused and then carries a code misses the clause, whichever arrives first and however often it is sent.
func TestRefusedThenCoded(t *testing.T) {
	hour := time.Now().UTC().Truncate(time.Hour)
	at := func(hours int) time.Time { return hour.Add(time.Duration(hours-12) * time.Hour) }
	identified := func(id string, e ledger.Entry) ledger.Entry {
		e.ID = id
		return e
	}
	uncoded, coded := identified("1", refused("a", at(2))), identified("2", disposed("a", "BadTiming", at(5)))
	missed := []string{"a acceptance Met", "a completeness Met", "a disposition Met", "a followUp Excused", "a rejection Missed"}
	for name, arrivals := range map[string][][]ledger.Entry{
		"in order":               {{uncoded}, {coded}},
		"the code first":         {{coded}, {uncoded}},
		"together":               {{coded, uncoded}},
		"sent twice":             {{uncoded}, {uncoded}, {coded}, {uncoded, uncoded}},
		"before all else":        {{uncoded, coded}, {}},
		"mended under one id":    {{uncoded}, {identified("1", disposed("a", "BadTiming", at(5)))}},
		"by a lead that is told": {{uncoded}, {touch("a", at(3)), coded}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, byPersistence))
			handOff := append(mql("a", at(0)), assigned("a", "rep-1", at(0)))
			if name == "before all else" {
				r.send(arrivals[0]...)
				r.work(team("rep-1"))
				arrivals = nil
			}
			r.send(handOff...)
			r.work(team("rep-1"))
			for _, batch := range arrivals {
				r.send(batch...)
				r.work(team("rep-1"))
			}
			r.owes(name, missed...)
			if n := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM refusals"); n != 1 {
				t.Errorf("%d refusals are kept, want 1", n)
			}
		})
	}
}

// A refused attempt is no rejection: sales still has the lead.
func TestRefusedAlone(t *testing.T) {
	at := time.Now().UTC().Add(-2 * time.Hour)
	r := newRig(t, bundleOf(1, byPersistence))
	r.send(append(mql("a", at), assigned("a", "rep-1", at))...)
	r.work(team("rep-1"))
	r.send(refused("a", at.Add(time.Hour)))
	r.work(team("rep-1"))
	r.owes("refused", "a acceptance Open", "a completeness Met", "a disposition Open", "a followUp Open", "a rejection Missed")
	got := ledgertest.Value[string](t, r.dsn, "SELECT concat_ws(' ', stage, owner, disposed_at IS NULL, score) FROM leads")
	if got != "MQL rep-1 t 30" {
		t.Errorf("the lead is %s", got)
	}
	if n := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM events"); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// What was tried at a lead that then turns out to be another's is about that one.
func TestRefusedOfAMergedLead(t *testing.T) {
	at := time.Now().UTC().Add(-5 * time.Hour)
	r := newRig(t, bundleOf(1, byPersistence))
	r.send(append(mql("a", at), assigned("a", "rep-1", at))...)
	r.send(refused("b", at.Add(time.Hour)))
	r.work(team("rep-1"))
	r.owes("apart", "a acceptance Open", "a completeness Met", "a disposition Open", "a followUp Open")
	r.send(telling("a", lead.KindMerged, at.Add(2*time.Hour), ledger.Data{Merged: "b"}))
	r.work(team("rep-1"))
	r.owes("merged", "a acceptance Open", "a completeness Met", "a disposition Open", "a followUp Open", "a rejection Missed")
}

// A second hand-off is judged by what was tried in it.
func TestRefusedInACycle(t *testing.T) {
	hour := time.Now().UTC().Truncate(time.Hour)
	at := func(days int) time.Time { return hour.AddDate(0, 0, days-60) }
	r := newRig(t, bundleOf(1, byPersistence, func(b *bundle.Bundle) {
		for i := range b.Lead.Dispositions {
			if b.Lead.Dispositions[i].Name == "BadTiming" {
				b.Lead.Dispositions[i].Reentry = &lead.Reentry{After: 24 * time.Hour}
			}
		}
	}))
	r.send(append(mql("a", at(0)), assigned("a", "rep-1", at(0)), disposed("a", "BadTiming", at(1)), demo("a", at(20)), refused("a", at(21)))...)
	r.work(team("rep-1"))
	r.send(disposed("a", "BadTiming", at(22)))
	r.work(team("rep-1"))
	got := ledgertest.Column[string](t, r.dsn, "SELECT concat_ws(' ', cycle, state) FROM obligations WHERE clause = 'rejection' ORDER BY cycle")
	if diff := cmp.Diff([]string{"1 Met", "2 Missed"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Both modes, by one lead that lacks a required field and is given back three ways.
func TestModes(t *testing.T) {
	hour := time.Now().UTC().Truncate(time.Hour)
	at := func(hours int) time.Time { return hour.Add(time.Duration(hours-12) * time.Hour) }
	early := disposed("a", "NoResponse", at(3)) // demands a follow-up
	uncoded := disposed("a", "", at(3))
	uncoded.Data.Outcome = lead.Recycled
	const taken = "acceptance Met"
	for name, c := range map[string]struct {
		edit  []func(*bundle.Bundle)
		given ledger.Entry
		stage string
		want  []string
	}{
		"enforced, it waits":           {stage: "Held", given: touch("a", at(3)), want: []string{"a completeness Missed"}},
		"observed, it is handed off":   {edit: []func(*bundle.Bundle){observing}, stage: "Recycled", given: early, want: []string{"a " + taken, "a completeness Missed", "a disposition Met", "a followUp Missed", "a rejection Met"}},
		"observed, a rejection is one": {edit: []func(*bundle.Bundle){observing}, stage: "Recycled", given: uncoded, want: []string{"a acceptance Open", "a completeness Missed", "a disposition Met", "a followUp Missed", "a rejection Missed"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, append(c.edit, byPersistence)...))
			r.send(captured("a", at(0), map[string]any{}), demo("a", at(0)), assigned("a", "rep-1", at(0)))
			r.work(team("rep-1"))
			r.send(c.given)
			r.work(team("rep-1"))
			r.owes(name, c.want...)
			if got := ledgertest.Value[string](t, r.dsn, "SELECT stage FROM leads"); got != c.stage {
				t.Errorf("the lead is %s, want %s", got, c.stage)
			}
		})
	}
}

// A lead that is held is handed off by its next event when the terms come to observe, and one that was handed off stays so when they enforce again.
func TestModeChanges(t *testing.T) {
	at := time.Now().UTC().Add(-3 * time.Hour)
	r := newRig(t, bundleOf(1, byCRM))
	r.send(captured("a", at, map[string]any{}), demo("a", at))
	r.work(team("rep-1"))
	stands := func(want string) {
		t.Helper()
		if got := ledgertest.Value[string](t, r.dsn, "SELECT concat_ws(' ', stage, missing, bundle_sequence) FROM leads"); got != want {
			t.Errorf("the lead is %s, want %s", got, want)
		}
	}
	stands("Held {company}")
	r.inForce(bundleOf(2, byCRM, observing))
	r.send(demo("a", at.Add(time.Hour)))
	r.work(team("rep-1"))
	stands("MQL {company} 2")
	r.inForce(bundleOf(3, byCRM))
	r.send(demo("a", at.Add(2*time.Hour)))
	r.work(team("rep-1"))
	stands(fmt.Sprintf("MQL {company} %d", 2))
}
