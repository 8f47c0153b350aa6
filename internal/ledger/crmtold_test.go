// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// telling is a ledger whose leads live in a CRM, and their jobs.
type telling struct {
	t   *testing.T
	l   *ledger.Ledger
	dsn string
}

const rep = "rep-1@acme.example"

// picking gives each lead to a rep, as the router does, and has a clock of delivery and of first contact run.
func picking(_ context.Context, r *ledger.Routing) error {
	for _, one := range r.Leads {
		if one.PickedRep == "" {
			one.PickedRep, one.PickedAt, one.PickedFirstAt = rep, r.Now, r.Now
			one.Owner, one.OwnedAt, one.OwnedFirstAt = rep, r.Now, r.Now
			one.AwaitsCRM = r.Awaits(one)
		}
		delivered := one.OwnedFirstAt
		if one.AwaitsCRM {
			delivered = one.AcknowledgedAt
		}
		delivery := sla.Obligation{Clause: sla.ClauseDelivery, State: sla.Open, Period: "2027-W01", Start: noon, Due: noon.Add(1e6 * time.Hour), Stop: delivered}
		if !delivered.IsZero() {
			delivery.State = sla.Met
		}
		one.FirstTouchAt, one.Attempts = noon, 3
		contact := delivery
		contact.Clause, contact.State, contact.Stop, contact.Due = sla.ClauseFirstContact, sla.Open, time.Time{}, noon.Add(2e6*time.Hour)
		r.Keep(one, "terms-1", []sla.Obligation{delivery, contact})
	}
	return nil
}

func newTelling(t *testing.T, n int, e ledger.Effects) *telling {
	t.Helper()
	l, dsn := ledgertest.New(t, tenant)
	s := &telling{t: t, l: l, dsn: dsn}
	e.CRM = true
	l.SetEffects(e)
	register(t, l, 1)
	var known []crm.Known
	for i := range n {
		known = append(known, record(i))
	}
	takeIn(t, l, ledger.CRMIntake{Entries: many(n), Known: known})
	s.work()
	return s
}

// work off what is to be scored and routed.
func (s *telling) work() {
	s.t.Helper()
	drain(s.t, func(ctx context.Context) (ledger.Batch, error) { return s.l.Score(ctx, 1, 10, reach) })
	drain(s.t, func(ctx context.Context) (ledger.Batch, error) { return s.l.Route(ctx, 1, 10, picking) })
}

// jobs that are to be worked off, in the order of their leads.
func (s *telling) jobs() (jobs []ledger.OutgoingJob) {
	s.t.Helper()
	for _, text := range ledgertest.Column[string](s.t, s.dsn, `
SELECT jsonb_build_object('Job', j.id, 'Args', j.args)::text FROM handoff.river_job j JOIN handoff.outbox b ON b.id = (j.args ->> 'outbox')::bigint
WHERE j.kind = 'crm' AND j.state = 'available' ORDER BY b.lead_id, j.id`) {
		var one ledger.OutgoingJob
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			s.t.Fatal(err)
		}
		jobs = append(jobs, one)
	}
	return jobs
}

func (s *telling) outgoing(jobs []ledger.OutgoingJob) []*ledger.Standing {
	s.t.Helper()
	standings, err := s.l.OutgoingMany(s.t.Context(), jobs)
	if err != nil {
		s.t.Fatal(err)
	}
	return standings
}

// taken is that a job's record was written.
func taken(job ledger.OutgoingJob, s *ledger.Standing) ledger.CRMTold {
	owner := s.Owner
	told := ledger.CRMTold{
		Args: job.Args, Version: s.Version, Content: []byte("content"), Lead: s.Lead, Owner: &owner,
		Written: &crm.Written{Record: s.Lead, Modified: noon.Add(time.Minute)}, Wrote: map[string]string{crm.SeenOwner: owner},
	}
	if s.Known != nil {
		told.Record = s.Known.Record
	}
	return told
}

// finish notes what became of jobs, and completes them.
func (s *telling) finish(jobs []ledger.OutgoingJob, done ...ledger.CRMTold) {
	s.t.Helper()
	if err := s.l.FinishMany(s.t.Context(), done, completing(jobs)); err != nil {
		s.t.Fatal(err)
	}
}

