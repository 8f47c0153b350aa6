// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"
)

func jwt(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestJWTBearer(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, func(o *Options) { o.PublicKey = &key.PublicKey })
	for name, tc := range map[string]struct {
		key       *rsa.PrivateKey
		algorithm string
		change    map[string]any
		want      string // description of the error; "": a token
	}{
		"as it should be":    {key, "RS256", nil, ""},
		"a sandbox":          {key, "RS256", map[string]any{"aud": "https://test.salesforce.com"}, ""},
		"the org itself":     {key, "RS256", map[string]any{"aud": r.url}, ""},
		"expires as a text":  {key, "RS256", map[string]any{"exp": "1795338120"}, ""},
		"another key":        {other, "RS256", nil, "invalid assertion"},
		"another algorithm":  {key, "none", nil, "invalid assertion"},
		"another app":        {key, "RS256", map[string]any{"iss": "else"}, "client identifier invalid"},
		"another audience":   {key, "RS256", map[string]any{"aud": "https://acme.example"}, "audience is invalid"},
		"another user":       {key, "RS256", map[string]any{"sub": "else@acme.example"}, "user hasn't approved this consumer"},
		"expired":            {key, "RS256", map[string]any{"exp": start.Unix() - 1}, "expired authorization code"},
		"good for too long":  {key, "RS256", map[string]any{"exp": start.Add(time.Hour).Unix()}, "expired authorization code"},
		"without an expiry":  {key, "RS256", map[string]any{"exp": nil}, "invalid assertion"},
		"with another claim": {key, "RS256", map[string]any{"iat": start.Unix()}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			claims := map[string]any{"iss": "app", "sub": "integration@handoff.example", "aud": "https://login.salesforce.com", "exp": start.Add(2 * time.Minute).Unix()}
			maps.Copy(claims, tc.change)
			status, body, _ := r.form(url.Values{
				"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {jwt(t, tc.key, tc.algorithm, claims)},
			})
			var answer struct {
				Token       string `json:"access_token"`
				URL         string `json:"instance_url"`
				Description string `json:"error_description"`
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				t.Fatal(err)
			}
			if answer.Description != tc.want || (status == 200) != (tc.want == "") || (status == 200) != (answer.Token != "") || status == 200 && answer.URL != r.url {
				t.Errorf("%d %s, want %q", status, body, tc.want)
			}
		})
	}
}

func TestOtherGrants(t *testing.T) {
	r := open(t, func(o *Options) { o.Password = "pass" })
	user := func(password string) url.Values {
		return url.Values{"grant_type": {"password"}, "client_id": {"app"}, "client_secret": {"secret"}, "username": {"integration@handoff.example"}, "password": {password}}
	}
	for name, tc := range map[string]struct {
		form url.Values
		want string
	}{
		"password":       {user("pass"), "access_token"},
		"wrong password": {user("word"), "authentication failure"},
		"wrong secret":   {url.Values{"grant_type": {"client_credentials"}, "client_id": {"app"}, "client_secret": {"x"}}, "invalid client credentials"},
		"wrong app":      {url.Values{"grant_type": {"client_credentials"}, "client_id": {"x"}, "client_secret": {"secret"}}, "client identifier invalid"},
		"no grant":       {url.Values{"client_id": {"app"}}, "grant type not supported"},
		"unsigned":       {url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {"a.b"}}, "invalid assertion"},
	} {
		if _, body, _ := r.form(tc.form); !strings.Contains(string(body), tc.want) {
			t.Errorf("%s: %s, want %s", name, body, tc.want)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	r := open(t, nil)
	r.must(200, "GET", "/limits", "", nil)
	r.at = r.at.Add(119 * time.Minute)
	r.must(200, "GET", "/limits", "", nil)
	r.at = r.at.Add(119 * time.Minute) // each use makes it last anew
	r.must(200, "GET", "/limits", "", nil)
	r.at = r.at.Add(2 * time.Hour)
	r.refused(401, "INVALID_SESSION_ID", "GET", "/limits", "")

	r.login()
	r.set(Settings{ExpireTokens: true})
	if got := r.refused(401, "INVALID_SESSION_ID", "GET", "/limits", ""); got != "Session expired or invalid" {
		t.Error(got)
	}

	r.login()
	if status, body, _ := r.do("POST", "/services/oauth2/revoke", "token="+url.QueryEscape(r.token), nil); status != 200 {
		t.Fatalf("revoke: %d %s", status, body)
	}
	r.refused(401, "INVALID_SESSION_ID", "GET", "/limits", "")
}
