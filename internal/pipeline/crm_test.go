// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

const byKind = `SELECT concat_ws(' ', kind, count(*), count(DISTINCT lead_id)) FROM events GROUP BY kind ORDER BY kind`

var allOfThem = []string{"activity 40 40", "assigned 40 40", "captured 40 40", "opportunity 4 4", "touch 40 40"}

// All that the CRM has comes in, page by page and once, whatever is read first; then nothing is written any more.
func TestCRMIsReadOnce(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.someRecords(40, time.Now().Add(-24*time.Hour))
	tap := &tapped{Ledger: r.l}
	read := r.reads(o, tap)
	read.pass(t)
	if diff := cmp.Diff(allOfThem, ledgertest.Column[string](t, r.dsn, byKind)); diff != "" {
		t.Fatal(diff)
	}
	r.work(team("rep-0", "rep-1"))
	read.pass(t)
	before := tap.taken
	read.pass(t)
	if read = r.reads(o, tap); tap.taken != before {
		t.Errorf("at rest, %d intakes", tap.taken-before)
	}
	o.put("1001", read.now, values(map[string]any{"company": "Acme Ltd"}))
	r.next.Store(0) // the same holder, after a restart
	read = r.reads(o, tap)
	read.Holder = "reader-1"
	read.pass(t)
	want := append(allOfThem, "updated 1 1")
	if diff := cmp.Diff(want, ledgertest.Column[string](t, r.dsn, byKind)); diff != "" {
		t.Error(diff)
	}
	if got := testutil.ToFloat64(read.Metrics.CRMLag.WithLabelValues("leads")); got != 0 {
		t.Errorf("lag %v at the end", got)
	}
	settle(t, r.scorer(r.l).Step)
	if got := ledgertest.Value[int64](t, r.dsn, `SELECT count(*) FROM leads WHERE owner LIKE 'rep-%' AND stage IN ('MQL', 'Opportunity')`); got != 40 {
		t.Errorf("%d leads are owned and handed off", got)
	}
}

