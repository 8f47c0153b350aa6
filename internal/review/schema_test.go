// SPDX-License-Identifier: Apache-2.0

package review

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../docs/reports/report.schema.json"

func schemaText(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	decoded, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	const id = "https://sla.handoff.dev/reports/report.schema.json"
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource(id, schemaText(t)); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func TestReportsFitTheSchema(t *testing.T) {
	compiled := schema(t)
	for name, sample := range samples {
		text, err := made(t, sample()).JSON()
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(instance); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		instance.(map[string]any)["inputs"].(map[string]any)["surplus"] = true
		if compiled.Validate(instance) == nil {
			t.Errorf("%s: a field that is not in the schema was taken", name)
		}
	}
}

// Every field of a report is in the schema with the same name, and is required where it is always there.
func TestTheSchemaHasEveryField(t *testing.T) {
	defined := schemaText(t).(map[string]any)["$defs"].(map[string]any)
	seen := map[string]bool{}
	var walk func(of reflect.Type)
	walk = func(of reflect.Type) {
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[Facts]().PkgPath() || seen[of.Name()] {
			return
		}
		seen[of.Name()] = true
		var names, required []string
		for field := range of.Fields() {
			name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
			if option == "" {
				required = append(required, name)
			}
			walk(field.Type)
		}
		object, ok := defined[of.Name()].(map[string]any)
		if !ok {
			t.Errorf("the schema does not define %s", of.Name())
			return
		}
		if diff := cmp.Diff(sorted(names), keys(object["properties"])); diff != "" {
			t.Errorf("fields of %s (-code +schema):\n%s", of.Name(), diff)
		}
		if diff := cmp.Diff(sorted(required), texts(object["required"])); diff != "" {
			t.Errorf("required fields of %s (-code +schema):\n%s", of.Name(), diff)
		}
	}
	walk(reflect.TypeFor[Facts]())
	walk(reflect.TypeFor[Results]())
	if len(seen) != len(defined) {
		t.Errorf("the schema defines %d types, reports have %d", len(defined), len(seen))
	}
}

func sorted(all []string) []string { return ordered(all, strings.Compare) }

func keys(object any) []string {
	var all []string
	for name := range object.(map[string]any) {
		all = append(all, name)
	}
	return sorted(all)
}

func texts(list any) []string {
	var all []string
	elements, _ := list.([]any)
	for _, e := range elements {
		all = append(all, e.(string))
	}
	slices.Sort(all)
	return full(all)
}
