// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
)

// Errors come with names and codes, never with a value, and each is what it is.
func TestErrors(t *testing.T) {
	const secret = "lead1@secret.example"
	update := "POST /crm/objects/2026-09/contacts/batch/update"
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   error
	}{
		"a value of a property": {
			says(400, `{"status":"error","category":"VALIDATION_ERROR","message":"Property values were not valid: [{\"isValid\":false,`+
				`\"message\":\"`+secret+` was not a number\",\"error\":\"INVALID_INTEGER\",\"name\":\"handoff_score\"}]"}`),
			&crm.RefusedError{Status: 400, Reason: "VALIDATION_ERROR, INVALID_INTEGER of handoff_score"},
		},
		"a bare refusal": {says(400, `no JSON, and `+secret), &crm.RefusedError{Status: 400}},
		"scope": {
			says(403, `{"category":"MISSING_SCOPES","message":"`+secret+`","errors":[{"message":"x","context":{"requiredGranularScopes":["crm.objects.contacts.write"]}}]}`),
			&crm.CredentialError{Cause: "says that the token lacks the scope crm.objects.contacts.write"},
		},
		"no scope by name": {says(403, `{"category":"FORBIDDEN"}`), &crm.CredentialError{Cause: "does not allow what was asked (403, FORBIDDEN)"}},
		"token":            {says(401, `{"category":"EXPIRED_AUTHENTICATION"}`), &crm.CredentialError{Cause: "refused the credential (401, EXPIRED_AUTHENTICATION)"}},
		"version": {
			says(404, `{"message":"resource not found"}`),
			&crm.UnavailableError{Cause: "has nothing at that path (404): spec.crm.hubSpot.version may be none of its API's"},
		},
		"gone":          {says(404, `{"category":"OBJECT_NOT_FOUND","message":"resource not found"}`), &crm.GoneError{Gone: crm.Deleted}},
		"locked":        {says(423, ``), &crm.UnavailableError{Cause: "answered with status 423"}},
		"gateway":       {says(502, `<html>`), &crm.UnavailableError{Cause: "answered with status 502"}},
		"says how long": {says(503, ``, "Retry-After", "30"), &crm.UnavailableError{Cause: "answered with status 503", After: 30 * time.Second}},
		"burst": {
			says(429, `{"message":"You have reached your ten_secondly_rolling limit.","policyName":"TEN_SECONDLY_ROLLING"}`),
			&crm.UnavailableError{Cause: "allows no more requests now (429)", After: 10 * time.Second},
		},
		"burst of an account": {
			says(429, `{"policyName":"TEN_SECONDLY_ROLLING"}`, "X-HubSpot-RateLimit-Interval-Milliseconds", "5000"),
			&crm.UnavailableError{Cause: "allows no more requests now (429)", After: 5 * time.Second},
		},
		"day": {says(429, `{"policyName":"DAILY"}`), &crm.UnavailableError{Cause: "allows no more requests now (429)", After: 15 * time.Minute}},
		"second": {
			says(429, `{"message":"You have reached your secondly limit."}`), &crm.UnavailableError{Cause: "allows no more requests now (429)", After: time.Second},
		},
		"redirect": {
			says(302, ``, "Location", "https://elsewhere.example/"),
			&crm.UnavailableError{Cause: "sent us elsewhere with status 302: its URL in the contract is another one"},
		},
		"not HubSpot": {
			says(200, `<html>`),
			&crm.UnavailableError{Cause: "answered with status 200 and no JSON that is understood: is spec.crm.hubSpot.url HubSpot's?"},
		},
		"hangs up": {
			func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, &crm.UnavailableError{Cause: "broke off the connection"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, canned{
				"GET /crm/owners/2026-09": says(200, people), "GET /crm/properties/2026-09/contacts": says(200, `{"results":[]}`), update: c.answer,
			}, &clock{at: noon})
			got := r.Write(t.Context(), []crm.Write{{Record: "1", Values: map[string]any{"handoff_score": secret}}})
			if diff := cmp.Diff(c.want, got[0].Err); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, leak := range []string{secret, token} {
				if strings.Contains(fmt.Sprint(got[0].Err), leak) {
					t.Errorf("%v has %q", got[0].Err, leak)
				}
			}
		})
	}
}

// The budget is told what answers say, and asked by kind.
func TestLimits(t *testing.T) {
	c := account(crm.Calls, nil)
	c["GET /crm/owners/2026-09"] = says(200, people, "X-HubSpot-RateLimit-Max", "190", "X-HubSpot-RateLimit-Remaining", "180",
		"X-HubSpot-RateLimit-Interval-Milliseconds", "10000", "X-HubSpot-RateLimit-Daily", "650000", "X-HubSpot-RateLimit-Daily-Remaining", "600000")
	r := newRig(t, c, &clock{at: noon})
	if _, err := r.Read(t.Context(), crm.Calls, crm.Position{}); err != nil {
		t.Fatal(err)
	}
	all := crm.Allowance{Limit: 190, Remaining: 180, Window: 10 * time.Second, DayLimit: 650000, DayRemaining: 600000}
	if diff := cmp.Diff([]crm.Allowance{all, all}, r.budget.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"search": 1, "": 3}, r.budget.took); diff != "" {
		t.Errorf("took (-want +got):\n%s", diff)
	}
}

// A Secret that is not there, or empty, is said to be so, before anything is asked.
func TestSecret(t *testing.T) {
	c := canned{"POST /crm/objects/2026-09/deals/search": func(http.ResponseWriter, *http.Request) { t.Error("asked") }}
	r := newRig(t, c, &clock{at: noon})
	var credential *crm.CredentialError
	for name, secret := range map[string]func(string) (string, error){
		"none":  func(string) (string, error) { return "", io.ErrUnexpectedEOF },
		"empty": func(string) (string, error) { return " \n", nil },
	} {
		r.access.Secret = secret
		if _, err := r.remade().Read(t.Context(), crm.Deals, crm.Position{}); !errors.As(err, &credential) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
