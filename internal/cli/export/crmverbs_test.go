// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

var (
	times  = regexp.MustCompile(`20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	spaces = regexp.MustCompile(` {2,}`)
)

// plain text: without times, which the database's clock decides, and without the widths that they give to columns.
func plain(text string) string {
	return spaces.ReplaceAllString(times.ReplaceAllString(text, "TIME"), "  ")
}

// crmRig has read two leads of a CRM: of lead-1 it is given up to set it back, lead-2 is deleted there.
func crmRig(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	r.post(t, r.l, batch)
	known := func(id string, gone crm.Gone) crm.Known {
		return crm.Known{Record: "record-" + id, Lead: id, Modified: time.Date(2026, 1, 6, 8, 0, 0, 0, time.UTC), Diverged: time.Date(2026, 1, 6, 9, 0, 0, 0, time.UTC), Gone: gone}
	}
	gone := known("lead-2", crm.Deleted)
	gone.Diverged = time.Time{}
	intake := ledger.CRMIntake{
		Stream: crm.Leads, To: crm.Position{Time: time.Date(2026, 1, 6, 8, 0, 0, 0, time.UTC), ID: "record-lead-1"}, Known: []crm.Known{known("lead-1", ""), gone},
		Stopped: []crm.Undo{{Record: "record-lead-1", Lead: "lead-1", Key: "k", Why: "w"}},
	}
	if _, err := r.l.TakeIn(t.Context(), intake); err != nil {
		t.Fatal(err)
	}
	if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "record-lead-1"}}); err != nil {
		t.Fatal(err)
	}
	if held, err := r.l.CRMLease(t.Context(), "routing-0", time.Hour); !held || err != nil {
		t.Fatal(held, err)
	}
	if _, err := r.l.CRMAccount(t.Context(), "HubSpot/4711"); err != nil {
		t.Fatal(err)
	}
	budget := r.l.CRMBudget("HubSpot/4711", ledger.BudgetRules{})
	// A window that is not over while the test runs: what was taken in it is shown.
	if err := budget.Told(t.Context(), "", crm.Allowance{Limit: 190, Remaining: 189, Window: 24 * time.Hour, DayLimit: 650_000, DayRemaining: 649_000}); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCRMStatus(t *testing.T) {
	r := crmRig(t)
	want := `STREAM  READ UP TO  MOVED
leads  TIME  TIME

Records:  2 (1 deleted); 0 leads without one
Reader:  routing-0, until TIME
Webhooks:  1 waiting, the oldest since TIME
Set back:  0 in 24 hours; 1 lead apart from the agreement, 0 of them about to be written; 1 given up
  lead lead-1 (record record-lead-1) since TIME
  Something keeps undoing what is set back: find it, stop it, then kubectl sla crm resume LEAD...

ACCOUNT  REQUESTS  LIMIT  TAKEN  LEFT TODAY  BLOCKED UNTIL
HubSpot/4711  other  190 in 24h0m0s  1  -  -
HubSpot/4711  all  -  0  649000 of 650000  -
`
	if diff := cmp.Diff(want, plain(must(t, "crm", "status"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE handoff.crm_cursors SET at = clock_timestamp() - interval '90 minutes'`)
	var told struct {
		Cursors []struct {
			Stream     string
			LagSeconds int64
		}
		Stopped []ledger.CRMStopped
		Budget  []struct {
			Kind          string
			WindowSeconds float64
		}
	}
	text := must(t, "crm", "status", "-o", "json")
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		t.Fatal(err)
	}
	if len(told.Cursors) != 1 || told.Cursors[0].Stream != "leads" || told.Cursors[0].LagSeconds < 90*60 || told.Cursors[0].LagSeconds > 95*60 ||
		len(told.Stopped) != 1 || told.Stopped[0].Lead != "lead-1" || len(told.Budget) != 2 || told.Budget[0].WindowSeconds != 24*60*60 {
		t.Error(text)
	}
	if strings.Contains(text, `"lag"`) || strings.Contains(text, `"window"`) {
		t.Errorf("a time without its unit:\n%s", text)
	}
}

