// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// crmSteps of reading a CRM, writing into it and setting back at which a worker is killed.
var crmSteps = []string{
	"intake.moved",     // the position of a stream is written, not committed
	"intake.events",    // and what was read
	"intake.undone",    // and what is to be set back
	"intake.records",   // and how the records looked
	"intake.committed", // all of it is
	"crm.sent",         // the CRM has taken a batch, which is not noted
	"crm.noted",        // the CRM has the note of an undoing, which is not noted
	"crm.told",         // what was told is written, not committed
	"crm.kept",
	"crm.recorded",
	"crm.acknowledged", // and that it took the owner
	"crm.finished",     // all of it is committed
}

// world is a contract whose leads live in a fake of HubSpot.
type world struct {
	*rig
	fake *hubspot.Fake
	seen []string // contacts that a person has done something to
}

// A worker is killed at each step of its dealings with the CRM, each time while leads come in there and people reject some without a code. In the end
// the CRM says of each lead what the ledger does, each lead was taken in once, and what was done against the agreement was undone once, with one note.
func TestKilledInTheMidstOfTheCRM(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, point := range crmSteps {
		t.Run(point, func(t *testing.T) {
			for _, victim := range w.routing {
				victim.restart(point + ":1")
			}
			died := eventually(func() bool {
				w.must(w.fake.SeedSample(20, time.Now()))
				w.rejectWithoutCode()
				return within(8*time.Second, func() bool {
					w.timePasses()
					return slices.ContainsFunc(w.routing, (*process).struck)
				})
			})
			if !died {
				t.Fatalf("none came to %s\n%s\n%s", point, w.routing[0].tail(), w.routing[1].tail())
			}
		})
	}
	for _, p := range w.routing { // the faults of those that were not struck are over
		p.restart("none:1")
	}
	w.agrees()
}

// newWorld has what docs/examples says, in a hurry.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{fake: hubspot.New(hubspot.Options{Token: token, Properties: hubspot.SampleProperties(), Settings: hubspot.Settings{IndexLagMS: 500}})}
	server := httptest.NewServer(w.fake)
	t.Cleanup(func() { server.Close(); w.fake.Close() })
	var d slav1alpha1.LeadDefinition
	var c slav1alpha1.SLAContract
	example(t, "leaddefinition-hubspot.yaml", &d)
	example(t, "slacontract-hubspot.yaml", &c)
	definition, err := convert.Definition(d.Spec)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := convert.Terms(c.Spec)
	if err != nil {
		t.Fatal(err)
	}
	settings, err := convert.CRM(c.Spec.CRM)
	if err != nil {
		t.Fatal(err)
	}
	roster := convert.Roster(c.Spec.Routing)
	for _, member := range roster.Pools[0].Members {
		w.must2(w.fake.Act(control.Act{Do: "create", Type: "owners", ID: member.Rep}))
	}
	terms.Calendar.Holidays = "" // their dates are written out by whoever ratifies the text
	settings.URL, settings.PollEvery, settings.SetBack.After = server.URL, time.Second, time.Second
	b := bundle.Bundle{
		Contract: "revenue/hubspot", Sequence: 1, Lead: definition, SLA: terms,
		Definition: bundle.RevisionOf{Name: "hubspot-1", Digest: "d1"}, Terms: bundle.RevisionOf{Name: "hubspot-terms-1", Digest: "t1"},
	}
	w.rig = newRig(t, layout{scoring: 1, routing: 2, bundles: []bundle.Bundle{b}, also: func(r *rig) []string {
		text, err := roster.Encode()
		r.must(err)
		r.mount("roster", bundle.RosterFile, string(text))
		text, err = bundle.EncodeCRM(*settings)
		r.must(err)
		r.mount("roster", bundle.CRMFile, string(text))
		r.mount("crm", "token", token)
		r.mount("notify", "all", "generic+http://127.0.0.1:1/nobody")
		return []string{"--notify-secret=notify-urls", "--notify-dir=" + r.path("notify"), "--crm=HubSpot", "--crm-secret=handoff-hubspot", "--crm-dir=" + r.path("crm")}
	}})
	return w
}

