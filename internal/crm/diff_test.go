// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/crm"
)

var (
	diffMapping = crm.Mapping{Fields: crm.Fields{
		Stage: "lifecycle", Status: "lead_status", Reason: "sla_reason", Score: "sla_score", Due: "sla_due", Missing: "sla_missing",
	}, OptOut: "opted_out", Stages: map[string]string{"Inquiry": "lead", "MQL": "mql", "SAL": "sal"}}
	early = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)
	late  = early.Add(time.Hour)
)

const (
	repA = "a@acme.example"
	repB = "b@acme.example"
)

func TestDiff(t *testing.T) {
	type values = map[string]any
	type texts = map[string]string
	for name, c := range map[string]struct {
		values values
		owner  string
		known  crm.Known
		want   crm.Write
		wrote  texts
	}{
		"a new record is told everything that it does not say": {
			values: values{"lifecycle": "mql", "sla_score": 70.0, "sla_missing": nil, "sla_due": late}, owner: repA,
			known: crm.Known{Record: "1", Seen: texts{"stage": "lead"}},
			want: crm.Write{
				Record: "1", Owner: new(repA), Values: values{"lifecycle": "mql", "sla_score": 70.0, "sla_due": late}, Was: values{"lifecycle": "lead"},
			},
			wrote: texts{"stage": "mql", "sla_score": "70", "sla_due": "2027-01-04T13:00:00Z", "owner": repA},
		},
		"a customer from before us stays one as long as the lead has merely come in": {
			values: values{"lifecycle": "lead", "sla_score": 5.0}, known: crm.Known{Record: "1", Seen: texts{"stage": "customer"}},
			want: crm.Write{Record: "1", Values: values{"sla_score": 5.0}}, wrote: texts{"sla_score": "5"},
		},
		"who has no stage yet gets the first one": {
			values: values{"lifecycle": "lead"}, known: crm.Known{Record: "1"},
			want: crm.Write{Record: "1", Values: values{"lifecycle": "lead"}}, wrote: texts{"stage": "lead"},
		},
		"what we wrote before is taken back to the first one": {
			values: values{"lifecycle": "lead"}, known: crm.Known{Record: "1", Seen: texts{"stage": "mql"}, Wrote: texts{"stage": "mql"}, Modified: early, WroteAt: late},
			want: crm.Write{Record: "1", Values: values{"lifecycle": "lead"}, Was: values{"lifecycle": "mql"}}, wrote: texts{"stage": "lead"},
		},
		"what it says already is left alone, and known": {
			values: values{"lifecycle": "mql", "lead_status": "Nurture"}, owner: repA,
			known: crm.Known{Record: "1", Seen: texts{"stage": "mql", "status": "Nurture", "owner": repA}},
			want:  crm.Write{Record: "1"}, wrote: texts{"stage": "mql", "status": "Nurture", "owner": repA},
		},
		"what was told is not told again": {
			values: values{"lifecycle": "mql", "sla_score": 70.0, "sla_due": nil}, owner: repA,
			known: crm.Known{Record: "1", Wrote: texts{"stage": "mql", "sla_score": "70", "sla_due": "", "owner": repA}},
			want:  crm.Write{Record: "1"}, wrote: texts{},
		},
		"a change is told, with what was there": {
			values: values{"lifecycle": "sal", "sla_score": 71.5, "sla_due": nil}, owner: repB,
			known: crm.Known{
				Record: "1", Seen: texts{"stage": "mql", "owner": repA}, Modified: early, WroteAt: late,
				Wrote: texts{"stage": "mql", "sla_score": "70", "sla_due": "2027-01-04T13:00:00Z", "owner": repA},
			},
			want: crm.Write{
				Record: "1", Owner: new(repB), Values: values{"lifecycle": "sal", "sla_score": 71.5, "sla_due": nil},
				Was: values{"lifecycle": "mql", "sla_score": "70", "sla_due": "2027-01-04T13:00:00Z"},
			},
			wrote: texts{"stage": "sal", "sla_score": "71.5", "sla_due": "", "owner": repB},
		},
		"what a person did that the ledger has taken up is there already": {
			values: values{"lead_status": "Nurture", "sla_reason": "BadTiming"}, owner: repB,
			known: crm.Known{
				Record: "1", Modified: late, WroteAt: early, Seen: texts{"status": "Nurture", "reason": "BadTiming", "owner": repB},
				Wrote: texts{"status": "Open", "owner": repA},
			},
			want: crm.Write{Record: "1"}, wrote: texts{"status": "Nurture", "reason": "BadTiming", "owner": repB},
		},
		"an owner who was seen before another one was written is written again": {
			owner: repA,
			known: crm.Known{Record: "1", Modified: early, WroteAt: late, Seen: texts{"owner": repA}, Wrote: texts{"owner": repB}},
			want:  crm.Write{Record: "1", Owner: new(repA)}, wrote: texts{"owner": repA},
		},
		"no owner is never written": {
			known: crm.Known{Record: "1", Seen: texts{"owner": repA}}, want: crm.Write{Record: "1"}, wrote: texts{},
		},
		"a stage that a person moved is left alone until the ledger's moves": {
			values: values{"lifecycle": "mql"},
			known: crm.Known{
				Record: "1", Modified: late, WroteAt: early, Diverged: late, Seen: texts{"stage": "customer"}, Wrote: texts{"stage": "mql"},
			},
			want: crm.Write{Record: "1"}, wrote: texts{},
		},
		"when it moves, it is known from where, whatever was written since": {
			values: values{"lifecycle": "sal"},
			known: crm.Known{
				Record: "1", Modified: early, WroteAt: late, Diverged: early, Seen: texts{"stage": "customer"}, Wrote: texts{"stage": "mql"},
			},
			want:  crm.Write{Record: "1", Values: values{"lifecycle": "sal"}, Was: values{"lifecycle": "customer"}},
			wrote: texts{"stage": "sal"},
		},
		"what is to be set back is written though it was before": {
			values: values{"lifecycle": "mql"},
			known: crm.Known{
				Record: "1", Modified: early, WroteAt: late, Restore: texts{"lifecycle": "mql", "lead_status": "", "sla_reason": "BadTiming"},
				Seen: texts{"stage": "customer", "status": "Unqualified"}, Wrote: texts{"stage": "mql", "status": "Open"},
			},
			want: crm.Write{
				Record: "1", Values: values{"lifecycle": "mql", "lead_status": nil, "sla_reason": "BadTiming"},
				Was: values{"lifecycle": "customer", "lead_status": "Unqualified"},
			},
			wrote: texts{"stage": "mql", "status": "", "reason": "BadTiming"},
		},
		"what the ledger says by now is set back to, not what it said": {
			values: values{"lifecycle": "sal"},
			known:  crm.Known{Record: "1", Restore: texts{"lifecycle": "mql"}, Seen: texts{"stage": "customer"}, Wrote: texts{"stage": "mql"}},
			want:   crm.Write{Record: "1", Values: values{"lifecycle": "sal"}, Was: values{"lifecycle": "customer"}}, wrote: texts{"stage": "sal"},
		},
		"where it says nothing, it is set back to what was": {
			values: values{"lead_status": nil},
			known:  crm.Known{Record: "1", Restore: texts{"lead_status": "New"}, Seen: texts{"status": "Unqualified"}},
			want:   crm.Write{Record: "1", Values: values{"lead_status": "New"}, Was: values{"lead_status": "Unqualified"}}, wrote: texts{"status": "New"},
		},
		"a record that is to be made is told everything": {
			values: values{"lifecycle": "mql", "sla_missing": nil}, owner: repA,
			want:  crm.Write{Owner: new(repA), Values: values{"lifecycle": "mql"}},
			wrote: texts{"stage": "mql", "owner": repA},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, wrote := crm.Diff(c.values, c.owner, c.known, diffMapping)
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("write (-want +got):\n%s", diff)
			}
			maps.DeleteFunc(wrote, func(key, _ string) bool { return strings.HasPrefix(key, "~in.") }) // see TestFieldsThatAreOthersNow
			if diff := cmp.Diff(c.wrote, wrote); diff != "" {
				t.Errorf("wrote (-want +got):\n%s", diff)
			}
			if empty := len(c.want.Values) == 0 && c.want.Owner == nil; got.Empty() != empty {
				t.Errorf("empty: %t", got.Empty())
			}
		})
	}
}

