// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// uncoded is an attempt to reject a lead without a code, which was refused.
func uncoded(id, of string) ledger.Entry {
	return ledger.Entry{
		Source: "/test", ID: id, Lead: of, Kind: lead.KindDisposition, Time: noon.Add(time.Hour), Data: ledger.Data{Outcome: lead.Recycled, Reason: "call " + surname},
		Refused: true,
	}
}

func refusalsIn(t *testing.T, l *ledger.Ledger, one string) (all []ledger.Refusal) {
	t.Helper()
	err := l.Read(t.Context(), func(r *ledger.Reading) error {
		return r.EachRefusal(t.Context(), one, func(x ledger.Refusal) error {
			all = append(all, x)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRefusedOnce(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	taken := uncoded("taken", "lead-1")
	taken.Refused = false // when the terms only observed
	coded := uncoded("1", "lead-1")
	coded.Refused, coded.Data.Reason, coded.Resolved = false, "BadTiming", ledger.Resolved{Outcome: lead.Recycled, Coded: true}
	ingest(t, l, captured("0", "lead-1", nil), taken)
	sentAgain := uncoded("taken", "lead-1")
	another := uncoded("taken", "lead-1")
	another.Time = another.Time.Add(time.Minute)
	for i, c := range []struct {
		entries []ledger.Entry
		want    []ledger.Outcome
		kept    int
	}{
		{[]ledger.Entry{uncoded("1", "lead-1")}, []ledger.Outcome{ledger.Refused}, 1},
		{[]ledger.Entry{uncoded("1", "lead-1"), uncoded("1", "lead-1")}, []ledger.Outcome{ledger.Refused, ledger.Refused}, 1},
		{[]ledger.Entry{uncoded("2", "lead-2"), captured("3", "lead-3", nil)}, []ledger.Outcome{ledger.Refused, ledger.Accepted}, 2},
		{[]ledger.Entry{sentAgain}, []ledger.Outcome{ledger.Duplicate}, 2},                                                           // an event by now
		{[]ledger.Entry{another}, []ledger.Outcome{ledger.Refused}, 3},                                                               // which this one is not
		{[]ledger.Entry{coded}, []ledger.Outcome{ledger.Accepted}, 3},                                                                // mended, under the same id
		{[]ledger.Entry{uncoded("4", "lead-4"), captured("4", "lead-4", nil)}, []ledger.Outcome{ledger.Refused, ledger.Accepted}, 4}, // in one request
	} {
		if diff := cmp.Diff(c.want, ingest(t, l, c.entries...)); diff != "" {
			t.Errorf("request %d: outcomes (-want +got):\n%s", i, diff)
		}
		if n := len(refusalsIn(t, l, "")); n != c.kept {
			t.Errorf("request %d: %d refusals are kept, want %d", i, n, c.kept)
		}
	}
	if n := ledgertest.Value[int](t, dsn, `SELECT count(*) FROM handoff.events`); n != 5 {
		t.Errorf("%d events, want 5: a refusal is none", n)
	}
	want := ledger.Refusal{Lead: "lead-2", Source: "/test", ID: "2", Time: noon.Add(time.Hour), Outcome: lead.Recycled}
	got := refusalsIn(t, l, "lead-2")
	if len(got) != 1 || got[0].Received.IsZero() {
		t.Fatalf("of lead-2: %v", got)
	}
	got[0].Received = time.Time{}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The same refusals and events offered by several senders at once, in different orders: each is kept once, and nobody waits in a circle.
func TestRefusedOnceByMany(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	const each = 60
	var group sync.WaitGroup
	for sender := range 6 {
		group.Go(func() {
			for i := range each {
				n := i
				if sender%2 == 1 {
					n = each - 1 - i
				}
				_, err := l.Ingest(t.Context(), []ledger.Entry{
					uncoded(fmt.Sprint("r", n), fmt.Sprint("lead-", n)), captured(fmt.Sprint("c", n), fmt.Sprint("lead-", each-n), nil),
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := len(refusalsIn(t, l, "")); n != each {
		t.Errorf("%d refusals are kept, want %d", n, each)
	}
}

// What was refused causes work, and stands in the history of the lead as what it is.
func TestRefusalIsWork(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("0", "lead-1", nil))
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Route(ctx, 1, 10, keeping) })
	ingest(t, l, uncoded("1", "lead-1"))
	if n := drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) }); n != 1 {
		t.Fatalf("%d leads were scored, want 1", n)
	}
	var kinds []lead.Kind
	routed := drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, 1, 10, func(ctx context.Context, r *ledger.Routing) error {
			for _, one := range r.Leads {
				for _, e := range one.History() {
					kinds = append(kinds, e.Kind)
				}
			}
			return keeping(ctx, r)
		})
	})
	if diff := cmp.Diff([]lead.Kind{lead.KindCaptured, lead.KindRefused}, kinds); routed != 1 || diff != "" {
		t.Errorf("%d leads were routed; history (-want +got):\n%s", routed, diff)
	}
}

// Somebody who is forgotten leaves nothing in what was refused, and nothing more is kept of him.
func TestRefusalsOfTheForgotten(t *testing.T) {
	l, dsn := story(t)
	refused := uncoded(person+"-9", person)
	ingest(t, l, refused)
	if !strings.Contains(everything(t, dsn), person+"-9") {
		t.Fatal("the story says nothing that is personal")
	}
	if _, err := l.Erase(t.Context(), person, "test", false); err != nil {
		t.Fatal(err)
	}
	all := everything(t, dsn)
	for _, gone := range []string{person, surname} {
		if at := strings.Index(all, gone); at >= 0 {
			t.Errorf("%q is still there: …%s…", gone, all[max(0, at-80):min(len(all), at+80)])
		}
	}
	if n := len(refusalsIn(t, l, "")); n != 1 {
		t.Errorf("%d refusals are kept under the pseudonym, want 1: it is counted", n)
	}
	if diff := cmp.Diff([]ledger.Outcome{ledger.Forgotten}, ingest(t, l, refused)); diff != "" {
		t.Errorf("sent again (-want +got):\n%s", diff)
	}
	if strings.Contains(everything(t, dsn), person) {
		t.Error("what was refused of an erased lead is kept")
	}
}

// A refusal goes with the history of its lead, keeps it while it is young, and goes too where it is all that is known of the lead.
func TestRefusalsRetire(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("1", "old", nil), uncoded("2", "old"), uncoded("3", "alone"), captured("4", "young", nil), uncoded("5", "young"))
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Score(ctx, 1, 10, func(one *ledger.Lead) error {
			one.Record = map[string]any{}
			return nil
		})
	})
	ledgertest.Exec(t, dsn, `UPDATE handoff.events SET time = now() - interval '3 years', received_at = now() - interval '3 years'`,
		`UPDATE handoff.refusals SET time = now() - interval '3 years', received_at = now() - interval '3 years' WHERE lead_id <> 'young'`)
	var after int64
	for more := true; more; {
		step, err := l.Retire(t.Context(), year, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		more, after = step.More, step.Next
	}
	for table, want := range map[string][]string{"leads": {"young"}, "refusals": {"young"}, "events": {"young"}} {
		got := ledgertest.Column[string](t, dsn, `SELECT lead_id FROM handoff.`+table+` ORDER BY 1`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", table, diff)
		}
	}
}

// A lead keeps its history while anything of a lead that it took in is young: an event, or what was refused. Then both go, one after the other.
func TestWhatWasTakenInKeepsTheOther(t *testing.T) {
	for table, young := range map[string]ledger.Entry{"events": captured("3", "taken-in", nil), "refusals": uncoded("3", "taken-in")} {
		t.Run(table, func(t *testing.T) {
			l, dsn := ledgertest.New(t, tenant)
			register(t, l, 1)
			ingest(t, l, captured("1", "left", nil), captured("2", "taken-in", nil), young)
			drain(t, func(ctx context.Context) (ledger.Batch, error) {
				return l.Score(ctx, 1, 10, func(one *ledger.Lead) error {
					one.Record = map[string]any{}
					return nil
				})
			})
			const old = ` SET time = now() - interval '3 years', received_at = now() - interval '3 years'`
			ledgertest.Exec(t, dsn, `UPDATE handoff.events`+old+` WHERE event_id <> '3'`,
				`UPDATE handoff.leads SET stage = 'Merged', merged_into = 'left' WHERE lead_id = 'taken-in'`)
			for range 2 {
				if leads, _ := retireAll(t, l, 1); leads != 0 {
					t.Fatalf("%d leads are gone while something is young", leads)
				}
			}
			ledgertest.Exec(t, dsn, `UPDATE handoff.`+table+old)
			for pass := range 2 {
				if leads, _ := retireAll(t, l, 10); leads != 1 {
					t.Errorf("pass %d: %d leads are gone, want 1", pass, leads)
				}
			}
		})
	}
}