func completing(jobs []ledger.OutgoingJob) func(context.Context, pgx.Tx) error {
	return func(ctx context.Context, tx pgx.Tx) error {
		for _, j := range jobs {
			if _, err := tx.Exec(ctx, `UPDATE river_job SET state = 'completed', finalized_at = now() WHERE id = $1`, j.Job); err != nil {
				return err
			}
		}
		return nil
	}
}

// tell all jobs as if the CRM took everything, and says how many there were.
func (s *telling) tell(change func(*ledger.CRMTold)) int {
	s.t.Helper()
	jobs := s.jobs()
	var done []ledger.CRMTold
	for i, standing := range s.outgoing(jobs) {
		if standing == nil {
			continue
		}
		one := taken(jobs[i], standing)
		if standing.Note != nil {
			one.Note = standing.Note.Key
		}
		if change != nil {
			change(&one)
		}
		done = append(done, one)
	}
	s.finish(jobs, done...)
	return len(jobs)
}

func (s *telling) value(sql string) string {
	s.t.Helper()
	return ledgertest.Value[string](s.t, s.dsn, sql)
}

func TestOutgoingMany(t *testing.T) {
	s := newTelling(t, 3, ledger.Effects{})
	ledgertest.Exec(t, s.dsn, `DELETE FROM handoff.crm_records WHERE lead_id = 'lead-2'`)
	jobs := s.jobs()
	stale := jobs[1]
	stale.Args.Token++
	got := s.outgoing([]ledger.OutgoingJob{jobs[2], stale, jobs[0]})
	if got[1] != nil {
		t.Errorf("of a job that is obsolete: %+v", got[1])
	}
	known := record(0)
	want := &ledger.Standing{
		Lead: "lead-0", Stage: ledger.StageMQL, Cycle: 1, Owner: rep, JudgedBy: 1, Clause: "firstContact", Due: noon.Add(2e6 * time.Hour),
		FirstTouchAt: noon, Attempts: 3, Known: &known,
	}
	ignored := cmpopts.IgnoreFields(ledger.Standing{}, "Version", "Changed")
	if diff := cmp.Diff(want, got[2], ignored, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want.Lead, want.Known = "lead-2", nil
	if diff := cmp.Diff(want, got[0], ignored, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("without a record (-want +got):\n%s", diff)
	}
}

// The record of a lead is its own, as long as that can be written; else that of one that was merged into it.
func TestRecordOfAMergedLead(t *testing.T) {
	s := newTelling(t, 3, ledger.Effects{})
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.leads SET merged_into = 'lead-0' WHERE lead_id <> 'lead-0'`)
	job := s.jobs()[:1]
	for _, c := range []struct{ change, want string }{
		{`SELECT 1`, "lead-0"},
		{`UPDATE handoff.crm_records SET gone = 'Deleted' WHERE record_id IN ('lead-0', 'lead-1')`, "lead-2"},
		{`UPDATE handoff.crm_records SET gone = 'Converted' WHERE record_id = 'lead-2'`, "lead-0"},
		{`DELETE FROM handoff.crm_records WHERE record_id = 'lead-0'`, ""},
		{`UPDATE handoff.crm_records SET gone = ''`, "lead-1"},
	} {
		ledgertest.Exec(t, s.dsn, c.change)
		got := ""
		if k := s.outgoing(job)[0].Known; k != nil {
			got = k.Record
		}
		if got != c.want {
			t.Errorf("after %s: %q, want %q", c.change, got, c.want)
		}
	}
}

func TestFinishMany(t *testing.T) {
	s := newTelling(t, 5, ledger.Effects{})
	ledgertest.Exec(t, s.dsn, `DELETE FROM handoff.crm_records WHERE record_id IN ('lead-1', 'lead-4')`,
		`UPDATE handoff.crm_records SET wrote = '{"stage": "MQL", "owner": "old"}'`)
	jobs := s.jobs()
	standings := s.outgoing(jobs)
	done := make([]ledger.CRMTold, len(jobs))
	for i := range jobs {
		done[i] = taken(jobs[i], standings[i])
	}
	done[1].Written.Record = "made-1"                                        // it had none
	done[2].Written, done[2].Owner, done[2].Gone = nil, nil, crm.Converted   // the CRM refused
	done[3].Written, done[3].Wrote = nil, map[string]string{"owner": "held"} // it is so already
	done[4].Planned, done[4].Written = []byte(`{"stage": "MQL"}`), nil       // of a dry run
	if err := s.l.Park(t.Context(), jobs[0].Args, jobs[0].Job); err != nil { // given up, and tried again
		t.Fatal(err)
	}
	if got := s.outgoing(jobs[:1]); got[0] == nil {
		t.Fatal("a job that is tried again is obsolete")
	}
	change := `UPDATE handoff.outbox SET version = version + 1 WHERE lead_id = 'lead-3'`
	ledgertest.Exec(t, s.dsn, change)
	s.finish(jobs, done...)

	var got []string
	for _, id := range []string{"lead-0", "made-1", "lead-2", "lead-3", "lead-4"} {
		if k := knownOf(t, s.l, id); k != nil {
			got = append(got, fmt.Sprint(id, " of ", k.Lead, " ", k.Wrote, " ", k.WroteAt.Format(time.TimeOnly), " ", k.Gone))
		}
	}
	want := []string{
		"lead-0 of lead-0 map[owner:rep-1@acme.example stage:MQL] 12:01:00 ", "made-1 of lead-1 map[owner:rep-1@acme.example] 12:01:00 ",
		"lead-2 of lead-2 map[owner:rep-1@acme.example stage:MQL] 00:00:00 Converted", "lead-3 of lead-3 map[owner:held stage:MQL] 00:00:00 ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	left := s.jobs()
	if len(left) != 1 || left[0].Args.Outbox != jobs[3].Args.Outbox || left[0].Args.Token <= jobs[3].Args.Token {
		t.Errorf("jobs %+v, want one for the lead that changed meanwhile", left)
	}
	planned, err := s.l.PlannedWrites(t.Context(), 10)
	if err != nil || len(planned) != 1 || planned[0].Lead != "lead-4" || string(planned[0].Planned) != `{"stage": "MQL"}` {
		t.Errorf("planned %+v: %v", planned, err)
	}
	contents := `SELECT string_agg(lead_id || ':' || coalesce(convert_from(content, 'UTF8'), '-'), ' ' ORDER BY lead_id) FROM handoff.outbox`
	if got, want := s.value(contents), "lead-0:content lead-1:content lead-2:content lead-3:content lead-4:-"; got != want {
		t.Errorf("told %s, want %s", got, want)
	}

	// Erased meanwhile: nothing comes back.
	s.finishErased(left, s.outgoing(left))
}

func (s *telling) finishErased(jobs []ledger.OutgoingJob, standings []*ledger.Standing) {
	s.t.Helper()
	if _, err := s.l.Erase(s.t.Context(), "lead-3", "operator-1", false); err != nil {
		s.t.Fatal(err)
	}
	s.finish(jobs, taken(jobs[0], standings[0]))
	if k := knownOf(s.t, s.l, "lead-3"); k != nil {
		s.t.Errorf("the record of an erased lead is back: %+v", k)
	}
}

// What is to be set back is noted, told, forced on the writer and, once that has written it, over.
func TestSetBack(t *testing.T) {
	s := newTelling(t, 2, ledger.Effects{Notify: true})
	s.tell(nil)
	k := record(0)
	k.Diverged, k.Modified = noon, noon.Add(time.Hour)
	undo := crm.Undo{Record: "lead-0", Lead: "lead-0", Restore: map[string]string{"hs_lead_status": ""}, Rep: rep, Why: "a line\nanother", Key: "k1"}
	more := undo
	more.Key, more.Restore = "k2", map[string]string{"lifecyclestage": "mql"}
	takeIn(t, s.l, ledger.CRMIntake{Known: []crm.Known{k}})
	due := func(want int) {
		t.Helper()
		if all, err := s.l.CRMDiverged(t.Context(), time.Minute, 10); len(all) != want || err != nil {
			t.Errorf("%d records are to be set back, want %d: %v", len(all), want, err)
		}
	}
	due(0) // it is noon of a day to come
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.crm_records SET diverged_at = now() - interval '2 minutes' WHERE diverged_at IS NOT NULL`)
	due(1)
	takeIn(t, s.l, ledger.CRMIntake{Undo: []crm.Undo{undo, more, {Record: "x", Lead: "nobody", Key: "k3"}}})
	takeIn(t, s.l, ledger.CRMIntake{Undo: []crm.Undo{undo}}) // another replica, a moment later
	due(0)
	got := knownOf(t, s.l, "lead-0")
	if want := map[string]string{"hs_lead_status": "", "lifecyclestage": "mql"}; !maps.Equal(got.Restore, want) || len(got.SetBacks) != 1 {
		t.Errorf("to be restored: %v after %d, want %v", got.Restore, len(got.SetBacks), want)
	}
	notices := `SELECT string_agg(concat_ws(' ', level, subject, recipient, rep, replace(detail, chr(10), '/'), message IS NOT NULL), ', ' ORDER BY subject)
FROM handoff.notices WHERE level LIKE 'SetBack%'`
	if got, want := s.value(notices), "SetBack k1 Rep "+rep+" a line/another t, SetBack k2 Rep "+rep+" a line/another t"; got != want {
		t.Errorf("notices %s, want %s", got, want)
	}
	jobs := s.jobs()
	standing := s.outgoing(jobs)
	if len(jobs) != 1 || standing[0].Content != nil || standing[0].Note == nil || *standing[0].Note != (crm.Note{Record: "lead-0", Key: "k1", Text: undo.Why}) {
		t.Fatalf("%d jobs, %+v", len(jobs), standing[0])
	}
	s.tell(nil)
	if got = knownOf(t, s.l, "lead-0"); len(got.Restore) != 0 || !got.Diverged.IsZero() {
		t.Errorf("after it was written: %+v", got)
	}
	if n := s.tell(nil); n != 1 { // the other note
		t.Errorf("%d jobs, want one for the other note", n)
	}
	if n := s.tell(nil); n != 0 {
		t.Errorf("%d jobs though everything is told", n)
	}
	if n := s.value(`SELECT count(*)::text FROM handoff.crm_set_backs WHERE noted_at IS NOT NULL`); n != "2" {
		t.Errorf("%s notes were left, want 2", n)
	}
}

