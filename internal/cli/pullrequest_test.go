// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The pipelines of docs/gitops/examples are run here, step by step, in a scratch repository with two branches. Only what is not ours is
// replaced: `go install`, `apt-get`, and `gh` and `curl`, which keep the comment in a file.

// pullRequest is a repository in which a branch was merged into main for a trial, as a pipeline has it.
type pullRequest struct {
	t    *testing.T
	root string
	path string            // PATH
	env  map[string]string // what one step leaves for the next
}

// comments is the folder of the stand-in for the forge: a file a comment, and the calls that were made.
func (p *pullRequest) comments() string { return filepath.Join(p.root, ".git", "forge") }

const (
	goStub = `#!/bin/bash
[[ "$1 $2" =~ ^"install github.com/handoff-sla/handoff/cmd/kubectl-sla@"[a-z0-9.]+$ ]] || { echo "unexpected: go $*" >&2; exit 1; }
`
	ghStub = `#!/bin/bash
echo "gh $*" >> "$FORGE/calls"
case "$*" in
*--paginate*) ls "$FORGE" | grep -x 4711 || true ;;
*body=@comment.md*) cp comment.md "$FORGE/4711" ;;
*) exit 1 ;;
esac
`
	curlStub = `#!/bin/bash
echo "curl $*" >> "$FORGE/calls"
case "$*" in
*body@comment.md*) cp comment.md "$FORGE/4711" ;;
*per_page=100) if [ -f "$FORGE/4711" ]; then jq -Rs '[{id: 1, body: "LGTM"}, {id: 4711, body: .}]' "$FORGE/4711"; else echo '[]'; fi ;;
*) exit 1 ;;
esac
`
)

