// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	adapter "github.com/handoff-sla/handoff/internal/crm/hubspot"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/hubspot"
)

func TestTokenExpires(t *testing.T) {
	r := newRig(t, hubspot.Options{Contacts: 3, Settings: hubspot.Settings{Unlimited: true}}, nil)
	leads := r.reader(crm.Leads)
	leads.pass(t)
	r.Update(func(s *hubspot.Settings) { s.Token = "pat-na1-rotated" })
	id := slices.Sorted(maps.Keys(leads.records))[0]
	writes := []crm.Write{{Record: id, Values: map[string]any{"handoff_score": 1.0}}}
	var credential *crm.CredentialError
	if _, err := r.system.Read(t.Context(), crm.Leads, leads.from); !errors.As(err, &credential) {
		t.Errorf("reading with a token that has expired: %v, want a CredentialError", err)
	}
	if err := r.system.Write(t.Context(), writes)[0].Err; !errors.As(err, &credential) {
		t.Errorf("writing with a token that has expired: %v, want a CredentialError", err)
	}
	if strings.Contains(fmt.Sprint(credential), "pat-") {
		t.Errorf("the error shows the token: %v", credential)
	}
	r.mu.Lock()
	r.token = "pat-na1-rotated"
	r.mu.Unlock()
	if err := r.system.Write(t.Context(), writes)[0].Err; err != nil {
		t.Errorf("the new token is in the Secret, and a write fails: %v", err)
	}
}

// TestSchemaChangesUnderWay: an admin takes an option and a property away while leads are written.
func TestSchemaChangesUnderWay(t *testing.T) {
	r := newRig(t, hubspot.Options{Contacts: 100, Settings: hubspot.Settings{
		Unlimited: true, Rules: []hubspot.Rule{{Property: "hs_lead_status", Value: "UNQUALIFIED", Requires: "handoff_reason"}},
	}}, nil)
	ids := slices.Sorted(maps.Keys(r.Account().Objects["contacts"]))
	writes := make([]crm.Write, len(ids))
	for i, id := range ids {
		writes[i] = crm.Write{Record: id, Values: map[string]any{"handoff_score": 5.0}}
	}
	writes[41].Values["hs_lead_status"] = "UNQUALIFIED" // which a rule of the admin's does not allow without a reason
	writes[7].Values["handoff_reason"] = "BUDGET"
	if _, err := r.system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.act(t, control.Act{As: rep1, Do: "set", Type: "properties", ID: "handoff_reason", Values: map[string]string{"options": "FIT;TIMING"}})
	for i, written := range r.system.Write(t.Context(), writes) {
		record, _ := r.Get("contacts", ids[i])
		var refused *crm.RefusedError
		switch spoilt := i == 41 || i == 7; {
		case spoilt && (!errors.As(written.Err, &refused) || !strings.Contains(refused.Reason, "handoff_reason")):
			t.Errorf("write %d: %v, want a refusal that names handoff_reason", i, written.Err)
		case spoilt && record.Values["handoff_score"] != "", !spoilt && (written.Err != nil || record.Values["handoff_score"] != "5"):
			t.Errorf("write %d: %v, and the score is %q", i, written.Err, record.Values["handoff_score"])
		}
	}
	r.act(t, control.Act{As: rep1, Do: "delete", Type: "properties", ID: "handoff_score"})
	var refused *crm.RefusedError
	if err := r.system.Write(t.Context(), writes[:1])[0].Err; !errors.As(err, &refused) || !strings.Contains(refused.Reason, "handoff_score") {
		t.Errorf("a property is gone: %v, want a refusal that names it", err)
	}
	schema, err := r.system.Describe(t.Context())
	if _, there := schema.Fields["handoff_score"]; err != nil || there {
		t.Errorf("a property is gone, and the schema has it: %v", err)
	}
	if _, err := r.system.Read(t.Context(), crm.Leads, crm.Position{}); err != nil {
		t.Errorf("reading needs no property of ours: %v", err)
	}
}