// What the CRM is to be set back to while it is being written is written next.
func TestSetBackMeanwhile(t *testing.T) {
	s := newTelling(t, 1, ledger.Effects{})
	jobs := s.jobs()
	standing := s.outgoing(jobs)
	takeIn(t, s.l, ledger.CRMIntake{Undo: []crm.Undo{{Record: "lead-0", Lead: "lead-0", Restore: map[string]string{"a": "b"}, Key: "k"}}})
	s.finish(jobs, taken(jobs[0], standing[0]))
	if got := knownOf(t, s.l, "lead-0"); got.Restore["a"] != "b" {
		t.Errorf("what is not written yet is gone: %+v", got)
	}
	if next := s.jobs(); len(next) != 1 || s.outgoing(next)[0].Note == nil {
		t.Errorf("%d jobs, want one that sets it back", len(next))
	}
}

func TestSetBackStops(t *testing.T) {
	s := newTelling(t, 2, ledger.Effects{Notify: true})
	s.tell(nil)
	stop := crm.Undo{Record: "lead-1", Lead: "lead-1", Restore: map[string]string{"a": "b"}, Rep: rep, Why: "too often", Key: "k"}
	takeIn(t, s.l, ledger.CRMIntake{Stopped: []crm.Undo{stop}})
	if got := knownOf(t, s.l, "lead-1"); got.Stopped.IsZero() || len(got.Restore) > 0 {
		t.Errorf("%+v", got)
	}
	if n := s.tell(nil); n != 0 {
		t.Errorf("%d jobs, though nothing is set back", n)
	}
	to := ledgertest.Column[string](t, s.dsn, `SELECT recipient FROM handoff.notices WHERE level = 'SetBackStopped' AND message IS NOT NULL ORDER BY 1`)
	if diff := cmp.Diff([]string{"Marketing", "Sales"}, to); diff != "" {
		t.Error(diff)
	}
	state, err := s.l.CRMState(t.Context())
	if err != nil || len(state.Stopped) != 1 || state.Stopped[0].Lead != "lead-1" || state.Records != 2 || state.SetBacks != 0 {
		t.Errorf("state %+v: %v", state, err)
	}
	for _, c := range []struct {
		leads []string
		all   bool
		want  []string
	}{{leads: []string{"lead-0"}}, {leads: []string{"lead-0", "lead-1"}, want: []string{"lead-1"}}, {all: true}} {
		got, err := s.l.ResumeSetBacks(t.Context(), c.leads, c.all)
		if !slices.Equal(got, c.want) || err != nil {
			t.Errorf("%v %v: %v, want %v: %v", c.leads, c.all, got, c.want, err)
		}
	}
	if got := knownOf(t, s.l, "lead-1"); !got.Stopped.IsZero() {
		t.Errorf("not resumed: %+v", got)
	}
}