func (w *world) must2(_ control.Done, err error) {
	if err != nil {
		panic(err)
	}
}

func example(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, into); err != nil {
		t.Fatal(err)
	}
}

// rejectWithoutCode has a rep reject a lead of his own without a reason code; nothing when there is none yet that nobody touched.
func (w *world) rejectWithoutCode() {
	w.t.Helper()
	for _, line := range ledgertest.Column[string](w.t, w.dsn, "SELECT lead_id || ' ' || owner FROM leads WHERE stage = 'MQL' AND acknowledged_at IS NOT NULL ORDER BY lead_id") {
		id, rep, _ := strings.Cut(line, " ")
		if slices.Contains(w.seen, id) {
			continue
		}
		w.seen = append(w.seen, id)
		w.set(rep, id, "UNQUALIFIED")
		return
	}
}

// timePasses for what a worker that died has left behind: its jobs, and its lease on reading the CRM. Who has a lease takes it again at once.
func (w *world) timePasses() {
	w.t.Helper()
	w.minutesPass()
	ledgertest.Exec(w.t, w.dsn, "DELETE FROM crm_leases")
}

// agrees waits until all is told, and compares.
func (w *world) agrees() {
	w.t.Helper()
	w.settled()
	contacts := w.fake.Account().Objects["contacts"]
	quiet := eventually(func() bool {
		w.timePasses()
		return w.leadsOf() == len(contacts) && ledgertest.Value[int](w.t, w.dsn, `SELECT (SELECT count(*) FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL)
    + (SELECT count(*) FROM crm_records WHERE diverged_at IS NOT NULL OR restore <> '{}') + (SELECT count(*) FROM work)`) == 0
	})
	if !quiet {
		w.t.Fatalf("not all was told: %d of %d leads; set back: %v; outbox: %v", w.leadsOf(), len(contacts),
			ledgertest.Column[string](w.t, w.dsn, "SELECT record_id || ' ' || restore::text FROM crm_records WHERE diverged_at IS NOT NULL OR restore <> '{}'"),
			ledgertest.Column[string](w.t, w.dsn, "SELECT lead_id FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL"))
	}
	w.none("lead that was taken in twice, or never", `SELECT lead_id FROM leads l
WHERE (SELECT count(*) FROM events e WHERE e.lead_id = l.lead_id AND kind = 'captured') <> 1`)
	w.none("MQL whose owner the CRM did not acknowledge", "SELECT lead_id FROM leads WHERE qualified_at IS NOT NULL AND (owner IS NULL OR acknowledged_at IS NULL)")
	w.sameAsLedger()
	account := w.fake.Account()
	if len(w.seen) < 5 {
		w.t.Errorf("only %d leads were rejected without a code", len(w.seen))
	}
	if n := ledgertest.Value[int](w.t, w.dsn, "SELECT count(*) FROM refusals"); n != len(w.seen) {
		w.t.Errorf("%d rejections without a code were refused, want %d", n, len(w.seen))
	}
	if len(account.Objects["notes"]) != len(w.seen) {
		w.t.Errorf("%d notes, want %d, one for each undoing", len(account.Objects["notes"]), len(w.seen))
	}
	for _, id := range w.seen {
		if status := account.Objects["contacts"][id].Values["hs_lead_status"]; status == "UNQUALIFIED" {
			w.t.Errorf("contact %s was not set back", id)
		}
	}
}

func (w *world) leadsOf() int { return ledgertest.Value[int](w.t, w.dsn, "SELECT count(*) FROM leads") }

