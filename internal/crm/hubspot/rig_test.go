// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/hubspot"
)

const token = "pat-na1-do-not-show"

// ledgerless is a budget without a bound that remembers what it was told.
type ledgerless struct {
	mutex sync.Mutex
	took  map[string]int
	told  []crm.Allowance
}

func (b *ledgerless) Take(_ context.Context, kind string) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.took[kind]++
	return nil
}

func (b *ledgerless) Told(_ context.Context, _ string, a crm.Allowance) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.told = append(b.told, a)
	return nil
}

func (b *ledgerless) requests() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	n := 0
	for _, count := range b.took {
		n += count
	}
	return n
}

// clock that stands still until it is moved.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

// rig is an adapter to a server.
type rig struct {
	*hubspot.System
	budget *ledgerless
	clock  *clock
	access crm.Access
}

func newRig(t *testing.T, handler http.Handler, c *clock) *rig {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	settings := crm.Defaults(crm.TypeHubSpot)
	settings.URL = server.URL
	r := &rig{budget: &ledgerless{took: map[string]int{}}, clock: c}
	r.access = crm.Access{
		Settings: settings, Budget: r.budget, Now: c.now,
		Secret: func(string) (string, error) { return token, nil },
		Fields: func() []string { return []string{"email", "numemployees", "recent_conversion_date"} },
	}
	r.System = hubspot.New(r.access, server.Client())
	return r
}

// canned answers by method and path; a path that is not among them is 404, as HubSpot's are.
type canned map[string]http.HandlerFunc

func (c canned) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if answer, ok := c[r.Method+" "+r.URL.Path]; ok {
		answer(w, r)
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"status":"error","message":"resource not found"}`)
}

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func sent(t *testing.T, r *http.Request, into any) {
	t.Helper()
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		t.Error(err)
	}
}

// remade is the adapter with what has changed in its access.
func (r *rig) remade() *hubspot.System { return hubspot.New(r.access, http.DefaultClient) }