// waits are the leads that the CRM has not acknowledged, and when the others were delivered.
const waits = `SELECT string_agg(concat_ws(' ', l.lead_id, l.awaits_crm, l.acknowledged_at IS NOT NULL, o.state), ', ' ORDER BY l.lead_id)
FROM handoff.leads l JOIN handoff.obligations o USING (tenant, lead_id) WHERE clause = 'delivery'`

func TestAcknowledgement(t *testing.T) {
	s := newTelling(t, 4, ledger.Effects{Acknowledge: true})
	ingest(t, s.l, captured("web", "web-1", nil)) // of which the CRM has no record
	s.work()
	if got, want := s.value(waits), "lead-0 t f Open, lead-1 t f Open, lead-2 t f Open, lead-3 t f Open, web-1 f f Met"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	for _, standing := range s.outgoing(s.jobs()) { // what is met by just this is not told
		if standing.Clause != "firstContact" {
			t.Errorf("%s: the next deadline is that of %q", standing.Lead, standing.Clause)
		}
	}
	other := "rep-2@acme.example"
	s.tell(func(one *ledger.CRMTold) {
		switch one.Lead {
		case "lead-1": // it has another owner meanwhile
			one.Owner = &other
		case "lead-2":
			one.Written, one.Owner, one.Gone = nil, nil, crm.Deleted
		case "lead-3":
			one.Written, one.Owner, one.Planned = nil, nil, []byte(`{}`)
		}
	})
	s.work()
	if got, want := s.value(waits), "lead-0 t t Met, lead-1 t f Open, lead-2 f f Met, lead-3 t f Open, web-1 f f Met"; got != want {
		t.Errorf("%s, want %s", got, want)
	}

	// The dry run is over: what it has planned is written.
	if told, err := s.l.TellPlanned(t.Context(), 10); told != 1 || err != nil {
		t.Fatalf("%d are told, want 1: %v", told, err)
	}
	ledgertest.Exec(t, s.dsn, `UPDATE handoff.leads SET owner = '`+other+`' WHERE lead_id = 'lead-1'`)
	s.tell(nil)
	s.work()
	if got, want := s.value(waits), "lead-0 t t Met, lead-1 t f Open, lead-2 f f Met, lead-3 t t Met, web-1 f f Met"; got != want {
		t.Errorf("%s, want %s", got, want)
	}

	// The CRM is not told any more: nobody waits for it for ever.
	s.l.SetEffects(ledger.Effects{CRM: true})
	for range 2 {
		if err := s.l.SettleCRM(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.value(`SELECT count(*)::text FROM handoff.work`); n != "1" {
		t.Errorf("%s leads are to be routed, want the one that waits, once", n)
	}
}

// A lead that every lead's record is made for waits, until there is none to be made.
func TestAcknowledgementOfMatchedLeads(t *testing.T) {
	s := newTelling(t, 0, ledger.Effects{Acknowledge: true, Matched: true})
	ingest(t, s.l, captured("1", "web-1", nil), captured("2", "web-2", nil))
	s.work()
	s.tell(func(one *ledger.CRMTold) {
		if one.Lead == "web-1" {
			one.Written, one.Owner, one.Wrote = nil, nil, nil // nothing to find it by
		}
	})
	s.work()
	if got, want := s.value(waits), "web-1 f f Met, web-2 t t Met"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := s.value(`SELECT string_agg(record_id, ' ') FROM handoff.crm_records`); got != "web-2" {
		t.Errorf("records %s", got)
	}
}

// A transaction that ends at any of its writes, as when a worker dies there, leaves nothing; done again, it does everything once.
func TestDyingBetweenTheWritesOfThe(t *testing.T) {
	t.Run("intake", func(t *testing.T) {
		for _, table := range []string{"crm_cursors", "work", "messages", "outbox", "crm_records", "crm_hints"} {
			t.Run(table, func(t *testing.T) {
				s := newTelling(t, 1, ledger.Effects{Notify: true})
				s.tell(nil)
				if err := s.l.NoteHints(t.Context(), []ledger.Hinted{{Event: "1", Record: "lead-0"}}); err != nil {
					t.Fatal(err)
				}
				hints, err := s.l.CRMHints(t.Context(), 1)
				if err != nil {
					t.Fatal(err)
				}
				known := record(0)
				known.Seen, known.Modified = map[string]string{"stage": "sal"}, noon.Add(time.Hour)
				in := ledger.CRMIntake{
					Stream: crm.Leads, To: position(1, "a"), Entries: []ledger.Entry{captured("new", "lead-9", nil)}, Known: []crm.Known{known},
					Hints: []int64{hints[0].ID}, Undo: []crm.Undo{{Record: "lead-0", Lead: "lead-0", Restore: map[string]string{"a": "b"}, Key: "k"}},
				}
				s.dying(table, func() error { _, err := s.l.TakeIn(t.Context(), in); return err })
				if got := knownOf(t, s.l, "lead-0"); got.Seen["stage"] != "sal" || got.Restore["a"] != "b" || len(got.SetBacks) != 1 || len(s.jobs()) != 1 {
					t.Errorf("done again: %+v, and %d jobs", got, len(s.jobs()))
				}
			})
		}
	})
	t.Run("end of a write", func(t *testing.T) {
		for _, table := range []string{"outbox", "crm_set_backs", "leads", "river_job"} {
			t.Run(table, func(t *testing.T) {
				s := newTelling(t, 2, ledger.Effects{Acknowledge: true})
				takeIn(t, s.l, ledger.CRMIntake{Undo: []crm.Undo{{Record: "lead-0", Lead: "lead-0", Restore: map[string]string{"a": "b"}, Key: "k"}}})
				jobs := s.jobs()
				standings := s.outgoing(jobs)
				done := []ledger.CRMTold{taken(jobs[0], standings[0]), taken(jobs[1], standings[1])}
				done[0].Note = standings[0].Note.Key
				s.dying(table, func() error { return s.l.FinishMany(t.Context(), done, completing(jobs)) })
				s.work()
				if got, want := s.value(waits), "lead-0 t t Met, lead-1 t t Met"; got != want || len(knownOf(t, s.l, "lead-0").Restore) > 0 {
					t.Errorf("done again: %s, want %s", got, want)
				}
			})
		}
	})
}

// dying has a step fail at its write to a table, and then done again.
func (s *telling) dying(table string, step func() error) {
	s.t.Helper()
	ledgertest.Exec(s.t, s.dsn, `
CREATE FUNCTION handoff.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'died' USING ERRCODE = 'XX000'; END $$`,
		`CREATE TRIGGER die BEFORE INSERT OR UPDATE OR DELETE ON handoff.`+table+` FOR EACH ROW EXECUTE FUNCTION handoff.die()`)
	before := everything(s.t, s.dsn)
	if err := step(); err == nil {
		s.t.Fatalf("it writes nothing to %s", table)
	}
	if diff := cmp.Diff(before, everything(s.t, s.dsn)); diff != "" {
		s.t.Errorf("what died at %s left something:\n%s", table, diff)
	}
	ledgertest.Exec(s.t, s.dsn, `DROP TRIGGER die ON handoff.`+table)
	if err := step(); err != nil {
		s.t.Fatal(err)
	}
}

// A job that completes cannot be without what it did, nor the other way round.
func TestFinishManyWithoutItsJob(t *testing.T) {
	s := newTelling(t, 1, ledger.Effects{})
	jobs := s.jobs()
	standings := s.outgoing(jobs)
	before := everything(t, s.dsn)
	died := errors.New("died")
	err := s.l.FinishMany(t.Context(), []ledger.CRMTold{taken(jobs[0], standings[0])}, func(context.Context, pgx.Tx) error { return died })
	if !errors.Is(err, died) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, everything(t, s.dsn)); diff != "" {
		t.Error(diff)
	}
}
