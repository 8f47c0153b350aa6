// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/worker"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

var quiet = slog.New(slog.DiscardHandler)

func pair(sequence int64) bundle.Bundle {
	return bundle.Bundle{
		Contract: "revenue/mid-market",
		Sequence: sequence, Definition: bundle.RevisionOf{Name: "d", Digest: "d"}, Terms: bundle.RevisionOf{Name: "t", Digest: "t"},
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	// As kubelet does it: the file is there whole or not at all.
	temporary := filepath.Join(dir, ".new")
	if err := os.WriteFile(temporary, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(temporary, filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// keep runs a keeper until the test ends and hands its changes on.
func keep(t *testing.T, k *worker.Keeper) <-chan worker.Status {
	t.Helper()
	return keepBy(t, k, time.Now)
}

func keepBy(t *testing.T, k *worker.Keeper, now func() time.Time) <-chan worker.Status {
	t.Helper()
	changes := make(chan worker.Status, 100)
	k.Changed = func(s worker.Status) { changes <- s }
	k.Every, k.Now, k.Log = 20*time.Millisecond, now, quiet
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { k.Run(ctx) })
	t.Cleanup(func() { cancel(); done.Wait(); k.Close() })
	return changes
}

func expect(t *testing.T, changes <-chan worker.Status, ok bool, reason, message string) {
	t.Helper()
	deadline := time.After(ledgertest.Patience)
	var last worker.Status
	for {
		select {
		case last = <-changes:
			if last.OK == ok && last.Reason == reason && strings.Contains(last.Message, message) {
				return
			}
		case <-deadline:
			t.Fatalf("last %+v; want %v %s %q", last, ok, reason, message)
		}
	}
}

// Whatever is missing or broken is said, and the worker goes on by itself when it is there.
func TestKeeperRecovers(t *testing.T) {
	dir, dsn := t.TempDir(), ledgertest.DSN(t)
	k := &worker.Keeper{Secret: worker.Secret{Dir: dir, Key: "dsn", Name: "handoff-ledger"}, Tenant: "acme", Bundles: []bundle.Bundle{pair(1)}}
	changes := keep(t, k)
	expect(t, changes, false, "SecretNotFound", `Secret "handoff-ledger" with key "dsn" is not there`)
	if _, err := k.Ledger(); err == nil {
		t.Error("a ledger without a Secret")
	}
	write(t, dir, "dsn", " \n")
	write(t, dir, "dsn", "not-a-dsn with-a-password")
	expect(t, changes, false, "LedgerUnreachable", `not a PostgreSQL connection string`)
	if s := k.Status(); strings.Contains(s.Message, "with-a-password") {
		t.Errorf("the connection string is in %q", s.Message)
	}
	write(t, dir, "dsn", "postgres://user:password@127.0.0.1:1/db")
	expect(t, changes, false, "LedgerUnreachable", `the database refuses the connection; the connection string is key "dsn" of Secret "handoff-ledger"`)
	write(t, dir, "dsn", dsn+"\n")
	expect(t, changes, true, "LedgerAvailable", "the ledger answers")
	l, err := k.Ledger()
	if err != nil {
		t.Fatal(err)
	}
	if sequence, _, err := l.InForce(t.Context()); err != nil || sequence != 1 {
		t.Errorf("in force: %d, %v", sequence, err)
	}
	// The schema is gone: the database was put back to an empty one.
	ledgertest.Exec(t, dsn, "DROP SCHEMA handoff CASCADE")
	ledgertest.Await(t, "the schema is made again", func() bool {
		return ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM pg_namespace WHERE nspname = 'handoff'") == 1
	})
	if err := os.Remove(filepath.Join(dir, "dsn")); err != nil {
		t.Fatal(err)
	}
	expect(t, changes, false, "SecretNotFound", "handoff-ledger")
	write(t, dir, "dsn", dsn)
	expect(t, changes, true, "LedgerAvailable", "the ledger answers")
	if n := ledgertest.Value[int64](t, dsn, "SELECT sequence FROM handoff.in_force"); n != 1 {
		t.Errorf("the pair was not put into force again: %d", n)
	}
}

// The server goes away and comes back: the same keeper goes on.
func TestKeeperSurvivesACrash(t *testing.T) {
	dir, dsn := t.TempDir(), ledgertest.DSN(t)
	write(t, dir, "dsn", dsn)
	k := &worker.Keeper{Secret: worker.Secret{Dir: dir, Key: "dsn", Name: "x"}, Tenant: "acme", Bundles: []bundle.Bundle{pair(1)}}
	changes := keep(t, k)
	expect(t, changes, true, "LedgerAvailable", "")
	if err := ledgertest.Running().Kill(); err != nil {
		t.Fatal(err)
	}
	expect(t, changes, false, "LedgerUnreachable", "the database")
	if ok, detail := k.Check(); ok || detail == "" {
		t.Errorf("ready: %v, %q", ok, detail)
	}
	if err := ledgertest.Running().Launch(); err != nil {
		t.Fatal(err)
	}
	expect(t, changes, true, "LedgerAvailable", "")
}

func TestKeeperOfAnotherPair(t *testing.T) {
	dir, dsn := t.TempDir(), ledgertest.DSN(t)
	write(t, dir, "dsn", dsn)
	secret := worker.Secret{Dir: dir, Key: "dsn", Name: "x"}
	expect(t, keep(t, &worker.Keeper{Secret: secret, Tenant: "acme", Bundles: []bundle.Bundle{pair(5)}}), true, "LedgerAvailable", "")

	older := &worker.Keeper{Secret: secret, Tenant: "acme", Bundles: []bundle.Bundle{pair(4)}}
	expect(t, keep(t, older), true, "LedgerAvailable", "")
	if ok, detail := older.Check(); !ok || !strings.Contains(detail, "pair 5 is in force, and is taken from the ledger: mounted is 4") {
		t.Errorf("ready: %v, %q", ok, detail)
	}
	foreign := pair(5)
	foreign.Definition.Digest = "another"
	expect(t, keep(t, &worker.Keeper{Secret: secret, Tenant: "acme", Bundles: []bundle.Bundle{foreign}}), false, "LedgerUnreachable",
		"the ledger holds another pair of definition and terms under sequence 5")
	another := pair(6)
	another.Contract = "revenue/another"
	k := &worker.Keeper{Secret: secret, Tenant: "acme", Bundles: []bundle.Bundle{another}}
	expect(t, keep(t, k), false, "LedgerUnreachable", `ledger tenant "acme" holds the leads of SLAContract revenue/mid-market`)
	if _, err := k.Ledger(); err == nil || strings.Contains(k.Status().Message, "connection string") {
		t.Errorf("ledger of another contract: %v, %q", err, k.Status().Message)
	}
}

// The pairs to come are registered beforehand, and again when the database was put back to an earlier state.
func TestKeeperRegistersWhatIsToCome(t *testing.T) {
	dir, dsn := t.TempDir(), ledgertest.DSN(t)
	write(t, dir, "dsn", dsn)
	coming := pair(2)
	coming.EffectiveFrom = time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	k := &worker.Keeper{Secret: worker.Secret{Dir: dir, Key: "dsn", Name: "x"}, Tenant: "acme", Bundles: []bundle.Bundle{pair(1), coming}}
	expect(t, keep(t, k), true, "LedgerAvailable", "")
	since := func() time.Time {
		return ledgertest.Value[time.Time](t, dsn, "SELECT max(since) FROM handoff.in_force WHERE sequence = 2")
	}
	if got := since(); !got.Equal(coming.EffectiveFrom) {
		t.Errorf("it comes into force at %v, want %v", got, coming.EffectiveFrom)
	}
	if ok, detail := k.Check(); !ok || detail != "" {
		t.Errorf("ready: %v, %q", ok, detail)
	}
	ledgertest.Exec(t, dsn, "DELETE FROM handoff.in_force WHERE sequence = 2")
	ledgertest.Await(t, "it is registered again", func() bool {
		return ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM handoff.in_force WHERE sequence = 2") == 1
	})
	if got := since(); !got.Equal(coming.EffectiveFrom) {
		t.Errorf("registered again for %v", got)
	}
}

// A pair that could not be mounted is said, until it would not come into force any more, and what can be mounted calls it off for nobody.
func TestKeeperWithoutAPairToCome(t *testing.T) {
	dir, dsn := t.TempDir(), ledgertest.DSN(t)
	write(t, dir, "dsn", dsn)
	hour := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	coming := func(sequence int64) bundle.Bundle {
		b := pair(sequence)
		b.EffectiveFrom = hour.Add(time.Duration(sequence) * time.Hour)
		return b
	}
	keeper := func(o worker.Options, bundles ...bundle.Bundle) *worker.Keeper {
		t.Helper()
		o.LedgerDir, o.LedgerSecret, o.Tenant = dir, "x", "acme"
		k := o.Keeper(bundles, time.Now, quiet)
		expect(t, keep(t, k), true, "LedgerAvailable", "")
		return k
	}
	var o worker.Options
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	o.Register(flags)
	if err := flags.Parse([]string{"--pairs=2,3"}); err != nil || o.Pairs.String() != "2,3" {
		t.Fatalf("%v, %q", err, o.Pairs.String())
	}
	if err := o.Pairs.Set("2,three"); err == nil || !strings.Contains(err.Error(), `"three"`) {
		t.Errorf("error %v", err)
	}
	o.Pairs = []int64{2, 3}
	if ok, detail := keeper(o, pair(1), coming(2), coming(3)).Check(); !ok || detail != "" {
		t.Errorf("all are there: %v, %q", ok, detail)
	}
	part := keeper(o, pair(1), coming(3))
	if ok, detail := part.Check(); !ok || !strings.HasPrefix(detail, "pair 2 is to come and was not there to be mounted") {
		t.Errorf("one is not: %v, %q", ok, detail)
	}
	if n := ledgertest.Value[int64](t, dsn, "SELECT count(*) FROM handoff.in_force WHERE since < 'infinity'"); n != 3 {
		t.Errorf("%d pairs are in force or to come, want 3", n)
	}
	if ok, detail := keeper(o, pair(4)).Check(); !ok || detail != "" {
		t.Errorf("what is missing is superseded: %v, %q", ok, detail)
	}
}

func TestGate(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	ledger := worker.Status{}
	set := func(s worker.Status) { mu.Lock(); defer mu.Unlock(); ledger = s }
	changes := make(chan worker.Status, 10)
	g := &worker.Gate{
		Token: worker.Secret{Dir: dir, Key: "token", Name: "handoff-ingest"}, Every: 10 * time.Millisecond,
		Ledger:  func() worker.Status { mu.Lock(); defer mu.Unlock(); return ledger },
		Changed: func(s worker.Status) { changes <- s },
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { g.Run(ctx) })
	defer func() { cancel(); done.Wait() }()
	expect(t, changes, false, "SecretNotFound", `Secret "handoff-ingest" with key "token" is not there`)
	if ok, _ := g.Check(); ok {
		t.Error("ready without a token")
	}
	write(t, dir, "token", "x")
	time.Sleep(50 * time.Millisecond)
	if len(changes) > 0 {
		t.Errorf("said before the ledger was tried: %+v", <-changes)
	}
	set(worker.Status{Reason: "LedgerUnreachable", Message: "away"})
	expect(t, changes, false, "LedgerUnreachable", "away")
	set(worker.Status{OK: true, Reason: "LedgerAvailable", Message: "fine", Detail: "d"})
	expect(t, changes, true, "IngestAvailable", "events are accepted")
	if ok, detail := g.Check(); !ok || detail != "" {
		t.Errorf("ready: %v, %q", ok, detail)
	}
}

func TestSecretRead(t *testing.T) {
	dir := t.TempDir()
	s := worker.Secret{Dir: dir, Key: "token", Name: "n"}
	for _, step := range []struct{ text, want, err string }{
		{"  value\n", "value", ""},
		{"\n", "", `Secret "n" with key "token" is not there; create it in the contract's namespace. It is picked up within a minute or so`},
		{strings.Repeat("x", 3<<20), "", `key "token" of Secret "n" cannot be read: has more than 2097152 bytes`},
	} {
		write(t, dir, "token", step.text)
		got, err := s.Read()
		message := ""
		if err != nil {
			message = err.Error()
		}
		if diff := cmp.Diff([]string{step.want, step.err}, []string{got, message}); diff != "" {
			t.Errorf("%.10q (-want +got):\n%s", step.text, diff)
		}
	}
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
