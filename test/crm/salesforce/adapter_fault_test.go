// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
	"github.com/handoff-sla/handoff/test/crm/salesforce"
)

const api = "^/services/data/"

// Storms are what an org may do to whoever uses it, all of it again and again.
//
// They strike by chance, and not each n-th request: what takes n requests would never get on.
func storms() map[string][]control.Rule {
	status := func(status int, percent float64) control.Rule {
		return control.Rule{Kind: control.Status, Status: status, Percent: percent, Seed: uint64(status), Path: api}
	}
	done := control.Rule{Kind: control.Drop, AfterWrite: true, Percent: 10, Seed: 1, Path: api}
	lost := status(http.StatusBadGateway, 10)
	lost.AfterWrite = true
	parts := control.Rule{Kind: control.Partial, ItemEvery: 3, Percent: 50, Seed: 4, Path: "/composite/sobjects"}
	return map[string][]control.Rule{
		"errors of the server":  {status(http.StatusServiceUnavailable, 10), status(http.StatusInternalServerError, 5)},
		"too many at once":      {status(http.StatusForbidden, 10), status(http.StatusTooManyRequests, 5)},
		"connections break":     {{Kind: control.Drop, Percent: 15, Seed: 2, Path: api}},
		"and after it was done": {done, lost},
		"nobody answers":        {{Kind: control.Hang, AfterWrite: true, Percent: 15, Seed: 3, Path: api}},
		"sessions end":          {{Kind: control.Status, Status: http.StatusUnauthorized, Every: 4, Path: api}},
		"nobody may log in":     {{Kind: control.Status, Status: http.StatusServiceUnavailable, Percent: 70, Seed: 5, Path: "oauth2/token"}},
		"parts of a batch":      {parts},
		"everything":            {done, lost, parts, status(http.StatusServiceUnavailable, 5), {Kind: control.Hang, AfterWrite: true, Percent: 1, Seed: 6, Path: api}},
	}
}

// weather is what else happens: sessions end, unless that is the storm (a token that is refused when it is new is no credential), and with them the
// queries that were begun.
func (r *rig) weather(storm string) {
	if storm != "sessions end" {
		r.set(salesforce.Settings{ExpireTokens: true})
	}
	r.set(salesforce.Settings{DropLocators: true})
}

func TestAdapterLosesNothingInStorms(t *testing.T) {
	rules := storms()
	delete(rules, "parts of a batch") // reads are in none
	for name, storm := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, func(o *salesforce.Options) { o.Page = 100 })
			r.fake.SeedLeads(700)
			r.faults(storm...)
			r.impatient(storm)
			s := newSeen()
			r.pass(s, func(n int) {
				if n%3 == 0 {
					r.weather(name)
				}
			})
			r.complete(s)
			if r.fake.Faults.Struck()[""] == 0 {
				t.Error("no fault struck")
			}
		})
	}
}

// owner is a rep.
func owner(email string) *string { return &email }

// plan is what is to be written: fields and owners into records that are there, and records that are not.
func (r *rig) plan(n int) []crm.Write {
	var out []crm.Write
	for i := range n {
		w := crm.Write{
			Values: map[string]any{
				"Handoff_Score__c": float64(i), "Handoff_Stage__c": "MQL", "Handoff_Revision__c": "r1", "Handoff_Attempts__c": 0.0,
				"Handoff_Due_At__c": time.Date(2026, 11, 23, 10, 0, i%60, 0, time.UTC), "Handoff_Missing__c": nil,
			},
			Owner: owner([]string{rep1, bo}[i%2]),
		}
		if i%3 == 0 {
			w.Match = &crm.Match{Field: "Handoff_Id__c", Value: fmt.Sprintf("Web-%d", i), Values: map[string]any{"LastName": "Sample", "Company": fmt.Sprintf("Company %d", i)}}
		} else {
			w.Record = r.lead(map[string]string{"Company": fmt.Sprintf("Company %d", i)})
		}
		out = append(out, w)
	}
	return out
}

