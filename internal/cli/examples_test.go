// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// needsCluster finds examples that speak to a cluster; the end-to-end tests have one.
var needsCluster = regexp.MustCompile(`(^|\s)(-n|--namespace|--context|--kubeconfig|--cluster|--live|--to|--all-namespaces)\b|kubectl (get|apply)|\blive:`)

// Every example of every verb's --help works when it is pasted at the root of the repository.
func TestExamplesWorkWhenPasted(t *testing.T) {
	path := onPath(t) + string(os.PathListSeparator) + os.Getenv("PATH")
	each(Root(fixedNow), func(c *cobra.Command) {
		if c.Runnable() && c.Example == "" && c.Name() != "help" && c.Parent() != nil && c.Parent().Name() != "completion" {
			t.Errorf("%s has no example in its --help", c.CommandPath())
		}
		for _, line := range strings.Split(strings.ReplaceAll(c.Example, "\\\n", ""), "\n") {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || needsCluster.MatchString(line) {
				continue
			}
			t.Run(line, func(t *testing.T) {
				script := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", line)
				script.Dir, script.Env = checkout(t), append(os.Environ(), "PATH="+path)
				if out, err := script.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	})
}

func each(c *cobra.Command, see func(*cobra.Command)) {
	see(c)
	for _, sub := range c.Commands() {
		each(sub, see)
	}
}

// checkout is a copy of what examples read, as a git repository with a branch main: verbs may write into it.
func checkout(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"config/samples", "docs/examples"} {
		from := filepath.Join("../..", folder)
		if _, err := os.Stat(from); os.IsNotExist(err) {
			continue
		}
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "-qm", "samples"},
	} {
		git := exec.CommandContext(t.Context(), "git", args...)
		git.Dir = root
		if out, err := git.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return root
}
