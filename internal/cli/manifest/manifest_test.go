// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const small = `apiVersion: sla.handoff.dev/v1alpha1
kind: LeadDefinition
metadata: {name: NAME, namespace: revenue}
spec:
  fields:
  - {name: email, type: String}
  stages:
    mql:
      paths:
      - {name: any, criteria: [{expression: 'has(lead.email)'}]}
`

func named(name string) string { return strings.ReplaceAll(small, "NAME", name) }

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func names(docs []Document) []string {
	var out []string
	for _, d := range docs {
		if d.Ours() {
			out = append(out, d.String()+" "+d.Namespace)
		}
	}
	return out
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "sla/a.yaml", named("a")+"---\nkind: ConfigMap\napiVersion: v1\n---\n"+named("b"))
	write(t, "sla/more/c.yml", named("c"))
	write(t, "sla/README.md", "no manifest")
	write(t, "sla/.hidden/d.yaml", "no: [manifest")
	write(t, "empty/README.md", "")
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "one"}} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write(t, "sla/a.yaml", named("changed"))
	all := []string{"LeadDefinition/a revenue", "LeadDefinition/b revenue", "LeadDefinition/c revenue"}
	cases := map[string]struct {
		source string
		want   []string
		fails  string
	}{
		"a file":                         {source: "sla/more/c.yml", want: all[2:]},
		"a folder":                       {source: "sla", want: []string{"LeadDefinition/changed revenue", all[2]}},
		"standard input":                 {source: "-", want: []string{"LeadDefinition/stdin revenue"}},
		"a folder of a revision":         {source: "main:sla/", want: all},
		"a file of a revision":           {source: "HEAD:sla/a.yaml", want: all[:2]},
		"a whole revision":               {source: "main:", want: all},
		"an unknown revision":            {source: "develop:sla/", fails: "git ls-tree"},
		"an unknown path of a revision":  {source: "main:nothing/", fails: "no YAML file"},
		"a revision that is an option":   {source: "--output=x:sla/", fails: "neither a file nor a git revision"},
		"nothing of the name":            {source: "nothing.yaml", fails: "no such file"},
		"a folder without any manifests": {source: "empty", fails: "no *.yaml or *.yml file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			docs, err := Load(t.Context(), tc.source, strings.NewReader(named("stdin")))
			if tc.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fails) {
					t.Fatalf("error %v, want one with %q", err, tc.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, names(docs)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// In a folder of the repository, a revision's path is read from there, as git does with ./PATH.
func TestLoadRevisionFromSubfolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "team/sla/a.yaml", named("a"))
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "one"}} {
		if out, err := exec.CommandContext(t.Context(), "git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	t.Chdir("team")
	docs, err := Load(t.Context(), "main:sla/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LeadDefinition/a revenue"}, names(docs)); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownKeys(t *testing.T) {
	cases := map[string]struct{ edit, to, want string }{
		"a misspelt key":             {"  fields:", "  feilds:", `line 16, column 3: spec has no field "feilds"; did you mean 'fields'?`},
		"deep in a list":             {"criteria:", "criterea:", `spec.stages.mql.paths[0] has no field "criterea"; did you mean 'criteria'?`},
		"nothing near":               {"{name: email,", "{zzzzz: 1, name: email,", `spec.fields[0] has no field "zzzzz"; known: name, type, property, required`},
		"in metadata":                {"namespace:", "namespcae:", `metadata has no field "namespcae"; did you mean 'namespace'?`},
		"a second time the same key": {"metadata:", "spec: {}\nmetadata:", `key "spec" already set in map`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.yaml")
			write(t, file, named("a")+"---\n"+strings.Replace(named("b"), tc.edit, tc.to, 1))
			docs, err := Read(file, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("documents %v, error %v; want one with %q", names(docs), err, tc.want)
			}
			scanned, err := Scan(file, nil)
			if err != nil || len(scanned) != 2 || scanned[0].Err != nil || scanned[1].Err == nil {
				t.Errorf("Scan stops: %v, %v", scanned, err)
			}
		})
	}
}

// YAML 1.1, which kubectl and the decoder read, has more booleans than people know.
func TestValuesThatAreNoText(t *testing.T) {
	cases := map[string]struct{ edit, to, want string }{
		"a field named n":       {"{name: email,", "{name: n,", `line 17, column 12: spec.fields[0].name is a text, but YAML reads n without quotes as false; write "n"`},
		"a name that is on":     {"name: b,", "name: on,", `metadata.name is a text, but YAML reads on without quotes as true`},
		"a number":              {"{name: any,", "{name: 5,", `spec.stages.mql.paths[0].name is a text, but YAML reads 5 without quotes as a number; write "5"`},
		"an expression":         {"'has(lead.email)'", "true", "criteria[0].expression is a text, but YAML reads true without quotes as true"},
		"in quotes":             {"{name: any,", `{name: "y",`, ""},
		"a number as it should": {"spec:\n", "spec:\n  scoring: {max: 50, groups: [{name: no-way, rules: [{name: a1, when: 'true', points: 5}]}]}\n", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "x.yaml")
			write(t, file, named("a")+"---\n"+strings.Replace(named("b"), tc.edit, tc.to, 1))
			_, err := Read(file, nil)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}
