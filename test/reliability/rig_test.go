// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

const (
	tenant = "acme"
	token  = "token-of-the-tests"
	reps   = 4
)

// rig is a database with workers on it.
type rig struct {
	t      *testing.T
	dsn    string // how the tests reach the database
	folder string // of what the workers have mounted
	api    *apiServer
	sink   *sink // who is told outside; nil when nobody is
	routes bool  // leads get their owner from our routing

	standing bundle.Standing // of the contract, as the manager would write it
	started  time.Time       // by the database's clock, before anything happened

	scoring, routing []*process
}

// layout is how many workers there are, and what they get.
type layout struct {
	scoring, routing int
	bundles          []bundle.Bundle     // the first is in force
	dsn              string              // how the tests reach the database; empty: one is made on the server of this package
	through          string              // how the workers reach it; empty: as the tests do
	env              []string            // of every worker
	tells            bool                // people and a CRM of what happens
	also             func(*rig) []string // what else is mounted, and the flags of every worker for it
}

func newRig(t *testing.T, l layout) *rig {
	t.Helper()
	r := &rig{t: t, dsn: l.dsn, folder: t.TempDir(), api: newAPIServer(t)}
	if r.dsn == "" {
		_, r.dsn = ledgertest.New(t, tenant)
	} else if err := ledgertest.Open(t, r.dsn, tenant).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.watch()
	r.started = ledgertest.Value[time.Time](t, r.dsn, "SELECT clock_timestamp()")
	if l.through == "" {
		l.through = r.dsn
	}
	r.mount("ledger", "dsn", l.through)
	r.mount("ingest", "token", token)
	r.mountBundles("bundle", l.bundles...)
	r.routes = l.bundles[0].SLA.Marketing.Delivery.Mechanism != sla.CRM
	roster, err := pipelinetest.Team(reps).Encode()
	r.must(err)
	r.mount("roster", bundle.RosterFile, string(roster))
	var flags []string
	if l.tells {
		flags = r.tells()
	}
	if l.also != nil {
		flags = append(flags, l.also(r)...)
	}
	for range l.scoring {
		r.scoring = append(r.scoring, r.worker("scoring-worker", "bundle", l.env, flags...))
	}
	for range l.routing {
		r.routing = append(r.routing, r.worker("routing-worker", "bundle", l.env, flags...))
	}
	for _, p := range r.all() {
		p.launch()
	}
	for _, p := range r.all() {
		p.ready()
	}
	return r
}

func (r *rig) all() []*process { return append(append([]*process{}, r.scoring...), r.routing...) }

// worker with the bundle of a folder.
func (r *rig) worker(name, bundles string, env []string, flags ...string) *process {
	p := &process{
		t: r.t, name: name, health: ledgertest.Address(r.t),
		every: append([]string{"KUBECONFIG=" + r.api.kubeconfig}, env...),
		args: []string{
			"--tenant=" + tenant, "--measurement=" + measurement, "--namespace=" + namespace,
			"--bundle-dir=" + r.path(bundles), "--ledger-dir=" + r.path("ledger"),
		},
	}
	p.args = append(append(p.args, "--health="+p.health), flags...)
	if name == "scoring-worker" {
		p.listen = ledgertest.Address(r.t)
		p.args = append(p.args, "--listen="+p.listen, "--ingest-dir="+r.path("ingest"))
	} else {
		p.args = append(p.args, "--roster-dir="+r.path("roster"))
	}
	return p
}

func (r *rig) path(folder string) string { return filepath.Join(r.folder, folder) }

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) mount(folder, file, text string) {
	r.t.Helper()
	r.must(os.MkdirAll(r.path(folder), 0o700))
	r.must(os.WriteFile(filepath.Join(r.path(folder), file), []byte(text), 0o600))
}

// replace a file that is mounted, as a kubelet does: who reads it sees the old one or the new one.
func (r *rig) replace(folder, file, text string) {
	r.t.Helper()
	r.mount(folder, file+".new", text)
	r.must(os.Rename(filepath.Join(r.path(folder), file+".new"), filepath.Join(r.path(folder), file)))
}

func (r *rig) mountBundles(folder string, bundles ...bundle.Bundle) {
	r.t.Helper()
	for i, b := range bundles {
		text, err := b.Encode()
		r.must(err)
		name := bundle.BundleFile
		if i > 0 {
			name = bundle.ComingFile(b.Sequence)
		}
		r.mount(folder, name, string(text))
	}
}

// watch has the database itself note every effect that an event has, in the transaction that has it: what is rolled back is not noted.
func (r *rig) watch() {
	r.t.Helper()
	ledgertest.Exec(r.t, r.dsn, `
CREATE TABLE test_effects (seq bigint, pair bigint, at timestamptz);
CREATE TABLE test_picks (lead_id text, cycle int, rep text);
CREATE TABLE test_notices (key text);
CREATE FUNCTION test_effect() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO handoff.test_effects VALUES (NEW.seq, NEW.scored_by, NEW.scored_at); RETURN NULL; END $$;
CREATE FUNCTION test_pick() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO handoff.test_picks VALUES (NEW.lead_id, NEW.cycle, NEW.picked_rep); RETURN NULL; END $$;
CREATE FUNCTION test_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO handoff.test_notices VALUES (concat_ws('/', NEW.lead_id, NEW.cycle, NEW.clause, NEW.level, NEW.subject)); RETURN NULL; END $$;
CREATE TRIGGER test_notice AFTER INSERT ON notices FOR EACH ROW EXECUTE FUNCTION test_notice();
CREATE TRIGGER test_effect AFTER UPDATE OF scored_by ON events FOR EACH ROW EXECUTE FUNCTION test_effect();
CREATE TRIGGER test_pick AFTER UPDATE OF picked_rep ON leads FOR EACH ROW
    WHEN (NEW.picked_rep IS NOT NULL AND (OLD.picked_rep, OLD.picked_at) IS DISTINCT FROM (NEW.picked_rep, NEW.picked_at))
    EXECUTE FUNCTION test_pick()`)
}

// settled waits until everything that was noted as work is done.
func (r *rig) settled() {
	r.t.Helper()
	done := eventually(func() bool {
		return ledgertest.Value[int](r.t, r.dsn, "SELECT (SELECT count(*) FROM work) + (SELECT count(*) FROM events WHERE scored_by IS NULL)") == 0
	})
	if !done {
		for _, p := range r.all() {
			r.t.Logf("log of %s:\n%s", p.name, p.tail())
		}
		r.t.Fatalf("%d rows of work are left, and %d events not scored",
			ledgertest.Value[int](r.t, r.dsn, "SELECT count(*) FROM work"),
			ledgertest.Value[int](r.t, r.dsn, "SELECT count(*) FROM events WHERE scored_by IS NULL"))
	}
}
