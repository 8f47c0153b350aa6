// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// A lead that came as events, or of which another system was told, is told to its record when that is read for the first time; then no more.
func TestRecordOfALeadThatIsKnown(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	l.SetEffects(ledger.Effects{CRM: true})
	if _, err := l.Ingest(t.Context(), many(2)); err != nil {
		t.Fatal(err)
	}
	told := func() {
		t.Helper()
		ledgertest.Exec(t, dsn, "DELETE FROM handoff.outbox",
			"INSERT INTO handoff.outbox (tenant, lead_id, version, sent, content) VALUES ('"+tenant+"', 'lead-1', 5, 5, 'told')")
	}
	forced := func() []string {
		t.Helper()
		return ledgertest.Column[string](t, dsn, "SELECT lead_id FROM handoff.outbox WHERE live IS NOT NULL AND content IS NULL")
	}
	told()
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{record(0), record(1)}})
	if got := forced(); len(got) != 1 || got[0] != "lead-1" {
		t.Errorf("to be told: %v, want lead-1 alone: nobody was told of lead-0 yet, and its scorer will have it told", got)
	}
	told()
	later := record(1)
	later.Modified = noon.Add(time.Minute)
	takeIn(t, l, ledger.CRMIntake{Known: []crm.Known{later}})
	if got := forced(); len(got) != 0 {
		t.Errorf("told again though it is known: %v", got)
	}
}

// unrecorded says of all jobs that there was no record to write into, as their standings say.
func (s *telling) unrecorded(jobs []ledger.OutgoingJob, standings []*ledger.Standing) {
	s.t.Helper()
	var done []ledger.CRMTold
	for i, one := range standings {
		if one.Known != nil {
			s.t.Fatalf("%s has a record", one.Lead)
		}
		done = append(done, ledger.CRMTold{Args: jobs[i].Args, Version: one.Version, Lead: one.Lead})
	}
	s.finish(jobs, done...)
}

// recordsToTell are those that there are jobs for now.
func (s *telling) recordsToTell() (records []string) {
	s.t.Helper()
	for _, one := range s.outgoing(s.jobs()) {
		if one.Known != nil {
			records = append(records, one.Lead+" in "+one.Known.Record)
		}
	}
	return records
}

// Whoever is at work on telling of a lead as its record is read for the first time does not know it: the lead is told of once more.
func TestRecordThatIsReadWhileItsLeadIsTold(t *testing.T) {
	s := newTelling(t, 0, ledger.Effects{Acknowledge: true})
	ingest(t, s.l, many(1)...)
	s.work()
	jobs := s.jobs()
	standings := s.outgoing(jobs)
	takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{record(0)}})
	s.unrecorded(jobs, standings)
	if diff := cmp.Diff([]string{"lead-0 in lead-0"}, s.recordsToTell()); diff != "" {
		t.Errorf("to be told (-want +got):\n%s", diff)
	}
}

