// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestScoreKeepsWhatFollows(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 7)
	ingest(t, l, captured("1", "lead-1", map[string]any{"a": "x"}))
	want := ledger.Lead{
		ID: "lead-1", Stage: ledger.StageMQL, Score: lead.Score{Raw: 64.6, Rounded: 65, Clamped: 50}, Missing: []string{},
		Cycle: ledger.Cycle{
			Number: 1, Reached: &lead.Reached{At: noon, Path: "p", Missing: []string{"phone"}}, ReachedBy: 7,
			Qualified: &lead.Qualified{At: noon, Path: "p", Threshold: 60, Score: 50, Intent: "High"}, JudgedBy: 7,
			TermsRevision: "terms", DefinitionRevision: "definition",
		},
	}
	batch, err := l.Score(t.Context(), 7, 10, func(one *ledger.Lead) error {
		if len(one.Events) != 1 || one.Events[0].ScoredBy != 0 || one.Events[0].Properties["a"] != "x" {
			t.Errorf("events: %+v", one.Events)
		}
		id, events := one.ID, one.Events
		*one = want
		one.ID, one.Events, one.Record = id, events, map[string]any{"company": "x"}
		return nil
	})
	if err != nil || batch.Leads != 1 {
		t.Fatalf("%+v, %v", batch, err)
	}
	_, err = l.Route(t.Context(), 7, 10, func(_ context.Context, r *ledger.Routing) error {
		got := *r.Leads[0]
		if got.Events[0].ScoredBy != 7 {
			t.Errorf("the event is scored by %d, want 7", got.Events[0].ScoredBy)
		}
		got.Events = nil
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(ledger.Lead{})); diff != "" {
			t.Errorf("lead (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := ledgertest.Value[string](t, dsn, "SELECT record ->> 'company' FROM leads"); got != "x" {
		t.Errorf("record: %q", got)
	}
}

// A lead that cannot be judged waits; the others of its batch are not held up, and it is tried again.
func TestScorePostponesFailures(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(3)...)
	broken := errors.New("broken")
	judge := func(one *ledger.Lead) error {
		if one.ID == "lead-1" {
			return broken
		}
		return reach(one)
	}
	batch, err := l.Score(t.Context(), 1, 10, judge)
	if err != nil || batch.Leads != 2 || len(batch.Failed) != 1 || !errors.Is(batch.Failed[0].Err, broken) {
		t.Fatalf("%+v, %v", batch, err)
	}
	if batch, err = l.Score(t.Context(), 1, 10, judge); err != nil || batch.Leads != 0 || len(batch.Failed) != 0 {
		t.Fatalf("at once again: %+v, %v", batch, err)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM events WHERE scored_by IS NULL"); n != 1 {
		t.Errorf("%d events without a mark, want 1", n)
	}
	ledgertest.Exec(t, dsn, "UPDATE work SET postponed_until = clock_timestamp() WHERE postponed_until IS NOT NULL")
	if batch, err = l.Score(t.Context(), 1, 10, reach); err != nil || batch.Leads != 1 {
		t.Fatalf("when its time has come: %+v, %v", batch, err)
	}
}