// sameAsLedger compares what the CRM says of each lead with what the ledger does.
func (w *world) sameAsLedger() {
	w.t.Helper()
	mapping, account := crm.Defaults(crm.TypeHubSpot).Mapping, w.fake.Account()
	for _, line := range ledgertest.Column[string](w.t, w.dsn, "SELECT concat_ws('|', lead_id, stage, score, coalesce(owner, ''), coalesce(definition_revision, '')) FROM leads") {
		f := strings.Split(line, "|")
		got := account.Objects["contacts"][f[0]].Values
		want := map[string]string{mapping.Fields.Score: f[2], mapping.Fields.Revision: f[4]}
		if value, mapped := mapping.Stages[f[1]]; mapped {
			want[mapping.Fields.Stage] = value
		}
		if f[3] != "" && account.Owners[got["hubspot_owner_id"]] != f[3] {
			w.t.Errorf("contact %s: owner %q, the ledger has %q", f[0], account.Owners[got["hubspot_owner_id"]], f[3])
		}
		for _, field := range slices.Sorted(maps.Keys(want)) {
			if got[field] != want[field] {
				w.t.Errorf("contact %s: %s is %s, the ledger has %s", f[0], field, strconv.Quote(got[field]), strconv.Quote(want[field]))
			}
		}
	}
	w.t.Logf("%d contacts, %d rejected without a code", len(account.Objects["contacts"]), len(w.seen))
}

// Another program undoes each undoing. After three in a day it is given up for that lead: people are told once, and whoever finds out what it was has it
// set back again.
func TestAFightInTheCRMIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.fake.SeedSample(20, time.Now()))
	var id, rep string
	w.sees("a lead that somebody owns", func() bool {
		for _, line := range ledgertest.Column[string](t, w.dsn, "SELECT lead_id || ' ' || owner FROM leads WHERE stage = 'MQL' AND acknowledged_at IS NOT NULL ORDER BY lead_id") {
			id, rep, _ = strings.Cut(line, " ")
		}
		return id != ""
	})
	w.set(rep, id, "NEW")
	w.sees("its status", func() bool {
		return ledgertest.Value[int](t, w.dsn, "SELECT count(*) FROM crm_records WHERE record_id = $1 AND seen ->> 'status' = 'NEW'", id) == 1
	})
	w.fake.Update(func(s *hubspot.Settings) {
		s.Workflows = []hubspot.Workflow{{Name: "tidy", Property: "hs_lead_status", When: "NEW", Set: "UNQUALIFIED"}}
	})
	w.set(rep, id, "UNQUALIFIED")
	stopped := func() bool {
		return ledgertest.Value[int](t, w.dsn, "SELECT count(*) FROM crm_records WHERE stopped_at IS NOT NULL AND record_id = $1", id) == 1
	}
	w.sees("that it is given up", stopped)
	if notes := len(w.fake.Account().Objects["notes"]); notes != 3 {
		t.Errorf("%d notes, want one for each of the three undoings", notes)
	}
	if status := w.status(id); status != "UNQUALIFIED" {
		t.Errorf("the status is %s, want it left as the other program has it", status)
	}
	if told := ledgertest.Value[int](t, w.dsn, "SELECT count(DISTINCT recipient) FROM notices WHERE lead_id = $1 AND level = 'SetBackStopped'", id); told != 2 {
		t.Errorf("%d of marketing and sales were told", told)
	}
	w.fake.Update(func(s *hubspot.Settings) { s.Workflows = nil })
	if resumed, err := ledgertest.Open(t, w.dsn, tenant).ResumeSetBacks(t.Context(), []string{id}, false); err != nil || len(resumed) != 1 {
		t.Fatalf("resumed %v: %v", resumed, err)
	}
	w.sees("that it is set back for good", func() bool { return w.status(id) == "NEW" && !stopped() })
}

func (w *world) sees(what string, is func() bool) {
	w.t.Helper()
	if !eventually(is) {
		w.t.Fatalf("not seen: %s\n%s", what, w.routing[0].tail())
	}
}

// set the lead status as a person does.
func (w *world) set(rep, id, status string) {
	w.t.Helper()
	if _, err := w.fake.Act(control.Act{As: rep, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"hs_lead_status": status}}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) status(id string) string {
	return w.fake.Account().Objects["contacts"][id].Values["hs_lead_status"]
}