// push writes until everything is acknowledged, as the writer does: what failed for now is written again.
func (r *rig) push(writes []crm.Write, each func()) (records []string, failed int) {
	r.t.Helper()
	records = make([]string, len(writes))
	left := make([]int, len(writes))
	for i := range left {
		left[i] = i
	}
	for round := 0; len(left) > 0; round++ {
		if each != nil {
			each()
		}
		if round > mostFailures {
			r.t.Fatalf("%d writes do not get on", len(left))
		}
		var again []int
		for from := 0; from < len(left); from += r.system.MaxWrites() {
			part := left[from:min(from+r.system.MaxWrites(), len(left))]
			batch := make([]crm.Write, 0, len(part))
			for _, i := range part {
				batch = append(batch, writes[i])
			}
			for n, written := range r.system.Write(r.t.Context(), batch) {
				if written.Err != nil {
					r.unavailable(written.Err)
					again = append(again, part[n])
					failed++
					continue
				}
				records[part[n]] = written.Record
			}
		}
		left = again
	}
	return records, failed
}

// holds says whether the fake has what was to be written, once.
func (r *rig) holds(writes []crm.Write, records []string) {
	r.t.Helper()
	state := r.fake.Look()
	leads := r.records("Lead")
	if len(leads) != len(writes) {
		r.t.Errorf("%d leads, want %d: some were made twice, or not at all", len(leads), len(writes))
	}
	if len(state.Reassigned) > 0 {
		r.t.Errorf("an assignment rule took %d leads", len(state.Reassigned))
	}
	wrong := 0
	for i, w := range writes {
		record := leads[records[i]]
		if record["Handoff_Score__c"] != float64(i) || record["Handoff_Stage__c"] != "MQL" || record["Company"] != fmt.Sprintf("Company %d", i) ||
			record["Handoff_Due_At__c"] != time.Date(2026, 11, 23, 10, 0, i%60, 0, time.UTC).Format("2006-01-02T15:04:05.000+0000") ||
			state.Owners[fmt.Sprint(record["OwnerId"])] != *w.Owner || w.Match != nil && record["Handoff_Id__c"] != w.Match.Value {
			wrong++
			r.t.Logf("write %d, record %q: %v", i, records[i], record)
		}
	}
	if wrong > 0 {
		r.t.Errorf("%d leads do not say what was written", wrong)
	}
	done := map[string]int{}
	for _, w := range r.fake.Log.Writes() {
		if w.By == "token" {
			done[w.ID]++
		}
	}
	for id, n := range done {
		if n > 1 {
			r.t.Errorf("%s was changed %d times", id, n)
		}
	}
}

func TestAdapterWritesOnceInStorms(t *testing.T) {
	rules := storms()
	rules["good weather"] = nil
	for name, storm := range rules {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, nil)
			writes := r.plan(450)
			r.faults(storm...)
			r.impatient(storm)
			records, failed := r.push(writes, func() { r.weather(name) })
			r.holds(writes, records)
			if name == "good weather" && failed > 0 {
				t.Errorf("%d failed", failed)
			}
			if struck := r.fake.Faults.Struck()[""]; storm != nil && struck == 0 {
				t.Error("no fault struck")
			}
		})
	}
}

// The allowance of the day is used up in the middle of everything: nothing is lost, and Handoff is told how long to keep away.
func TestAdapterWithoutAllowance(t *testing.T) {
	r := open(t, nil)
	writes := r.plan(250)
	if _, err := r.system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := r.fake.Look()
	nearly := look.Limit - 3
	r.set(salesforce.Settings{Used: &nearly})
	results := r.system.Write(t.Context(), writes[:200])
	refused := 0
	for _, w := range results {
		if w.Err != nil {
			r.unavailable(w.Err)
			refused++
		}
	}
	_, err := r.system.Read(t.Context(), crm.Leads, crm.Position{})
	var of *crm.UnavailableError
	if !errors.As(err, &of) || of.After == 0 {
		t.Errorf("%v, want one that says how long to wait", err)
	}
	if a := r.budget.last(); a.Blocked == 0 && (a.DayLimit == 0 || a.DayRemaining > 0) {
		t.Errorf("the budget was told %+v", a)
	}
	none := 0
	r.set(salesforce.Settings{Used: &none})
	records, _ := r.push(writes, nil)
	r.holds(writes, records)
	if a := r.budget.last(); a.DayLimit != look.Limit || a.DayRemaining >= look.Limit || a.DayRemaining < look.Limit-100 {
		t.Errorf("the budget was told %+v", a)
	}
}