// A lead that fails again keeps the time of its first failure, in both queues: reports wait for it an hour.
func TestFailuresKeepTheirBeginning(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(1)...)
	broken := errors.New("broken")
	score := func(judge ledger.Judge) func() (ledger.Batch, error) {
		return func() (ledger.Batch, error) { return l.Score(t.Context(), 1, 10, judge) }
	}
	fail := map[string]func() (ledger.Batch, error){
		"score": score(func(*ledger.Lead) error { return broken }),
		"route": func() (ledger.Batch, error) {
			return l.Route(t.Context(), 1, 10, func(_ context.Context, r *ledger.Routing) error {
				r.Fail(r.Leads[0], broken)
				return nil
			})
		},
	}
	for _, queue := range []string{"score", "route"} {
		ledgertest.Exec(t, dsn, "UPDATE work SET enqueued_at = enqueued_at - interval '2 hours'")
		for try, want := range []ledger.Backlog{{Waiting: 1}, {Stuck: 1}} {
			if batch, err := fail[queue](); err != nil || len(batch.Failed) != 1 {
				t.Fatalf("%s: %+v, %v", queue, batch, err)
			}
			ledgertest.Exec(t, dsn, "UPDATE work SET postponed_until = clock_timestamp()")
			if try == 1 {
				ledgertest.Exec(t, dsn, "UPDATE work SET enqueued_at = enqueued_at - interval '61 minutes'")
				if _, err := fail[queue](); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := l.Backlog(t.Context(), "2027-W01"); err != nil || got != want {
				t.Errorf("%s, try %d: %+v, %v; want %+v", queue, try, got, err, want)
			}
		}
		ledgertest.Exec(t, dsn, "UPDATE work SET postponed_until = clock_timestamp()")
		if batch, err := score(reach)(); queue == "score" && (err != nil || batch.Leads != 1) {
			t.Fatalf("%+v, %v", batch, err)
		}
	}
}

