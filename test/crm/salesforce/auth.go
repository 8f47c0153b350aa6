// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// session is a token in use. Each use makes it last anew.
type session struct {
	user  string
	by    string
	until time.Time
}

// longestAssertion is how far ahead a JWT may expire.
const longestAssertion = 5 * time.Minute

// denial is an error of OAuth.
func denial(code, description string) answer {
	return answer{
		status: http.StatusBadRequest, body: map[string]string{"error": code, "error_description": description},
		header: map[string]string{"Cache-Control": "no-store"},
	}
}

func (f *Fake) token(r *http.Request, body []byte) answer {
	if r.Method != http.MethodPost {
		return denial("invalid_request", "must use HTTP POST for token endpoint")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return denial("invalid_request", "the body cannot be read")
	}
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		id, secret = user, password
	}
	switch form.Get("grant_type") {
	case "client_credentials":
		if wrong := f.client(id, secret); wrong != nil {
			return *wrong
		}
		return f.grant(r)
	case "password":
		if wrong := f.client(id, secret); wrong != nil {
			return *wrong
		}
		if f.options.Password == "" || !equal(form.Get("password"), f.options.Password) || form.Get("username") != f.options.Username {
			return denial("invalid_grant", "authentication failure")
		}
		return f.grant(r)
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		if wrong := f.assertion(r, form.Get("assertion")); wrong != nil {
			return *wrong
		}
		return f.grant(r)
	default:
		return denial("unsupported_grant_type", "grant type not supported")
	}
}

func (f *Fake) client(id, secret string) *answer {
	var a answer
	switch {
	case id == "" || id != f.options.ClientID:
		a = denial("invalid_client_id", "client identifier invalid")
	case f.options.ClientSecret == "" || !equal(secret, f.options.ClientSecret):
		a = denial("invalid_client", "invalid client credentials")
	default:
		return nil
	}
	return &a
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// claims of a JWT.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience any    `json:"aud"` // a text, or a list
	Expires  any    `json:"exp"` // a number, or one as text
}

// assertion checks a JWT: that the app's key signed it, for Salesforce, for a user who may, and not long ago.
func (f *Fake) assertion(r *http.Request, token string) *answer {
	var a answer
	c, ok := f.signed(token)
	expires, err := strconv.ParseFloat(fmt.Sprint(c.Expires), 64)
	until := time.Unix(int64(expires), 0)
	now := f.options.Now()
	switch {
	case !ok, err != nil:
		a = denial("invalid_grant", "invalid assertion")
	case c.Issuer != f.options.ClientID:
		a = denial("invalid_client_id", "client identifier invalid")
	case !f.audience(r, c.Audience):
		a = denial("invalid_grant", "audience is invalid")
	case !until.After(now), until.After(now.Add(longestAssertion)):
		a = denial("invalid_grant", "expired authorization code")
	case c.Subject != f.options.Username:
		a = denial("invalid_grant", "user hasn't approved this consumer")
	default:
		return nil
	}
	return &a
}

func (f *Fake) signed(token string) (c claims, ok bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || f.options.PublicKey == nil {
		return c, false
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || part(parts[0], &header) != nil || part(parts[1], &c) != nil || header.Algorithm != "RS256" {
		return c, false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return c, rsa.VerifyPKCS1v15(f.options.PublicKey, crypto.SHA256, sum[:], signature) == nil
}

func part(encoded string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// audience is Salesforce's login, or the org's own address.
func (f *Fake) audience(r *http.Request, said any) bool {
	allowed := []string{"https://login.salesforce.com", "https://test.salesforce.com", origin(r)}
	all, list := said.([]any)
	if !list {
		all = []any{said}
	}
	return slices.ContainsFunc(all, func(one any) bool {
		text, _ := one.(string)
		return slices.Contains(allowed, text)
	})
}

func origin(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (f *Fake) grant(r *http.Request) answer {
	f.tokens++
	token := fmt.Sprintf("%s!AQ%06d.%x", f.organization()[:15], f.tokens, sha256.Sum256([]byte(strconv.Itoa(f.tokens))))
	now := f.options.Now()
	f.sessions[token] = &session{user: f.userOf, by: "token", until: now.Add(f.options.Session)}
	at := origin(r)
	return answer{status: http.StatusOK, header: map[string]string{"Cache-Control": "no-store"}, body: map[string]string{
		"access_token": token, "instance_url": at, "id": at + "/id/" + f.organization() + "/" + f.userOf, "token_type": "Bearer", "scope": "api",
		"issued_at": strconv.FormatInt(now.UnixMilli(), 10), "signature": "c2lnbmF0dXJl",
	}}
}

func (f *Fake) organization() string { return f.org.table("Organization").order[0] }

// session of a request; nil when its token is none, or is not good any more.
func (f *Fake) session(r *http.Request) *session {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	s := f.sessions[token]
	now := f.options.Now()
	if s == nil || !strings.EqualFold(kind, "Bearer") && !strings.EqualFold(kind, "OAuth") || !s.until.After(now) {
		return nil
	}
	s.until = now.Add(f.options.Session)
	return s
}

func (f *Fake) revoke(r *http.Request, body []byte) answer {
	form, err := url.ParseQuery(string(body))
	token := form.Get("token")
	if token == "" {
		token = r.URL.Query().Get("token")
	}
	if err != nil || f.sessions[token] == nil {
		return denial("unsupported_token_type", "this token type is not supported")
	}
	f.end(token)
	return answer{status: http.StatusOK}
}

// end a session. The queries that it had begun end with it.
func (f *Fake) end(token string) {
	s := f.sessions[token]
	delete(f.sessions, token)
	for id, l := range f.locators {
		if l.of == s {
			delete(f.locators, id)
		}
	}
}

func (f *Fake) identity(r *http.Request) answer {
	s := f.session(r)
	if s == nil {
		return answer{status: http.StatusForbidden, body: html("Bad_OAuth_Token")}
	}
	user := f.org.table("User").rows[s.user]
	at := origin(r)
	return answer{status: http.StatusOK, body: map[string]any{
		"id": at + "/id/" + f.organization() + "/" + s.user, "asserted_user": true, "user_id": s.user, "organization_id": f.organization(),
		"username": user["Username"], "display_name": user["Name"], "email": user["Email"], "active": true, "user_type": "STANDARD",
		"urls": map[string]string{"rest": at + "/services/data/v{version}/", "sobjects": at + "/services/data/v{version}/sobjects/", "query": at + "/services/data/v{version}/query/"},
	}}
}
