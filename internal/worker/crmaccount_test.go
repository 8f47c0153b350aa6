// SPDX-License-Identifier: Apache-2.0

package worker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/worker"
)

// The key of another account is not used: what the ledger knows by its id is somebody else there. Nor is one while the ledger does not say.
func TestCRMOfAnotherAccount(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		r.unheard = errors.New("away")
		r.during(func() {
			r.after(time.Second, false, measurement.ReasonUnreachable, "while the ledger")
			r.set(func() { r.unheard, r.account = nil, "HubSpot/7" })
			r.after(16*time.Second, false, measurement.ReasonAccountChanged, "of account HubSpot/62515, and the records in the ledger of tenant acme are of HubSpot/7: put the key of that one into the Secret, or make another contract")
			r.system.set(func(s *scriptedCRM) { s.schema.Account = "7" })
			r.after(16*time.Second, true, measurement.ReasonCRMAvailable, "account 7")
			r.system.set(func(s *scriptedCRM) { s.schema.Account = "8" })
			r.Doubt(errors.New("404"))
			r.after(2*time.Second, false, measurement.ReasonAccountChanged, "HubSpot/8")
		})
	})
}

// The ledger itself knows which account it is.
func TestCRMAsksTheLedgerForItsAccount(t *testing.T) {
	l, dsn := ledgertest.New(t, "acme")
	ledgertest.Exec(t, dsn, `INSERT INTO handoff.crm_accounts (tenant, account) VALUES ('acme', 'HubSpot/7'), ('other', 'HubSpot/62515')`,
		`INSERT INTO handoff.crm_cursors (tenant, stream, at) VALUES ('acme', 'leads', clock_timestamp())`)
	r := newCRM(t)
	said := make(chan worker.Status, 10)
	r.ledger, r.Of, r.Changed = l, nil, func(s worker.Status) { said <- s }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); r.Run(ctx) }()
	defer func() { cancel(); <-done }()
	expect(t, said, false, measurement.ReasonAccountChanged, "HubSpot/7")
}

// keyed is asked with the key that was there when it was made, and is of the account of that name.
type keyed struct {
	*scriptedCRM

	secret func(key string) (string, error)
}

func (k keyed) Describe(ctx context.Context) (crm.Schema, error) {
	schema, err := k.scriptedCRM.Describe(ctx)
	token, missing := k.secret("token")
	schema.Account = token
	return schema, errors.Join(err, missing)
}

// A key that is replaced is not used before it is known whose account it is of: whatever runs meanwhile is asked with the old one.
func TestCRMOfAnotherKey(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		token, unreadable := "7", error(nil)
		r.account = "HubSpot/7"
		r.Secret = func(string) (string, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if token == "" {
				return "", &worker.NotFoundError{Secret: "crm", Key: "token"}
			}
			return token, unreadable
		}
		r.Make = func(a crm.Access) (crm.System, error) {
			r.set(func() { r.made = append(r.made, a.Settings) })
			return keyed{r.system, a.Secret}, nil
		}
		r.during(func() {
			r.after(time.Second, true, measurement.ReasonCRMAvailable, "account 7")
			system, _, err := r.System()
			if err != nil {
				t.Fatal(err)
			}
			r.set(func() { token = "8" })
			if schema, err := system.Describe(t.Context()); schema.Account != "7" || err != nil {
				t.Errorf("asked with the key of account %q: %v", schema.Account, err)
			}
			r.after(2*time.Second, false, measurement.ReasonAccountChanged, "HubSpot/8")
			r.set(func() { token = "" })
			r.after(2*time.Second, false, measurement.ReasonSecretNotFound, `key "token"`)
			r.set(func() { token = "7" })
			r.after(2*time.Second, true, measurement.ReasonCRMAvailable, "account 7")
			made := len(r.made)
			r.set(func() { unreadable = errors.New("for the moment") })
			r.after(10*time.Second, true, "", "")
			r.set(func() { unreadable = nil })
			r.after(10*time.Second, true, "", "")
			if len(r.made) != made {
				t.Errorf("made %d times for keys that are the same", len(r.made)-made)
			}
		})
	})
}

// A worker that ends while the ledger is asked of which account it is says nothing of the CRM either.
func TestCRMAccountIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.Of = func(ctx context.Context, _ string) (string, error) {
			cancel()
			<-ctx.Done()
			return "", ctx.Err()
		}
		r.Run(ctx)
		if len(r.said) > 0 {
			t.Errorf("said %+v", r.said)
		}
	})
}

// A worker that ends in the midst of a check says nothing of the CRM.
func TestCRMCheckIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.Make = func(crm.Access) (crm.System, error) { return &cutOff{scriptedCRM: r.system, end: cancel}, nil }
		r.Run(ctx)
		if len(r.said) > 0 {
			t.Errorf("said %+v", r.said)
		}
	})
}

// cutOff ends the worker while it is asked about itself.
type cutOff struct {
	*scriptedCRM

	end func()
}

func (c *cutOff) Describe(ctx context.Context) (crm.Schema, error) {
	c.end()
	<-ctx.Done()
	return crm.Schema{}, &crm.UnavailableError{Cause: "cannot be reached: " + ctx.Err().Error()}
}

// Webhooks that nobody can check are refused; what is polled goes on, and the contract says so.
func TestCRMWithoutTheSecretOfWebhooks(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		t.Helper()
		r := newCRM(t)
		there := false
		r.Secret = func(key string) (string, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if key == worker.KeyClientSecret && !there {
				return "", &worker.NotFoundError{Secret: "crm", Key: key}
			}
			return "a key", nil
		}
		r.during(func() {
			r.after(time.Second, true, measurement.ReasonCRMAvailable, "every field of the mapping")
			if last := r.said[len(r.said)-1]; strings.Contains(last.Message, "webhooks") {
				t.Errorf("said %+v where there are none", last)
			}
			s := settingsOf("https://one.example")
			s.Webhooks = "https://handoff.example.com/v1/crm/hubspot"
			r.settings(s)
			r.after(2*time.Second, true, measurement.ReasonCRMAvailable, `webhooks are answered with 503, and what changes is seen at the next poll: Secret "crm" with key "clientSecret" is not there`)
			r.set(func() { there = true })
			r.after(time.Minute, true, measurement.ReasonCRMAvailable, "every field of the mapping")
			if last := r.said[len(r.said)-1]; strings.Contains(last.Message, "webhooks") {
				t.Errorf("still said %+v", last)
			}
		})
	})
}
