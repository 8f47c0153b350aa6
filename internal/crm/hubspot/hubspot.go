// SPDX-License-Identifier: Apache-2.0

// Package hubspot reads contacts, engagements and deals of a HubSpot account, and writes contacts. Contacts are the leads.
//
// It speaks plain HTTP: the vendor's own library for Go is an alpha, whose types are the whole of the API and change with it, and it tries again by
// itself, past the budget that all replicas share.
package hubspot

import (
	"net/http"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
)

// Names of HubSpot's own.
const (
	contacts      = "contacts"
	notes         = "notes"
	ownerProperty = "hubspot_owner_id"
	emailProperty = "email"
	// additionalEmails of a contact, with semicolons: those of contacts that it took in, and others that people gave it.
	additionalEmails = "hs_additional_emails"
	stageProperty    = "lifecyclestage"
	mergedProperty   = "hs_merged_object_ids"
	mergedVids       = "hs_calculated_merged_vids" // the same of contacts, with times; the older one of the two
	objectID         = "hs_object_id"
)

// What HubSpot takes in one request.
const (
	maxBatch   = 100
	maxHistory = 50 // of a batch that is read with its history
	maxPage    = 200
	maxNames   = 2400 // characters of the properties that a search names: all of its body may have 3,000
	maxOwners  = 100
	atOnce     = 4 // requests for the history of one page
)

const (
	searchKind = "search" // of requests, for the budget: searches have a limit of their own
	// lag of the search index. HubSpot says that it is a matter of moments, and promises nothing.
	lag = 15 * time.Second
	// refreshAfter is how long an owner or an option that is not known is not looked for again.
	refreshAfter = time.Minute
)

// System is a HubSpot account.
type System struct {
	access crm.Access
	http   *http.Client
	page   int // of a search

	mutex   sync.Mutex // of what follows
	known   schema
	owners  owners
	sources map[source]bool // that our own writes have in the history of properties
	recent  recall
}

// New adapter to the account that the access is for.
func New(access crm.Access, client *http.Client) *System {
	return &System{
		access: access, page: maxPage, sources: map[source]bool{},
		http: wire.Client(client, &wire.Transport{Budget: access.Budget, Now: access.Now, Kind: kindOf, Allowance: allowance}),
	}
}

// Limits that hold until an answer has told more, by kind of request: those of the smallest account, and that of searches, of which no answer tells.
func Limits() map[string]crm.Allowance {
	return map[string]crm.Allowance{
		"":         {Limit: 100, Remaining: 100, Window: 10 * time.Second},
		searchKind: {Limit: 5, Remaining: 5, Window: time.Second},
	}
}

// Name of the product.
func (*System) Name() string { return "HubSpot" }

// Streams in the order in which they are read.
func (*System) Streams() []crm.Stream {
	return []crm.Stream{crm.Deals, crm.Calls, crm.Emails, crm.Meetings, crm.Tasks, crm.Leads}
}

// Lag of the search index.
func (*System) Lag() time.Duration { return lag }

// MaxWrites is what a batch takes.
func (*System) MaxWrites() int { return maxBatch }

func (s *System) path(area, rest string) string {
	return "/" + area + "/" + s.access.Settings.Version + rest
}

// objects is the path of something to do with objects of a type.
func (s *System) objects(object, rest string) string { return s.path("crm/objects", "/"+object+rest) }
