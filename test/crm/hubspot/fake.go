// SPDX-License-Identifier: Apache-2.0

// Package hubspot is a fake of HubSpot's CRM, written from HubSpot's public documentation and driven by HubSpot's own JavaScript client: dated
// paths and those of v3 and v4, limits, errors, paging with its ceiling, an index that lags, history, merges and signed webhooks. What people and
// HubSpot's own automation do is done through the control API; see package control.
package hubspot

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// Options of a fake. The zero value is an account without records, with HubSpot's own limits and an index that is never behind.
type Options struct {
	Token        string   // of the Service Key; "" is "pat-na1-fake"
	ClientSecret string   // that webhooks are signed with; "" is "fake-secret"
	Portal       int64    // id of the account; 0 is 62515
	Versions     []string // dated versions of the API; none is 2026-03 and 2026-09
	Contacts     int      // to begin with, owned by nobody
	Properties   []Property
	Settings     Settings
	Now          func() time.Time // nil is the clock of the machine
}

// Settings can be changed while the fake runs, through POST /_control/set: what is not in the request stays as it is.
type Settings struct {
	Unlimited   bool     `json:"unlimited,omitempty"`   // no rate limits
	Burst       int      `json:"burst,omitempty"`       // requests in a window; 0 is 190
	WindowMS    int      `json:"windowMs,omitempty"`    // its length; 0 is 10,000
	SearchBurst int      `json:"searchBurst,omitempty"` // searches in a second; 0 is 5
	Daily       int      `json:"daily,omitempty"`       // requests in a day; 0 is 650,000
	Expired     bool     `json:"expired,omitempty"`     // the token
	Token       string   `json:"token,omitempty"`       // another one from now on: the old one is refused
	Scopes      []string `json:"scopes,omitempty"`      // that were granted; none: all

	IndexLagMS  int  `json:"indexLagMs,omitempty"`  // until a change is in the index that search reads
	IndexJitter bool `json:"indexJitter,omitempty"` // each change takes its own time, up to IndexLagMS: they come in another order

	OldMerge       bool       `json:"oldMerge,omitempty"`       // merged records keep the id of the primary one, as before 2025; else they get a new one
	DealsMoveStage bool       `json:"dealsMoveStage,omitempty"` // a deal makes its contacts opportunities, a won one customers, as the account's default does
	Workflows      []Workflow `json:"workflows,omitempty"`      // of the account
	Rules          []Rule     `json:"rules,omitempty"`          // of validation, as admins set them

	Webhooks Webhooks `json:"webhooks,omitzero"`
}

// Workflow is automation that an admin made: when the property of a contact becomes When, it is set to Set.
type Workflow struct {
	Name     string `json:"name"`
	Property string `json:"property"`
	When     string `json:"when"`
	Set      string `json:"set"`
}

// Rule of an admin: who sets Property to Value must see to it that Requires is not empty. Since version 2026-09 that holds for the API, too.
type Rule struct {
	Property string `json:"property"`
	Value    string `json:"value"`
	Requires string `json:"requires"`
}

// Fake is an account of HubSpot.
type Fake struct {
	control.Control
	handler  http.Handler
	versions []string
	portal   int64
	secret   string
	now      func() time.Time
	chance   *rand.Rand

	mu       sync.Mutex
	settings Settings
	token    string
	limits   limits
	nextID   int64
	objects  map[string]map[string]*record // by type and id
	byValue  map[string]string             // id by type, unique property and value
	moved    map[string]string             // id of the merged record by type and id of what it was made from
	schema   map[string]*schema            // by type
	links    map[end]map[string][]linkType
	owners   []*owner
	hooks    *hooks
}

