// SPDX-License-Identifier: Apache-2.0

package lead

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// expressionsOf a definition or pools, wherever they stand.
func expressionsOf(tree any) []string {
	var found []string
	switch node := tree.(type) {
	case map[string]any:
		for key, value := range node {
			if text, isText := value.(string); isText && (key == "when" || key == "expression") {
				found = append(found, text)
			}
			found = append(found, expressionsOf(value)...)
		}
	case []any:
		for _, value := range node {
			found = append(found, expressionsOf(value)...)
		}
	}
	slices.Sort(found)
	return found
}

// slow are the expressions without a closure.
func slow(t *testing.T, fields []Field, signals []Signal, sources []string) []string {
	t.Helper()
	h := newHarness(t, Definition{Fields: fields, Signals: signals})
	var left []string
	for _, source := range sources {
		if strings.Contains(source, qualificationVariable+".") {
			continue // of SQL criteria, which CEL evaluates
		}
		p, _, problems := h.compile(source, strings.Contains(source, activityVariable), h.constantsFor(0))
		if problems != nil {
			t.Errorf("%s: %v", source, problems)
		} else if !p.itself.closure {
			left = append(left, source)
		}
	}
	return left
}

// What people start from must not fall back to CEL, which is some fifty times slower, without anybody noticing.
func TestSamplesHaveClosures(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", "leaddefinition.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var definition struct {
		Spec struct {
			Fields  []Field
			Signals []Signal
		}
	}
	var tree, contract any
	if err := yaml.Unmarshal(text, &definition); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	text, err = os.ReadFile(filepath.Join("..", "..", "config", "samples", "slacontract.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &contract); err != nil {
		t.Fatal(err)
	}
	sources := append(expressionsOf(tree), expressionsOf(contract)...)
	if len(sources) < 10 {
		t.Fatalf("only %d expressions found", len(sources))
	}
	if left := slow(t, definition.Spec.Fields, definition.Spec.Signals, sources); left != nil {
		t.Errorf("without a closure: %q", left)
	}
}

func TestRulesOfTheBenchmarkHaveClosures(t *testing.T) {
	var sources []string
	for _, r := range benchRules {
		sources = append(sources, r.cel)
	}
	if left := slow(t, benchDefinition().Fields, nil, sources); left != nil {
		t.Errorf("without a closure: %q", left)
	}
}

func TestShapesLeftToCEL(t *testing.T) {
	d := generated()
	for _, tc := range []struct{ sources, want []string }{
		{compilable, nil}, {notCompilable, notCompilable}, {aboutActivities, nil}, {aboutActivitiesByCEL, aboutActivitiesByCEL},
	} {
		if diff := cmp.Diff(tc.want, slow(t, d.Fields, d.Signals, tc.sources)); diff != "" {
			t.Errorf("left to CEL (-want +got):\n%s", diff)
		}
	}
}

// An expression that grows twofold with each step must not become a closure that does.
func TestLargeExpressionsAreLeftToCEL(t *testing.T) {
	h := newHarness(t, generated())
	source := `lead.b1`
	for range 12 {
		source = "((" + source + ") == lead.b2)"
	}
	p, s, problems := h.compile(source, false, h.constantsFor(0))
	if problems != nil || p.itself.closure {
		t.Errorf("closure %t, problems %v", p.itself.closure, problems)
	}
	s.put(8, true)
	s.put(9, false)
	p.check(t, source, s)
}
