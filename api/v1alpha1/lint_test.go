// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// checkLint asks `kubectl sla lint` what the API server is asked: what the one accepts the other must, and what it refuses it must refuse
// with the same words.
func checkLint(t *testing.T, object client.Object, want string) {
	t.Helper()
	kind, err := apiutil.GVKForObject(object, testkit.Client.Scheme())
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	head := "apiVersion: " + kind.GroupVersion().String() + "\nkind: " + kind.Kind + "\n"
	doc := manifest.Parse(manifest.Document{File: t.Name(), Text: head + string(text)})
	report, err := lint.Run(t.Context(), []manifest.Document{doc}, lint.Options{Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, f := range report.Findings {
		if f.Rule == "schema" || f.Rule == "unknown-field" || f.Rule == "unreadable" {
			said = append(said, f.Message)
		}
	}
	switch all := strings.Join(said, "\n"); {
	case want == "" && all != "":
		t.Errorf("lint refuses what the API server accepts: %s", all)
	case want != "" && !strings.Contains(all, want):
		t.Errorf("lint says %q, want what the API server says: %q", all, want)
	}
}
