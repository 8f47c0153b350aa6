// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/events"
	intake "github.com/handoff-sla/handoff/internal/events"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

const docs = "../../../docs"

// kept is what a request brought in.
type kept struct{ entries []ledger.Entry }

func (k *kept) Ingest(_ context.Context, entries []ledger.Entry) ([]ledger.Outcome, error) {
	k.entries = append(k.entries, entries...)
	outcomes := make([]ledger.Outcome, len(entries))
	for i, e := range entries {
		if outcomes[i] = ledger.Accepted; e.Refused {
			outcomes[i] = ledger.Refused
		}
	}
	return outcomes, nil
}

var (
	shell    = regexp.MustCompile("(?s)```sh\n(.*?)```")
	headers  = regexp.MustCompile(`-H '([^:']+): ([^']*)'`)
	body     = regexp.MustCompile(`(?s)-d '(.*?)'\n`)
	fenced   = regexp.MustCompile("(?s)```json\n(.*?)```")
	stageRow = regexp.MustCompile(`"enum": \[([^\]]*)\]`)
)

// Each command of the guide that sends events sends what is taken, by terms that enforce reason codes.
func TestExamplesAreTaken(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(docs, "crm/events.md"))
	if err != nil {
		t.Fatal(err)
	}
	definition := lead.Definition{
		Fields:       []lead.Field{{Name: "employees", Type: lead.Integer, Property: "numberofemployees"}, {Name: "email", Type: lead.String}},
		Dispositions: []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled}},
	}
	checker := intake.NewChecker(definition, sla.Enforce)
	kinds := map[lead.Kind]bool{}
	commands := 0
	for _, block := range shell.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(block[1], "curl") {
			continue
		}
		commands++
		store := &kept{}
		handler := &intake.Handler{
			Checker: func() *intake.Checker { return checker }, Store: func() (intake.Store, error) { return store, nil },
			Token: func() (string, error) { return secret, nil }, Taken: func(string, int) {}, Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Date(2027, 1, 13, 0, 0, 0, 0, time.UTC) },
		}
		sent := body.FindStringSubmatch(block[1])
		if sent == nil {
			t.Fatalf("no body in\n%s", block[1])
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/events", strings.NewReader(sent[1]))
		request.Header.Set("Authorization", "Bearer "+secret)
		for _, header := range headers.FindAllStringSubmatch(block[1], -1) {
			request.Header.Set(header[1], header[2])
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		if answer.Code != http.StatusAccepted {
			t.Errorf("status %d: %s\n%s", answer.Code, answer.Body, block[1])
		}
		for _, e := range store.entries {
			kinds[e.Kind] = true
			if by := e.Data.Rep + e.Data.By; strings.HasPrefix(by, "agent:") && e.Kind == lead.KindTouch && e.Data.Actor != "Automated" {
				t.Errorf("the touch %s of %s is by a person", e.ID, by)
			}
		}
	}
	if commands < 5 || len(kinds) < 8 {
		t.Errorf("%d commands with %d kinds of events", commands, len(kinds))
	}
}

func changedSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join(docs, "events/changed.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func valid(schema *jsonschema.Schema, text string) error {
	event, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(event)
}

// Whatever a change says, what is sent is valid by the published schema; and so are the examples.
func TestChangedIsAsPublished(t *testing.T) {
	schema := changedSchema(t)
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = string(text)
	}))
	defer server.Close()
	random := rand.New(rand.NewPCG(20270104, 7))
	members := map[string]bool{}
	for range 300 {
		if err := sink(server.URL, secret).Write(t.Context(), someChange(random)); err != nil {
			t.Fatal(err)
		}
		if err := valid(schema, got); err != nil {
			t.Fatalf("%s\n%v", got, err)
		}
		var event struct {
			Data map[string]any `json:"data"`
		}
		if err := json.Unmarshal([]byte(got), &event); err != nil {
			t.Fatal(err)
		}
		for name := range event.Data {
			members[name] = true
		}
	}
	described := schema.Properties["data"].Properties
	if len(described) != len(members) {
		t.Errorf("%d members are described, and %d were sent: %v", len(described), len(members), members)
	}
	for _, file := range []string{"crm/events.md", "notifications.md"} {
		text, err := os.ReadFile(filepath.Join(docs, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range fenced.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(block[1], events.TypeChanged) {
				if err := valid(schema, block[1]); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
		if file == "crm/events.md" && !strings.Contains(string(text), events.TypeChanged) {
			t.Errorf("%s has no example of %s", file, events.TypeChanged)
		}
	}
}

// The schema refuses what is none, and knows all stages.
func TestChangedSchemaRefuses(t *testing.T) {
	schema := changedSchema(t)
	const good = `{"specversion": "1.0", "id": "a/L/1", "source": "/handoff/a/b", "type": "dev.handoff.lead.changed", "subject": "L",
		"time": "2027-01-04T12:00:00Z", "sequence": "00000000000000000001", "datacontenttype": "application/json", "data": {"stage": "MQL", "score": 0, "cycle": 1}}`
	if err := valid(schema, good); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"sequence": "00000000000000000001"`, `"sequence": "1"`},
		{`"MQL"`, `"Mql"`},
		{`"cycle": 1`, `"cycle": 0`},
		{`"score": 0, `, ``},
		{`changed"`, `captured"`},
		{`/handoff/a/b`, `/handoff/a`},
	} {
		if err := valid(schema, strings.Replace(good, change[0], change[1], 1)); err == nil {
			t.Errorf("with %s it is valid", change[1])
		}
	}
	text, err := os.ReadFile(filepath.Join(docs, "events/changed.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var stages []string
	if err := json.Unmarshal([]byte("["+stageRow.FindStringSubmatch(string(text))[1]+"]"), &stages); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, stage := range lead.Stages() {
		want = append(want, string(stage))
	}
	if !slices.Equal(stages, want) {
		t.Errorf("stages %v, want %v", stages, want)
	}
}

// someChange is one of any that there may be.
func someChange(random *rand.Rand) crm.Change {
	chance := func() bool { return random.IntN(2) == 0 }
	stages := lead.Stages()
	c := crm.Change{
		Tenant: "acme", Contract: "revenue/mid-market", Lead: fmt.Sprint("L", random.IntN(100)), Version: 1 + random.Int64N(1<<62), Time: at,
		Data: crm.Data{Stage: string(stages[random.IntN(len(stages))]), Score: random.Int64N(200) - 50, Cycle: 1 + random.IntN(3), Attempts: random.IntN(3)},
	}
	if chance() {
		c.Data.Owner, c.Data.Pool, c.Data.Definition = "rep-1@acme.example", "enterprise", "mid-market-1"
	}
	if chance() {
		c.Data.Missing, c.Data.Overdue = []string{"phone"}, []string{"firstContact", "disposition"}
	}
	if chance() {
		c.Data.Disposition = &crm.Disposition{Outcome: "Recycled", Time: at.Add(123456 * time.Microsecond)}
		if chance() {
			c.Data.Disposition.Code, c.Data.Disposition.Status = "BadTiming", "Nurture"
		}
	}
	if chance() {
		c.Data.Deadline = &crm.Deadline{Clause: "followUp", Due: at.Add(time.Hour)}
	}
	if chance() {
		c.Data.FirstTouchAt = at
	}
	return c
}