// A field that the mapping names anew was never told, whatever its predecessor holds; what a person wrote into one that stays is left alone.
func TestFieldsThatAreOthersNow(t *testing.T) {
	values := map[string]any{"lifecycle": "mql", "lead_status": "Nurture", "sla_reason": "BadTiming"}
	known := crm.Known{Record: "1", Seen: map[string]string{}}
	_, known.Wrote = crm.Diff(values, repA, known, diffMapping)
	known.Modified, known.WroteAt, known.Seen = late, early, map[string]string{"owner": repA, "status": "by hand", "reason": "BadTiming"}
	m := diffMapping
	m.Fields.Stage, m.Fields.Reason = "sla_stage", "sla_code"
	w, wrote := crm.Diff(map[string]any{"sla_stage": "mql", "lead_status": "Nurture", "sla_code": "BadTiming"}, repA, known, m)
	want := crm.Write{Record: "1", Values: map[string]any{"sla_stage": "mql"}} // the code was seen there
	if diff := cmp.Diff(want, w, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("write (-want +got):\n%s", diff)
	}
	maps.Copy(known.Wrote, wrote)
	if w, _ := crm.Diff(map[string]any{"sla_stage": "mql", "lead_status": "Nurture", "sla_code": "BadTiming"}, repA, known, m); !w.Empty() {
		t.Errorf("written again: %+v", w)
	}
	if w, _ := crm.Diff(values, repA, known, diffMapping); len(w.Values) != 1 || w.Values["lifecycle"] != "mql" { // and back
		t.Errorf("the field of before has what the agreement said then: %+v", w)
	}
}

