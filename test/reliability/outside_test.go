// SPDX-License-Identifier: Apache-2.0

package reliability

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline/pipelinetest"
	"github.com/handoff-sla/handoff/internal/sla"
)

// sink is who is told outside: a chat and a CRM. It refuses each so-manieth request, to be asked again.
type sink struct {
	*httptest.Server

	mu      sync.Mutex
	seen    int
	texts   []string // of notices, as they came
	changes []change // of leads, as they came
}

// change is what the CRM is told of a lead.
type change struct {
	ID       string          `json:"id"`
	Subject  string          `json:"subject"`
	Sequence string          `json:"sequence"`
	Data     json.RawMessage `json:"data"`

	whole string
}

const refuseEach = 40

func newSink(t *testing.T) *sink {
	t.Helper()
	s := &sink{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil { // the worker was killed as it sent
			return
		}
		if err := s.take(q.URL.Path, body); err != nil {
			t.Error(err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.seen%refuseEach == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *sink) take(path string, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen++; s.seen%refuseEach == 0 {
		return nil
	}
	if path == "/notice" {
		s.texts = append(s.texts, string(body))
		return nil
	}
	c := change{whole: string(body)}
	s.changes = append(s.changes, c)
	return json.Unmarshal(body, &s.changes[len(s.changes)-1])
}

// tells mounts where the workers find the sink, and returns the flags that ask for it. What takes minutes in a contract takes seconds.
func (r *rig) tells() []string {
	r.t.Helper()
	r.sink = newSink(r.t)
	r.mount("notify", "all", "generic+"+r.sink.URL+"/notice")
	r.mount("crm", "url", r.sink.URL+"/crm")
	return []string{
		"--notify-secret=notify-urls", "--notify-dir=" + r.path("notify"), "--escalate-after=1s", "--digest-every=2s", "--quiet-hours=Ignore",
		"--crm=Events", "--crm-secret=crm-sink", "--crm-dir=" + r.path("crm"),
	}
}

// hurried is a pair by which a lead with the field `rush` is to be contacted within seconds.
func hurried() []bundle.Bundle {
	return []bundle.Bundle{pipelinetest.Bundle(1, sla.Automatic, func(b *bundle.Bundle) {
		b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: "rush", Type: lead.String})
		b.Lead.Intents = append([]lead.Intent{{Name: "Rush", When: "has(lead.rush)"}}, b.Lead.Intents...)
		b.SLA.WarnAtPercent = new(40)
		first := b.SLA.Sales.FirstContact
		first.Tiers = append([]sla.Tier{{Intent: "Rush", Within: 3 * time.Second}}, first.Tiers...)
	})}
}

// rush are leads of this moment, of four kinds: never contacted, contacted at once, without a required field, and rejected.
func rush(prefix string, leads int) (all [][]ledger.Entry) {
	begin := time.Now().UTC().Truncate(time.Millisecond)
	for i := range leads {
		id, properties := fmt.Sprintf("rush-%s-%d", prefix, i), map[string]any{"company": "Acme", "rush": "yes"}
		if i%4 == 2 {
			delete(properties, "company")
		}
		life := []ledger.Entry{
			{Kind: lead.KindCaptured, Data: ledger.Data{Properties: properties}},
			{Kind: lead.KindActivity, Data: ledger.Data{Activity: "FormSubmit"}},
		}
		switch i % 4 {
		case 1:
			life = append(life, ledger.Entry{Kind: lead.KindTouch, Data: ledger.Data{
				Rep: "rep-1@acme.example", Channel: "Phone", Direction: "Outbound", Actor: "Human", Answered: true, TwoWay: true,
			}})
		case 3:
			life = append(life, ledger.Entry{Kind: lead.KindDisposition, Data: ledger.Data{Reason: "BadTiming", By: "rep-1@acme.example"}})
		}
		for n := range life {
			life[n].Source, life[n].ID, life[n].Lead = pipelinetest.Source, fmt.Sprintf("%s/%d", id, n+1), id
			life[n].Time = begin.Add(time.Duration(n) * time.Millisecond)
		}
		all = append(all, life)
	}
	return all
}

// calm is a projection without the leads in a hurry: how those stand depends on the moment, and what is told of them is compared with the ledger.
func calm(projection map[string][]string) map[string][]string {
	out := map[string][]string{}
	for table, rows := range projection {
		for _, row := range rows {
			if !strings.Contains(row, `"lead_id":"rush-`) {
				out[table] = append(out[table], row)
			}
		}
	}
	return out
}

// unsaid is what is still to be told, each with its id.
const unsaid = `
SELECT 'message ' || id FROM messages WHERE sent_at IS NULL AND dropped IS NULL
UNION ALL SELECT 'notice of ' || lead_id FROM notices WHERE message IS NULL
UNION ALL SELECT 'change of ' || lead_id FROM outbox WHERE live IS NOT NULL OR parked IS NOT NULL OR sent <> version
UNION ALL SELECT 'job ' || kind || ' ' || id || ' ' || state FROM river_job WHERE state <> 'completed'
UNION ALL SELECT 'clock of ' || lead_id FROM obligations WHERE state = 'Open' AND due_at < clock_timestamp() + interval '1 minute'`

// told waits until everything is told, and checks that it was: at least once, and again only as the very same.
func (r *rig) told() {
	r.t.Helper()
	left, looks := []string{}, 0
	if !eventually(func() bool {
		if looks++; looks%20 == 0 {
			r.minutesPass()
		}
		time.Sleep(500 * time.Millisecond)
		left = ledgertest.Column[string](r.t, r.dsn, unsaid)
		return len(left) == 0
	}) {
		r.t.Errorf("%d are not told, such as %v", len(left), left[:min(5, len(left))])
	}
	for what, query := range silence {
		r.none(what, query)
	}
	for _, level := range []ledger.Level{ledger.AtRisk, ledger.Breach, ledger.Escalation, ledger.Assigned, ledger.Held, ledger.Rejected} {
		if ledgertest.Value[int](r.t, r.dsn, "SELECT count(*) FROM notices JOIN messages m ON m.id = message WHERE level = $1 AND sent_at IS NOT NULL", level) == 0 {
			r.t.Errorf("no %s was sent: nothing is tested", level)
		}
	}
	r.sink.mu.Lock()
	defer r.sink.mu.Unlock()
	r.noticesArrived()
	r.changesArrived()
}

// minutesPass for the jobs of workers that died: River gives a job to another worker when nothing was heard of it for two minutes. Nothing here
// takes as long as five seconds, so what is older is nobody's.
func (r *rig) minutesPass() {
	r.t.Helper()
	const lost = "state = 'running' AND attempted_at < clock_timestamp() - interval '5 seconds'"
	if ledgertest.Value[int](r.t, r.dsn, "SELECT count(*) FROM river_job WHERE "+lost) > 0 {
		ledgertest.Exec(r.t, r.dsn, "UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE "+lost, "DELETE FROM river_leader")
	}
}

// silence are queries for what somebody should have been told of, and was not even noted; or was noted twice.
var silence = map[string]string{
	"notice that was noted twice": `SELECT key FROM test_notices GROUP BY key HAVING count(*) > 1`,
	"breach that nobody is told of": `SELECT lead_id || ' ' || level FROM obligations o, unnest(ARRAY['Breach', 'Escalation']) AS level
WHERE lead_id LIKE 'rush-%' AND clause = 'firstContact' AND state = 'Missed' AND stopped_at IS NULL
    AND NOT EXISTS (SELECT FROM notices n JOIN messages m ON m.id = n.message WHERE n.lead_id = o.lead_id AND n.cycle = o.cycle
        AND n.clause = o.clause AND n.level = level AND m.sent_at IS NOT NULL)`,
	"owner who is not told": `SELECT lead_id FROM leads l WHERE lead_id LIKE 'rush-%' AND owner IS NOT NULL AND disposed_at IS NULL
    AND NOT EXISTS (SELECT FROM notices n WHERE n.lead_id = l.lead_id AND level = 'Assigned' AND rep = owner)`,
	"held lead that marketing is not told of": `SELECT lead_id FROM leads l WHERE lead_id LIKE 'rush-%' AND stage = 'Held'
    AND NOT EXISTS (SELECT FROM notices n WHERE n.lead_id = l.lead_id AND level = 'Held')`,
	"rejection that marketing is not told of": `SELECT lead_id FROM events e WHERE lead_id LIKE 'rush-%' AND kind = 'disposition'
    AND NOT EXISTS (SELECT FROM notices n WHERE n.lead_id = e.lead_id AND level = 'Rejected')`,
}

var (
	refLine = regexp.MustCompile(`(?m)^Ref (\d+)(?: (\S+))?$`)
	item    = regexp.MustCompile(`(?m)^- .*$`)
)

// noticesArrived compares what the chat got with the ledger. The sink is locked.
func (r *rig) noticesArrived() {
	r.t.Helper()
	byRef, refOf := map[string]string{}, map[string]string{}
	carried := func(what, ref string) {
		if before, is := refOf[what]; is && before != ref {
			r.t.Errorf("%q is told by Ref %s and by Ref %s", what, before, ref)
		}
		refOf[what] = ref
	}
	for _, text := range r.sink.texts {
		match := refLine.FindStringSubmatch(text)
		if match == nil {
			r.t.Fatalf("a notice without a reference: %q", text)
		}
		if before, is := byRef[match[1]]; is && before != text {
			r.t.Errorf("one reference, two texts:\n%s\n%s", before, text)
		}
		byRef[match[1]] = text
		if match[2] != "" {
			carried(match[2], match[1])
		}
		for _, line := range item.FindAllString(text, -1) {
			carried(line, match[1])
		}
	}
	sent := ledgertest.Column[string](r.t, r.dsn, "SELECT id::text FROM messages WHERE sent_at IS NOT NULL")
	for _, id := range sent {
		if byRef[id] == "" {
			r.t.Errorf("message %s is noted as sent and did not arrive", id)
		}
		delete(byRef, id)
	}
	// Of a worker that died between sending and noting nobody knows that it sent. Where there is nothing to warn of any more at the next try, it
	// is not tried.
	for _, id := range ledgertest.Column[string](r.t, r.dsn, "SELECT id::text FROM messages WHERE sent_at IS NULL AND dropped IS NOT NULL") {
		delete(byRef, id)
	}
	for id, text := range byRef {
		r.t.Errorf("message %s arrived and is noted neither as sent nor as no longer of use:\n%s", id, text)
	}
	r.t.Logf("%d notices arrived of %d messages", len(r.sink.texts), len(sent))
}

// changesArrived compares what the CRM got with the ledger. The sink is locked.
func (r *rig) changesArrived() {
	r.t.Helper()
	byID, last := map[string]string{}, map[string]change{}
	for _, c := range r.sink.changes {
		if before, is := byID[c.ID]; is && before != c.whole {
			r.t.Errorf("one id, two contents:\n%s\n%s", before, c.whole)
		}
		byID[c.ID] = c.whole
		if before := last[c.Subject]; c.Sequence < before.Sequence {
			r.t.Errorf("lead %s: change %s came after %s", c.Subject, c.Sequence, before.Sequence)
		}
		last[c.Subject] = c
	}
	for _, row := range ledgertest.Column[map[string]any](r.t, r.dsn, `
SELECT jsonb_build_object('lead', lead_id, 'stage', stage, 'owner', coalesce(owner, ''), 'cycle', cycle) FROM leads`) {
		id, _ := row["lead"].(string)
		delete(row, "lead")
		var data struct {
			Stage string `json:"stage"`
			Owner string `json:"owner"`
			Cycle int    `json:"cycle"`
		}
		if err := json.Unmarshal(last[id].Data, &data); err != nil {
			r.t.Errorf("lead %s: the CRM was not told: %v", id, err)
			continue
		}
		if want, got := fmt.Sprint(row["stage"], row["owner"], row["cycle"]), fmt.Sprint(data.Stage, data.Owner, data.Cycle); want != got {
			r.t.Errorf("lead %s: the CRM was told %s last, and it stands at %s", id, got, want)
		}
	}
	r.t.Logf("%d changes arrived, %d of them different, of %d leads", len(r.sink.changes), len(byID), len(last))
}
