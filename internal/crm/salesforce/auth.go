// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// assertionTTL is how long an assertion may be used: Salesforce allows five minutes, and the clocks may differ.
const assertionTTL = 3 * time.Minute

// auth gets tokens and keeps one, until Salesforce or the Secret say that it is over.
type auth struct {
	settings crm.Settings
	secret   func(key string) (string, error)
	now      func() time.Time
	client   *http.Client

	mu    sync.Mutex
	token *token
}

// token is a session.
type token struct {
	access   string
	instance string // URL of the org, without a slash at its end
	user     string // id of the user that the session is of; "" when Salesforce did not say
	of       [sha256.Size]byte
}

// credentials as the Secret has them.
type credentials struct{ id, secret, username, key string }

func (c credentials) sum() [sha256.Size]byte {
	return sha256.Sum256([]byte(strings.Join([]string{c.id, c.secret, c.username, c.key}, "\x00")))
}

// current token; a new one if there is none, or the Secret is another.
func (a *auth) current(ctx context.Context) (*token, error) {
	c, err := a.credentials()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token != nil && a.token.of == c.sum() {
		return a.token, nil
	}
	t, err := a.ask(ctx, c)
	if err != nil {
		return nil, err
	}
	a.token = t
	return t, nil
}

// expired forgets the token, unless somebody else has got another one by now.
func (a *auth) expired(t *token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == t {
		a.token = nil
	}
}

// credentials are read anew each time, because a Secret may change. A client secret goes before a key.
func (a *auth) credentials() (credentials, error) {
	get := func(key string) string {
		text, err := a.secret(key)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(text)
	}
	text, err := a.secret("clientId")
	if err != nil {
		return credentials{}, &crm.CredentialError{Cause: "cannot be asked: " + err.Error()}
	}
	c := credentials{id: strings.TrimSpace(text), secret: get("clientSecret"), username: get("username"), key: get("privateKey")}
	switch {
	case c.id == "":
		return c, &crm.CredentialError{Cause: "cannot be asked: key \"clientId\" of its Secret is empty; it is the consumer key of the app"}
	case c.secret == "" && (c.username == "" || c.key == ""):
		return c, &crm.CredentialError{
			Cause: "cannot be asked: its Secret needs the key \"clientSecret\" (client credentials), or \"username\" and \"privateKey\" (JWT bearer)",
		}
	}
	return c, nil
}

func (a *auth) ask(ctx context.Context, c credentials) (*token, error) {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.id}, "client_secret": {c.secret}}
	if c.secret == "" {
		assertion, err := a.assertion(c)
		if err != nil {
			return nil, err
		}
		form = url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.settings.URL+"/services/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, &crm.UnavailableError{Cause: "cannot be asked: spec.crm.salesforce.url is no URL"}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)
	response, err := a.client.Do(request)
	if err != nil {
		return nil, wire.Failure(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, wire.Failure(err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, a.refused(response, body)
	}
	return a.read(body, c)
}

func (a *auth) read(body []byte, c credentials) (*token, error) {
	var answer struct {
		AccessToken string `json:"access_token"`
		InstanceURL string `json:"instance_url"`
		ID          string `json:"id"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		return nil, &crm.UnavailableError{Cause: "gave no token: spec.crm.salesforce.url should be the org's My Domain"}
	}
	t := &token{access: answer.AccessToken, instance: strings.TrimRight(answer.InstanceURL, "/"), of: c.sum()}
	if t.instance == "" {
		t.instance = a.settings.URL
	}
	if !trusted(a.settings.URL, t.instance) {
		return nil, &crm.CredentialError{
			Cause: "names another host as the org's than that of spec.crm.salesforce.url, which is not trusted: the URL should be the org's My Domain",
		}
	}
	if id := answer.ID[strings.LastIndexByte(answer.ID, '/')+1:]; isID(id, userPrefix) {
		t.user = long(id)
	}
	return t, nil
}

// assertion for the JWT bearer flow. The audience is the server that gives tokens, and not the org.
func (a *auth) assertion(c credentials) (string, error) {
	key, err := parseKey(c.key)
	if err != nil {
		return "", err
	}
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": c.id, "sub": c.username, "aud": audience(a.settings.URL), "exp": a.now().Add(assertionTTL).Unix(),
	}).SignedString(key)
	if err != nil {
		return "", badKey()
	}
	return signed, nil
}

func parseKey(text string) (*rsa.PrivateKey, error) {
	key, err := jwt.ParseRSAPrivateKeyFromPEM([]byte(text))
	if err != nil {
		return nil, badKey()
	}
	return key, nil
}

func badKey() error {
	return &crm.CredentialError{Cause: "cannot be asked: key \"privateKey\" of its Secret is no RSA key in PEM, without a passphrase"}
}

// audience of assertions for an org: sandboxes have a server of their own, and so has what is no domain of Salesforce.
func audience(org string) string {
	u, err := url.Parse(org)
	switch {
	case err != nil || !strings.HasSuffix(u.Hostname(), ".salesforce.com"):
		return org
	case u.Hostname() == "test.salesforce.com", strings.Contains(u.Hostname(), ".sandbox."), strings.Contains(u.Hostname(), ".scratch."):
		return "https://test.salesforce.com"
	default:
		return "https://login.salesforce.com"
	}
}

// refused makes an error of an answer of the token endpoint. Its description is told where it says nothing that is secret.
func (a *auth) refused(response *http.Response, body []byte) error {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(body, &answer)
	reason := ""
	if isCode(answer.Error) {
		reason = answer.Error
	}
	if strings.Contains(strings.ToLower(answer.Description), "rate exceeded") {
		return &crm.UnavailableError{Cause: "allows no more logins now", After: time.Minute}
	}
	if known := describedRefusal(answer.Description); reason != "" && known != "" {
		reason += ": " + known
	}
	after := wire.RetryAfter(response.Header, a.now())
	err := wire.Judge(response.StatusCode, after, reason)
	var said *crm.RefusedError
	if errors.As(err, &said) {
		return &crm.CredentialError{Cause: "gives no token" + inBrackets(reason) + ": look at the app's settings, and at the Secret"}
	}
	return err
}

// describedRefusal is what helps, by words of the description: the description itself may name the user.
func describedRefusal(text string) string {
	text = strings.ToLower(text)
	for _, c := range []struct{ word, cure string }{
		{"approved", "the user is not pre-authorised for the app"},
		{"no client credentials user", "the app has no user to run as"},
		{"audience", "the URL should be the org's My Domain"},
		{"ip restricted", "the app does not allow this address"},
		{"inactive", "the user is not active"},
		{"expired", "the assertion is too old: the clocks differ"},
	} {
		if strings.Contains(text, c.word) {
			return c.cure
		}
	}
	return ""
}

// trusted says whether the token may be sent to an org's URL: the host that was configured, or, by https, another one of its domain.
func trusted(configured, instance string) bool {
	c, err := url.Parse(configured)
	if err != nil {
		return false
	}
	i, err := url.Parse(instance)
	if err != nil || i.User != nil || i.Path != "" || i.RawQuery != "" || i.Hostname() == "" {
		return false
	}
	if i.Scheme == c.Scheme && strings.EqualFold(i.Host, c.Host) {
		return true
	}
	return i.Scheme == "https" && i.Port() == "" && domain(i.Hostname()) != "" && domain(i.Hostname()) == domain(c.Hostname())
}

// domain is the last two labels of a host: salesforce.com. An address has none.
func domain(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	if net.ParseIP(host) != nil || len(labels) < 3 {
		return ""
	}
	return strings.Join(labels[len(labels)-2:], ".")
}