// A field may be called as Known calls what it holds.
func TestFieldWithANameOfOurs(t *testing.T) {
	known := crm.Known{Record: "1", Seen: map[string]string{}}
	_, known.Wrote = crm.Diff(map[string]any{"lifecycle": "mql"}, repA, known, diffMapping)
	m := diffMapping
	m.Fields.Stage = crm.SeenStage
	w, wrote := crm.Diff(map[string]any{crm.SeenStage: "mql"}, repA, known, m)
	if diff := cmp.Diff(map[string]any{crm.SeenStage: "mql"}, w.Values); diff != "" {
		t.Errorf("write (-want +got):\n%s", diff)
	}
	maps.Copy(known.Wrote, wrote)
	if w, wrote := crm.Diff(map[string]any{crm.SeenStage: "mql"}, repA, known, m); !w.Empty() || len(wrote) > 0 {
		t.Errorf("written again: %+v, %v", w, wrote)
	}
}

// Of what was written before it was noted into which field, that is noted as soon as the lead is told of again, and once.
func TestFieldsThatWereNotNoted(t *testing.T) {
	values := map[string]any{"lifecycle": "mql", "sla_score": 70.0}
	known := crm.Known{Record: "1", Seen: map[string]string{}, Wrote: map[string]string{"stage": "mql", "sla_score": "70", "owner": repA}}
	w, wrote := crm.Diff(values, repA, known, diffMapping)
	if !w.Empty() {
		t.Errorf("written: %+v", w)
	}
	maps.Copy(known.Wrote, wrote)
	if _, wrote := crm.Diff(values, repA, known, diffMapping); len(wrote) > 0 {
		t.Errorf("noted again: %v", wrote)
	}
	m := diffMapping
	m.Fields.Stage = "sla_stage"
	w, _ = crm.Diff(map[string]any{"sla_stage": "mql", "sla_score": 70.0}, repA, known, m)
	if diff := cmp.Diff(map[string]any{"sla_stage": "mql"}, w.Values); diff != "" {
		t.Errorf("the field that was never told (-want +got):\n%s", diff)
	}
}

// record is one of a CRM, and what the ledger knows of it.
type record struct {
	at    time.Time
	holds map[string]string // by the CRM's names; owner under OwnerField
	known crm.Known
}

var seenNames = map[string]string{
	"lifecycle": crm.SeenStage, "lead_status": crm.SeenStatus, "sla_reason": crm.SeenReason, "opted_out": crm.SeenOptOut, crm.OwnerField: crm.SeenOwner,
}

// take is what the CRM does with a write, and the ledger after its acknowledgement.
func (r *record) take(w crm.Write, wrote map[string]string) {
	if !w.Empty() {
		r.at = r.at.Add(time.Second)
		r.known.WroteAt = r.at
	}
	for field, value := range w.Values {
		r.holds[field] = crm.Text(value)
	}
	if w.Owner != nil {
		r.holds[crm.OwnerField] = *w.Owner
	}
	maps.Copy(r.known.Wrote, wrote)
	r.known.Restore = nil
}

