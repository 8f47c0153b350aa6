// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
)

// Whatever goes wrong, who tries again has written everything in the end, nothing twice, and no lead was given to somebody else.
func TestFakeFaults(t *testing.T) {
	for name, faults := range map[string][]control.Rule{
		"none":        nil,
		"5xx":         {{Path: "composite|query", Kind: control.Status, Status: 503, Times: 6, Every: 2}},
		"storm":       {{Method: "PATCH", Kind: control.Status, Status: 429, Times: 5}},
		"limit":       {{Method: "PATCH", Kind: control.Status, Status: 403, Times: 3}},
		"lost answer": {{Method: "PATCH", Kind: control.Drop, AfterWrite: true, Times: 3}},
		"lost":        {{Method: "PATCH", Kind: control.Drop, Times: 3}},
		"partly":      {{Method: "PATCH", Kind: control.Partial, ItemEvery: 3, Times: 4}},
		"sessions":    {{Path: "composite|query", Kind: control.Status, Status: 401, Every: 3, Times: 8}},
		"everything": {
			{Method: "PATCH", Kind: control.Drop, AfterWrite: true, Percent: 20, Seed: 1, Times: 9},
			{Method: "PATCH", Kind: control.Partial, ItemEvery: 2, Percent: 40, Seed: 2, Times: 9},
			{Path: "composite|query", Kind: control.Status, Status: 500, Percent: 30, Seed: 3, Times: 9},
			{Path: "token", Kind: control.Status, Status: 503, Times: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rigged(t)
			pending := map[int]crm.Write{}
			for n := range 50 {
				pending[n] = crm.Write{Record: r.lead(n), Owner: ptr([]string{rep1Mail, rep2Mail}[n%2]), Values: map[string]any{"Handoff_Score__c": float64(n), "Handoff_Stage__c": "MQL"}}
			}
			for n := 50; n < 60; n++ {
				key := fmt.Sprintf("lead-%d", n)
				pending[n] = crm.Write{Owner: ptr(rep1Mail), Values: map[string]any{"Handoff_Score__c": float64(n)}, Match: &crm.Match{
					Field: "Handoff_Id__c", Value: key, Values: map[string]any{"LastName": "New", "Company": "New"},
				}}
			}
			r.Log.Clear()
			if err := r.Faults.Add(faults...); err != nil {
				t.Fatal(err)
			}
			for round := 0; len(pending) > 0; round++ {
				if round == 30 {
					t.Fatalf("%d are still not written", len(pending))
				}
				var order []int
				var writes []crm.Write
				for n, w := range pending {
					order, writes = append(order, n), append(writes, w)
				}
				for i, w := range r.write(writes...) {
					var unavailable *crm.UnavailableError
					switch {
					case w.Err == nil:
						delete(pending, order[i])
					case !errors.As(w.Err, &unavailable):
						t.Fatalf("write %d: %v", order[i], w.Err)
					}
				}
			}
			r.settled(60)
		})
	}
}

// settled checks that all leads are as they were to be, each written once.
func (r *rig) settled(want int) {
	r.t.Helper()
	state := r.Look()
	if len(state.Reassigned) > 0 {
		r.t.Errorf("assignment rules took %d leads", len(state.Reassigned))
	}
	leads := r.leads()
	if len(leads) != want {
		r.t.Errorf("%d leads, want %d", len(leads), want)
	}
	scores := map[any]bool{}
	for id, lead := range leads {
		scores[lead["Handoff_Score__c"]] = true
		if owner := state.Owners[fmt.Sprint(lead["OwnerId"])]; owner != rep1Mail && owner != rep2Mail {
			r.t.Errorf("%s is owned by %q", id, owner)
		}
	}
	if len(scores) != want {
		r.t.Errorf("%d scores, want %d", len(scores), want)
	}
	written := map[string]int{}
	for _, w := range r.Log.Writes() {
		written[w.ID]++
	}
	for id, n := range written {
		if n != 1 {
			r.t.Errorf("%s was changed %d times", id, n)
		}
	}
}