// A field goes while leads are written: those that have it are refused by its name, the others are written.
func TestAdapterWhileTheSchemaChanges(t *testing.T) {
	for _, perItem := range []bool{false, true} {
		t.Run(fmt.Sprintf("per item %t", perItem), func(t *testing.T) {
			r := open(t, nil)
			writes := make([]crm.Write, 60)
			for i := range writes {
				writes[i] = crm.Write{Record: r.lead(nil), Values: map[string]any{"Handoff_Revision__c": "r1"}}
				if i%4 == 0 {
					writes[i].Values["Handoff_Score__c"] = 5.0
				}
				if i == 7 {
					writes[i].Values["Handoff_Reason__c"] = "Whim"
				}
			}
			if _, err := r.system.Describe(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.set(salesforce.Settings{Remove: []string{"Handoff_Score__c"}, PerItem: &perItem})
			for i, w := range r.system.Write(t.Context(), writes) {
				var refused *crm.RefusedError
				switch {
				case i%4 == 0 && (!errors.As(w.Err, &refused) || !strings.Contains(refused.Reason, "Handoff_Score__c")):
					t.Errorf("write %d with the field: %v", i, w.Err)
				case i == 7 && (!errors.As(w.Err, &refused) || !strings.Contains(refused.Reason, "Handoff_Reason__c") || strings.Contains(refused.Reason, "Whim")):
					t.Errorf("write %d with a value that is none: %v", i, w.Err)
				case i%4 != 0 && i != 7 && w.Err != nil:
					t.Errorf("write %d without the field: %v", i, w.Err)
				}
			}
			var refused *crm.RefusedError
			_, err := r.system.Read(t.Context(), crm.Leads, crm.Position{})
			if !errors.As(err, &refused) || refused.Status != http.StatusBadRequest || !strings.Contains(refused.Reason, "Handoff_Score__c") {
				t.Errorf("a read: %v", err)
			}
			r.set(salesforce.Settings{Fields: []salesforce.Field{{Name: "Handoff_Score__c", Type: "double"}}})
			s := newSeen()
			r.pass(s, nil)
			r.complete(s)
		})
	}
}

// What is read in several pages at once is begun anew when the rest of it is gone, and if that happens again, it is tried again later.
func TestAdapterWhoseQueriesAreForgotten(t *testing.T) {
	r := open(t, func(o *salesforce.Options) {
		o.Page = 10
		for i := range 25 {
			o.Reps = append(o.Reps, fmt.Sprintf("user%d@acme.example", i))
		}
	})
	r.set(salesforce.Settings{LosePages: 1})
	schema, err := r.system.Describe(t.Context())
	if err != nil || len(schema.Owners) != 29 {
		t.Errorf("%v, %d owners", err, len(schema.Owners))
	}
	r.set(salesforce.Settings{LosePages: 9})
	_, err = r.system.Describe(t.Context())
	r.unavailable(err)
}

// A note is left once, whatever became of the answer.
func TestAdapterNotesOnceInStorms(t *testing.T) {
	r := open(t, nil)
	id := r.lead(nil)
	if _, err := r.system.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.faults(control.Rule{Kind: control.Drop, AfterWrite: true, Times: 2, Method: "POST", Path: "/composite/sobjects"},
		control.Rule{Kind: control.Status, Status: 503, Every: 3, Path: api})
	for key := range 4 {
		n := crm.Note{Record: id, Key: fmt.Sprintf("undo-%d-%s", key, strings.Repeat("x", 30*key)), Text: "The stage was set back."}
		for left, tries := 3, 0; left > 0; tries++ { // it is asked for three times
			if tries > mostFailures {
				t.Fatal("a note does not get on")
			}
			err := r.system.Note(t.Context(), n)
			if err == nil {
				left--
				continue
			}
			r.unavailable(err)
		}
	}
	titles := map[string]int{}
	for _, note := range r.records("Note") {
		titles[fmt.Sprint(note["Title"])]++
		if body := fmt.Sprint(note["Body"]); note["ParentId"] != id || !strings.Contains(body, "The stage was set back.") || !strings.Contains(body, "undo-") {
			t.Errorf("%v", note)
		}
	}
	if len(titles) != 4 || len(r.records("Note")) != 4 {
		t.Errorf("notes: %v", titles)
	}
}
