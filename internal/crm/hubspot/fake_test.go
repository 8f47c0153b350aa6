// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/hubspot"
)

const rep, other = "rep-1@acme.example", "rep-2@acme.example"

// crmRig is an adapter to the fake of an account that is set up as docs/crm/hubspot.md says.
type crmRig struct {
	*rig
	fake *fake.Fake
}

func newFake(t *testing.T, contacts int) *crmRig {
	t.Helper()
	c := &clock{at: noon}
	property := func(name, kind, field string, options ...fake.Choice) fake.Property {
		return fake.Property{Name: name, Label: name, GroupName: "contactinformation", Type: kind, FieldType: field, Options: options}
	}
	f := fake.New(fake.Options{
		Token: token, Now: c.now, Settings: fake.Settings{Unlimited: true}, Contacts: contacts,
		Properties: []fake.Property{
			property("handoff_reason", "enumeration", "select", fake.Choice{Value: "no_budget", Label: "No budget"}, fake.Choice{Value: "no_fit", Label: "No fit"}),
			property("handoff_score", "number", "number"), property("handoff_revision", "string", "text"), property("handoff_due_at", "datetime", "date"),
			property("handoff_first_touch_at", "datetime", "date"), property("handoff_attempts", "number", "number"), property("handoff_missing", "string", "text"),
		},
	})
	t.Cleanup(f.Close)
	if err := f.Seed(0, time.Time{}, nil, rep, other); err != nil {
		t.Fatal(err)
	}
	return &crmRig{rig: newRig(t, f, c), fake: f}
}

// act is something a person does, a second after whatever was before.
func (r *crmRig) act(t *testing.T, a control.Act) string {
	t.Helper()
	r.clock.add(time.Second)
	if a.As == "" {
		a.As = rep
	}
	if a.Type == "" {
		a.Type = "contacts"
	}
	done, err := r.fake.Act(a)
	if err != nil {
		t.Fatal(err)
	}
	return done.ID
}

func (r *crmRig) contact(t *testing.T, values map[string]string) string {
	t.Helper()
	return r.act(t, control.Act{Do: "create", Values: values})
}

func (r *crmRig) value(id, name string) string {
	record, _ := r.fake.Get("contacts", id)
	return record.Values[name]
}

func (r *crmRig) write(t *testing.T, writes ...crm.Write) []crm.Written {
	t.Helper()
	r.clock.add(time.Second)
	return r.Write(t.Context(), writes)
}