// read is what the ledger does when the record was read.
func (r *record) read() {
	r.known.Modified = r.at
	for field, name := range seenNames {
		r.known.Seen[name] = r.holds[field]
	}
}

// Whatever people, the ledger and the reader do in whatever order: once what is to be written was written, there is nothing to write; whether it was read
// back or not; and the record says all that the ledger wants it to say, unless a person has changed it since, which is for the reader to decide about.
func TestDiffSettles(t *testing.T) {
	random := rand.New(rand.NewPCG(20270104, 6))
	one := func(of ...string) string { return of[random.IntN(len(of))] }
	written := 0
	for range 2000 {
		r := record{
			at: early, holds: map[string]string{},
			known: crm.Known{Record: "1", Seen: map[string]string{}, Wrote: map[string]string{}},
		}
		touched := map[string]bool{}
		for range 20 {
			switch random.IntN(4) {
			case 0: // a person
				field := one("lifecycle", "lead_status", "sla_reason", crm.OwnerField)
				r.at = r.at.Add(time.Second)
				r.holds[field], touched[field] = one("mql", "sal", "x", repA, repB), true
			case 1:
				r.read()
			case 2: // it is to be set back
				r.known.Restore = map[string]string{one("lifecycle", "lead_status"): one("mql", "")}
			}
			values := map[string]any{"sla_score": float64(random.IntN(3)), "sla_due": nil, "lifecycle": one("mql", "sal")}
			if random.IntN(2) == 0 {
				values["sla_due"] = early.Add(time.Duration(random.IntN(3)) * time.Millisecond)
			}
			owner := one("", repA, repB)
			w, wrote := crm.Diff(values, owner, r.known, diffMapping)
			for field := range w.Values {
				delete(touched, field)
			}
			if w.Owner != nil {
				delete(touched, crm.OwnerField)
			}
			if !w.Empty() {
				written++
			}
			r.take(w, wrote)
			if again, _ := crm.Diff(values, owner, r.known, diffMapping); !again.Empty() {
				t.Fatalf("written twice: %+v, known %+v", again, r.known)
			}
			if random.IntN(2) == 0 && len(touched) == 0 {
				r.read()
				if again, _ := crm.Diff(values, owner, r.known, diffMapping); !again.Empty() {
					t.Fatalf("written again after it was read: %+v, known %+v", again, r.known)
				}
			}
			for field, value := range values {
				if got := r.holds[field]; !touched[field] && got != crm.Text(value) {
					t.Fatalf("%s holds %q and should hold %q; known %+v", field, got, crm.Text(value), r.known)
				}
			}
			if got := r.holds[crm.OwnerField]; owner != "" && !touched[crm.OwnerField] && got != owner {
				t.Fatalf("the owner is %q and should be %q; known %+v", got, owner, r.known)
			}
		}
	}
	if written < 5000 {
		t.Errorf("%d writes are too few to mean anything", written)
	}
}

// The text of a value is the same for the same value, and another one for another.
func TestText(t *testing.T) {
	zone := time.FixedZone("", 3600)
	for want, values := range map[string][]any{
		"":                          {nil, "", time.Time{}},
		"70":                        {70.0, float64(70)},
		"0.1":                       {0.1},
		"9007199254740993":          {"9007199254740993"},
		"100000000000000000000000":  {1e23},
		"true":                      {true},
		"2027-01-04T12:00:00Z":      {early, early.In(zone)},
		"2027-01-04T12:00:00.0015Z": {early.Add(1500 * time.Microsecond)},
	} {
		for _, v := range values {
			if got := crm.Text(v); got != want {
				t.Errorf("%v: %q, want %q", v, got, want)
			}
		}
	}
}

// The plan of a write has no value of the lead's.
func TestPlan(t *testing.T) {
	w := crm.Write{
		Values: map[string]any{"sla_score": 70.0, "sla_due": nil}, Owner: new(repA),
		Match: &crm.Match{Field: "email", Value: "lead1@example.com", Values: map[string]any{"lastname": "Sample", "email": "lead1@example.com"}},
	}
	want := crm.Planned{
		Values: map[string]string{"sla_score": "70", "sla_due": ""}, Owner: repA, Match: "email", Begins: []string{"email", "lastname"},
	}
	if diff := cmp.Diff(want, w.Plan()); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}
