// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// What is set back is written though it was written before, then explained by one note, and done; whatever fails in between.
func TestSystemSetsBack(t *testing.T) {
	for name, c := range map[string]struct {
		fails  func(n int) (bool, error) // of the nth write
		noting func(n int) (bool, error) // of the nth note
		unsaid bool                      // the note is refused
	}{
		"at once":             {},
		"the write fails":     {fails: func(n int) (bool, error) { return false, unavailable(n == 1) }},
		"the answer is lost":  {fails: func(n int) (bool, error) { return true, unavailable(n == 1) }},
		"the note fails":      {noting: func(n int) (bool, error) { return false, unavailable(n == 1) }},
		"its answer is lost":  {noting: func(n int) (bool, error) { return true, unavailable(n == 1) }},
		"the note is refused": {noting: func(int) (bool, error) { return false, &crm.RefusedError{Status: 400} }, unsaid: true},
		"notes are forbidden": {noting: func(n int) (bool, error) { return false, forbidden(n == 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			r, s := newRig(t, crmOnly()), newScripted()
			r.news("L1")
			r.judge(scored(1))
			r.inCRM("L1")
			r.start(r.runner(open(s).on))
			r.until("it is written", r.crmSettled)
			s.do(func() { // a person
				s.records["L1"]["lifecycle"], s.records["L1"]["lead_status"] = "customer", "Unqualified"
				s.changes["L1"] = nil
				writes, notes := 0, 0
				s.fails = func(crm.Write, int) (bool, error) { writes++; return orNone(c.fails, writes) }
				s.noting = func(crm.Note) (bool, error) { notes++; return orNone(c.noting, notes) }
			})
			undo := crm.Undo{
				Record: "L1", Lead: "L1", Rep: rep1, Why: "It was moved past its gate.", Key: "L1/1",
				Restore: map[string]string{"lifecycle": "mql", "lead_status": ""},
			}
			for range 2 { // the reader may say it twice
				if _, err := r.l.TakeIn(t.Context(), ledger.CRMIntake{Undo: []crm.Undo{undo}}); err != nil {
					t.Fatal(err)
				}
			}
			r.until("it is set back", func() bool { return r.crmSettled() && r.unsettled() == 0 })
			if got := s.holds("L1"); got["lifecycle"] != "mql" || got["lead_status"] != "" {
				t.Errorf("it holds %v", got)
			}
			if got := len(s.changes["L1"]); got != 1 {
				t.Errorf("it was changed %d times: %q", got, s.changes["L1"])
			}
			want := []string{undo.Why}
			if c.unsaid {
				want = nil
			}
			if diff := cmp.Diff(want, s.notes["L1"]); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
			if n := r.count(`SELECT count(*) FROM crm_records WHERE restore <> '{}'`); n != 0 {
				t.Error("it is still to be set back")
			}
			if n := r.count(`SELECT count(*) FROM crm_set_backs WHERE noted_at IS NULL`); (n == 1) != c.unsaid {
				t.Errorf("%d notes are to be left", n)
			}
			calls := len(s.calls)
			r.news("L1")
			r.judge(scored(2))
			r.until("the next change is written", func() bool { return s.holds("L1")["sla_score"] == "2" && r.crmSettled() })
			if got := len(s.calls) - calls; got != 1 || len(s.changes["L1"]) != 2 {
				t.Errorf("%d calls for the next change, changes %q", got, s.changes["L1"])
			}
			s.check(t)
		})
	}
}

func unavailable(yes bool) error {
	if yes {
		return &crm.UnavailableError{Cause: "answered with status 503"}
	}
	return nil
}

func forbidden(yes bool) error {
	if yes {
		return &crm.CredentialError{Cause: "lacks the scope crm.objects.notes.write"}
	}
	return nil
}

func orNone(of func(int) (bool, error), n int) (bool, error) {
	if of == nil {
		return false, nil
	}
	return of(n)
}

// Two replicas and a CRM that fails in every way: nothing is lost, nothing is written twice, and nothing by what is older.
func TestSystemStorm(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	s.max = 20
	ids := names(60)
	n := 0
	s.fails = func(crm.Write, int) (bool, error) {
		n++
		switch {
		case n%5 == 1:
			return false, &crm.UnavailableError{Cause: "answered with status 429", After: time.Millisecond}
		case n%7 == 2:
			return true, &crm.UnavailableError{Cause: "did not answer in time"}
		case n%11 == 3:
			return false, &crm.CredentialError{Cause: "refused the token (401)"}
		}
		return false, nil
	}
	r.news(ids...)
	r.judge(scored(0))
	r.inCRM(ids...)
	for range 2 {
		r.start(r.runner(open(s).on))
	}
	const rounds = 8
	for round := 1; round <= rounds; round++ {
		r.news(ids...)
		r.judge(scored(round))
	}
	r.until("all is written", func() bool { return r.crmSettled() && r.unsettled() == 0 })
	for _, id := range ids {
		if got := s.holds(id)["sla_score"]; got != fmt.Sprint(rounds) {
			t.Errorf("%s holds %v", id, s.holds(id))
		}
		changes := s.changes[id]
		if sorted := slices.Sorted(slices.Values(changes)); !slices.Equal(changes, slices.Compact(sorted)) {
			t.Errorf("%s was written by what was older, or twice: %q", id, changes)
		}
	}
	s.check(t)
}

// A lead that was merged into another does not write into its record, which may be the other's by now.
func TestSystemOfMerges(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	r.news("L1", "L2")
	r.judge(scored(1))
	r.inCRM("L2")
	r.start(r.runner(open(s).on))
	r.until("the one with a record is written", r.crmSettled)
	calls := len(s.calls)
	r.ingest(ledger.Entry{Source: "/crm", ID: "m1", Lead: "L1", Kind: "merged", Time: r.now(), Data: ledger.Data{Merged: "L2"}})
	r.judge(scored(2))
	r.until("the one that is left is written", func() bool { return s.holds("L2")["sla_score"] == "2" && r.crmSettled() })
	if got := s.holds("L2"); got["owner"] != rep1 || got["lifecycle"] != "mql" || len(s.calls) != calls+1 {
		t.Errorf("it holds %v after %d calls", got, len(s.calls)-calls)
	}
	s.check(t)
}

// A record that is gone as it is written is noted as gone, and not the one that the lead gets meanwhile: that is written next.
func TestSystemOfARecordThatIsGone(t *testing.T) {
	r, s := newRig(t, crmOnly()), newScripted()
	r.news("L1", "L2")
	r.judge(scored(1))
	r.ingest(ledger.Entry{Source: "/crm", ID: "m1", Lead: "L1", Kind: "merged", Time: r.now(), Data: ledger.Data{Merged: "L2"}})
	r.judge(scored(1))
	r.inCRM("L2") // of which L1 has taken over
	begun, release := make(chan struct{}, 1), make(chan struct{})
	s.during = func(call int) {
		if call == 1 {
			begun <- struct{}{}
		}
		<-release
	}
	s.fails = func(w crm.Write, _ int) (bool, error) {
		if w.Record == "L2" {
			return false, &crm.GoneError{Gone: crm.Deleted}
		}
		return false, nil
	}
	r.start(r.runner(open(s).on))
	r.until("it is being written", func() bool { return len(begun) == 1 })
	r.inCRM("L1")
	close(release)
	r.until("its own record is written", func() bool { return s.holds("L1")["sla_score"] == "1" && r.crmSettled() })
	if got := ledgertest.Column[string](t, r.dsn, `SELECT record_id || gone FROM crm_records ORDER BY 1`); !slices.Equal(got, []string{"L1", "L2Deleted"}) {
		t.Errorf("records %v", got)
	}
	s.check(t)
}