func TestCRMResume(t *testing.T) {
	crmRig(t)
	for _, args := range [][]string{{}, {"lead-1", "--all"}} {
		if _, _, err := run(t, append([]string{"crm", "resume"}, args...)...); err == nil || err.Error() != "crm resume: leads, or --all" {
			t.Errorf("%v: %v", args, err)
		}
	}
	out, _, err := run(t, "crm", "resume", "lead-1", "lead-2")
	if out != "Resumed: 1 lead.\n" || err == nil || !strings.HasPrefix(err.Error(), "nothing was given up of lead-2: ") {
		t.Errorf("%q, %v", out, err)
	}
	if out := must(t, "crm", "resume", "--all"); out != "Resumed: 0 leads.\n" {
		t.Error(out)
	}
	if out := must(t, "crm", "status"); !strings.Contains(out, "; 0 given up\n") || strings.Contains(out, "lead lead-1") {
		t.Error(out)
	}
}

func TestCRMOfALedgerWithout(t *testing.T) {
	newRig(t)
	if out := must(t, "crm", "status"); !strings.HasPrefix(out, "Nothing was read of a CRM yet. The condition CRMAvailable ") {
		t.Error(out)
	}
	if out := must(t, "crm", "status", "-o", "json"); !strings.Contains(out, `"cursors": []`) {
		t.Error(out)
	}
	if out := must(t, "crm", "writes"); out != "A dry run would have written nothing.\n" {
		t.Error(out)
	}
	if out := must(t, "crm", "writes", "-o", "json"); out != "[]\n" {
		t.Error(out)
	}
	if _, _, err := run(t, "crm"); err == nil || err.Error() != "crm: one of status, writes and resume" {
		t.Error(err)
	}
	if _, _, err := run(t, "crm", "writes", "-o", "yaml"); err == nil || err.Error() != `--output "yaml": text or json` {
		t.Error(err)
	}
}

// A list that is cut says so: whoever counts its lines would take it for all that would be written.
func TestCRMWritesOfManyLeads(t *testing.T) {
	r := newRig(t)
	r.l.SetEffects(ledger.Effects{CRM: true})
	r.post(t, r.l, batch)
	r.work(t)
	for _, sql := range []string{
		`INSERT INTO handoff.leads SELECT (jsonb_populate_record(l, jsonb_build_object('lead_id', 'many-' || n))).*
			FROM handoff.leads l, generate_series(1, 10000) AS n WHERE lead_id = 'lead-1'`,
		`UPDATE handoff.outbox SET planned = '{"values": {"handoff_score": "50"}}' WHERE lead_id = 'lead-1'`,
		`INSERT INTO handoff.outbox SELECT (jsonb_populate_record(b, jsonb_build_object('lead_id', 'many-' || n, 'id', 1000000 + n))).*
			FROM handoff.outbox b, generate_series(1, 10000) AS n WHERE lead_id = 'lead-1'`,
	} {
		ledgertest.Exec(t, r.dsn, sql)
	}
	out, told, err := run(t, "crm", "writes")
	if err != nil || strings.Count(out, "\n") != 10_001 || told != "There are more: these are the 10000 oldest.\n" {
		t.Errorf("%d lines, %q, %v", strings.Count(out, "\n"), told, err)
	}
	ledgertest.Exec(t, r.dsn, `DELETE FROM handoff.outbox WHERE lead_id = 'many-1'`)
	if _, told, err := run(t, "crm", "writes", "-o", "json"); err != nil || told != "" {
		t.Errorf("%q, %v", told, err)
	}
}

func TestCRMWrites(t *testing.T) {
	r := newRig(t)
	r.l.SetEffects(ledger.Effects{CRM: true})
	r.post(t, r.l, batch)
	r.work(t)
	planned := `{"values": {"hs_lead_status": "BAD TIMING", "handoff_score": "50", "handoff_due_at": ""}, "owner": "rep-1@acme.example",
		"match": "email", "begins": ["company", "email"], "note": "handoff-7-1"}`
	ledgertest.Exec(t, r.dsn, `UPDATE handoff.outbox SET planned = '`+planned+`' WHERE lead_id = 'lead-1'`)
	want := `LEAD    RECORD  SINCE  WOULD WRITE
lead-1  -       TIME   handoff_due_at="", handoff_score=50, hs_lead_status="BAD TIMING", owner=rep-1@acme.example, found by email, or made with company email, note handoff-7-1
`
	if diff := cmp.Diff(plain(want), plain(must(t, "crm", "writes"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var all []ledger.PlannedWrite
	if err := json.Unmarshal([]byte(must(t, "crm", "writes", "-o", "json")), &all); err != nil || len(all) != 1 || all[0].Lead != "lead-1" || all[0].Changed.IsZero() {
		t.Errorf("%+v: %v", all, err)
	}
}