// The connection of a worker is cut in the middle of its transaction: the work is still there, and is done once.
func TestScoreCutOff(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(20)...)
	judged := 0
	_, err := l.Score(t.Context(), 1, 10, func(one *ledger.Lead) error {
		if judged++; judged == 3 { // whichever ten of them came to be first
			ledgertest.Exec(t, dsn, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'handoff' AND datname = current_database() AND state = 'idle in transaction'`)
		}
		return reach(one)
	})
	if err == nil {
		t.Fatal("the transaction was committed on a cut connection")
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM work WHERE queue = 'score'"); n != 20 {
		t.Fatalf("%d causes left, want 20", n)
	}
	if n := drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 7, reach) }); n != 20 {
		t.Errorf("%d leads scored, want 20", n)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM work WHERE queue = 'route'"); n != 20 {
		t.Errorf("%d leads to be routed, want 20", n)
	}
}

func TestRegister(t *testing.T) {
	l, _ := ledgertest.New(t, tenant)
	ingest(t, l, many(1)...)
	if _, err := l.Score(t.Context(), 3, 1, reach); !errors.Is(err, ledger.ErrNothingInForce) {
		t.Errorf("before: %v", err)
	}
	first := registered(t, l, pair(3))
	if again := registered(t, l, pair(3)); !again.Equal(first) {
		t.Errorf("again: %v; want %v", again, first)
	}
	second := registered(t, l, pair(5))
	if !second.After(first) {
		t.Errorf("a later one: %v", second)
	}
	if still := registered(t, l, pair(4)); !still.Equal(second) {
		t.Errorf("an older one, whose time never comes: %v", still)
	}
	if missing, err := l.Unregistered(t.Context(), 3, 4, 5, 6); err != nil || !cmp.Equal(missing, []int64{6}) {
		t.Errorf("to be registered: %v, %v", missing, err)
	}
	var stale *ledger.StaleError
	if _, err := l.Score(t.Context(), 3, 1, reach); !errors.As(err, &stale) || *stale != (ledger.StaleError{Loaded: 3, InForce: 5}) {
		t.Errorf("work with an older one: %v", err)
	}
	foreign := pair(5)
	foreign.Terms.Digest = "v1:sha256:other"
	var mismatch *ledger.MismatchError
	if err := l.Register(t.Context(), foreign); !errors.As(err, &mismatch) {
		t.Errorf("another pair with the same sequence: %v", err)
	}
	kept, err := l.Bundle(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pair(3), kept); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
	sequence, since, err := l.InForce(t.Context())
	if err != nil || sequence != 5 || !since.Equal(second) {
		t.Errorf("in force: %d since %v, %v", sequence, since, err)
	}
	switches := ledgertest.Read(t, l, func(r *ledger.Reading) ([]ledger.Switch, error) {
		return r.Switches(t.Context(), first.Add(-time.Hour), second, "2027-W01")
	})
	if len(switches) != 1 || switches[0].Terms.Name != "mid-market-terms-3" {
		t.Errorf("switches before the second: %+v", switches)
	}
}

// Two contracts on one tenant are not mixed up, whatever their sequences. A contract that was renamed goes on by the statement in the error.
func TestRegisterOfAnotherContract(t *testing.T) {
	l, dsn := ledgertest.New(t, "o'neil")
	register(t, l, 5)
	for _, sequence := range []int64{4, 5, 6} {
		other := pair(sequence)
		other.Contract = "revenue/enterprise"
		err := l.Register(t.Context(), other)
		var foreign *ledger.ForeignError
		if !errors.As(err, &foreign) {
			t.Fatalf("sequence %d: %v", sequence, err)
		}
		text := ledger.Describe(err)
		if !strings.HasPrefix(text, `ledger tenant "o'neil" holds the leads of SLAContract revenue/mid-market: give SLAContract revenue/enterprise a`) {
			t.Errorf("sequence %d: %s", sequence, text)
		}
		if sequence < 6 {
			continue
		}
		_, statement, _ := strings.Cut(text, "run: ")
		ledgertest.Exec(t, dsn, statement)
		if err := l.Register(t.Context(), other); err != nil {
			t.Errorf("after the rename: %v", err)
		}
		if err := l.Register(t.Context(), pair(7)); !errors.As(err, &foreign) {
			t.Errorf("under the old name: %v", err)
		}
	}
}

// The switch waits for those who still judge by the pair before, so that nothing is judged by it afterwards.
func TestRegisterWaitsForRunningTransactions(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(1)...)
	entered, leave := make(chan struct{}), make(chan struct{})
	scored := make(chan error, 1)
	go func() {
		_, err := l.Score(context.Background(), 1, 1, func(one *ledger.Lead) error {
			close(entered)
			<-leave
			return reach(one)
		})
		scored <- err
	}()
	<-entered
	switched := make(chan error, 1)
	go func() { switched <- l.Register(context.Background(), pair(2)) }()
	select {
	case err := <-switched:
		t.Fatalf("the pair was switched under a running transaction: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	close(leave)
	if err := <-scored; err != nil {
		t.Fatal(err)
	}
	if err := <-switched; err != nil {
		t.Fatal(err)
	}
	_, since, err := l.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if at := ledgertest.Value[time.Time](t, dsn, "SELECT scored_at FROM events"); !at.Before(since) {
		t.Errorf("scored by the old pair at %v, although the new one is in force since %v", at, since)
	}
}

func TestMigrateByManyAtOnce(t *testing.T) {
	dsn := ledgertest.DSN(t)
	var group sync.WaitGroup
	for range 4 {
		l := ledgertest.Open(t, dsn, tenant)
		group.Go(func() {
			if err := l.Migrate(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM goose_db_version WHERE version_id = 1"); n != 1 {
		t.Errorf("migrated %d times", n)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
		t.Errorf("%d advisory locks were left behind", n)
	}
}

func TestMigrateWithoutTheRightToCreateSchemas(t *testing.T) {
	dsn := ledgertest.DSN(t)
	database := ledgertest.Value[string](t, dsn, "SELECT current_database()")
	user := "plain_" + database // users are the server's, which a test that runs again has seen before
	ledgertest.Exec(t, dsn, "CREATE ROLE "+user+" LOGIN", "REVOKE CREATE ON DATABASE "+database+" FROM PUBLIC")
	plain := ledgertest.As(dsn, user)
	l := ledgertest.Open(t, plain, tenant)
	err := l.Migrate(t.Context())
	if got := ledger.Describe(err); err == nil || got == "" {
		t.Fatalf("%v", err)
	} else if diff := cmp.Diff("the user of the connection string may not do what the ledger needs: grant CREATE on the database, or make "+
		"the schema handoff and give it to the user (SQLSTATE 42501)", got); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	ledgertest.Exec(t, dsn, "CREATE SCHEMA handoff AUTHORIZATION "+user)
	if err := l.Migrate(t.Context()); err != nil {
		t.Errorf("with a schema of its own: %v", err)
	}
}

func TestBreached(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, many(4)...)
	drain(t, func(ctx context.Context) (ledger.Batch, error) { return l.Score(ctx, 1, 10, reach) })
	due := map[string]time.Duration{"lead-0": -time.Minute, "lead-1": -time.Hour, "lead-2": time.Hour, "lead-3": -time.Minute}
	drain(t, func(ctx context.Context) (ledger.Batch, error) {
		return l.Route(ctx, 1, 10, func(_ context.Context, r *ledger.Routing) error {
			for _, one := range r.Leads {
				r.Keep(one, "terms-1", []sla.Obligation{{
					Clause: sla.ClauseDelivery, Start: noon, Due: r.Now.Add(due[one.ID]), Warn: r.Now.Add(due[one.ID] - time.Second),
					State: sla.Open, Period: "2027-W01",
				}})
			}
			return nil
		})
	})
	// There is news of one of them that may say that it was done in time.
	ingest(t, l, captured("news", "lead-3", nil))
	missed, lateness, next, err := l.Breached(t.Context(), 10)
	if err != nil || missed != 2 || lateness < time.Hour || next != 0 {
		t.Errorf("missed %d, lateness %v, next %v, %v; want 2, over 1h, 0 (lead-3 is due)", missed, lateness, next, err)
	}
	// It cannot be judged: after an hour its clock waits no more.
	broken := func(*ledger.Lead) error { return errors.New("broken") }
	if batch, err := l.Score(t.Context(), 1, 10, broken); err != nil || len(batch.Failed) != 1 {
		t.Fatalf("%+v, %v", batch, err)
	}
	ledgertest.Exec(t, dsn, "UPDATE work SET enqueued_at = enqueued_at - interval '55 minutes'")
	if missed, _, _, err := l.Breached(t.Context(), 10); err != nil || missed != 0 {
		t.Errorf("missed %d, %v; want 0: it may be worked off yet", missed, err)
	}
	ledgertest.Exec(t, dsn, "UPDATE work SET enqueued_at = enqueued_at - interval '6 minutes'")
	missed, _, next, err = l.Breached(t.Context(), 10)
	if err != nil || missed != 1 || next < 59*time.Minute || next > time.Hour {
		t.Errorf("missed %d, next %v, %v; want 1, just under 1h", missed, next, err)
	}
	snapshot, err := l.Count(t.Context(), []sla.Period{"2027-W01"})
	if err != nil {
		t.Fatal(err)
	}
	want := []sla.Count{{Clause: sla.ClauseDelivery, Period: "2027-W01", Revision: "terms-1", Missed: 3, Open: 1}}
	if diff := cmp.Diff(want, snapshot.Counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestOnlyOneCounts(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	second, stranger := ledgertest.Open(t, dsn, tenant), ledgertest.Open(t, dsn, "other")
	first, err := l.BecomeCounter(t.Context())
	if err != nil || first == nil {
		t.Fatal(first, err)
	}
	if c, err := second.BecomeCounter(t.Context()); err != nil || c != nil {
		t.Errorf("a second one counts: %v, %v", c, err)
	}
	other, err := stranger.BecomeCounter(t.Context())
	if err != nil || other == nil {
		t.Errorf("another tenant's: %v, %v", other, err)
	}
	defer other.Resign(t.Context())
	if !first.Holds(t.Context()) {
		t.Error("the first no longer holds")
	}
	first.Resign(t.Context())
	var c *ledger.Counter
	ledgertest.Await(t, "another counts once the server has noticed the end of the session", func() bool {
		c, err = second.BecomeCounter(t.Context())
		return err != nil || c != nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Resign(t.Context())
}

// The server itself looks after sessions whose node is gone: nobody else would end them.
func TestSessionsOfALostNodeEnd(t *testing.T) {
	l := ledgertest.Open(t, ledgertest.DSN(t), tenant)
	for name, want := range map[string]string{
		"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3", "idle_in_transaction_session_timeout": "1min",
		"tcp_user_timeout": "30000", // milliseconds: an answer that nobody acknowledges
	} {
		if got, err := l.Setting(t.Context(), name); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}
