// SPDX-License-Identifier: Apache-2.0

package events_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/events"
)

const secret = "hunter2-do-not-show"

var (
	at   = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)
	some = crm.Change{
		Tenant: "acme", Contract: "revenue/mid-market", Lead: "L1", Version: 42, Time: at,
		Data: crm.Data{Stage: "MQL", Score: 70, Cycle: 1, Owner: "rep-1@acme.example"},
	}
)

func sink(target, token string) *events.Sink {
	return &events.Sink{
		Target: func() (string, string, error) { return target, token, nil },
		Client: events.NewClient(time.Minute), Now: func() time.Time { return at },
	}
}

// The event is the same whenever the same version is sent.
func TestEvent(t *testing.T) {
	var bodies []string
	var token, kind string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, string(body))
		token, kind = r.Header.Get("Authorization"), r.Header.Get("Content-Type")
	}))
	defer server.Close()
	for range 2 {
		if err := sink(server.URL+"/in", secret).Write(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	if bodies[0] != bodies[1] || token != "Bearer "+secret || kind != "application/cloudevents+json" {
		t.Errorf("bodies %q, token %q, type %q", bodies, token, kind)
	}
	var got, want map[string]any
	if err := json.Unmarshal([]byte(bodies[0]), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"specversion": "1.0", "id": "acme/L1/42", "source": "/handoff/revenue/mid-market",
"type": "dev.handoff.lead.changed", "subject": "L1", "time": "2027-01-04T12:00:00Z", "sequence": "00000000000000000042",
"datacontenttype": "application/json", "data": {"stage": "MQL", "score": 70, "cycle": 1, "owner": "rep-1@acme.example"}}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

// Which answers are worth another try, and how long to leave the other side alone.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		after   string
		refused bool
		want    time.Duration
	}{
		"bad request":          {400, "", true, 0},
		"unauthorised":         {401, "", true, 0},
		"not found":            {404, "30", true, 0},
		"moved":                {307, "", true, 0},
		"timeout":              {408, "", false, 0},
		"too early":            {425, "", false, 0},
		"too many":             {429, "120", false, 2 * time.Minute},
		"until a date":         {503, "Mon, 04 Jan 2027 12:10:00 GMT", false, 10 * time.Minute},
		"until a date gone by": {503, "Mon, 04 Jan 2027 11:10:00 GMT", false, 0},
		"until next year":      {503, "31536000", false, 24 * time.Hour},
		"no sense":             {500, "soon", false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var seen int
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				seen++
				w.Header().Set("Location", "/elsewhere")
				if c.after != "" {
					w.Header().Set("Retry-After", c.after)
				}
				w.WriteHeader(c.status)
			}))
			defer server.Close()
			err := sink(server.URL+"/"+secret, secret).Write(t.Context(), some)
			var refused *crm.RefusedError
			var unavailable *crm.UnavailableError
			switch {
			case c.refused && !errors.As(err, &refused), !c.refused && !errors.As(err, &unavailable):
				t.Fatalf("error %v", err)
			case !c.refused && unavailable.After != c.want:
				t.Errorf("after %s, want %s", unavailable.After, c.want)
			case seen != 1:
				t.Errorf("%d requests", seen)
			}
		})
	}
}

// Nothing of the Secret is in an error.
func TestErrorsKeepTheSecret(t *testing.T) {
	for name, c := range map[string]struct{ target, want string }{
		"no URL":       {secret, `key "url" of its Secret is no URL`},
		"a bad one":    {"https://" + secret + "%zz", `key "url" of its Secret is no URL`},
		"another kind": {"ftp://" + secret, `key "url" of its Secret is no URL`},
		"nobody there": {"http://127.0.0.1:1/" + secret, "refused the connection"},
	} {
		t.Run(name, func(t *testing.T) {
			err := sink(c.target, secret).Write(t.Context(), some)
			var unavailable *crm.UnavailableError
			if !errors.As(err, &unavailable) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}
