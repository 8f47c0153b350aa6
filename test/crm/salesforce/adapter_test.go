// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	adapter "github.com/handoff-sla/handoff/internal/crm/salesforce"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

const (
	rep1 = "rep1@acme.example"
	bo   = "bo.berg@acme.example"
)

// fields that are read of a lead beside what is always read.
var fields = []string{"Company", "LastName", "Email", "Status", "Handoff_Stage__c", "Handoff_Reason__c", "Handoff_Score__c", "HasOptedOutOfEmail", "NumberOfEmployees"}

// budget notes what it is told, and lets everything pass.
type budget struct {
	mu    sync.Mutex
	taken int
	told  []crm.Allowance
}

func (b *budget) Take(context.Context, string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken++
	return nil
}

func (b *budget) Told(_ context.Context, _ string, a crm.Allowance) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.told = append(b.told, a)
	return nil
}

func (b *budget) last() crm.Allowance {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.told[len(b.told)-1]
}

// rig is the adapter before a fake.
type rig struct {
	t      *testing.T
	fake   *salesforce.Fake
	system *adapter.System
	budget *budget
	wire   *http.Transport

	mu sync.Mutex
	at time.Time // by the adapter's clock and the fake's, which stand still: a slow machine makes nothing late
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

// later moves both clocks.
func (r *rig) later(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

func open(t *testing.T, with func(*salesforce.Options)) *rig {
	t.Helper()
	r := &rig{t: t, budget: &budget{}, wire: &http.Transport{}, at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	options := salesforce.Options{ClientID: "app", ClientSecret: "secret", Reps: []string{rep1, bo}, Now: r.now}
	if with != nil {
		with(&options)
	}
	r.fake = salesforce.New(options)
	server := httptest.NewServer(r.fake)
	t.Cleanup(server.Close)
	settings := crm.Defaults(crm.TypeSalesforce)
	settings.URL, settings.MatchBy = server.URL, "Handoff_Id__c"
	r.system = r.connect(settings, map[string]string{"clientId": "app", "clientSecret": "secret"})
	return r
}

// impatient gives up soon where nobody answers. It is for tests that try again: a slow machine may have other requests given up, too.
func (r *rig) impatient(storm []control.Rule) {
	if slices.ContainsFunc(storm, func(rule control.Rule) bool { return rule.Kind == control.Hang }) {
		r.wire.ResponseHeaderTimeout = time.Second
	}
}

func (r *rig) connect(settings crm.Settings, secret map[string]string) *adapter.System {
	return adapter.New(crm.Access{
		Settings: settings, Budget: r.budget, Now: r.now, Fields: func() []string { return fields },
		Secret: func(key string) (string, error) {
			if text, there := secret[key]; there {
				return text, nil
			}
			return "", fmt.Errorf("no key %q", key)
		},
	}, &http.Client{Transport: r.wire})
}

func (r *rig) faults(rules ...control.Rule) {
	r.t.Helper()
	if err := r.fake.Faults.Add(rules...); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) set(s salesforce.Settings) {
	r.t.Helper()
	if err := r.fake.Change(s); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) act(a control.Act) string {
	r.t.Helper()
	if a.As == "" {
		a.As = rep1
	}
	done, err := r.fake.Act(a)
	if err != nil {
		r.t.Fatal(err)
	}
	return done.ID
}

func (r *rig) lead(values map[string]string) string {
	r.t.Helper()
	all := map[string]string{"LastName": "Sample", "Company": "Acme"}
	maps.Copy(all, values)
	return r.act(control.Act{Do: "create", Type: "Lead", Values: all})
}

// records of the fake by id, without what is in the recycle bin.
func (r *rig) records(object string) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, record := range r.fake.Look().Records[object] {
		if record["IsDeleted"] != true {
			out[fmt.Sprint(record["Id"])] = record
		}
	}
	return out
}

// seen is what a reader has learnt, as the ledger keeps it: the latest of each record, each touch once.
type seen struct {
	records map[string]crm.Record
	touches map[string]crm.Touch
	deals   map[string]crm.Deal
	gone    map[string]crm.Gone
	at      map[crm.Stream]crm.Position
	failed  int // reads
}

func newSeen() *seen {
	return &seen{
		records: map[string]crm.Record{}, touches: map[string]crm.Touch{}, deals: map[string]crm.Deal{}, gone: map[string]crm.Gone{},
		at: map[crm.Stream]crm.Position{},
	}
}

func (s *seen) take(page crm.Page) {
	for _, record := range page.Records {
		s.records[record.ID] = record
	}
	for _, touch := range page.Touches {
		key := string(touch.Stream) + "/" + touch.ID
		if _, there := s.touches[key]; !there {
			s.touches[key] = touch
		}
	}
	for _, deal := range page.Deals {
		s.deals[deal.ID] = deal
	}
	maps.Copy(s.gone, page.Gone)
}

// mostFailures of a pass: then it does not get on.
const mostFailures = 200

// pass reads every stream to its end, as the reader does: what was read moves the position, what failed for now is read again. Between two pages
// somebody else may do something.
func (r *rig) pass(s *seen, between func(n int)) {
	r.t.Helper()
	pages := 0
	for _, stream := range r.system.Streams() {
		if at := s.at[stream]; !at.Time.IsZero() {
			s.at[stream] = crm.Position{Time: at.Time.Add(-r.system.Lag())}
		}
		for more := true; more; {
			page, err := r.system.Read(r.t.Context(), stream, s.at[stream])
			if err != nil {
				r.unavailable(err)
				if s.failed++; s.failed > mostFailures {
					r.t.Fatalf("%s does not get on: %v", stream, err)
				}
				continue
			}
			s.take(page)
			s.at[stream], more = page.Next, page.More
			if between != nil {
				between(pages)
			}
			pages++
		}
	}
}

// unavailable is the only error that passes by itself.
func (r *rig) unavailable(err error) {
	r.t.Helper()
	var of *crm.UnavailableError
	if !errors.As(err, &of) {
		r.t.Fatalf("%T: %v; want one that says to try again", err, err)
	}
}

// complete says whether everything in the fake was seen as it is.
func (r *rig) complete(s *seen) {
	r.t.Helper()
	lost := 0
	owners := r.fake.Look().Owners
	for id, record := range r.records("Lead") {
		got, there := s.records[id]
		owner := ""
		if email := owners[fmt.Sprint(record["OwnerId"])]; email == rep1 || email == bo {
			owner = email
		}
		if !there || got.Values["Company"] != record["Company"] || got.Values["Status"] != record["Status"] || owner != "" && got.Owner != owner ||
			got.Values["Handoff_Score__c"] != record["Handoff_Score__c"] {
			lost++
			r.t.Logf("%s was seen as %v of %q, and is %v, %v, %v of %q", id, got.Values, got.Owner, record["Company"], record["Status"], record["Handoff_Score__c"], owner)
		}
	}
	if lost > 0 {
		r.t.Errorf("%d leads were not seen as they are", lost)
	}
}

func TestAdapterDescribesAnOrgThatIsReady(t *testing.T) {
	r := open(t, nil)
	schema, err := r.system.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if problems := crm.Check(schema, crm.Defaults(crm.TypeSalesforce), definition(), []string{rep1, bo}); len(problems) != 0 {
		t.Errorf("%v", problems)
	}
	if schema.Fields["FirstCallDateTime"].Type != crm.TypeTime || !schema.Fields["FirstCallDateTime"].ReadOnly || !schema.Owners[rep1] || len(schema.Lacks) != 0 {
		t.Errorf("%v %v %v", schema.Fields["FirstCallDateTime"], schema.Owners, schema.Lacks)
	}
	r.set(salesforce.Settings{
		Remove: []string{"Handoff_Score__c"}, Deactivate: []string{bo},
		Fields: []salesforce.Field{{Name: "Handoff_Due_At__c", Type: "date"}, {Name: "Handoff_Revision__c", Type: "string", ReadOnly: true}},
	})
	if schema, err = r.system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range crm.Check(schema, crm.Defaults(crm.TypeSalesforce), definition(), []string{rep1, bo}) {
		got = append(got, string(p.Reason)+" "+p.Field)
	}
	want := []string{"FieldMissing Handoff_Score__c", "FieldReadOnly Handoff_Revision__c", "FieldMistyped Handoff_Due_At__c", "OwnerUnknown "}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAdapterLogsInWithAKey(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, func(o *salesforce.Options) { o.PublicKey = &key.PublicKey })
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	settings := crm.Defaults(crm.TypeSalesforce)
	server := httptest.NewServer(r.fake)
	t.Cleanup(server.Close)
	settings.URL = server.URL
	secret := map[string]string{"clientId": "app", "username": "integration@handoff.example", "privateKey": string(private)}
	if _, err := r.connect(settings, secret).Describe(t.Context()); err != nil {
		t.Error(err)
	}
	secret["username"] = "nobody@handoff.example"
	var refused *crm.CredentialError
	if _, err := r.connect(settings, secret).Describe(t.Context()); !errors.As(err, &refused) {
		t.Errorf("%v, want one about the credential", err)
	}
}

// Every lead is read, whatever time it shares with others, and however small the pages are.
func TestAdapterReadsTiesAcrossPages(t *testing.T) {
	for _, size := range []int{2000, 333, 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r := open(t, func(o *salesforce.Options) { o.Page = size })
			r.fake.SeedLeads(1100)
			s := newSeen()
			r.pass(s, nil)
			if len(s.records) != 1100 {
				t.Errorf("%d leads", len(s.records))
			}
			r.complete(s)
		})
	}
}

// What people do while a stream is read is seen, then or the next time; and so is what was committed late, with a time that was passed already.
func TestAdapterReadsWhatChangesUnderWay(t *testing.T) {
	r := open(t, func(o *salesforce.Options) { o.Page = 50 })
	r.fake.SeedLeads(600)
	var all []string
	for id := range r.records("Lead") {
		all = append(all, id)
	}
	slices.Sort(all)
	s := newSeen()
	r.pass(s, func(n int) {
		for i := range 5 {
			r.act(control.Act{Do: "set", Type: "Lead", ID: all[(n*131+i*37)%len(all)], Values: map[string]string{"Company": fmt.Sprintf("Renamed %d.%d", n, i)}})
		}
		r.lead(map[string]string{"Email": fmt.Sprintf("late%d@acme.example", n)})
	})
	late := r.now().Add(-90 * time.Second).UnixMilli()
	r.act(control.Act{Do: "set", Type: "Lead", ID: all[3], Values: map[string]string{"Company": "Committed late"}, AtMS: late})
	r.pass(s, nil)
	r.complete(s)
	if s.records[all[3]].Values["Company"] != "Committed late" {
		t.Errorf("what was committed late was not seen")
	}
}
