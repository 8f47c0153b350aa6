// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/test/crm/clients"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// TestOfficialClient has HubSpot's own client for JavaScript make all calls that the adapter makes.
func TestOfficialClient(t *testing.T) {
	fake := hubspot.New(hubspot.Options{Token: "pat-na1-drive", ClientSecret: "drive-secret"})
	if err := fake.Seed(0, time.Time{}, nil, "rep1@acme.example", "rep2@acme.example", "leaver@acme.example"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(fake)
	t.Cleanup(func() {
		fake.Close()
		server.Close()
	})
	clients.Drive(t, "hubspot", "FAKE="+server.URL, "TOKEN=pat-na1-drive", "SECRET=drive-secret")
}
