// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// Without a cluster the arguments are checked first; then it is said how to name one.
func TestWithoutACluster(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "config")
	write(t, kubeconfig, "apiVersion: v1\nkind: Config\n")
	t.Setenv("KUBECONFIG", kubeconfig)
	exported := filepath.Join(t.TempDir(), "revisions.yaml")
	write(t, exported, "apiVersion: apps/v1\nkind: ControllerRevision\n")
	cases := map[string]struct {
		args []string
		want []string
	}{
		"an object":          {[]string{"revisions", "list", "slacontract/x"}, []string{"no cluster is configured", "--kubeconfig", "--context"}},
		"no object":          {[]string{"revisions", "list", "foo"}, []string{`"foo" is no object with revisions`, "slacontract/NAME"}},
		"no object, exports": {[]string{"revisions", "export", "contract/x"}, []string{`"contract/x" is no object with revisions`}},
		"a file":             {[]string{"revisions", "import", exported}, []string{"no cluster is configured"}},
		"no file":            {[]string{"revisions", "import", "nothing.yaml"}, []string{"nothing.yaml: no such file"}},
		"no context":         {[]string{"revisions", "list", "slacontract/x", "--context", "berlin"}, []string{"the cluster cannot be found", "berlin", "--kubeconfig"}},
		"no kubeconfig":      {[]string{"revisions", "list", "slacontract/x", "--kubeconfig", "nothing"}, []string{"nothing: no such file", "--kubeconfig"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := runCLI(t, tc.args...)
			if err == nil || strings.Contains(err.Error(), "KUBERNETES_MASTER") {
				t.Fatalf("error %v", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one with %q", err, want)
				}
			}
		})
	}
}
