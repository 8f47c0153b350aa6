// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

// What a person changed is told apart from what we wrote, also where our write came after it.
func TestAdapterTellsOurChangesFromOthers(t *testing.T) {
	r := open(t, nil)
	id := r.lead(nil)
	write := func(w crm.Write) {
		t.Helper()
		w.Record = id
		if got := r.system.Write(t.Context(), []crm.Write{w})[0]; got.Err != nil || got.Record != id || got.Modified.IsZero() {
			t.Fatalf("%+v", got)
		}
	}
	r.later(10 * time.Second)
	write(crm.Write{Values: map[string]any{"Handoff_Stage__c": "MQL"}, Owner: owner(rep1)})
	r.later(10 * time.Second)
	r.act(control.Act{As: rep1, Do: "set", Type: "Lead", ID: id, Values: map[string]string{"OwnerId": idOf(r, bo), "Handoff_Stage__c": "SAL"}})
	r.later(10 * time.Second)
	write(crm.Write{Values: map[string]any{"Handoff_Stage__c": "MQL"}, Owner: owner(rep1)})

	page, err := r.system.Fetch(t.Context(), []string{id})
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("%v, %d records", err, len(page.Records))
	}
	got := map[string][]string{}
	for _, c := range page.Records[0].History {
		got[c.Field] = append(got[c.Field], fmt.Sprintf("%s %t", c.Value, c.Ours))
	}
	want := map[string][]string{
		crm.OwnerField:     {"rep1@acme.example false", "bo.berg@acme.example false", "rep1@acme.example true"},
		"Handoff_Stage__c": {" false", "MQL true", "SAL false", "MQL true"},
	}
	for _, field := range []string{crm.OwnerField, "Handoff_Stage__c"} {
		if diff := cmp.Diff(want[field], got[field]); diff != "" {
			t.Errorf("%s: %s", field, diff)
		}
	}
	if page.Records[0].Owner != rep1 || page.Records[0].Modified.IsZero() {
		t.Errorf("%+v", page.Records[0])
	}
}

func idOf(r *rig, email string) string {
	for id, of := range r.fake.Look().Owners {
		if of == email {
			return id
		}
	}
	r.t.Fatalf("%s is no user", email)
	return ""
}

