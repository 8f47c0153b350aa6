// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// meanwhile sends batches until do has ended, and then the rest. It returns the batches that were sent.
func meanwhile(s *sender, prefix string, do func()) (sent [][]ledger.Entry) {
	s.t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); do() }()
	for round := 0; ; round++ {
		batches := inBatches(lives(fmt.Sprintf("%s-%d", prefix, round), 40), 4)
		sent = append(sent, batches...)
		s.send(4, batches...)
		select {
		case <-done:
			return sent
		case <-time.After(s.pause):
		}
	}
}

// PostgreSQL dies as in a crash, twice, while leads come in, and recovers from its log. The other tests that are on the same server run beside each
// other; this one does not.
func TestPostgreSQLIsRestarted(t *testing.T) {
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair()})
	s := newSender(t, r.scoring...)
	server := ledgertest.Running()
	sent := meanwhile(s, "restart", func() {
		if !s.answered() {
			t.Error("nothing was taken before")
		}
		for range 2 {
			refused := s.refused()
			if err := server.Kill(); err != nil {
				t.Error(err)
				return
			}
			if !eventually(func() bool { return s.refused() > refused }) {
				t.Error("no request was refused: the database was never missed")
			}
			if err := server.Launch(); err != nil {
				t.Error(err)
				return
			}
			if !s.answered() {
				t.Error("nothing was taken after the restart")
			}
		}
	})
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), sent...), r.projection())
}

// Every connection of the workers is ended again and again, whatever it is doing.
func TestConnectionsAreEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair()})
	s := newSender(t, r.scoring...)
	ended, inTransaction := 0, 0
	sent := meanwhile(s, "ended", func() {
		conn := ledgertest.Connect(t, r.dsn)
		defer conn.Close(context.Background())
		enough := func() bool {
			time.Sleep(50 * time.Millisecond)
			var all, within int
			err := conn.QueryRow(context.Background(), `
WITH victims AS MATERIALIZED (SELECT pid, xact_start FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'handoff')
SELECT count(*), count(xact_start) FROM victims WHERE pg_terminate_backend(pid)`).Scan(&all, &within)
			if err != nil {
				t.Error(err)
				return true
			}
			ended, inTransaction = ended+all, inTransaction+within
			return ended >= 100 && inTransaction >= 20
		}
		if !eventually(enough) {
			t.Errorf("only %d connections were ended, %d in a transaction", ended, inTransaction)
		}
	})
	t.Logf("%d connections were ended, %d of them in a transaction; %d requests were sent again", ended, inTransaction, s.refused())
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), sent...), r.projection())
}

// The worst cut: the server has the commit, and the worker never hears of it. Whatever it does then, it does not do it twice.
func TestCommitsAreNotHeardOf(t *testing.T) {
	t.Parallel()
	_, dsn := ledgertest.New(t, tenant)
	p, through := newProxy(t, dsn, 5)
	r := newRig(t, layout{scoring: 2, routing: 2, bundles: onePair(), dsn: dsn, through: through})
	s := newSender(t, r.scoring...)
	sent := meanwhile(s, "unheard", func() {
		if !eventually(func() bool { return p.cuts.Load() >= 30 }) {
			t.Errorf("only %d connections were cut", p.cuts.Load())
		}
	})
	t.Logf("%d of %d commits were not heard of; %d requests were sent again", p.cuts.Load(), p.commits.Load(), s.refused())
	if s.refused() == 0 {
		t.Error("no request was refused: no sender was left in doubt")
	}
	r.conserved(s)
	equal(t, undisturbed(t, onePair(), sent...), r.projection())
}