// The record of a lead that was merged is the other one's, whether it is read before the merge or after.
func TestRecordOfALeadThatWasMerged(t *testing.T) {
	s := newTelling(t, 0, ledger.Effects{Acknowledge: true})
	ingest(t, s.l, many(2)...)
	s.work()
	jobs := s.jobs()
	s.unrecorded(jobs, s.outgoing(jobs))
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.leads SET merged_into = 'lead-0' WHERE lead_id = 'lead-1'`)
	takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{record(1)}})
	if diff := cmp.Diff([]string{"lead-0 in lead-1"}, s.recordsToTell()); diff != "" {
		t.Errorf("read after the merge (-want +got):\n%s", diff)
	}
}

// As a lead takes another one in, its stage and score may stay as they are, and yet it has a record now.
func TestLeadThatTakesInARecord(t *testing.T) {
	s := newTelling(t, 0, ledger.Effects{Acknowledge: true})
	ingest(t, s.l, many(2)...)
	s.work()
	takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{record(1)}})
	s.tell(func(one *ledger.CRMTold) {
		if one.Lead == "lead-0" {
			one.Written, one.Owner, one.Wrote = nil, nil, nil
		}
	})
	s.work()
	s.tell(nil)
	ingest(t, s.l, ledger.Entry{Source: "/test", ID: "merge", Lead: "lead-0", Kind: lead.KindMerged, Time: noon, Data: ledger.Data{Merged: "lead-1"}})
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return s.l.Score(ctx, 1, 10, reach) })
	if got := s.recordsToTell(); !slices.Contains(got, "lead-0 in lead-1") {
		t.Errorf("to be told: %v", got)
	}
}

// A record that the writer has made for a lead while it was read is that lead's: whoever read it as nobody's begins again, and writes nothing.
func TestRecordThatIsMadeWhileItIsRead(t *testing.T) {
	s := newTelling(t, 0, ledger.Effects{Acknowledge: true, Matched: true})
	ingest(t, s.l, captured("1", "web-1", nil))
	s.work()
	read := crm.Known{Record: "501", Lead: "501", Modified: noon.Add(time.Hour)}
	in := ledger.CRMIntake{Stream: crm.Leads, To: position(1, "501"), Entries: []ledger.Entry{captured("501", "501", nil)}, Known: []crm.Known{read}}
	s.tell(func(one *ledger.CRMTold) { one.Written.Record = "501" })
	before := everything(t, s.dsn)
	if _, err := s.l.TakeIn(t.Context(), in); !errors.Is(err, ledger.ErrCRMMoved) {
		t.Errorf("%v, want %v", err, ledger.ErrCRMMoved)
	}
	if diff := cmp.Diff(before, everything(t, s.dsn)); diff != "" {
		t.Errorf("it has written:\n%s", diff)
	}
	in.Entries, in.Known[0].Lead = nil, "web-1" // as it is read again
	takeIn(t, s.l, in)
	if got := knownOf(t, s.l, "501"); got.Lead != "web-1" || !got.Modified.Equal(read.Modified) {
		t.Errorf("%+v", got)
	}
}

// What a sink is told of a lead that lives in the CRM, as by a worker that is about to be replaced by one that writes there, the CRM is told after that;
// once, and not where it refuses. Leads that it has no record of are the sink's alone.
func TestLeadThatWasToldElsewhere(t *testing.T) {
	s := newTelling(t, 3, ledger.Effects{Acknowledge: true})
	ledgertest.Exec(t, s.dsn, `DELETE FROM handoff.crm_records WHERE lead_id = 'lead-2'`)
	s.tell(func(one *ledger.CRMTold) {
		one.Content, one.Written, one.Owner, one.Wrote = []byte("sink"), nil, nil, nil
	})
	again := func(want int) []ledger.OutgoingJob {
		t.Helper()
		if told, err := s.l.TellPlanned(t.Context(), 10); told != want || err != nil {
			t.Fatalf("%d are told, want %d: %v", told, want, err)
		}
		return s.jobs()
	}
	jobs := again(2)
	again(0) // they are on their way
	if err := s.l.Park(t.Context(), jobs[1].Args, jobs[1].Job); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.river_job SET state = 'cancelled', finalized_at = now() WHERE id = `+fmt.Sprint(jobs[1].Job))
	again(0) // it is given up until somebody mends it
	s.tell(func(one *ledger.CRMTold) { one.Content = nil })
	again(0)
	if got := s.value(`SELECT string_agg(lead_id, ' ' ORDER BY lead_id) FROM handoff.outbox WHERE elsewhere`); got != "lead-1" {
		t.Errorf("%s were told elsewhere, want lead-1 alone", got)
	}
}