// New makes a fake. Close it when webhooks are sent.
func New(options Options) *Fake {
	f := &Fake{
		versions: options.Versions, portal: options.Portal, secret: options.ClientSecret, token: options.Token, now: options.Now, settings: options.Settings,
		nextID: 100, objects: map[string]map[string]*record{}, byValue: map[string]string{}, moved: map[string]string{}, schema: map[string]*schema{},
		links: map[end]map[string][]linkType{}, chance: rand.New(rand.NewPCG(1, 2)),
	}
	if len(f.versions) == 0 {
		f.versions = []string{"2026-03", "2026-09"}
	}
	if f.portal == 0 {
		f.portal = 62515
	}
	if f.secret == "" {
		f.secret = "fake-secret"
	}
	if f.token == "" {
		f.token = "pat-na1-fake"
	}
	if f.now == nil {
		f.now = time.Now
	}
	for _, t := range types {
		f.objects[t.plural] = map[string]*record{}
		f.schema[t.plural] = newSchema(t.plural)
	}
	for _, p := range options.Properties {
		f.schema["contacts"].add(p, f.now())
	}
	f.hooks = newHooks(f)
	f.handler = f.Wrap(http.HandlerFunc(f.serve), backend{f}, pattern, f.fail)
	_ = f.seedContacts(seed{Contacts: options.Contacts}) // without values there is nothing wrong with them
	return f
}

// ServeHTTP is the API of HubSpot, and the control API under /_control/.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

// Close ends the sending of webhooks.
func (f *Fake) Close() { f.hooks.close() }

// Update changes the settings.
func (f *Fake) Update(change func(*Settings)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.settings)
	if f.settings.Token != "" {
		f.token = f.settings.Token
	}
}

// maxBody of a request, in bytes.
const maxBody = 10 << 20

// call is one request.
type call struct {
	r       *http.Request
	w       http.ResponseWriter
	body    []byte
	at      time.Time
	version string   // dated, or v3 or v4
	parts   []string // of the path behind the version
	by      author
}

// route of an API: the words before its version and behind it, and what serves the rest.
type route struct {
	prefix []string
	serve  func(*Fake, *call) error
}

var routes = []route{
	{[]string{"crm", "objects"}, (*Fake).serveObjects},
	{[]string{"crm", "associations"}, (*Fake).serveAssociations},
	{[]string{"crm", "properties"}, (*Fake).serveProperties},
	{[]string{"crm", "owners"}, (*Fake).serveOwners},
	{[]string{"crm", "pipelines"}, (*Fake).servePipelines},
	{[]string{"account-info"}, (*Fake).serveAccount},
}

// find the route. The version stands behind the API's name when it is a date, and before its last word when it is a number: crm/objects/2026-09,
// crm/v3/objects, account-info/v3.
func (f *Fake) find(path string) (route, string, []string, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for _, candidate := range routes {
		n := len(candidate.prefix)
		if len(parts) <= n {
			continue
		}
		if slices.Equal(parts[:n], candidate.prefix) && (slices.Contains(f.versions, parts[n]) || n == 1 && parts[n] == "v3") {
			return candidate, parts[n], parts[n+1:], true
		}
		if n == 2 && parts[0] == candidate.prefix[0] && (parts[1] == "v3" || parts[1] == "v4") && parts[2] == candidate.prefix[1] {
			return candidate, parts[1], parts[3:], true
		}
	}
	return route{}, "", nil, false
}

func (f *Fake) serve(w http.ResponseWriter, r *http.Request) {
	// What is slow, on the way in or out, is done without the lock.
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		f.fail(w, http.StatusRequestEntityTooLarge)
		return
	}
	answer := &answered{header: http.Header{}}
	f.answer(&call{r: r, w: answer, body: body})
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes()) // the caller may be gone
}

// answered is an answer that is not sent yet.
type answered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answered) Header() http.Header         { return a.header }
func (a *answered) WriteHeader(status int)      { a.status = status }
func (a *answered) Write(b []byte) (int, error) { return a.body.Write(b) }

func (f *Fake) answer(c *call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c.at = f.now().UTC().Truncate(time.Millisecond)
	found, version, parts, ok := f.find(c.r.URL.EscapedPath())
	if !ok {
		c.write(http.StatusNotFound, apiError{Message: "resource not found"}.body())
		return
	}
	c.version, c.parts = version, parts
	err := f.admit(c)
	if err == nil {
		err = found.serve(f, c)
	}
	if err != nil {
		c.fail(err)
	}
}

// pattern of a path: ids are left out.
func pattern(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, part := range parts {
		if part != "" && strings.Trim(part, "0123456789") == "" {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