// TestMergedWhileWritten: the id that is known leads to another record.
func TestMergedWhileWritten(t *testing.T) {
	for name, old := range map[string]bool{"with a new id": false, "into the first one": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, hubspot.Options{Contacts: 3, Settings: hubspot.Settings{Unlimited: true, OldMerge: old}}, nil)
			ids := slices.Sorted(maps.Keys(r.Account().Objects["contacts"]))
			merged := r.act(t, control.Act{As: rep1, Do: "merge", Type: "contacts", ID: ids[1], Into: ids[0]})
			r.act(t, control.Act{As: rep1, Do: "delete", Type: "contacts", ID: ids[2]})
			page, err := r.system.Fetch(t.Context(), ids)
			if err != nil || len(page.Records) != 1 || page.Records[0].ID != merged || len(page.Gone) != 1 || page.Gone[ids[2]] != crm.Deleted {
				t.Fatalf("fetched %+v, gone %v, %v", page.Records, page.Gone, err)
			}
			if want := slices.DeleteFunc(slices.Clone(ids[:2]), func(id string) bool { return id == merged }); !slices.Equal(page.Records[0].Merged, want) {
				t.Errorf("merged from %v, want %v", page.Records[0].Merged, want)
			}
			var writes []crm.Write
			for i, id := range ids {
				writes = append(writes, crm.Write{Record: id, Values: map[string]any{"handoff_score": float64(i)}})
			}
			written := r.system.Write(t.Context(), writes)
			var gone *crm.GoneError
			if written[0].Err != nil || written[1].Err != nil || written[0].Record != merged || written[1].Record != merged || !errors.As(written[2].Err, &gone) {
				t.Errorf("written %+v, want the first two into %s, and the third one gone", written, merged)
			}
		})
	}
}

// TestWebhooksComeAnyhow: twice, out of order, late and again, they hint at all that has changed and at nothing else.
func TestWebhooksComeAnyhow(t *testing.T) {
	r := newRig(t, hubspot.Options{Contacts: 20, Settings: hubspot.Settings{Unlimited: true}}, nil)
	var mu sync.Mutex
	events, records := map[string]string{}, map[string]int{}
	failures := 3
	hook := &adapter.Webhook{
		URL: "https://ingest.acme.example/v1/crm/hubspot", Secret: func() (string, error) { return "fake-secret", nil }, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Note: func(_ context.Context, hints []adapter.Hint) error {
			mu.Lock()
			defer mu.Unlock()
			if failures > 0 {
				failures--
				return errors.New("the database is away")
			}
			for _, hint := range hints {
				if was, known := events[hint.Event]; known && was != hint.Record {
					t.Errorf("event %s was of %s, and is of %s now", hint.Event, was, hint.Record)
				} else if !known {
					records[hint.Record]++
				}
				events[hint.Event] = hint.Record
			}
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		request.URL.Path = "/v1/crm/hubspot"
		hook.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	r.Update(func(s *hubspot.Settings) {
		s.Webhooks = hubspot.Webhooks{Target: hook.URL, Via: server.URL, RetryMS: 5, Duplicate: true, Reorder: true, DelayMS: 5}
	})
	ids := slices.Sorted(maps.Keys(r.Account().Objects["contacts"]))
	for _, id := range ids[:10] {
		r.act(t, control.Act{As: rep1, Do: "set", Type: "contacts", ID: id, Values: map[string]string{"hubspot_owner_id": rep2, "hs_lead_status": "OPEN"}})
	}
	r.act(t, control.Act{As: rep1, Do: "delete", Type: "contacts", ID: ids[10]})
	delivered(t, r)
	r.act(t, control.Act{As: rep1, Do: "replay", Type: "webhooks"})
	delivered(t, r)
	mu.Lock()
	defer mu.Unlock()
	for i, id := range ids {
		if want := map[bool]int{i < 10: 2, i == 10: 1}[true]; records[id] != want {
			t.Errorf("contact %s was hinted at by %d events, want %d", id, records[id], want)
		}
	}
}

func delivered(t *testing.T, r *rig) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for r.Account().Webhooks > 0 {
		select {
		case <-deadline.C:
			t.Fatal("webhooks are never delivered")
		case <-tick.C:
		}
	}
}
