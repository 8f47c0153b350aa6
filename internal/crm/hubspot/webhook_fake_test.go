// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

// What the account sends is taken, in either of its forms; what could not be noted comes again with the same events.
func TestAccountSends(t *testing.T) {
	for name, generic := range map[string]bool{"contact": false, "object": true} {
		t.Run(name, func(t *testing.T) {
			r := newFake(t, 0)
			batches := make(chan []hubspot.Hint, 100)
			var failed []string
			hook := &hubspot.Webhook{
				URL: webhookURL, Secret: func() (string, error) { return "fake-secret", nil }, Now: r.clock.now, Log: slog.New(slog.DiscardHandler),
				Note: func(ctx context.Context, hints []hubspot.Hint) error {
					if failed == nil { // the fake sends one request at a time
						for _, h := range hints {
							failed = append(failed, h.Event)
						}
						return errors.New("the ledger is away")
					}
					select {
					case batches <- hints:
					case <-ctx.Done():
					}
					return nil
				},
			}
			server := httptest.NewServer(hook)
			defer server.Close()
			r.fake.Update(func(s *fake.Settings) {
				s.Webhooks = fake.Webhooks{Target: webhookURL, Via: server.URL, Generic: generic, Duplicate: true, Reorder: true, RetryMS: 1}
			})
			id := r.contact(t, map[string]string{"hs_lead_status": "NEW"})
			r.act(t, control.Act{Do: "set", ID: id, Values: map[string]string{"hs_lead_status": "OPEN"}})
			r.act(t, control.Act{Do: "delete", ID: id})
			r.act(t, control.Act{Do: "restore", ID: id})
			r.act(t, control.Act{Do: "forget", ID: id})
			events := map[string]bool{}
			for len(events) < 7 { // creation, two changes, deletion, restoration, and the two of who is deleted for good
				for _, hint := range <-batches {
					if hint.Record != id {
						t.Errorf("%+v, want %s", hint, id)
					}
					events[hint.Event] = true
				}
			}
			if slices.ContainsFunc(failed, func(event string) bool { return !events[event] }) {
				t.Errorf("%q did not come again: %v", failed, events)
			}
		})
	}
}
