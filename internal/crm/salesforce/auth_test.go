// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/handoff-sla/handoff/internal/crm"
)

func TestClientCredentials(t *testing.T) {
	org := usual(t)
	if _, err := using(org).Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	logins := org.to("oauth2/token")
	if len(logins) != 1 {
		t.Fatalf("%d logins, want 1", len(logins))
	}
	form := logins[0].form(t)
	if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != "app" || form.Get("client_secret") != "s3cret" {
		t.Errorf("asked with %v", form)
	}
	for _, r := range org.to("/services/data/") {
		if got := r.header.Get("Authorization"); got != "Bearer token-1" {
			t.Errorf("%s %s has Authorization %q", r.method, r.path, got)
		}
	}
}

func TestJWT(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	org := usual(t)
	system := using(org, func(a *crm.Access) {
		a.Secret = secrets(map[string]string{"clientId": "app", "username": "handoff@acme.example", "privateKey": string(text)})
	})
	if _, err := system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	form := org.to("oauth2/token")[0].form(t)
	if form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		t.Errorf("grant_type %q", form.Get("grant_type"))
	}
	claims := jwt.MapClaims{}
	parsed, err := jwt.ParseWithClaims(form.Get("assertion"), claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithExpirationRequired(),
		jwt.WithIssuer("app"), jwt.WithSubject("handoff@acme.example"), jwt.WithAudience(org.server.URL))
	if err != nil || !parsed.Valid {
		t.Errorf("the assertion is not valid: %v", err)
	}
	if until, _ := claims.GetExpirationTime(); until.Sub(now) > 5*time.Minute {
		t.Errorf("good for %v: Salesforce takes 5 minutes", until.Sub(now))
	}
}

func TestCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		secret map[string]string
		answer said
		want   string
	}{
		"no id":      {map[string]string{"clientSecret": "s"}, said{}, `no key "clientId"`},
		"empty id":   {map[string]string{"clientId": " ", "clientSecret": "s"}, said{}, `key "clientId" of its Secret is empty`},
		"neither":    {map[string]string{"clientId": "a", "username": "u"}, said{}, `needs the key "clientSecret"`},
		"no key":     {map[string]string{"clientId": "a", "username": "u", "privateKey": "PEM"}, said{}, `key "privateKey" of its Secret is no RSA key`},
		"refused":    {nil, denied("invalid_client", "invalid client credentials"), "gives no token (invalid_client)"},
		"no user":    {nil, denied("invalid_grant", "no client credentials user enabled"), "gives no token (invalid_grant: the app has no user to run as)"},
		"unapproved": {nil, denied("invalid_grant", "user hasn't approved this consumer"), "the user is not pre-authorised for the app"},
		"strange":    {nil, denied("it is s3cret", "s3cret"), "gives no token: look at"},
		"unknown":    {nil, said{status: 401, body: "<html>"}, "refused the credential (401)"},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			if c.answer.body != nil {
				org.on("oauth2/token", c.answer)
			}
			_, err := using(org, func(a *crm.Access) {
				if c.secret != nil {
					a.Secret = secrets(c.secret)
				}
			}).Describe(t.Context())
			var credential *crm.CredentialError
			if !errors.As(err, &credential) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want a CredentialError with %q", err, c.want)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func denied(code, description string) said {
	return said{status: http.StatusBadRequest, body: object{"error": code, "error_description": description}}
}

func TestLoginUnavailable(t *testing.T) {
	for name, answer := range map[string]said{
		"5xx":      {status: 503, body: ""},
		"too many": denied("invalid_grant", "login rate exceeded"),
		"no token": {body: object{}},
		"redirect": {status: http.StatusTemporaryRedirect, header: map[string]string{"Location": "https://elsewhere.example/"}, body: ""},
	} {
		t.Run(name, func(t *testing.T) {
			org := usual(t)
			org.on("oauth2/token", answer)
			_, err := using(org).Describe(t.Context())
			var unavailable *crm.UnavailableError
			if !errors.As(err, &unavailable) {
				t.Fatalf("error %v, want an UnavailableError", err)
			}
		})
	}
}

// The secret goes to no other host, and neither does the token.
func TestTrustsItsHostOnly(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked elsewhere: %s %s", r.Method, r.URL) }))
	t.Cleanup(elsewhere.Close)
	org := usual(t)
	org.on("oauth2/token", said{body: object{"access_token": "token-1", "instance_url": elsewhere.URL}})
	_, err := using(org).Describe(t.Context())
	var credential *crm.CredentialError
	if !errors.As(err, &credential) || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("error %v, want that the host is not trusted", err)
	}
	org.on("oauth2/token", said{status: http.StatusPermanentRedirect, header: map[string]string{"Location": elsewhere.URL}, body: ""})
	if _, err := using(org).Describe(t.Context()); err == nil {
		t.Error("a redirect was followed")
	}
}

func TestSessionOver(t *testing.T) {
	org := usual(t)
	system := using(org)
	if _, err := system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	org.on("oauth2/token", said{body: object{"access_token": "token-2", "instance_url": org.server.URL}})
	over := said{status: http.StatusUnauthorized, body: faults("INVALID_SESSION_ID", "Session expired or invalid")}
	written := func() crm.Written {
		org.once("PATCH ", said{body: []object{{"id": leadID(1), "success": true}}})
		org.once("PATCH ", over)
		return system.Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 5.0}}})[0]
	}
	if got := written(); got.Err != nil {
		t.Fatalf("written with %v", got.Err)
	}
	patches := org.to("PATCH ")
	if len(patches) != 2 || patches[0].body != patches[1].body || patches[1].header.Get("Authorization") != "Bearer token-2" {
		t.Errorf("asked %d times, at last with %q and %q", len(patches), patches[len(patches)-1].header.Get("Authorization"), patches[len(patches)-1].body)
	}
	org.on("PATCH ", over)
	before := len(org.to("oauth2/token"))
	got := system.Write(t.Context(), []crm.Write{{Record: leadID(1), Values: map[string]any{"Score": 6.0}}})[0]
	var credential *crm.CredentialError
	if !errors.As(got.Err, &credential) {
		t.Errorf("error %v, want a CredentialError", got.Err)
	}
	if n := len(org.to("oauth2/token")) - before; n != 1 {
		t.Errorf("logged in %d times, want 1", n)
	}
}

func TestSecretChanges(t *testing.T) {
	org := usual(t)
	values := map[string]string{"clientId": "app", "clientSecret": "old"}
	system := using(org, func(a *crm.Access) { a.Secret = secrets(values) })
	for _, secret := range []string{"old", "old", "new"} {
		values["clientSecret"] = secret
		if _, err := system.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	logins := org.to("oauth2/token")
	if len(logins) != 2 || logins[1].form(t).Get("client_secret") != "new" {
		t.Errorf("%d logins, want 2, the second with the new secret", len(logins))
	}
}
