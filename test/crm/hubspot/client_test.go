// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/test/crm/clients"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

// halting is the clock of the machine, but that it can be stopped. Each time it is ahead by two seconds more: what was used of a limit is forgotten.
type halting struct {
	mu    sync.Mutex
	ahead time.Duration
	stood time.Time // zero: it goes
}

func (h *halting) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stood.IsZero() {
		return h.stood
	}
	return time.Now().Add(h.ahead)
}

func (h *halting) halt(stop bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ahead += 2 * time.Second
	h.stood = time.Time{}
	if stop {
		h.stood = time.Now().Add(h.ahead)
	}
}

// TestOfficialClient has HubSpot's own client for JavaScript make all calls that the adapter makes.
func TestOfficialClient(t *testing.T) {
	c := &halting{}
	fake := hubspot.New(hubspot.Options{Token: "pat-na1-drive", ClientSecret: "drive-secret", Now: c.now})
	if err := fake.Seed(0, time.Time{}, nil, "rep1@acme.example", "rep2@acme.example", "leaver@acme.example"); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", fake)
	mux.HandleFunc("POST /_clock/stop", func(http.ResponseWriter, *http.Request) { c.halt(true) })
	mux.HandleFunc("POST /_clock/start", func(http.ResponseWriter, *http.Request) { c.halt(false) })
	server := httptest.NewServer(mux)
	t.Cleanup(func() {
		fake.Close()
		server.Close()
	})
	clients.Drive(t, "hubspot", "FAKE="+server.URL, "TOKEN=pat-na1-drive", "SECRET=drive-secret")
}
