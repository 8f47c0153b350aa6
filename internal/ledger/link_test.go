// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// Two scorers judge one lead each of an account in which two others wait for somebody: neither waits for the other.
func TestScorersOfOneAccountLinkWithoutWaiting(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	handedOff := map[string]time.Time{"waits": noon, "waits-too": noon, "first": noon.Add(2 * time.Hour), "second": noon.Add(4 * time.Hour)}
	among := ledger.Among{
		Company: func(*ledger.Lead) string { return "acme" },
		Marks:   func(*ledger.Lead) []lead.Mark { return nil },
	}
	judge := func(one *ledger.Lead) error {
		one.Account, one.CapturedAt = "acme", handedOff[one.ID]
		if err := reach(one); err != nil {
			return err
		}
		one.Qualified.At = handedOff[one.ID]
		return nil
	}
	ingest(t, l, captured("1", "waits", nil), captured("2", "waits-too", nil), captured("3", "first", nil), captured("4", "second", nil))
	if batch, err := l.ScoreAmong(t.Context(), 1, 10, among, judge); err != nil || batch.Leads != 4 {
		t.Fatalf("%+v, %v", batch, err)
	}
	ledgertest.Exec(t, dsn, `UPDATE leads SET awaits_since = qualified_at + CASE lead_id WHEN 'waits' THEN interval '1 hour' ELSE interval '3 hours' END
WHERE lead_id LIKE 'waits%'`)
	ingest(t, l, captured("5", "first", nil), captured("6", "second", nil))
	arrived := make(chan struct{}, 2)
	both := make(chan struct{})
	var scorers errgroup.Group
	for range 2 {
		scorers.Go(func() error {
			_, err := l.ScoreAmong(t.Context(), 1, 1, among, func(one *ledger.Lead) error {
				arrived <- struct{}{}
				<-both
				return judge(one)
			})
			return err
		})
	}
	<-arrived
	<-arrived
	close(both)
	if err := scorers.Wait(); err != nil {
		t.Fatal(err)
	}
	const links = `SELECT string_agg(concat_ws(' ', lead_id, linked_to(tenant, lead_id)), ', ' ORDER BY lead_id) FROM leads`
	if got, want := ledgertest.Value[string](t, dsn, links), "first waits, second waits-too, waits, waits-too"; got != want {
		t.Errorf("links: %s; want %s", got, want)
	}
	for id, want := range map[string]string{"first": "waits", "second": "waits-too", "waits": ""} {
		err := l.Read(t.Context(), func(r *ledger.Reading) error {
			life, err := r.Life(t.Context(), id)
			if err == nil && life.LinkedTo != want {
				t.Errorf("the life of %s says that it is linked to %q, want %q", id, life.LinkedTo, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
