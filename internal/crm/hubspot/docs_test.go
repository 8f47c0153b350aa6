// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/hubspot"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

// example is a part of one, as the operator takes it.
func example[T, R any](t *testing.T, file string, take func(T) (R, error), path ...string) R {
	t.Helper()
	raw, err := os.ReadFile("../../../docs/examples/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := yaml.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		tree, _ = tree[name].(map[string]any)
	}
	if raw, err = yaml.Marshal(tree); err != nil {
		t.Fatal(err)
	}
	var of T
	if err := yaml.UnmarshalStrict(raw, &of); err != nil {
		t.Fatal(err)
	}
	out, err := take(of)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// An account that is set up as the documentation says has what the example needs of it, but for what the documentation leaves to the teams and what a
// new account of HubSpot has and the fake has not.
func TestSetUpAsDocumented(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/crm/hubspot.md")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(manual), "```json\n")
	body, _, found := strings.Cut(body, "```")
	if !found {
		t.Fatal("no body of properties in the documentation")
	}
	f := fake.New(fake.Options{Token: token, Settings: fake.Settings{Unlimited: true}})
	t.Cleanup(f.Close)
	r := newRig(t, f, &clock{at: noon})
	if err := f.Seed(0, time.Time{}, nil, "rep-1@example.com"); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.access.Settings.URL+"/crm/properties/2026-09/contacts/batch/create",
		strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if said, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", response.StatusCode, said)
	}

	settings := example(t, "slacontract-hubspot.yaml", convert.CRM, "spec", "crm")
	definition := example(t, "leaddefinition-hubspot.yaml", convert.Definition, "spec")
	settings.URL = r.access.Settings.URL
	r.access.Settings = *settings
	schema, err := hubspot.New(r.access, nil).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	for _, problem := range crm.Check(schema, r.access.Settings, definition, []string{"rep-1@example.com"}) {
		if problem.Reason != crm.FieldMissing {
			t.Errorf("%s: %s", problem.Reason, problem.Message)
		}
		missing = append(missing, problem.Field)
	}
	want := []string{
		"numberofemployees", "hs_seniority", "hs_lifecyclestage_customer_date", "handoff_budget", "handoff_business_case", "handoff_authority",
		"handoff_decision_maker_access", "handoff_need", "handoff_timeline_days",
	}
	if diff := cmp.Diff(want, missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}
