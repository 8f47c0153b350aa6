// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// A rejection without a code is refused, kept, and set back once; after the limit people are told. In a dry run nothing is.
func TestCRMSetBack(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*crm.Settings)
		want []string
	}{
		"set back": {func(*crm.Settings) {}, []string{"false", "false", "true"}},
		"dry run":  {func(s *crm.Settings) { s.DryRun = true }, []string{}},
		"patient":  {func(s *crm.Settings) { s.SetBack.After = 24 * time.Hour }, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1, nurturing))
			r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
			o := newOffice()
			start := time.Now().Add(-2 * time.Hour)
			o.put("7", start, func(c *crm.Record) { c.Values["company"], c.Values["form_at"], c.Owner = "Acme", start, "rep-1" })
			read := r.reads(o, r.l, tc.edit)
			read.pass(t)
			r.work(team("rep-1"))
			for n := range 4 {
				at := start.Add(time.Duration(n+1) * time.Minute)
				o.put("7", at, values(map[string]any{"status": "Nurture"}))
				read.pass(t)
				r.work(team("rep-1"))
				read.pass(t)
				if n == 0 {
					r.owes("after the first attempt", "7 completeness Met", "7 disposition Open", "7 rejection Missed")
				}
				ledgertest.Exec(t, r.dsn, `UPDATE crm_records SET restore = '{}' WHERE restore <> '{}'`) // as the writer does
				o.put("7", at.Add(time.Second), values(map[string]any{"status": nil}))
				read.pass(t)
			}
			if diff := cmp.Diff(tc.want, ledgertest.Column[string](t, r.dsn, `SELECT stopped::text FROM crm_set_backs ORDER BY id`)); diff != "" {
				t.Error(diff)
			}
			if got := ledgertest.Value[int64](t, r.dsn, `SELECT count(*) FROM refusals`); got != 4 {
				t.Errorf("%d attempts are kept", got)
			}
		})
	}
}

// misused is a CRM in which reps gave back all of n leads by a status without a code; the ledger knows since it was read.
func misused(t *testing.T, n int) (*rig, *reading) {
	t.Helper()
	r := newRig(t, bundleOf(1, nurturing))
	r.l.SetEffects(ledger.Effects{CRM: true, Acknowledge: true})
	o := newOffice()
	o.perPage = 100
	start := time.Now().Add(-2 * time.Hour)
	for i := range n {
		o.put(fmt.Sprint(100+i), start, func(c *crm.Record) { c.Values["company"], c.Values["form_at"], c.Owner = "Acme", start, "rep-1" })
	}
	read := r.reads(o, r.l)
	read.pass(t)
	r.work(team("rep-1"))
	for i := range n {
		o.put(fmt.Sprint(100+i), start.Add(time.Minute), values(map[string]any{"status": "Nurture"}))
	}
	return r, read
}

// Leads that cannot be looked at hold up no other that is to be set back.
func TestCRMSetBackPastOthers(t *testing.T) {
	r, read := misused(t, 60)
	read.office.hidden = map[string]bool{}
	for i := range 55 {
		read.office.hidden[fmt.Sprint(100+i)] = true
	}
	read.pass(t)
	r.work(team("rep-1"))
	for range 3 {
		read.pass(t)
	}
	if got := ledgertest.Value[int64](t, r.dsn, `SELECT count(*) FROM crm_records WHERE restore <> '{}'`); got != 5 {
		t.Errorf("%d are set back, want 5", got)
	}
}

// Nothing is set back before all that may explain it was read, whoever begins to read and however long the CRM was away.
func TestCRMSetBackAfterARound(t *testing.T) {
	r, read := misused(t, 1)
	read.pass(t)
	r.work(team("rep-1"))
	o := read.office
	read.Close(t.Context())
	other := r.reads(o, r.l)
	other.now = read.now.Add(time.Hour)
	o.fail = func(stream string) error {
		if stream == "deals" {
			return &crm.UnavailableError{Cause: "answered 503"}
		}
		return nil
	}
	for range 3 {
		if _, err := other.Step(t.Context()); err == nil {
			t.Fatal("deals were read")
		}
		other.now = other.now.Add(10 * time.Second)
	}
	const setBacks = `SELECT count(*) FROM crm_set_backs`
	if got := ledgertest.Value[int64](t, r.dsn, setBacks); got != 0 {
		t.Fatalf("%d set back before deals were read", got)
	}
	o.fail = nil
	other.pass(t)
	other.pass(t)
	if got := ledgertest.Value[int64](t, r.dsn, setBacks); got != 1 {
		t.Errorf("%d set back", got)
	}
}

// Who mends it before the writer has come to it is not set back any more, and it is not held against the lead; who does it again has the same time
// as before.
func TestCRMMendedBeforeItIsSetBack(t *testing.T) {
	for name, tc := range map[string]struct {
		mended map[string]any
		noted  int64
	}{
		"with a code":             {map[string]any{"reason": "BadTiming"}, 0},
		"to what it was (or we)?": {map[string]any{"status": nil}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			r, read := misused(t, 1)
			read.pass(t)
			r.work(team("rep-1"))
			read.pass(t)
			state := func(want string) {
				t.Helper()
				if got := ledgertest.Value[string](t, r.dsn, `SELECT concat_ws(' ', restore <> '{}', diverged_at IS NOT NULL, cardinality(set_backs)) FROM crm_records`); got != want {
					t.Errorf("restore, diverged, set back: %s, want %s", got, want)
				}
			}
			state("t t 1")
			read.office.put("100", time.Now().Add(-90*time.Minute), values(tc.mended))
			read.pass(t)
			state(fmt.Sprint("f f ", tc.noted))
			if got := ledgertest.Value[int64](t, r.dsn, `SELECT count(*) FROM crm_set_backs`); got != tc.noted {
				t.Errorf("%d notes, want %d", got, tc.noted)
			}
		})
	}
}
