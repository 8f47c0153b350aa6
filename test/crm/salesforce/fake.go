// SPDX-License-Identifier: Apache-2.0

// Package salesforce is a fake of Salesforce, as its REST API is documented: sessions, SOQL and its pages, describe, records one by one and in
// collections, upsert, composite, the allowance of the day, and the rules of an org that connectors run into: assignment rules that take leads unless
// they are told not to, history of tracked fields, converted leads that nobody writes. What is not in it says so with status 501.
//
// Left out on purpose: the limit of 25 concurrent requests that take longer than 20 seconds, the metadata, bulk, tooling and streaming APIs,
// sharing and profiles apart from hidden and read-only fields, and time zones (the org's is UTC).
package salesforce

import (
	"crypto/rsa"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/test/crm/control"
)

// Options of a fake. The zero value has an org without people or leads, and no client may log in.
type Options struct {
	ClientID     string         // of the connected app
	ClientSecret string         // client credentials; "": not allowed
	Username     string         // of the integration user; "": integration@handoff.example
	Password     string         // for the user name and password flow; "": not allowed
	PublicKey    *rsa.PublicKey // of the app's certificate, for the JWT bearer flow; nil: not allowed

	Reps    []string // e-mail addresses of users who sell
	Fields  []Field  // custom fields of Lead; nil: CustomFields()
	Tracked []string // fields of Lead whose changes are kept; nil: owner, status, stage, reason and opt-out
	NoRule  bool     // no assignment rule is active

	Versions []string      // of the API; nil: v60.0 to v67.0
	Page     int           // rows a page at most; 0: 2000
	Session  time.Duration // how long a token is good; 0: 2h
	APILimit int           // requests in 24 hours; 0: 100,000

	Now func() time.Time // nil: the clock of the machine
}

// Fake is one org.
type Fake struct {
	control.Control

	options Options
	handler http.Handler

	mu         sync.Mutex
	org        *org
	sessions   map[string]*session
	tokens     int
	locators   map[string]*locator
	cursors    int
	losing     int // locators: so many of the next pages are not found
	queries    uint64
	used       int // of the allowance
	limit      int
	tracked    map[string]bool
	queue      string
	users      map[string]string // ids by e-mail address
	userOf     string            // id of the integration user
	locked     map[string]int    // records that cannot be locked, so many times more
	perItem    bool              // a field that is not there spoils its record only, and not the collection
	reassigned []Reassigned
	seeded     int // leads, so far
}

// New makes an org.
func New(options Options) *Fake {
	if options.Username == "" {
		options.Username = "integration@handoff.example"
	}
	if options.Fields == nil {
		options.Fields = CustomFields()
	}
	if options.Tracked == nil {
		options.Tracked = []string{"OwnerId", "Status", "Handoff_Stage__c", "Handoff_Reason__c", "HasOptedOutOfEmail"}
	}
	if options.Versions == nil {
		options.Versions = []string{"v60.0", "v61.0", "v62.0", "v63.0", "v64.0", "v65.0", "v66.0", "v67.0"}
	}
	if options.Page <= 0 || options.Page > maxRows {
		options.Page = maxRows
	}
	if options.Session == 0 {
		options.Session = 2 * time.Hour
	}
	if options.APILimit == 0 {
		options.APILimit = 100_000
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	f := &Fake{
		options: options, org: newOrg(), sessions: map[string]*session{}, locators: map[string]*locator{}, limit: options.APILimit,
		tracked: map[string]bool{}, users: map[string]string{}, locked: map[string]int{},
	}
	for _, name := range options.Tracked {
		f.tracked[name] = true
	}
	for i := range options.Fields {
		field := options.Fields[i]
		f.org.table("Lead").add(&field)
	}
	f.settle()
	f.handler = f.Wrap(http.HandlerFunc(f.serve), f, pattern, failed)
	return f
}

// ServeHTTP is the API, and that of the fake's control. Each answer says when it was given, by the fake's clock.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", f.options.Now().UTC().Format(http.TimeFormat))
	f.handler.ServeHTTP(w, r)
}

// now is the time to the second, as every record's.
func (f *Fake) now() time.Time { return f.options.Now().UTC().Truncate(time.Second) }

// settle puts in what every org has: itself, users, a queue and a rule that assigns to it, the values of Status.
func (f *Fake) settle() {
	x := f.transaction("", "")
	put := func(name string, r row) string {
		t := f.org.table(name)
		for _, system := range []string{"CreatedDate", "LastModifiedDate", "SystemModstamp"} {
			if t.field(system) != nil {
				r[system] = x.now
			}
		}
		x.insert(t, r)
		return r.id()
	}
	put("Organization", row{"Name": "Acme", "OrganizationType": "Enterprise Edition", "InstanceName": "FAKE1", "TimeZoneSidKey": "GMT", "LanguageLocaleKey": "en_US"})
	for i, status := range statuses {
		put("LeadStatus", row{
			"MasterLabel": status, "ApiName": status, "SortOrder": float64(i + 1), "IsDefault": i == 0, "IsConverted": status == convertedStatus,
		})
	}
	user := func(email, first, last, kind string) string {
		id := put("User", row{
			"Username": email, "Email": email, "FirstName": first, "LastName": last, "Name": strings.TrimSpace(first + " " + last),
			"Alias": last[:min(8, len(last))], "IsActive": true, "UserType": kind, "TimeZoneSidKey": "GMT",
		})
		f.users[strings.ToLower(email)] = id
		return id
	}
	f.userOf = user(f.options.Username, "", "Integration", "Standard")
	user(automatic, "Automated", "Process", "AutomatedProcess")
	user(Administrator, "Lead1", "Admin", "Standard")
	for _, email := range f.options.Reps {
		first, last, _ := strings.Cut(strings.SplitN(email, "@", 2)[0], ".")
		if last == "" {
			first, last = "", first
		}
		user(email, first, last, "Standard")
	}
	queue := put("Group", row{"Name": "Unassigned Leads", "DeveloperName": "Unassigned_Leads", "Type": "Queue"})
	put("AssignmentRule", row{"Name": "Standard", "SobjectType": "Lead", "Active": !f.options.NoRule})
	if !f.options.NoRule {
		f.queue = queue
	}
}

// Users that every org has, beside the integration user.
const (
	Administrator = "admin@acme.example" // made the seeded leads
	automatic     = "autoproc@acme.example"
)

// transaction of a user; the mutex is held.
func (f *Fake) transaction(user, by string) *tx {
	x := &tx{org: f.org, now: f.now(), user: f.org.table("User").rows[user], by: by, tracked: f.tracked, queue: f.queue}
	x.locked = func(id string) bool {
		f.locked[id]--
		if f.locked[id] < 0 {
			delete(f.locked, id)
			return false
		}
		return true
	}
	return x
}

// commit keeps what a transaction did.
func (f *Fake) commit(x *tx) {
	f.reassigned = append(f.reassigned, x.reassigned...)
	for _, w := range x.wrote {
		f.Log.Wrote(w)
	}
	for range x.idle {
		f.Log.Unchanged()
	}
}