func newPullRequest(t *testing.T) *pullRequest {
	t.Helper()
	p := &pullRequest{t: t, root: t.TempDir(), env: map[string]string{}}
	bin := onPath(t)
	for name, text := range map[string]string{"go": goStub, "gh": ghStub, "curl": curlStub, "apt-get": "#!/bin/bash\n"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p.path = bin + string(os.PathListSeparator) + os.Getenv("PATH")
	p.git("init", "-q", "-b", "main")
	if err := os.MkdirAll(p.comments(), 0o750); err != nil {
		t.Fatal(err)
	}
	p.copy("README.md", "../../README.md")
	p.commit("An empty repository")
	return p
}

func (p *pullRequest) git(args ...string) {
	p.t.Helper()
	p.shell(p.root, "git -c user.name=Test -c user.email=test@example.com "+strings.Join(args, " "), nil)
}

func (p *pullRequest) shell(dir, script string, env []string) {
	p.t.Helper()
	c := exec.CommandContext(p.t.Context(), "bash", "-c", script)
	c.Dir, c.Env = dir, append(append(os.Environ(), "PATH="+p.path), env...)
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

func (p *pullRequest) copy(to, from string) {
	p.t.Helper()
	file := filepath.Join(p.root, to)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		p.t.Fatal(err)
	}
	write(p.t, file, read(p.t, from))
}

func (p *pullRequest) commit(message string) {
	p.t.Helper()
	p.git("add", "-A")
	p.git("commit", "-qm", "'"+message+"'")
}

// agree writes the samples and the leads of the past.
func (p *pullRequest) agree() {
	p.t.Helper()
	for _, file := range []string{"leaddefinition.yaml", "slacontract.yaml", "reviewcadence.yaml"} {
		p.copy("sla/"+file, "../../config/samples/"+file)
	}
	for _, file := range []string{"leads.csv", "activities.csv", "touches.csv"} {
		p.copy("history/"+file, "../../docs/examples/"+file)
	}
}

// propose goes to a branch from main with a change, and merges it for a trial.
func (p *pullRequest) propose(change func()) {
	p.t.Helper()
	p.git("checkout", "-q", "-B", "proposal", "main")
	change()
	p.commit("A proposal")
	p.git("checkout", "-q", "--detach", "main")
	p.git("merge", "-q", "--no-ff", "-m", "trial", "proposal")
}

func (p *pullRequest) stricter() {
	p.t.Helper()
	p.copy("sla/leaddefinition.yaml", "../../docs/examples/leaddefinition-stricter.yaml")
}

func (p *pullRequest) sign() {
	p.t.Helper()
	for _, party := range []string{"Marketing", "Sales"} {
		p.shell(p.root, fmt.Sprintf("kubectl-sla sign --party %s --by 'VP %s' sla/leaddefinition.yaml", party, party), nil)
	}
}

// run a script as a pipeline does; it returns what it printed and whether it succeeded.
func (p *pullRequest) run(script string, env map[string]string) (string, bool) {
	p.t.Helper()
	c := exec.CommandContext(p.t.Context(), "bash", "-eo", "pipefail", "-c", script)
	c.Dir, c.Env = p.root, append(os.Environ(), "PATH="+p.path, "FORGE="+p.comments())
	for key, value := range env {
		c.Env = append(c.Env, key+"="+value)
	}
	out, err := c.CombinedOutput()
	return string(out), err == nil
}

type step struct {
	Name, ID, Uses, Run, If string
	ContinueOnError         bool `yaml:"continue-on-error"`
	With                    map[string]any
	Env                     map[string]string
}

type workflow struct {
	Permissions map[string]string
	Env         map[string]string
	Jobs        map[string]struct{ Steps []step }
}

var substitution = regexp.MustCompile(`\$\{\{ *(.*?) *\}\}`)

// github runs the steps of the workflow.
func (p *pullRequest) github() (log string, passed bool) {
	p.t.Helper()
	var w workflow
	if err := yaml.Unmarshal([]byte(read(p.t, "../../docs/gitops/examples/github-workflow.yaml")), &w); err != nil {
		p.t.Fatal(err)
	}
	known := map[string]string{
		"github.token": "a-token", "github.event.pull_request.number": "7",
		"github.event.pull_request.head.repo.full_name == github.repository": "true",
	}
	files := map[string]string{"GITHUB_ENV": filepath.Join(p.comments(), "env"), "GITHUB_STEP_SUMMARY": filepath.Join(p.comments(), "summary")}
	for _, file := range files {
		write(p.t, file, "")
	}
	passed = true
	for _, s := range w.Jobs["sla"].Steps {
		if s.Run == "" {
			if !regexp.MustCompile(`^actions/[-a-z]+@v[0-9]+\.[0-9]+\.[0-9]+$`).MatchString(s.Uses) {
				p.t.Errorf("step %q uses %q: not pinned to a version", s.Name, s.Uses)
			}
			continue
		}
		if substitution.MatchString(s.Run) {
			p.t.Errorf("step %q: what others write must come by the environment, not into the script", s.Name)
		}
		if s.If != "" && known[s.If] != "true" {
			p.t.Errorf("step %q: this test does not know the condition %q", s.Name, s.If)
		}
		out, ok := p.run(s.Run, p.environment(w.Env, s.Env, files, known))
		log += "== " + s.Name + "\n" + out
		known["steps."+s.ID+".outcome"] = map[bool]string{true: "success", false: "failure"}[ok]
		if !ok && !s.ContinueOnError {
			return log, false
		}
	}
	return log, passed
}

// environment of a step: that of the workflow, of the step, and what earlier steps left.
func (p *pullRequest) environment(workflow, step, files, known map[string]string) map[string]string {
	p.t.Helper()
	out := map[string]string{"GITHUB_REPOSITORY": "acme/revenue"}
	maps.Copy(out, files)
	maps.Copy(out, workflow)
	for _, line := range strings.Fields(read(p.t, files["GITHUB_ENV"])) {
		key, value, _ := strings.Cut(line, "=")
		out[key] = value
	}
	for key, value := range step {
		out[key] = substitution.ReplaceAllStringFunc(value, func(m string) string {
			name := substitution.FindStringSubmatch(m)[1]
			if _, ok := known[name]; !ok {
				p.t.Errorf("this test does not know %s", m)
			}
			return known[name]
		})
	}
	return out
}

// gitlab runs the script of the job.
func (p *pullRequest) gitlab() (log string, passed bool) {
	p.t.Helper()
	if _, err := exec.LookPath("jq"); err != nil {
		p.t.Skip("SKIPPED: the GitLab job needs jq, which is not on the PATH: apt-get install jq")
	}
	var pipeline struct {
		SLA struct {
			Variables map[string]string
			Before    []string `yaml:"before_script"`
			Script    []string
		}
	}
	if err := yaml.Unmarshal([]byte(read(p.t, "../../docs/gitops/examples/gitlab-ci.yaml")), &pipeline); err != nil {
		p.t.Fatal(err)
	}
	env := maps.Clone(pipeline.SLA.Variables)
	maps.Copy(env, map[string]string{
		"CI_API_V4_URL": "https://gitlab.example/api/v4", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "7", "SLA_BOT_TOKEN": "a-token",
		"CI_MERGE_REQUEST_DIFF_BASE_SHA": "main",
	})
	return p.run(strings.Join(append(slices.Clone(pipeline.SLA.Before), pipeline.SLA.Script...), "\n"), env)
}

func (p *pullRequest) comment() string {
	p.t.Helper()
	return read(p.t, filepath.Join(p.comments(), "4711"))
}

// calls of the forge since the last look.
func (p *pullRequest) calls() string {
	p.t.Helper()
	file := filepath.Join(p.comments(), "calls")
	text := read(p.t, file)
	write(p.t, file, "")
	return text
}

func TestPullRequest(t *testing.T) {
	forges := map[string]struct {
		run           func(*pullRequest) (string, bool)
		create, amend string // calls
		unread        string // what the log says of a YAML that cannot be read
	}{
		"GitHub": {
			(*pullRequest).github, "gh api repos/acme/revenue/issues/7/comments -F", "gh api -X PATCH repos/acme/revenue/issues/comments/4711 -F",
			"lint, diff, backtest, signatures of both parties: failure failure failure failure",
		},
		"GitLab": {(*pullRequest).gitlab, "merge_requests/7/notes\n", "merge_requests/7/notes/4711\n", "not to be merged yet: lint diff backtest signatures"},
	}
	for name, forge := range forges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPullRequest(t)
			check := func(what string, want bool, holds ...string) (log string) {
				t.Helper()
				log, passed := forge.run(p)
				if passed != want {
					t.Errorf("%s: passed %t, want %t\n%s", what, passed, want, log)
				}
				comment := p.comment()
				p.git("clean", "-fdq") // the next pipeline has a checkout of its own
				for _, text := range append(holds, "<!-- kubectl sla diff -->", "Backtest", "two sentences a side", "Lint", "Signatures") {
					if !strings.Contains(comment, text) {
						t.Errorf("%s: the comment has no %q:\n%s\nlog:\n%s", what, text, comment, log)
					}
				}
				return log
			}

			p.propose(p.agree)
			check("the first", true, "LeadDefinition `revenue/mid-market`: added", "133 qualified leads a month", "120 leads")
			if calls := p.calls(); !strings.Contains(calls, forge.create) {
				t.Errorf("no new comment: %s", calls)
			}

			p.git("checkout", "-q", "main")
			p.agree()
			p.commit("What both teams signed")
			p.propose(p.stricter)
			check("not yet signed", false,
				"**Voids signatures**: LeadDefinition `revenue/mid-market` must be signed again by Marketing (`VP Marketing`) and Sales (`VP Sales`)",
				"| path `fit-and-engagement`: threshold | `65` | `75` | **stricter** (fewer leads qualify) |",
				"| rule `intent/pricing`: points | `15` | `10` | **stricter** (fewer leads qualify) |",
				"| field `phone` | `required` | `optional` | **looser** for Marketing (a lead without it is handed over) |",
				"kubectl sla sign --party Sales --by \"VP Sales\" sla/leaddefinition.yaml",
				"### Backtest of sla/ on 120 leads", "| MQLs | ", "neither Marketing nor Sales has signed", "does not count")
			if calls := p.calls(); !strings.Contains(calls, forge.amend) || strings.Contains(calls, forge.create) {
				t.Errorf("the comment is not written anew: %s", calls)
			}

			p.propose(func() { p.stricter(); p.sign() })
			check("signed by both", true, "Signed by Marketing (`VP Marketing`) and Sales (`VP Sales`)", "**stricter** (fewer leads qualify)")
			if strings.Contains(p.comment(), "Voids signatures") {
				t.Error("signatures that were made anew are not void")
			}

			p.propose(func() {
				file := filepath.Join(p.root, "sla", "slacontract.yaml")
				write(t, file, strings.Replace(read(t, file), "capacity: 60", "capacity: 80", 1))
			})
			check("what needs no signature", true, "Needs no signature:", "| pool `larger-companies`, rep `rep-1@example.com`: capacity | `60` | `80` |")

			p.propose(func() {
				file := filepath.Join(p.root, "sla", "leaddefinition.yaml")
				write(t, file, strings.Replace(read(t, file), "threshold: 65", "treshold: 65", 1))
			})
			log := check("a misspelt key", false, "What is written cannot be read", "did you mean 'threshold'?")
			if !strings.Contains(log, forge.unread) {
				t.Errorf("%q is not in the log:\n%s", forge.unread, log)
			}
		})
	}
}

// The page holds the very files that are tried here.
func TestPullRequestPage(t *testing.T) {
	page := read(t, "../../docs/gitops/pull-requests.md")
	for _, file := range []string{"github-workflow.yaml", "gitlab-ci.yaml", "CODEOWNERS", "CODEOWNERS.gitlab", "flux-kustomization.yaml", "argocd-cm-patch.yaml"} {
		if text := strings.TrimSpace(read(t, "../../docs/gitops/examples/"+file)); !strings.Contains(page, text) {
			t.Errorf("docs/gitops/pull-requests.md does not hold docs/gitops/examples/%s as it is", file)
		}
	}
}