// A worker dies before or after any transaction: whoever goes on loses and doubles nothing.
func TestCRMReaderDies(t *testing.T) {
	lost := errors.New("the connection is lost")
	for name, when := range map[string]func(*tapped, func(int) error){
		"before the commit": func(l *tapped, f func(int) error) { l.before = f },
		"after the commit":  func(l *tapped, f func(int) error) { l.after = f },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, bundleOf(1))
			o := newOffice()
			o.someRecords(40, time.Now().Add(-24*time.Hour))
			tap := &tapped{Ledger: r.l, leased: true}
			when(tap, func(n int) error {
				if n%7 == 3 {
					return lost
				}
				return nil
			})
			for range 200 {
				read := r.reads(o, tap)
				var err error
				for wait := time.Duration(0); err == nil && wait == 0; {
					wait, err = read.Step(t.Context())
				}
				if err == nil {
					break
				}
				if !errors.Is(err, lost) {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(allOfThem, ledgertest.Column[string](t, r.dsn, byKind)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// Two workers that both believe that they hold the lease: the position lets one on, and the other reads again from it.
func TestTwoCRMReaders(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.someRecords(40, time.Now().Add(-24*time.Hour))
	tap := &tapped{Ledger: r.l, leased: true}
	one, two := r.reads(o, tap), r.reads(o, tap)
	for busy := true; busy; {
		busy = false
		for _, read := range []*reading{one, two, two} {
			again, err := read.Step(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			busy = busy || again == 0
		}
	}
	if diff := cmp.Diff(allOfThem, ledgertest.Column[string](t, r.dsn, byKind)); diff != "" {
		t.Error(diff)
	}
}

// Whose account it is may be forgotten, or another one, at any moment of a step: what is read is of the one that it was asked with, or nothing is.
func TestCRMAccountIsTakenAway(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.someRecords(3, time.Now().Add(-24*time.Hour))
	for after := range 4 {
		read := r.reads(o, r.l)
		asked := 0
		read.Account = func() string {
			if asked++; asked > after {
				return ""
			}
			return "42"
		}
		if after == 0 {
			system := read.System
			read.System = func() (crm.System, crm.Settings, error) { asked = -100; return system() } // it is known just now
		}
		if _, err := read.Step(t.Context()); err != nil && !errors.Is(err, pipeline.ErrNotReady) {
			t.Fatal(err)
		}
		read.Close(t.Context())
	}
	if diff := cmp.Diff([]string{"/crm/hubspot/42"}, ledgertest.Column[string](t, r.dsn, `SELECT DISTINCT source FROM events`)); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}

// One reads, and another begins at once when it gives the lease back.
func TestCRMReaderLease(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.someRecords(10, time.Now().Add(-24*time.Hour))
	one, two := r.reads(o, r.l), r.reads(o, r.l)
	step := func(read *reading) time.Duration {
		again, err := read.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return again
	}
	if step(one) != 0 || step(two) == 0 || len(o.asked) != 1 {
		t.Fatalf("asked %v", o.asked)
	}
	one.Close(t.Context())
	if step(two) != 0 || step(one) == 0 {
		t.Error("the lease was not given back")
	}
	if lags := testutil.CollectAndCount(one.Metrics.CRMLag); lags != 0 {
		t.Errorf("%d streams have a lag though another replica reads", lags)
	}
}

// Whoever reads a slow CRM keeps the lease meanwhile: nobody else reads it, too.
func TestCRMReaderRenewsItsLease(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	tap := &tapped{Ledger: r.l, renewed: make(chan struct{}, 100)}
	read := r.reads(o, tap)
	read.Renew = time.Millisecond
	o.fail = func(string) error {
		for range 3 { // the one that the step began with, and two more
			select {
			case <-tap.renewed:
			case <-t.Context().Done():
				return t.Context().Err()
			}
		}
		return nil
	}
	if _, err := read.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A webhook about a deal or a call names no record: the next round begins at once, also when one is under way that may have passed it.
func TestCRMHintWithoutRecord(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	read := r.reads(o, r.l, func(s *crm.Settings) { s.PollEvery = time.Hour })
	note := func(event string) {
		t.Helper()
		if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: event}}); err != nil {
			t.Fatal(err)
		}
	}
	settle(t, read.Step)
	if got := o.asked["deals"]; got != 1 {
		t.Fatalf("deals are read %d times", got)
	}
	note("a")
	settle(t, read.Step)
	if got := o.asked["deals"]; got != 2 || o.asked["leads"] != 2 || o.asked["fetch"] > 0 {
		t.Fatalf("at rest: asked %v", o.asked)
	}
	note("b")
	if _, err := read.Step(t.Context()); err != nil { // deals are read
		t.Fatal(err)
	}
	note("c")
	settle(t, read.Step)
	read.now = read.now.Add(2 * time.Second)
	settle(t, read.Step)
	if got := o.asked["deals"]; got != 4 {
		t.Errorf("under way: deals are read %d times", got)
	}
	read.now = read.now.Add(time.Minute)
	settle(t, read.Step)
	if got := o.asked["deals"]; got != 4 {
		t.Errorf("afterwards: deals are read %d times", got)
	}
}

// What a webhook told of is fetched at once, and is done when it is in the ledger.
func TestCRMHints(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	read := r.reads(o, r.l)
	settle(t, read.Step)
	o.put("7", time.Now(), values(map[string]any{"company": "Acme"}))
	o.put("8", time.Now(), values(map[string]any{"company": "Acme"}))
	if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: "a", Record: "7"}, {Event: "b", Record: "7"}, {Event: "c", Record: "nobody"}}); err != nil {
		t.Fatal(err)
	}
	settle(t, read.Step)
	if got := ledgertest.Column[string](t, r.dsn, `SELECT lead_id FROM events`); !cmp.Equal(got, []string{"7"}) {
		t.Errorf("leads %v", got)
	}
	if hints, err := r.l.CRMHints(t.Context(), 10); err != nil || len(hints) != 0 {
		t.Errorf("hints %v, %v", hints, err)
	}
	o.gone["7"] = crm.Deleted
	o.fail = func(string) error { return &crm.RefusedError{Status: 400} }
	note := func(event string) {
		t.Helper()
		if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: event, Record: "7"}}); err != nil {
			t.Fatal(err)
		}
		settle(t, read.Step)
	}
	note("d") // cannot be fetched: it holds up no other
	o.fail = nil
	note("e")
	if got := ledgertest.Column[string](t, r.dsn, `SELECT gone FROM crm_records`); !cmp.Equal(got, []string{"Deleted"}) {
		t.Errorf("gone %v", got)
	}
}