func (r *crmRig) leads(t *testing.T) map[string]crm.Record {
	t.Helper()
	out := map[string]crm.Record{}
	for from := (crm.Position{}); ; {
		page, err := r.Read(t.Context(), crm.Leads, from)
		if err != nil {
			t.Fatal(err)
		}
		for _, record := range page.Records {
			out[record.ID] = record
		}
		if from = page.Next; !page.More {
			return out
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestDescribe(t *testing.T) {
	r := newFake(t, 0)
	r.act(t, control.Act{Do: "delete", Type: "owners", ID: other})
	got, err := r.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]bool{rep: true}, got.Owners); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if got.Account != "62515" || got.Lacks != nil {
		t.Errorf("account %q, lacks %q", got.Account, got.Lacks)
	}
	want := map[string]crm.SchemaField{
		"email":                  {Type: crm.TypeText, Native: "string, text"},
		"firstname":              {Type: crm.TypeText, Native: "string, text", Shared: true},
		"numemployees":           {Type: crm.TypeNumber, Native: "number, number", Shared: true},
		"hs_email_optout":        {Type: crm.TypeBoolean, Native: "bool, booleancheckbox", ReadOnly: true, Shared: true},
		"recent_conversion_date": {Type: crm.TypeTime, Native: "datetime, date", ReadOnly: true, Shared: true},
		"handoff_reason":         {Type: crm.TypeOptions, Native: "enumeration, select", Options: []string{"no_budget", "no_fit"}, Shared: true},
	}
	fields := map[string]crm.SchemaField{}
	for name := range want {
		fields[name] = got.Fields[name]
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// What was not granted is known before a lead is touched, by its name.
func TestLacks(t *testing.T) {
	r := newFake(t, 0)
	r.fake.Update(func(s *fake.Settings) { s.Scopes = []string{"crm.objects.contacts.read"} })
	got, err := r.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"crm.objects.deals.read", "crm.objects.owners.read"}, got.Lacks); diff != "" || got.Owners != nil {
		t.Errorf("owners %v, lacks (-want +got):\n%s", got.Owners, diff)
	}
	var credential *crm.CredentialError
	r.fake.Update(func(s *fake.Settings) { s.Scopes = []string{"crm.objects.deals.read"} })
	if _, err = r.Describe(t.Context()); !errors.As(err, &credential) || !strings.Contains(err.Error(), "lacks the scope crm.schemas.contacts.read") {
		t.Error(err)
	}
	r.fake.Update(func(s *fake.Settings) { s.Expired = true })
	if _, err = r.Describe(t.Context()); !errors.As(err, &credential) || !strings.Contains(err.Error(), "401, INVALID_AUTHENTICATION") {
		t.Error(err)
	}
}

func TestRecord(t *testing.T) {
	r := newFake(t, 0)
	at := noon.Add(-48 * time.Hour)
	id := r.contact(t, map[string]string{
		"email": "lead1@example.com", "numemployees": "120.5", "hubspot_owner_id": rep, "hs_lead_status": "NEW", "lifecyclestage": "lead",
	})
	created := r.clock.now()
	r.act(t, control.Act{Do: "stamp", Values: map[string]string{"recent_conversion_date": strconv.FormatInt(at.UnixMilli(), 10)}})
	r.act(t, control.Act{Do: "set", ID: id, As: other, Values: map[string]string{"hubspot_owner_id": other, "hs_lead_status": "OPEN"}})
	want := crm.Record{
		ID: id, Created: created, Modified: r.clock.now(), Owner: other,
		Values: map[string]any{
			"email": "lead1@example.com", "numemployees": 120.5, "recent_conversion_date": at, "lifecyclestage": "lead", "hs_lead_status": "OPEN",
			"handoff_reason": nil, "hs_email_optout": nil, "createdate": created,
		},
		History: []crm.FieldChange{
			{Field: crm.OwnerField, Value: rep, At: created},
			{Field: "lifecyclestage", Value: "lead", At: created},
			{Field: "hs_lead_status", Value: "NEW", At: created},
			{Field: crm.OwnerField, Value: other, At: r.clock.now()},
			{Field: "hs_lead_status", Value: "OPEN", At: r.clock.now()},
		},
	}
	if diff := cmp.Diff(want, r.leads(t)[id]); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	page, err := r.Fetch(t.Context(), []string{id, id})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]crm.Record{want}, page.Records); diff != "" {
		t.Errorf("fetched (-want +got):\n%s", diff)
	}
}

// Owners who left still have a name; a queue has none.
func TestOwnersWhoLeft(t *testing.T) {
	r := newFake(t, 0)
	id := r.contact(t, map[string]string{"hubspot_owner_id": other})
	r.act(t, control.Act{Do: "delete", Type: "owners", ID: other})
	if got := r.leads(t)[id]; got.Owner != other || got.OwnerUnknown != "" {
		t.Errorf("%+v", got)
	}
	// Somebody who came after the owners were read.
	r.clock.add(time.Hour)
	later := r.contact(t, map[string]string{"hubspot_owner_id": "new@acme.example"})
	if got := r.leads(t)[later]; got.Owner != "new@acme.example" {
		t.Errorf("%+v", got)
	}
}

