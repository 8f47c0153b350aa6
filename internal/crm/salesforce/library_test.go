// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/salesforce"
)

// memory is the way to a script without a network. It counts the bodies that nobody has closed.
type memory struct {
	*script
	open atomic.Int64
}

func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	in := request{method: r.Method, path: r.URL.Path, soql: r.URL.Query().Get("q"), header: r.Header}
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		in.body = string(body)
	}
	out := m.answer(in)
	if out.status == 0 {
		out.status = http.StatusOK
	}
	text, is := out.body.(string)
	if !is {
		encoded, err := json.Marshal(out.body)
		if err != nil {
			return nil, err
		}
		text = string(encoded)
	}
	m.open.Add(1)
	return &http.Response{
		StatusCode: out.status, Header: http.Header{}, Request: r, Body: &counted{Reader: strings.NewReader(text), closed: func() { m.open.Add(-1) }},
	}, nil
}

type counted struct {
	io.Reader
	closed func()
}

func (c *counted) Close() error {
	if c.closed != nil {
		c.closed()
	}
	c.closed = nil
	return nil
}

// through the script, without a network.
func (m *memory) system(b crm.Budget) *salesforce.System {
	access := crm.Access{
		Settings: crm.Settings{Type: crm.TypeSalesforce, URL: m.server.URL, Version: "v65.0", MatchBy: "Key__c"},
		Secret:   secrets(map[string]string{"clientId": "app", "clientSecret": "s3cret"}), Fields: func() []string { return nil },
		Budget: b, Now: func() time.Time { return now },
	}
	return salesforce.New(access, &http.Client{Transport: m})
}

// The library closes no body of what succeeds.
func TestBodiesAreClosed(t *testing.T) {
	m := &memory{script: obliging(t)}
	m.on("POST /services/data/", said{body: []object{{"id": "002000000000001AAA", "success": true}}})
	system := m.system(&budget{})
	for i, w := range system.Write(t.Context(), []crm.Write{
		{Record: leadID(1), Values: map[string]any{"Score": 5.0}},
		{Match: &crm.Match{Field: "Key__c", Value: "k", Values: map[string]any{"LastName": "L", "Company": "C"}}},
	}) {
		if w.Err != nil {
			t.Errorf("write %d: %v", i, w.Err)
		}
	}
	if err := system.Note(t.Context(), crm.Note{Record: leadID(1), Key: "k", Text: "Why."}); err != nil {
		t.Error(err)
	}
	if n := m.open.Load(); n != 0 {
		t.Errorf("%d bodies are open", n)
	}
}

// slow is a budget that lets nothing pass at once.
type slow struct {
	budget
	wait time.Duration
}

func (s *slow) Take(ctx context.Context, kind string) error {
	time.Sleep(s.wait)
	return s.budget.Take(ctx, kind)
}

// Who waited long for the budget hears all the same what the answer was.
func TestAnswerAfterALongWait(t *testing.T) {
	m := &memory{script: obliging(t)}
	m.on("PATCH ", said{status: 400, body: faults("INVALID_FIELD", "No such column 'Gone__c' on sobject of type Lead")})
	synctest.Test(t, func(t *testing.T) {
		got := m.system(&slow{wait: 5 * time.Minute}).Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Gone__c": 5.0}}})
		want := []crm.Written{{Record: leadID(1), Err: &crm.RefusedError{Status: 400, Reason: "INVALID_FIELD on Gone__c"}}}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}
