// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

// start the program; the address that it listens at comes back, and it is over when the test is.
func start(t *testing.T, env map[string]string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, append(args, "--listen", "127.0.0.1:0"), func(name string) string { return env[name] }, in)
		_ = in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%v: %v", err, <-ended)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})
	_, rest, _ := strings.Cut(line, " listens at ")
	address, _, _ := strings.Cut(rest, " ")
	return "http://" + address
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestItServesEitherFake(t *testing.T) {
	for kind, tc := range map[string]struct {
		env  map[string]string
		path string // which nobody without a credential may read
	}{
		"hubspot":    {map[string]string{"CRM_TOKEN": "t"}, "/crm/v3/owners"},
		"salesforce": {map[string]string{"CRM_CLIENT_SECRET": "s"}, "/services/data/v65.0/limits"},
	} {
		t.Run(kind, func(t *testing.T) {
			url := start(t, tc.env, "--type", kind, "--seed-leads", "40", "--reps", "rep1@acme.example, rep2@acme.example")
			if status, body := get(t, url+"/healthz"); status != http.StatusOK || body != "ok\n" {
				t.Errorf("healthz: %d %s", status, body)
			}
			if status, body := get(t, url+tc.path); status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", tc.path, status, body)
			}
			if status, body := get(t, url+"/_control/state"); status != http.StatusOK || strings.Count(body, "@company") != 40 || !strings.Contains(body, "rep2@acme.example") {
				t.Errorf("state: %d, %d leads", status, strings.Count(body, "@company"))
			}
		})
	}
}

func TestWhatItCannotBeStartedWith(t *testing.T) {
	for want, args := range map[string][]string{
		`--type is "zoho": should be hubspot or salesforce`:            {"--type", "zoho"},
		"nobody could log in: set CRM_CLIENT_SECRET or CRM_PUBLIC_KEY": {"--type", "salesforce"},
		"--seed-leads is -1: should be 0 or more":                      {"--type", "hubspot", "--seed-leads", "-1"},
		`argument "x": there are none, only flags`:                     {"--type", "hubspot", "x"},
	} {
		if err := run(t.Context(), args, func(string) string { return "" }, io.Discard); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}

func TestPublicKeys(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := publicKey(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	if err != nil || !got.Equal(&key.PublicKey) {
		t.Errorf("%v", err)
	}
	for _, wrong := range []string{"x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
		if _, err := publicKey(wrong); err == nil {
			t.Errorf("%q was taken as a key", wrong)
		}
	}
}

// program of an example of a definition.
func program(t *testing.T, name string) *lead.Program {
	t.Helper()
	text, err := os.ReadFile("../../docs/examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var d slav1alpha1.LeadDefinition
	if err := yaml.UnmarshalStrict(text, &d); err != nil {
		t.Fatal(err)
	}
	definition, err := convert.Definition(d.Spec)
	if err != nil {
		t.Fatal(err)
	}
	p, err := lead.Compile(definition)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// stands is how many leads the definition hands off, and holds.
func stands(t *testing.T, p *lead.Program, at time.Time, leads []map[string]any, activities []activity) (handed, held int) {
	t.Helper()
	text, err := json.Marshal(leads) // as a connector reads them
	if err != nil {
		t.Fatal(err)
	}
	var read []map[string]any
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	for _, values := range read {
		history := []lead.Event{{Kind: lead.KindCaptured, Time: at, Properties: values}}
		for i, a := range activities {
			if said, _ := values[a.at].(string); said != "" {
				history = append(history, lead.Event{
					Kind: lead.KindActivity, Time: at, Sequence: int64(i + 1), Activity: a.name, Properties: map[string]any{a.property: values[a.field]},
				})
			}
		}
		switch j := p.Qualify(history, func(lead.Event) bool { return true }); {
		case j.Qualified != nil:
			handed++
		case j.MissingNow != nil:
			held++
		}
	}
	return handed, held
}

type activity struct{ name, at, property, field string }

func TestTheSeedOfSalesforceIsScoredAsItSays(t *testing.T) {
	fake := salesforce.New(salesforce.Options{})
	fake.SeedLeads(200)
	p := program(t, "leaddefinition-salesforce.yaml")
	handed, held := stands(t, p, time.Now(), fake.Look().Records["Lead"], []activity{
		{"FormSubmit", "Last_Form_At__c", "form", "Last_Form__c"},
		{"PageView", "Last_Page_At__c", "path", "Last_Page__c"},
		{"Download", "Last_Download_At__c", "gated", "Last_Download_Gated__c"},
	})
	if handed != salesforce.SeededMQL(200) || held != 10 {
		t.Errorf("%d handed off, %d held; want %d and 10", handed, held, salesforce.SeededMQL(200))
	}
}

func TestTheSeedOfHubSpotIsScoredAsItSays(t *testing.T) {
	fake := hubspot.New(hubspot.Options{Properties: hubspot.SampleProperties()})
	t.Cleanup(fake.Close)
	if err := fake.SeedSample(200, time.Now()); err != nil {
		t.Fatal(err)
	}
	var leads []map[string]any
	for _, contact := range fake.Account().Objects["contacts"] {
		values := map[string]any{}
		for name, value := range contact.Values {
			values[name] = value
		}
		leads = append(leads, values)
	}
	p := program(t, "leaddefinition-hubspot.yaml")
	handed, held := stands(t, p, time.Now(), leads, []activity{
		{"FormSubmit", "recent_conversion_date", "form", "recent_conversion_event_name"}, {"PageView", "hs_analytics_last_timestamp", "path", "hs_analytics_last_url"},
	})
	if len(leads) != 200 || handed != hubspot.SampleMQL(200) || held != 10 {
		t.Errorf("of %d leads %d handed off, %d held; want %d and 10", len(leads), handed, held, hubspot.SampleMQL(200))
	}
}
