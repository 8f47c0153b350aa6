// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/handoff-sla/handoff/internal/lead"
)

const schemaFolder = "../../docs/events"

// schemas are the published ones, by kind.
func schemas(t *testing.T) map[lead.Kind]*jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(schemaFolder, "*.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	for _, file := range files {
		if err := compiler.AddResource(schemaID(file), schemaText(t, file)); err != nil {
			t.Fatal(err)
		}
	}
	all := map[lead.Kind]*jsonschema.Schema{}
	for _, kind := range lead.Kinds() {
		if all[kind], err = compiler.Compile(schemaID(string(kind) + ".schema.json")); err != nil {
			t.Fatal(err)
		}
	}
	if len(files) != len(all)+2 {
		t.Errorf("%d schemas are published; there should be one of each of %d kinds, one of the event and one of what is sent", len(files), len(all))
	}
	return all
}

func schemaID(file string) string { return "https://sla.handoff.dev/events/" + filepath.Base(file) }

func schemaText(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if id := decoded.(map[string]any)["$id"]; id != schemaID(file) {
		t.Errorf("%s: $id is %v", file, id)
	}
	return decoded
}

// exampleOf a kind, as its schema publishes it.
func exampleOf(t *testing.T, schema *jsonschema.Schema) map[string]any {
	t.Helper()
	if len(schema.Examples) != 1 {
		t.Fatalf("%s has %d examples", schema.ID, len(schema.Examples))
	}
	event := schema.Examples[0].(map[string]any)
	event["time"] = "2027-01-04T14:00:00Z" // the clock of these tests is earlier than the examples
	return event
}

func TestExamplesOfTheSchemasAreTaken(t *testing.T) {
	for kind, schema := range schemas(t) {
		event := exampleOf(t, schema)
		if err := schema.Validate(event); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if status, answer := send(t, event); status != http.StatusAccepted {
			t.Errorf("%s: status %d, %+v", kind, status, answer)
		}
	}
}

func send(t *testing.T, event map[string]any) (int, string) {
	t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	status, a, _ := newRig().do(t, request{body: string(text)})
	return status, fmt.Sprintf("%+v", a.Results)
}

// What a schema allows is taken, and what it does not is refused: data of every kind with members changed at random. Left out is what
// no schema can know (the definition's reason codes and field types) and where it is stricter on purpose: blank texts, and what of a
// conversation is coerced.
func TestSchemasSayWhatIsTaken(t *testing.T) {
	all := schemas(t)
	random := rand.New(rand.NewPCG(20270104, 4))
	valid, refused := 0, 0
	for range 1000 {
		for _, kind := range lead.Kinds() {
			event := exampleOf(t, all[kind])
			data := mutated(random, event["data"].(map[string]any))
			event["data"] = data
			if kind == lead.KindDisposition && data["reason"] != "BadTiming" && data["outcome"] == nil {
				continue
			}
			problem := all[kind].Validate(event)
			status, answer := send(t, event)
			if (problem == nil) != (status == http.StatusAccepted) {
				text, _ := json.Marshal(data)
				t.Fatalf("%s %s:\nby the schema: %v\ntaken: %d %s", kind, text, problem, status, answer)
			}
			if problem == nil {
				valid++
			} else {
				refused++
			}
		}
	}
	if valid < 500 || refused < 500 {
		t.Errorf("%d valid and %d refused: too few of one to mean anything", valid, refused)
	}
}

// mutated is data with one or two members replaced or gone.
func mutated(random *rand.Rand, data map[string]any) map[string]any {
	pool := []any{
		nil, true, false, "x", "Phone", "Outbound", "Human", "Accepted", "Recycled", "BadTiming", "Opened", "Upheld", "Open", "Won", "USD", "usd",
		"Contact", "Account", "a b", strings.Repeat("y", 129), strings.Repeat("z", 254), "2027-01-04T14:00:00Z", "2027-01-04",
		json.Number("0"), json.Number("1"), json.Number("3"), json.Number("5"), json.Number("6"), json.Number("2.5"), json.Number("-1"), json.Number("1e13"),
		[]any{},
		[]any{"Marketing"},
		[]any{"Sales"},
		[]any{"Sales", "Marketing"},
		[]any{"Timing", "Fit"},
		[]any{"Weather"},
		[]any{json.Number("1")},
		map[string]any{},
		map[string]any{"budget": true},
		map[string]any{"budgt": true},
		map[string]any{"path": "/"},
	}
	names := []string{"properties", "activity", "by", "rep", "channel", "direction", "actor", "answered", "twoWay", "loggedAt", "owner", "outcome", "reason", "ruling", "parties", "qualification", "opportunity", "state", "amount", "currency", "rating", "categories", "comment", "scope", "merged"}
	names = slices.DeleteFunc(names, func(name string) bool { _, has := data[name]; return !has && random.IntN(3) > 0 })
	changed := map[string]any{}
	for name, value := range data {
		changed[name] = value
	}
	for range 1 + random.IntN(2) {
		name := names[random.IntN(len(names))]
		if value := pool[random.IntN(len(pool))]; value == nil && random.IntN(2) == 0 {
			delete(changed, name)
		} else {
			changed[name] = value
		}
	}
	return changed
}

// The reference for people names every type and links its schema.
func TestEveryTypeIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range lead.Kinds() {
		if row := fmt.Sprintf("| [`dev.handoff.lead.%s`](events/%s.schema.json) |", kind, kind); !strings.Contains(string(text), row) {
			t.Errorf("docs/events.md has no row %s", row)
		}
	}
}
