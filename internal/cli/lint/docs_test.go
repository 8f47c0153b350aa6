// SPDX-License-Identifier: Apache-2.0

package lint_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/lint"
)

const (
	docsFile = "../../../docs/lint.md"
	marker   = "-run TestDocumentation -update -->\n"
)

// The page's table is what the rules say of themselves.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	head, _, found := strings.Cut(string(page), marker)
	if !found {
		t.Fatalf("%s has no line that ends with %s", docsFile, marker)
	}
	want := head + marker + table()
	if *update {
		if err := os.WriteFile(docsFile, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, string(page)); diff != "" {
		t.Errorf("go test ./internal/cli/lint -run TestDocumentation -update writes it:\n%s", diff)
	}
}

func table() string {
	var b strings.Builder
	cell := strings.NewReplacer("|", `\|`, "<", "&lt;").Replace
	b.WriteString("\n| rule | severity | finds | why | source | cure |\n|---|---|---|---|---|---|\n")
	for _, r := range lint.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", r.ID, r.Severity, cell(r.Finds), cell(r.Why), r.Source, cell(r.Cure))
	}
	return b.String()
}

var kebab = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

func TestRulesAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.Rules() {
		if !kebab.MatchString(r.ID) || seen[r.ID] {
			t.Errorf("id %q", r.ID)
		}
		seen[r.ID] = true
		for _, text := range []string{r.Finds, r.Why, r.Source, r.Cure} {
			if text == "" || strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: text %q", r.ID, text)
			}
		}
	}
}
