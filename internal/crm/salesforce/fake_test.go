// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/salesforce"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/salesforce"
)

// rig is the fake, the adapter and a clock for both.
type rig struct {
	*fake.Fake
	*salesforce.System
	t      *testing.T
	budget *budget
	queue  string

	mu sync.Mutex
	at time.Time
}

const (
	rep1Mail = "rep1@acme.example"
	rep2Mail = "bo.berg@acme.example"
)

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = r.at.Add(d)
}

func rigged(t *testing.T, with ...func(*fake.Options, *crm.Access)) *rig {
	t.Helper()
	r := &rig{t: t, at: now, budget: &budget{}}
	options := fake.Options{ClientID: "app", ClientSecret: "s3cret", Reps: []string{rep1Mail, rep2Mail}, Now: r.now}
	settings := crm.Defaults(crm.TypeSalesforce)
	settings.MatchBy = "Handoff_Id__c"
	access := crm.Access{
		Secret: secrets(map[string]string{"clientId": "app", "clientSecret": "s3cret"}), Budget: r.budget, Now: r.now, Settings: settings,
		Fields: func() []string {
			return []string{"Email", "NumberOfEmployees", "HasOptedOutOfEmail", "Status", "Handoff_Stage__c", "Handoff_Reason__c", "Last_Form_At__c"}
		},
	}
	for _, w := range with {
		w(&options, &access)
	}
	r.Fake = fake.New(options)
	r.queue = r.Look().Queue
	server := httptest.NewServer(r.Fake)
	t.Cleanup(server.Close)
	access.Settings.URL = server.URL
	r.System = salesforce.New(access, server.Client())
	return r
}

func (r *rig) act(a control.Act) string {
	r.t.Helper()
	if a.Type == "" {
		a.Type = "Lead"
	}
	if a.As == "" {
		a.As = rep1Mail
	}
	done, err := r.Act(a)
	if err != nil {
		r.t.Fatal(err)
	}
	return done.ID
}

func (r *rig) lead(n int) string {
	return r.act(control.Act{Do: "create", Values: map[string]string{"LastName": "L", "Company": "C", "NumberOfEmployees": fmt.Sprint(n), "OwnerId": r.queue}})
}

func (r *rig) leads() map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, record := range r.Look().Records["Lead"] {
		out[fmt.Sprint(record["Id"])] = record
	}
	return out
}

// all of a stream from a position on, page by page.
func (r *rig) all(stream crm.Stream, from crm.Position, each func(crm.Page)) crm.Position {
	r.t.Helper()
	for range 10_000 {
		page, err := r.Read(r.t.Context(), stream, from)
		if err != nil {
			r.t.Fatal(err)
		}
		each(page)
		if page.More && page.Next == from {
			r.t.Fatalf("no progress at %+v", from)
		}
		from = page.Next
		if !page.More {
			return from
		}
	}
	r.t.Fatal("the stream has no end")
	return from
}

func TestFakeDescribed(t *testing.T) {
	r := rigged(t)
	got, err := r.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Lacks) > 0 || !got.Owners[rep1Mail] || got.Owners["autoproc@acme.example"] || got.Account == "" {
		t.Errorf("lacks %v, owners %v, account %q", got.Lacks, got.Owners, got.Account)
	}
	for name, want := range map[string]crm.FieldType{
		"Handoff_Stage__c": crm.TypeOptions, "Handoff_Score__c": crm.TypeNumber, "Handoff_Due_At__c": crm.TypeTime, "Status": crm.TypeOptions,
		"Handoff_Id__c": crm.TypeText, "HasOptedOutOfEmail": crm.TypeBoolean,
	} {
		if f := got.Fields[name]; f.Type != want || f.ReadOnly {
			t.Errorf("%s is %+v, want %s", name, f, want)
		}
	}
	if got.Fields["Handoff_Id__c"].Shared || len(got.Fields["Handoff_Stage__c"].Options) != 14 {
		t.Errorf("%+v %+v", got.Fields["Handoff_Id__c"], got.Fields["Handoff_Stage__c"])
	}
	for _, option := range got.Fields["Status"].Options {
		if option == "Closed - Converted" {
			t.Error("a status that comes by conversion only can be written")
		}
	}
}

