// SPDX-License-Identifier: Apache-2.0

// Package salesforce speaks with an org of Salesforce by its REST API: its leads, their tasks and events, and the opportunities they become.
//
// Collections go through github.com/k-capehart/go-salesforce, over a transport of ours which adds what every request needs. Tokens and queries do not:
// that library asks for tokens without a context or a time limit and follows redirects with the secret, and it turns the pages of a query in one
// version of the API only.
package salesforce

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

const (
	// timeout of a request: 200 records with the org's own flows behind each take their time.
	timeout = time.Minute
	// maxRows of one page of a stream, which is as many as Salesforce gives at once.
	maxRows = 2000
	// maxBody of an answer: a page of leads with long texts.
	maxBody = 128 << 20
	// maxWrites of one request.
	maxWrites = 200
	// lag is how long a transaction may take from where its records have their time to where others see them.
	lag = 2 * time.Minute
)

// System is an org.
type System struct {
	access crm.Access
	auth   *auth
	wire   *wire.Transport

	mu     sync.Mutex
	ahead  time.Duration // of Salesforce's clock, as its last answer said; not negative
	org    *org
	absent map[string]bool  // objects that are not there, or not for us
	noted  map[string]noted // histories of leads, by id
	firsts map[first]bool   // first contacts that were looked up before, and whether a task says the same
}

var _ crm.System = (*System)(nil)

// New makes the adapter of an org. Of the client the transport is taken.
func New(access crm.Access, client *http.Client) *System {
	var base http.RoundTripper
	if client != nil {
		base = client.Transport
	}
	return &System{
		access: access,
		auth: &auth{
			settings: access.Settings, secret: access.Secret, now: access.Now,
			client: wire.Client(nil, &wire.Transport{Base: base, Now: access.Now}),
		},
		wire:   &wire.Transport{Base: base, Budget: access.Budget, Now: access.Now, Allowance: allowance, Timeout: timeout, MaxBody: maxBody},
		absent: map[string]bool{}, noted: map[string]noted{}, firsts: map[first]bool{},
	}
}

// Name implements crm.System.
func (s *System) Name() string { return "Salesforce" }

// Streams implements crm.Reader. Calls and e-mails are tasks, and so in that stream.
func (s *System) Streams() []crm.Stream {
	return []crm.Stream{crm.Deals, crm.Meetings, crm.Tasks, crm.Leads}
}

// Lag implements crm.Reader.
func (s *System) Lag() time.Duration { return lag }

// MaxWrites implements crm.Writer.
func (s *System) MaxWrites() int { return maxWrites }

// heard notes by an answer how far our clock is ahead of Salesforce's.
func (s *System) heard(header http.Header) {
	theirs, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead = max(s.access.Now().Sub(theirs), 0)
}

// now is the time, by Salesforce's clock where ours is ahead of it: what is over is so there, and nothing that has yet to happen is passed by.
func (s *System) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.access.Now().Add(-s.ahead)
}

// Read implements crm.Reader. Every page is a query of its own, from the position on: nothing expires between two pages, and another replica goes on
// where this one was. What Salesforce cuts off of a page is in the next one.
func (s *System) Read(ctx context.Context, stream crm.Stream, from crm.Position) (crm.Page, error) {
	o, err := s.described(ctx)
	if err != nil {
		return crm.Page{}, wire.Failure(err)
	}
	var page crm.Page
	switch stream {
	case crm.Leads:
		page, err = s.readLeads(ctx, o, from)
	case crm.Tasks:
		page, err = s.readTasks(ctx, o, from)
	case crm.Meetings:
		page, err = s.readEvents(ctx, o, from)
	case crm.Deals:
		page, err = s.readDeals(ctx, o, from)
	default:
		page = crm.Page{Next: from}
	}
	return page, wire.Failure(err)
}