// Our own changes are known by what nobody else writes; those of people and of other apps are not ours.
func TestWhoDidIt(t *testing.T) {
	r := newFake(t, 0)
	id := r.contact(t, map[string]string{"lifecyclestage": "lead"})
	written := r.write(t, crm.Write{Record: id, Owner: ptr(rep), Values: map[string]any{"lifecyclestage": "marketingqualifiedlead", "handoff_score": 70.0}})
	if written[0].Err != nil || !written[0].Modified.Equal(r.clock.now()) {
		t.Fatalf("%+v", written[0])
	}
	r.act(t, control.Act{Do: "set", ID: id, As: "app:Router", Values: map[string]string{"hubspot_owner_id": other}})
	r.act(t, control.Act{Do: "set", ID: id, As: rep, Values: map[string]string{"lifecyclestage": "opportunity"}})
	var got []string
	for _, change := range r.leads(t)[id].History {
		got = append(got, fmt.Sprintf("%s=%s %v", change.Field, change.Value, change.Ours))
	}
	want := []string{
		"lifecyclestage=lead false", "owner=" + rep + " true", "lifecyclestage=marketingqualifiedlead true", "owner=" + other + " false",
		"lifecyclestage=opportunity false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The first pass over an account reads nobody's contacts once, and the pass after it, which begins earlier, asks for no history again.
func TestHistoryIsReadOnce(t *testing.T) {
	r := newFake(t, 450)
	if got := len(r.leads(t)); got != 450 {
		t.Fatalf("%d read", got)
	}
	if searches, rest := r.budget.took["search"], r.budget.took[""]; searches > 6 || rest > 3 {
		t.Errorf("%d searches, and %d other requests", searches, rest)
	}
	for id := range r.leads(t) {
		r.write(t, crm.Write{Record: id, Owner: ptr(rep)})
	}
	r.leads(t)
	before := r.budget.requests()
	if got := len(r.leads(t)); got != 450 {
		t.Fatalf("%d read", got)
	}
	if more := r.budget.requests() - before; more > 4 {
		t.Errorf("%d requests for what was not modified", more)
	}
}

func TestFetchGoneAndMerged(t *testing.T) {
	for _, oldMerge := range []bool{false, true} {
		t.Run(fmt.Sprintf("old merge %v", oldMerge), func(t *testing.T) {
			r := newFake(t, 0)
			r.fake.Update(func(s *fake.Settings) { s.OldMerge = oldMerge })
			kept, taken, gone := r.contact(t, nil), r.contact(t, nil), r.contact(t, nil)
			r.act(t, control.Act{Do: "delete", ID: gone})
			result := r.act(t, control.Act{Do: "merge", ID: taken, Into: kept})
			page, err := r.Fetch(t.Context(), []string{taken, "", gone, "999999"})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]crm.Gone{gone: crm.Deleted, "999999": crm.Deleted}, page.Gone); diff != "" {
				t.Errorf("gone (-want +got):\n%s", diff)
			}
			want := []string{kept, taken}
			if oldMerge {
				want = []string{taken}
			}
			if len(page.Records) != 1 || page.Records[0].ID != result || !cmp.Equal(want, slices.Sorted(slices.Values(page.Records[0].Merged))) {
				t.Errorf("%+v, want %s with %v", page.Records, result, want)
			}
		})
	}
}