func TestFakeJWT(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	r := rigged(t, func(o *fake.Options, a *crm.Access) {
		o.ClientSecret, o.PublicKey, o.Username = "", &key.PublicKey, "handoff@acme.example"
		a.Secret = secrets(map[string]string{
			"clientId": "app", "username": "handoff@acme.example",
			"privateKey": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		})
	})
	if _, err := r.Describe(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFakePeopleAct(t *testing.T) {
	r := rigged(t)
	called, merged, into, converted, dropped := r.lead(1), r.lead(2), r.lead(3), r.lead(4), r.lead(5)
	r.pass(time.Minute)
	log := func(lead string, values map[string]string) string {
		return r.act(control.Act{Do: "log", Type: "Task", Of: []string{"Lead/" + lead}, Values: values})
	}
	call := log(called, map[string]string{"TaskSubtype": "Call", "CallType": "Outbound", "CallDisposition": "Connected", "OwnerId": r.user(rep1Mail)})
	lastCall := log(converted, map[string]string{"TaskSubtype": "Call", "OwnerId": r.user(rep1Mail)})
	r.act(control.Act{Do: "merge", ID: merged, Into: into})
	r.act(control.Act{Do: "convert", ID: converted, Values: map[string]string{"StageName": "Closed Won", "Amount": "500"}})
	r.act(control.Act{Do: "delete", ID: dropped})
	var touches, before []string
	r.all(crm.Tasks, crm.Position{}, func(p crm.Page) {
		for _, touch := range p.Touches {
			touches = append(touches, touch.ID)
			if touch.Rep != rep1Mail || !touch.Answered || touch.Records[0] != called || !touch.Time.Equal(r.now()) {
				t.Errorf("%+v", touch)
			}
		}
	})
	if diff := gocmp.Diff([]string{call}, touches); diff != "" {
		t.Errorf("touches (-want +got):\n%s", diff)
	}
	got := map[string]crm.Record{}
	r.all(crm.Leads, crm.Position{}, func(p crm.Page) {
		for _, record := range p.Records {
			got[record.ID] = record
		}
		for _, touch := range p.Touches {
			before = append(before, touch.ID)
		}
		if p.Gone[dropped] != crm.Deleted || p.Gone[merged] != crm.Deleted {
			t.Errorf("gone %v", p.Gone)
		}
	})
	if diff := gocmp.Diff([]string{lastCall}, before); diff != "" {
		t.Errorf("touches that are read with the leads: the call before the conversion, and no first call that a task tells of (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{merged}, got[into].Merged); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
	if c := got[converted]; c.Gone != crm.Converted || c.Deal == "" || !c.DealAt.Equal(r.now()) {
		t.Errorf("converted: %+v", c)
	}
	var deals []crm.Deal
	r.all(crm.Deals, crm.Position{}, func(p crm.Page) { deals = append(deals, p.Deals...) })
	want := []crm.Deal{{ID: got[converted].Deal, Records: []string{converted}, Modified: r.now(), State: "Won", Amount: 500}}
	if diff := gocmp.Diff(want, deals); diff != "" {
		t.Errorf("deals (-want +got):\n%s", diff)
	}
}

func (r *rig) user(email string) string {
	for id, is := range r.Look().Owners {
		if strings.EqualFold(is, email) {
			return id
		}
	}
	r.t.Fatalf("nobody is %s", email)
	return ""
}

// A change by a person is told from ours, also within one second.
func TestFakeHistory(t *testing.T) {
	r := rigged(t)
	id := r.lead(1)
	if w := r.write(crm.Write{Record: id, Owner: ptr(rep1Mail), Values: map[string]any{"Handoff_Stage__c": "MQL"}})[0]; w.Err != nil || w.Modified.IsZero() {
		t.Fatalf("%+v", w)
	}
	r.act(control.Act{Do: "set", ID: id, As: rep2Mail, Values: map[string]string{"OwnerId": r.user(rep2Mail), "Status": "Nurture"}})
	page, err := r.Fetch(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	type change struct {
		Field, Value string
		Ours         bool
	}
	var got []change
	for _, c := range page.Records[0].History {
		got = append(got, change{c.Field, c.Value, c.Ours})
	}
	want := []change{
		{"Handoff_Stage__c", "", false},
		{"owner", "", false},
		{"Status", "Open - Not Contacted", false},
		{"Handoff_Stage__c", "MQL", true},
		{"owner", rep1Mail, true},
		{"Status", "Nurture", false},
		{"owner", rep2Mail, false},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func (r *rig) write(writes ...crm.Write) []crm.Written {
	r.t.Helper()
	return r.Write(r.t.Context(), writes)
}

// A field that is removed under way is named, and holds up nobody who does not write it.
func TestFakeSchemaChanges(t *testing.T) {
	for _, perItem := range []bool{false, true} {
		r := rigged(t)
		one, two := r.lead(1), r.lead(2)
		if _, err := r.Describe(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Change(fake.Settings{Remove: []string{"Handoff_Missing__c", "Last_Form_At__c"}, PerItem: &perItem}); err != nil {
			t.Fatal(err)
		}
		got := r.write(
			crm.Write{Record: one, Values: map[string]any{"Handoff_Missing__c": "phone", "Handoff_Score__c": 1.0}},
			crm.Write{Record: two, Values: map[string]any{"Handoff_Score__c": 2.0}},
		)
		if diff := gocmp.Diff(error(&crm.RefusedError{Status: 400, Reason: "INVALID_FIELD on Handoff_Missing__c"}), got[0].Err); diff != "" || got[1].Err != nil {
			t.Errorf("per item %v: %v, %v", perItem, got[0].Err, got[1].Err)
		}
		_, err := r.Read(t.Context(), crm.Leads, crm.Position{})
		if diff := gocmp.Diff(error(&crm.RefusedError{Status: 400, Reason: "INVALID_FIELD on Last_Form_At__c"}), err); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestFakeRefuses(t *testing.T) {
	r := rigged(t)
	locked, converted, deleted, wrong, kept := r.lead(1), r.lead(2), r.lead(3), r.lead(4), r.lead(5)
	r.act(control.Act{Do: "convert", ID: converted})
	r.act(control.Act{Do: "delete", ID: deleted})
	if err := r.Change(fake.Settings{Lock: map[string]int{locked: 1}, Deactivate: []string{rep2Mail}}); err != nil {
		t.Fatal(err)
	}
	score := map[string]any{"Handoff_Score__c": 1.0}
	writes := []crm.Write{
		{Record: locked, Values: score},
		{Record: converted, Values: score},
		{Record: deleted, Values: score},
		{Record: wrong, Values: map[string]any{"Handoff_Stage__c": "Nowhere"}},
		{Record: kept, Values: score, Owner: ptr(rep2Mail)},
		{Record: kept, Values: score},
	}
	var got []string
	for _, w := range r.write(writes...) {
		got = append(got, fmt.Sprint(w.Err))
	}
	want := []string{
		"the CRM cannot write the record now (UNABLE_TO_LOCK_ROW)", "the record is Converted in the CRM", "the record is Deleted in the CRM",
		"the CRM refused the change with status 400 (INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST on Handoff_Stage__c): the same request would be refused again",
		"the CRM refused the change with status 400 (no active user has the rep's e-mail address, on OwnerId): the same request would be refused again", "<nil>",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A note is left once, whatever became of the answer.
func TestFakeNote(t *testing.T) {
	r := rigged(t)
	n := crm.Note{Record: r.lead(1), Key: "lead-1/set-back/1", Text: "The status was set back: it had no reason."}
	if err := r.Faults.Add(control.Rule{Method: "POST", Path: "composite", Kind: control.Drop, AfterWrite: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	var unavailable *crm.UnavailableError
	if err := r.Note(t.Context(), n); !errors.As(err, &unavailable) {
		t.Errorf("error %v, want an UnavailableError", err)
	}
	for range 2 {
		if err := r.Note(t.Context(), n); err != nil {
			t.Error(err)
		}
	}
	notes := r.Look().Records["Note"]
	if len(notes) != 1 || notes[0]["ParentId"] != n.Record || !strings.HasPrefix(fmt.Sprint(notes[0]["Body"]), n.Text) {
		t.Errorf("notes %v", notes)
	}
}

// The allowance of the day is told to the budget with each answer.
func TestFakeAllowance(t *testing.T) {
	used, limit := 90, 100
	r := rigged(t)
	if err := r.Change(fake.Settings{Used: &used, Limit: &limit}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last := r.budget.told[len(r.budget.told)-1]; last.DayLimit != 100 || last.DayRemaining != 100-90-r.budget.taken {
		t.Errorf("told %+v after %d requests", last, r.budget.taken)
	}
	for range 4 {
		if _, err := r.Describe(t.Context()); err == nil {
			continue
		}
		if last := r.budget.told[len(r.budget.told)-1]; last.Blocked != 5*time.Minute {
			t.Errorf("told %+v", last)
		}
		return
	}
	t.Error("the limit was never reached")
}