// What people did with a lead is told by who did it, each thing once; what is only planned, or no contact, is not.
func TestAdapterReadsTouches(t *testing.T) {
	r := open(t, nil)
	id := r.lead(nil)
	log := func(values map[string]string) string {
		r.later(5 * time.Second)
		return r.act(control.Act{As: rep1, Do: "log", Type: "Task", Of: []string{"Lead/" + id}, Values: values})
	}
	want := map[string]crm.Touch{}
	expect := func(task, channel, direction string, answered, twoWay bool) {
		want["tasks/"+task] = crm.Touch{
			Stream: crm.Tasks, ID: task, Records: []string{id}, Rep: rep1, Channel: channel, Direction: direction, Actor: "Human", Answered: answered, TwoWay: twoWay,
		}
	}
	expect(log(map[string]string{"TaskSubtype": "Call", "CallType": "Outbound", "CallDisposition": "Left Voicemail", "OwnerId": idOf(r, rep1)}), "Phone", "Outbound", false, false)
	expect(log(map[string]string{"TaskSubtype": "Call", "CallType": "Outbound", "CallDisposition": "Connected"}), "Phone", "Outbound", true, true)
	expect(log(map[string]string{"TaskSubtype": "Call", "CallType": "Inbound"}), "Phone", "Inbound", true, true)
	expect(log(map[string]string{"TaskSubtype": "Email", "Subject": "Hello"}), "Email", "Outbound", false, false)
	reply := log(map[string]string{"TaskSubtype": "Email", "Subject": "Re: Hello"})
	r.act(control.Act{Do: "create", Type: "EmailMessage", Values: map[string]string{"ActivityId": reply, "Incoming": "true"}})
	expect(reply, "Email", "Inbound", false, true)
	expect(log(map[string]string{"TaskSubtype": "LinkedIn"}), "Social", "Outbound", false, false)
	log(map[string]string{"Subject": "Tidy up"})                                                                                         // a to-do
	r.act(control.Act{Do: "create", Type: "Task", Of: []string{"Lead/" + id}, Values: map[string]string{"TaskSubtype": "Call"}})         // planned
	r.act(control.Act{Do: "log", Type: "Task", Values: map[string]string{"TaskSubtype": "Call"}})                                        // of nobody
	held := r.act(control.Act{Do: "create", Type: "Event", Of: []string{"Lead/" + id}, Values: meeting(r.now().Add(-time.Hour))})        // over
	ahead := r.act(control.Act{Do: "create", Type: "Event", Of: []string{"Lead/" + id}, Values: meeting(r.now().Add(30 * time.Minute))}) // not yet
	want["meetings/"+held] = crm.Touch{Stream: crm.Meetings, ID: held, Records: []string{id}, Rep: rep1, Channel: "Meeting", Direction: "Outbound", Actor: "Human", TwoWay: true}

	compare := func(s *seen) {
		t.Helper()
		got := map[string]crm.Touch{}
		for key, touch := range s.touches {
			if touch.Time.IsZero() || touch.Logged.IsZero() {
				t.Errorf("%s has no time: %+v", key, touch)
			}
			touch.Time, touch.Logged = time.Time{}, time.Time{}
			got[key] = touch
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	s := newSeen()
	r.pass(s, nil)
	compare(s)
	r.pass(s, nil)
	compare(s)

	// A meeting is over without anybody touching its record.
	r.later(2 * time.Hour)
	want["meetings/"+ahead] = crm.Touch{Stream: crm.Meetings, ID: ahead, Records: []string{id}, Rep: rep1, Channel: "Meeting", Direction: "Outbound", Actor: "Human", TwoWay: true}
	r.pass(s, nil)
	compare(s)
}

func meeting(at time.Time) map[string]string {
	return map[string]string{"StartDateTime": at.UTC().Format(time.RFC3339), "DurationInMinutes": "30", "Subject": "Demo"}
}

// A conversion takes the lead's activities to its contact. What was not read by then is read all the same, and the lead is written no more.
func TestAdapterFollowsAConversion(t *testing.T) {
	r := open(t, nil)
	id := r.lead(nil)
	s := newSeen()
	r.pass(s, nil)
	r.later(time.Minute)
	call := r.act(control.Act{Do: "log", Type: "Task", Of: []string{"Lead/" + id}, Values: map[string]string{"TaskSubtype": "Call", "CallType": "Outbound"}})
	r.later(time.Minute)
	r.act(control.Act{Do: "convert", Type: "Lead", ID: id, Values: map[string]string{"Amount": "5000"}})
	at := r.now()
	r.pass(s, nil)
	record := s.records[id]
	if record.Gone != crm.Converted || record.Deal == "" || record.DealAt.Sub(at).Abs() > 2*time.Second {
		t.Errorf("%+v", record)
	}
	if touch := s.touches["tasks/"+call]; !slices.Equal(touch.Records, []string{id}) || touch.Channel != "Phone" {
		t.Errorf("the call before the conversion: %+v of %v", touch, s.touches)
	}
	if deal := s.deals[record.Deal]; deal.State != "Open" || deal.Amount != 5000 || !slices.Equal(deal.Records, []string{id}) {
		t.Errorf("%+v", deal)
	}
	var gone *crm.GoneError
	if got := r.system.Write(t.Context(), []crm.Write{{Record: id, Values: map[string]any{"Handoff_Score__c": 1.0}}})[0]; !errors.As(got.Err, &gone) || gone.Gone != crm.Converted {
		t.Errorf("%v", got.Err)
	}
	r.later(time.Minute)
	r.act(control.Act{Do: "set", Type: "Opportunity", ID: record.Deal, Values: map[string]string{"StageName": "Closed Won", "Amount": "7000"}})
	r.pass(s, nil)
	if deal := s.deals[record.Deal]; deal.State != "Won" || deal.Amount != 7000 || !slices.Equal(deal.Records, []string{id}) {
		t.Errorf("%+v", deal)
	}
}

func TestAdapterFollowsMergersAndDeletions(t *testing.T) {
	r := open(t, nil)
	first, second, third, gone, left := r.lead(nil), r.lead(nil), r.lead(nil), r.lead(nil), r.lead(nil)
	s := newSeen()
	r.pass(s, nil)
	r.later(time.Minute)
	r.act(control.Act{Do: "merge", Type: "Lead", ID: first, Into: second})
	r.act(control.Act{Do: "merge", Type: "Lead", ID: second, Into: third})
	r.act(control.Act{Do: "delete", Type: "Lead", ID: gone})
	r.pass(s, nil)
	if merged := s.records[third].Merged; !slices.Contains(merged, second) || !slices.Contains(merged, first) {
		t.Errorf("%s took in %v, want %s and %s", third, merged, second, first)
	}
	for _, id := range []string{first, second, gone} {
		if s.gone[id] != crm.Deleted {
			t.Errorf("%s is %q", id, s.gone[id])
		}
	}
	page, err := r.system.Fetch(t.Context(), []string{left, gone, "00QHd000000zzzzMAA"})
	if err != nil || len(page.Records) != 1 || page.Gone[gone] != crm.Deleted || page.Gone["00QHd000000zzzzMAA"] != crm.Deleted {
		t.Errorf("%v: %d records, gone %v", err, len(page.Records), page.Gone)
	}
	for i, got := range r.system.Write(t.Context(), []crm.Write{
		{Record: gone, Values: map[string]any{"Handoff_Score__c": 1.0}},
		{Record: left, Values: map[string]any{"Handoff_Score__c": 1.0}},
		{Record: first, Values: map[string]any{"Handoff_Score__c": 1.0}},
	}) {
		var of *crm.GoneError
		if deleted := errors.As(got.Err, &of) && of.Gone == crm.Deleted; deleted != (i != 1) || i == 1 && got.Err != nil {
			t.Errorf("write %d: %v", i, got.Err)
		}
	}
}

// Owners that are no rep are told as they are, and a rep who cannot own a lead spoils no other's.
func TestAdapterAndOwners(t *testing.T) {
	r := open(t, nil)
	r.fake.SeedLeads(1)
	s := newSeen()
	r.pass(s, nil)
	for _, record := range s.records {
		if record.Owner != "" || record.OwnerUnknown != r.fake.Look().Queue {
			t.Errorf("of a queue: %q, %q", record.Owner, record.OwnerUnknown)
		}
	}
	a, b := r.lead(nil), r.lead(nil)
	r.set(salesforce.Settings{Deactivate: []string{bo}})
	got := r.system.Write(t.Context(), []crm.Write{{Record: a, Owner: owner(rep1)}, {Record: b, Owner: owner(bo)}})
	var refused *crm.RefusedError
	if got[0].Err != nil || !errors.As(got[1].Err, &refused) {
		t.Errorf("%v, %v", got[0].Err, got[1].Err)
	}
}