// What a dry run planned is not written again and again where the CRM refuses it.
func TestPlannedThatIsRefused(t *testing.T) {
	s := newTelling(t, 1, ledger.Effects{Acknowledge: true})
	s.tell(func(one *ledger.CRMTold) { one.Written, one.Owner, one.Planned = nil, nil, []byte(`{}`) })
	if told, err := s.l.TellPlanned(t.Context(), 10); told != 1 || err != nil {
		t.Fatalf("%d are told, want 1: %v", told, err)
	}
	job := s.jobs()[0]
	if err := s.l.Park(t.Context(), job.Args, job.Job); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.river_job SET state = 'cancelled', finalized_at = now() WHERE id = `+fmt.Sprint(job.Job))
	told, err := s.l.TellPlanned(t.Context(), 10)
	if err := errors.Join(err, s.l.SettleCRM(t.Context())); told != 0 || err != nil || len(s.jobs()) != 0 {
		t.Errorf("%d are told again, %d jobs: %v", told, len(s.jobs()), err)
	}
}

// A ledger is of one account, from the first thing that is known of it.
func TestAccountOfALedger(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	is := func(account, want string) {
		t.Helper()
		if of, err := l.CRMAccount(t.Context(), account); of != want || err != nil {
			t.Errorf("%s: the ledger is of %q, want %q: %v", account, of, want, err)
		}
	}
	is("HubSpot/1", "HubSpot/1")
	is("HubSpot/2", "HubSpot/2") // the first one was a mistake, and nothing was read
	takeIn(t, l, ledger.CRMIntake{Stream: "fields", To: crm.Position{ID: "digest:*"}})
	is("HubSpot/1", "HubSpot/1") // it was looked into, and had nothing
	is("HubSpot/2", "HubSpot/2")
	takeIn(t, l, ledger.CRMIntake{Stream: crm.Calls, To: position(1, "x")})
	is("HubSpot/1", "HubSpot/2")
	is("Salesforce/2", "HubSpot/2")
	ledgertest.Exec(t, dsn, `DELETE FROM handoff.crm_cursors`)
	is("HubSpot/3", "HubSpot/3")
	takeIn(t, l, ledger.CRMIntake{Entries: many(1), Known: []crm.Known{record(0)}})
	is("HubSpot/1", "HubSpot/3")
	other := ledgertest.Open(t, dsn, "other")
	if of, err := other.CRMAccount(t.Context(), "HubSpot/1"); of != "HubSpot/1" || err != nil {
		t.Errorf("another tenant: %q, %v", of, err)
	}
}

// What became of a telling is noted of the record that it was about, though the lead has another one by the time it is over.
func TestRecordThatIsNotTheLeadsAnyMore(t *testing.T) {
	holds := map[string]string{crm.SeenOwner: "held"}
	for name, c := range map[string]struct {
		change func(*ledger.CRMTold)
		meant  func(*crm.Known) bool
	}{
		"it is gone":      {func(one *ledger.CRMTold) { one.Wrote, one.Gone = nil, crm.Deleted }, func(k *crm.Known) bool { return k.Gone == crm.Deleted }},
		"it is unchanged": {func(one *ledger.CRMTold) { one.Wrote = holds }, func(k *crm.Known) bool { return k.Wrote[crm.SeenOwner] == "held" }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTelling(t, 0, ledger.Effects{})
			ingest(t, s.l, many(2)...)
			s.work()
			ledgertest.Exec(t, s.dsn, `UPDATE handoff.leads SET merged_into = 'lead-0' WHERE lead_id = 'lead-1'`)
			takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{record(1)}})
			jobs := s.jobs()[:1]
			one := taken(jobs[0], s.outgoing(jobs)[0])
			if one.Lead != "lead-0" || one.Record != "lead-1" {
				t.Fatalf("%s is written into %q", one.Lead, one.Record)
			}
			one.Written, one.Owner = nil, nil
			c.change(&one)
			takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{record(0)}}) // its own, which is preferred
			s.finish(jobs, one)
			if own, other := knownOf(t, s.l, "lead-0"), knownOf(t, s.l, "lead-1"); c.meant(own) || !c.meant(other) {
				t.Errorf("noted of the lead's own record %+v, and of the one that was written %+v", own, other)
			}
			if got := s.recordsToTell(); !slices.Contains(got, "lead-0 in lead-0") {
				t.Errorf("to be told: %v, want its own record, too", got)
			}
		})
	}
}