// What is gone stays gone, though the index shows it for a while.
func TestIndexShowsWhatIsGone(t *testing.T) {
	r := newFake(t, 0)
	r.fake.Update(func(s *fake.Settings) { s.IndexLagMS = 10_000 })
	owned, nobodys := r.contact(t, map[string]string{"hubspot_owner_id": rep}), r.contact(t, nil)
	r.clock.add(10 * time.Second)
	if got := len(r.leads(t)); got != 2 {
		t.Fatalf("%d read", got)
	}
	for _, id := range []string{owned, nobodys} {
		r.act(t, control.Act{Do: "delete", ID: id})
	}
	if _, err := r.Describe(t.Context()); err != nil { // now and then, and what was remembered is forgotten
		t.Fatal(err)
	}
	want := map[string]crm.Gone{owned: crm.Deleted, nobodys: crm.Deleted}
	page, err := r.Fetch(t.Context(), []string{owned, nobodys}) // as a webhook hints
	if diff := cmp.Diff(want, page.Gone); err != nil || diff != "" || len(page.Records) != 0 {
		t.Errorf("fetched: %v, %+v, gone (-want +got):\n%s", err, page.Records, diff)
	}
	page, err = r.Read(t.Context(), crm.Leads, crm.Position{})
	if diff := cmp.Diff(want, page.Gone); err != nil || diff != "" || len(page.Records) != 0 {
		t.Errorf("read: %v, %+v, gone (-want +got):\n%s", err, page.Records, diff)
	}
}

// Who is deleted for good is gone, and who is restored is there again, for the search as well.
func TestForgottenAndRestored(t *testing.T) {
	r := newFake(t, 0)
	forgotten, restored := r.contact(t, nil), r.contact(t, map[string]string{"email": "lead1@example.com"})
	r.act(t, control.Act{Do: "forget", ID: forgotten})
	r.act(t, control.Act{Do: "delete", ID: restored})
	page, err := r.Fetch(t.Context(), []string{forgotten, restored})
	if diff := cmp.Diff(map[string]crm.Gone{forgotten: crm.Deleted, restored: crm.Deleted}, page.Gone); err != nil || diff != "" {
		t.Errorf("%v, gone (-want +got):\n%s", err, diff)
	}
	r.act(t, control.Act{Do: "restore", ID: restored})
	for name, read := range map[string]func() (crm.Page, error){
		"fetched": func() (crm.Page, error) { return r.Fetch(t.Context(), []string{restored}) },
		"read":    func() (crm.Page, error) { return r.Read(t.Context(), crm.Leads, crm.Position{}) },
	} {
		page, err := read()
		if err != nil || len(page.Gone) != 0 || len(page.Records) != 1 || page.Records[0].ID != restored || page.Records[0].Gone != "" {
			t.Errorf("%s: %+v, %v", name, page, err)
		}
	}
}

// A definition may have more fields than a search may name.
func TestManyProperties(t *testing.T) {
	r := newFake(t, 0)
	fields := []string{"company"}
	for i := range 120 {
		fields = append(fields, fmt.Sprintf("field_of_the_definition_%03d", i))
	}
	r.access.Fields = func() []string { return fields }
	id := r.contact(t, map[string]string{"company": "Acme"})
	page, err := r.remade().Read(t.Context(), crm.Leads, crm.Position{})
	if err != nil || len(page.Records) != 1 || page.Records[0].ID != id || page.Records[0].Values["company"] != "Acme" {
		t.Errorf("%+v, %v", page, err)
	}
}

// The index lags; nothing is left out of two passes that overlap by the lag.
func TestIndexLags(t *testing.T) {
	r := newFake(t, 0)
	r.fake.Update(func(s *fake.Settings) { s.IndexLagMS, s.IndexJitter = int(r.Lag().Milliseconds()), true })
	seen, from := map[string]bool{}, crm.Position{}
	var all []string
	for range 60 {
		all = append(all, r.contact(t, nil))
		r.clock.add(2 * time.Second)
		begun := r.clock.now()
		for more := true; more; {
			page, err := r.Read(t.Context(), crm.Leads, from)
			if err != nil {
				t.Fatal(err)
			}
			for _, record := range page.Records {
				seen[record.ID] = true
			}
			from, more = page.Next, page.More
		}
		if from.Time.IsZero() {
			continue
		}
		from = crm.Position{Time: from.Time.Add(-r.Lag())}
		if early := begun.Add(-r.Lag()); early.Before(from.Time) {
			from.Time = early
		}
	}
	for _, id := range all[:50] {
		if !seen[id] {
			t.Errorf("%s was left out", id)
		}
	}
}
