// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// stricter is a checkout of the samples in which the threshold went from 65 to 70 since main.
func stricter(t *testing.T) {
	t.Helper()
	root := checkout(t)
	t.Chdir(root)
	file := filepath.Join("config", "samples", "leaddefinition.yaml")
	write(t, file, strings.Replace(read(t, file), "threshold: 65", "threshold: 70", 1))
}

func TestDiff(t *testing.T) {
	stricter(t)
	const line = "path fit-and-engagement: threshold 65 -> 70: stricter (fewer leads qualify)"
	cases := map[string]struct {
		args  []string
		want  string
		fails string
	}{
		"a revision and a folder": {args: []string{"main:config/samples/", "config/samples/"}, want: line},
		"two revisions":           {args: []string{"main:config/samples", "HEAD:config/samples"}, want: "no difference"},
		"a file":                  {args: []string{"main:config/samples/leaddefinition.yaml", "config/samples/leaddefinition.yaml"}, want: line},
		"the other way":           {args: []string{"config/samples/", "main:config/samples/"}, want: "threshold 70 -> 65: looser (more leads qualify)"},
		"the exit code":           {args: []string{"main:config/samples/", "config/samples/", "--exit-code"}, want: line, fails: "what both parties sign differs"},
		"no difference, exit code": {
			args: []string{"config/samples/", "config/samples/", "--exit-code"}, want: "no difference",
		},
		"Markdown":             {args: []string{"main:config/samples/", "config/samples/", "-o", "markdown"}, want: "| `65` | `70` | **stricter** (fewer leads qualify) |"},
		"another form":         {args: []string{"main:config/samples/", "config/samples/", "-o", "yaml"}, fails: `--output "yaml": text, markdown or json`},
		"twice standard input": {args: []string{"-", "-"}, fails: "standard input can be read once"},
		"one side":             {args: []string{"config/samples/"}, fails: "accepts 2 arg(s)"},
		"nothing of ours":      {args: []string{"config/samples/namespace.yaml", "config/samples/namespace.yaml"}, fails: "neither"},
		"live and an old side": {args: []string{"--live", "main:config/samples/", "config/samples/"}, fails: "accepts 1 arg(s)"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := runCLI(t, append([]string{"diff"}, tc.args...)...)
			if (err != nil) != (tc.fails != "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
				t.Errorf("error %v, want one with %q", err, tc.fails)
			}
			if !strings.Contains(out, tc.want) {
				t.Errorf("%q is not in:\n%s", tc.want, out)
			}
		})
	}
}

func TestDiffJSON(t *testing.T) {
	stricter(t)
	out, err := runCLI(t, "diff", "main:config/samples/", "config/samples/", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Meaning bool
		Objects []struct {
			Name    string
			Voided  []struct{ Party string }
			Changes []struct{ Path, Old, New, Direction string }
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Objects) != 1 || len(got.Objects[0].Changes) != 1 || len(got.Objects[0].Voided) != 2 || !got.Meaning {
		t.Fatalf("%+v", got)
	}
	if c := got.Objects[0].Changes[0]; c.Path != "spec.stages.mql.paths[fit-and-engagement].threshold" || c.Old != "65" || c.New != "70" || c.Direction != "stricter" {
		t.Errorf("%+v", c)
	}
}

// Signing what changed brings the signatures back.
func TestDiffAfterSigning(t *testing.T) {
	stricter(t)
	for _, party := range []string{"Marketing", "Sales"} {
		if _, err := runCLI(t, "sign", "--party", party, "--by", "VP "+party, "config/samples/leaddefinition.yaml"); err != nil {
			t.Fatal(err)
		}
	}
	out, err := runCLI(t, "diff", "main:config/samples/", "config/samples/")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "signed by Marketing (VP Marketing) and Sales (VP Sales)") || strings.Contains(out, "voids") || strings.Contains(out, "takes effect when") {
		t.Error(out)
	}
}

// From standard input, as `kubectl get -o yaml` writes it.
func TestDiffFromStandardInput(t *testing.T) {
	stricter(t)
	script := exec.CommandContext(t.Context(), "bash", "-c", "sed 's/threshold: 70/threshold: 60/' config/samples/leaddefinition.yaml | kubectl-sla diff - config/samples/leaddefinition.yaml")
	script.Env = append(os.Environ(), "PATH="+onPath(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := script.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "threshold 60 -> 70") {
		t.Errorf("%v\n%s", err, out)
	}
}

// The proposal of the examples follows the samples: it differs from them in what its head says, and in nothing else.
func TestProposalFollowsTheSamples(t *testing.T) {
	t.Chdir(checkout(t))
	out, err := runCLI(t, "diff", "config/samples/leaddefinition.yaml", "docs/examples/leaddefinition-stricter.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "1 object differs, 3 changes of what both parties sign") {
		t.Errorf("it differs otherwise:\n%s", out)
	}
}