// A record that cannot be fetched holds up no stream.
func TestCRMHintThatCannotBeFetched(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.put("8", time.Now().Add(-time.Hour), values(map[string]any{"company": "Acme"}))
	if err := r.l.NoteHints(t.Context(), []ledger.Hinted{{Event: "a", Record: "7"}}); err != nil {
		t.Fatal(err)
	}
	o.fail = func(stream string) error {
		if stream == "fetch" {
			return &crm.UnavailableError{Cause: "answered 500"}
		}
		return nil
	}
	read := r.reads(o, r.l)
	failed := 0
	for range 12 {
		if _, err := read.Step(t.Context()); err != nil {
			failed++
		}
		read.now = read.now.Add(time.Second)
	}
	if got := ledgertest.Column[string](t, r.dsn, `SELECT lead_id FROM events`); !cmp.Equal(got, []string{"8"}) || failed < 2 {
		t.Errorf("leads %v, %d failed", got, failed)
	}
}

// A text that no database keeps does not hold up the stream.
func TestCRMTextThatCannotBeKept(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	at := time.Now().Add(-time.Hour)
	o.put("7", at, func(c *crm.Record) {
		c.Values["reason"], c.Values["status"], c.Owner = "a\x00b", "a\xff", "rep\x00-1"
		c.History = []crm.FieldChange{{Field: "stage", Value: "\x00", At: at}}
	})
	o.put("8", at, values(nil))
	read := r.reads(o, r.l)
	read.pass(t)
	if got := ledgertest.Column[string](t, r.dsn, `SELECT concat_ws(' ', record_id, seen->>'reason', seen->>'owner') FROM crm_records ORDER BY 1`); !cmp.Equal(got, []string{"7 ab rep-1", "8"}) {
		t.Errorf("records %q", got)
	}
}

func TestCRMThatIsAway(t *testing.T) {
	r := newRig(t, bundleOf(1))
	for name, tc := range map[string]struct {
		err   error
		again time.Duration
		fails bool
		told  bool
	}{
		"wants to be left alone": {&crm.UnavailableError{Cause: "is busy", After: 40 * time.Second}, 40 * time.Second, false, false},
		"for a day":              {&crm.UnavailableError{Cause: "is spent", After: 24 * time.Hour}, 5 * time.Minute, false, false},
		"is away":                {&crm.UnavailableError{Cause: "answered 503"}, 0, true, false},
		"takes no credential":    {&crm.CredentialError{Cause: "refused the token (401)"}, 0, true, true},
		"knows no such field":    {&crm.RefusedError{Status: 400}, 0, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice()
			o.fail = func(string) error { return tc.err }
			read := r.reads(o, &tapped{Ledger: r.l, leased: true})
			var trouble error
			read.Trouble = func(err error) { trouble = err }
			again, err := read.Step(t.Context())
			if again != tc.again || (err != nil) != tc.fails || (trouble != nil) != tc.told {
				t.Errorf("again after %s, error %v, told %v", again, err, trouble)
			}
			if err != nil && pipeline.Explain(err).Error() != tc.err.Error() {
				t.Errorf("explained as %v", pipeline.Explain(err))
			}
		})
	}
	o := newOffice()
	read := r.reads(o, r.l)
	read.System = func() (crm.System, crm.Settings, error) { return nil, crm.Settings{}, errors.New("not checked yet") }
	if _, err := read.Step(context.Background()); !errors.Is(err, pipeline.ErrNotReady) || len(o.asked) > 0 {
		t.Errorf("asked before the mapping was checked: %v", err)
	}
}

// A revision of the definition has a field that was not read before: all leads are read again, and the new field alone is told.
func TestCRMFieldsOfANewRevision(t *testing.T) {
	r := newRig(t, bundleOf(1))
	o := newOffice()
	o.someRecords(10, time.Now().Add(-24*time.Hour))
	for id := range o.records {
		o.records[id].Values["industry"] = "Mills"
	}
	tap := &tapped{Ledger: r.l, leased: true}
	read := r.reads(o, tap)
	read.pass(t)
	b := bundleOf(2)
	b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: "industry", Type: lead.String})
	r.inForce(b)
	for n := range 3 { // and it dies in between
		read = r.reads(o, tap)
		for range n {
			if _, err := read.Step(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	read.pass(t)
	got := ledgertest.Column[string](t, r.dsn, `SELECT concat_ws(' ', count(*), count(DISTINCT lead_id), min(data::text), max(data::text)) FROM events WHERE kind = 'updated'`)
	if want := []string{`10 10 {"properties": {"industry": "Mills"}} {"properties": {"industry": "Mills"}}`}; !cmp.Equal(got, want) {
		t.Errorf("updated: %v", got)
	}
	before := o.asked["leads"]
	read.pass(t)
	if asked := o.asked["leads"] - before; asked > 1 {
		t.Errorf("%d requests at rest", asked)
	}
}
