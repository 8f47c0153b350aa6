// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

func kindsOf(events []crm.Told) (kinds []string) {
	for _, e := range events {
		kinds = append(kinds, string(e.Kind))
	}
	return kinds
}

// A new revision of the definition has a field more, and one less: of a record that did not change, the new one alone is told, and the old one is forgotten.
func TestFieldsOfAnotherRevision(t *testing.T) {
	w := newWorld(nine, false)
	w.set(nine, false, map[string]any{"company": "Acme", "numberofemployees": 120.0})
	w.read(w.latest(), nine)
	r := w.latest()
	r.Values["industry"], r.Values["city"] = "Mills", nil
	d := worldDefinition()
	d.Fields = append(d.Fields[1:], lead.Field{Name: "industry", Type: lead.String}, lead.Field{Name: "city", Type: lead.String}, lead.Field{Name: "unread", Type: lead.String})
	w.reflector = crm.NewReflector("42", worldSettings(), d)
	out := w.read(r, nine)
	if len(out.Events) != 1 || !cmp.Equal(out.Events[0].Data, map[string]any{"properties": map[string]any{"industry": "Mills"}}) || out.Events[0].Kind != lead.KindUpdated {
		t.Fatalf("%+v", out.Events)
	}
	if _, kept := out.Known.Hashes["company"]; kept {
		t.Error("what is no field any more is still known")
	}
	w.reflector = crm.NewReflector("42", worldSettings(), worldDefinition())
	if out := w.read(r, nine); len(out.Events) != 1 || !cmp.Equal(out.Events[0].Data, map[string]any{"properties": map[string]any{"company": "Acme"}}) {
		t.Errorf("a field that is there again is not told: %+v", out.Events)
	}
	delete(r.Values, "company") // not asked for
	if out := w.read(r, nine); len(out.Events) != 0 {
		t.Errorf("a field that was not read was taken for empty: %+v", out.Events)
	}
}

// A lead that came as an event got its record from us: it was captured before, and what we wrote is not told back.
func TestRecordThatWeMade(t *testing.T) {
	w := newWorld(nine, false)
	w.known = &crm.Known{Record: "7", Lead: "form-1"}
	w.write(nine.Add(time.Minute), map[string]any{crm.OwnerField: "rep1", "lead_status": "Nurture", "reason": "BadTiming"})
	w.set(nine.Add(2*time.Minute), false, map[string]any{"company": "Acme"})
	out := w.read(w.latest(), nine.Add(time.Hour))
	if diff := cmp.Diff([]string{"updated"}, kindsOf(out.Events)); diff != "" {
		t.Fatal(diff)
	}
	if e := out.Events[0]; e.Lead != "form-1" || out.Known.Lead != "form-1" {
		t.Errorf("event %+v", e)
	}
}

// A program sets status and reason many times within one moment: read again, and from the start, it says the same.
func TestManyChangesAtOnce(t *testing.T) {
	var first []crm.Told
	for n := range 50 {
		w := newWorld(nine, true)
		w.read(w.latest(), nine)
		at := nine.Add(time.Minute)
		for i := range 40 {
			w.set(at, false, map[string]any{"lead_status": []string{"Nurture", "IN_PROGRESS", "Unqualified"}[i%3], "reason": []string{"BadTiming", "NoFit"}[i%2]})
		}
		told := w.read(w.latest(), at).Events
		if n == 0 {
			first = told
		}
		if diff := cmp.Diff(first, told); diff != "" || len(told) != 1 || told[0].Data["outcome"] != "Recycled" {
			t.Fatalf("%d: %+v\n%s", n, told, diff)
		}
	}
}

// Sales converts a lead, and a write of ours is refused for it before the lead is read: that sales accepted it is told all the same, and once.
func TestConversionThatAWriteMetFirst(t *testing.T) {
	w := newWorld(nine, false)
	w.read(w.latest(), nine)
	gone := w.known.Vanished(crm.Converted)
	w.known = &gone
	r := w.latest()
	r.Gone, r.Deal, r.DealAt, r.Modified = crm.Converted, "006A", nine.Add(time.Minute), nine.Add(time.Minute)
	if diff := cmp.Diff([]string{"accepted", "opportunity"}, kindsOf(w.read(r, nine.Add(2*time.Minute)).Events)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Modified = nine.Add(time.Hour) // the owner of the contact changed, say
	if again := w.read(r, nine.Add(2*time.Hour)).Events; len(again) != 0 {
		t.Errorf("told again: %v", again)
	}
}

func TestTimesOfOtherClocks(t *testing.T) {
	for name, tc := range map[string]struct{ created, want time.Time }{
		"none":         {time.Time{}, nine},
		"long ago":     {time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a bit ahead":  {nine.Add(4 * time.Minute), nine.Add(4 * time.Minute)},
		"far ahead":    {nine.Add(time.Hour), nine},
		"another zone": {nine.In(time.FixedZone("east", 3600)), nine},
	} {
		r := crm.Record{ID: "7", Created: tc.created, Modified: nine}
		out := newWorld(nine, false).reflector.Reflect(crm.ReflectInput{Record: r, Now: nine})
		if len(out.Events) != 1 || out.Events[0].Time != tc.want {
			t.Errorf("%s: %+v", name, out.Events)
		}
	}
	if out := newWorld(nine, false).reflector.Reflect(crm.ReflectInput{Record: crm.Record{ID: "7"}, Now: nine}); !out.Stale {
		t.Error("a record that was never modified says something")
	}
}

func TestUnfitValues(t *testing.T) {
	for name, tc := range map[string]struct {
		field string
		value any
		why   string
	}{
		"another type":   {"company", 5.0, `field "company" (property "company") expects String, got a number`},
		"one of two":     {"numberofemployees", 1.5, `field "employees" (property "numberofemployees") expects Integer, got a number that is not whole or too large`},
		"no number":      {"numberofemployees", math.NaN(), "holds a number of 2^53 or more, or none"},
		"a long text":    {"company", strings.Repeat("a", 40<<10), "holds more than 32768 bytes of text"},
		"a NUL":          {"company", "a\x00b", "holds a text that is not valid UTF-8, or has a NUL character"},
		"a structure":    {"company", []string{"a"}, "holds a value of a kind that no field has"},
		"a yes or no":    {"has_budget", "perhaps", `field "budget" (property "budget") expects Boolean, got a string that is none`},
		"an opt-out":     {"opt_out", "perhaps", `field "optOut" (property "opt_out") expects Boolean, got a string that is none`},
		"no time":        {"form_at", "soon", `field "FormSubmit" (property "form_at") expects Timestamp, got a string that is neither RFC 3339 nor YYYY-MM-DD`},
		"time to come":   {"form_at", nine.Add(time.Hour), "holds a time that has not come, or is before the year 2000: an activity is in the past"},
		"part of a form": {"form_name", 1e300, "holds a number of 2^53 or more, or none"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(nine, false)
			set := map[string]any{"company": "Acme", "form_at": nine, tc.field: tc.value}
			w.set(nine, false, set)
			out := w.read(w.latest(), nine)
			if diff := cmp.Diff([]crm.Unfit{{Field: tc.field, Why: tc.why}}, out.Problems); diff != "" {
				t.Error(diff)
			}
			if !slices.Contains(kindsOf(out.Events), "captured") {
				t.Error("the rest is not taken")
			}
			if again := w.read(w.latest(), nine); len(again.Problems) > 0 || again.News {
				t.Errorf("told again: %+v", again)
			}
		})
	}
}

func TestTouch(t *testing.T) {
	r := newWorld(nine, false).reflector
	call := crm.Touch{
		Stream: crm.Calls, ID: "55", Records: []string{"8", "7", "7"}, Time: nine, Logged: nine.Add(time.Hour), Rep: "rep1", Channel: "Phone", Direction: "Outbound",
		Actor: "Human", Answered: true,
	}
	known := map[string]crm.Known{"7": {Record: "7", Lead: "form-1"}}
	data := map[string]any{
		"rep": "rep1", "channel": "Phone", "direction": "Outbound", "actor": "Human", "answered": true, "twoWay": false, "loggedAt": "2026-03-02T10:00:00Z",
	}
	want := []crm.Told{
		{Source: "/crm/hubspot/42", ID: "calls/55/7", Kind: lead.KindTouch, Lead: "form-1", Time: nine, Data: data},
		{Source: "/crm/hubspot/42", ID: "calls/55/8", Kind: lead.KindTouch, Lead: "8", Time: nine, Data: data},
	}
	if diff := cmp.Diff(want, r.Touch(call, known, nine.Add(2*time.Hour))); diff != "" {
		t.Error(diff)
	}
	call.Records = nil
	if told := r.Touch(call, known, nine); len(told) > 0 {
		t.Errorf("a call of nobody: %+v", told)
	}
}

// When records are merged their calls move, and come again under the id of who is left. Those of before were told of the old record.
func TestTouchOfMergedRecords(t *testing.T) {
	w := newWorld(nine, false)
	w.read(w.latest(), nine)
	for at, other := range map[time.Time]string{nine.Add(time.Hour): "8"} {
		r := w.latest()
		r.Merged, r.Modified = []string{other}, at
		w.read(r, at)
	}
	known := map[string]crm.Known{"7": *w.known}
	for name, tc := range map[string]struct {
		call crm.Touch
		want int
	}{
		"long before":               {crm.Touch{Time: nine.Add(10 * time.Minute)}, 0},
		"just before":               {crm.Touch{Time: nine.Add(55 * time.Minute)}, 1},
		"after":                     {crm.Touch{Time: nine.Add(2 * time.Hour)}, 1},
		"before, and logged after":  {crm.Touch{Time: nine.Add(10 * time.Minute), Logged: nine.Add(2 * time.Hour)}, 1},
		"before, of another record": {crm.Touch{Time: nine.Add(10 * time.Minute), Records: []string{"9"}}, 1},
	} {
		tc.call.ID, tc.call.Stream = "55", crm.Calls
		if tc.call.Records == nil {
			tc.call.Records = []string{"7"}
		}
		if told := w.reflector.Touch(tc.call, known, nine.Add(3*time.Hour)); len(told) != tc.want {
			t.Errorf("%s: %d events, want %d", name, len(told), tc.want)
		}
	}
}

func TestDeal(t *testing.T) {
	r := newWorld(nine, false).reflector
	deal := crm.Deal{ID: "9", Records: []string{"7", "8"}, Modified: nine, State: "Won", Amount: 500, Currency: "EUR"}
	told, problems := r.Deal(deal, map[string]crm.Known{"8": {Record: "8", Lead: "form-1"}}, nine)
	if len(told) != 2 || len(problems) != 0 || told[0].ID == told[1].ID || told[0].Lead != "7" || told[1].Lead != "form-1" {
		t.Fatalf("%+v, %v", told, problems)
	}
	if diff := cmp.Diff(map[string]any{"opportunity": "9", "state": "Won", "amount": 500.0, "currency": "EUR"}, told[0].Data); diff != "" {
		t.Error(diff)
	}
	deal.Modified = nine.Add(time.Hour)
	later, _ := r.Deal(deal, nil, nine.Add(time.Hour))
	if later[0].ID == told[0].ID {
		t.Error("a deal that was modified has the id that it had before")
	}
	deal.Amount, deal.Records = -1, []string{"7"}
	told, problems = r.Deal(deal, nil, nine.Add(time.Hour))
	if diff := cmp.Diff(map[string]any{"opportunity": "9", "state": "Won", "currency": "EUR"}, told[0].Data); diff != "" || len(problems) != 1 {
		t.Errorf("%s, %v", diff, problems)
	}
}

func TestUndoingNeedsAReason(t *testing.T) {
	apart := func() (crm.Known, crm.Standing) {
		w := newWorld(nine, false)
		w.read(w.latest(), nine)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: true, Owner: "rep1"}
		w.set(nine.Add(time.Minute), false, map[string]any{"lead_status": "Nurture", "lifecycle": "sql"})
		w.read(w.latest(), nine.Add(time.Minute))
		return *w.known, w.standing
	}
	for name, tc := range map[string]struct {
		change func(*crm.Known, *crm.Standing)
		want   map[string]string
		stop   bool
	}{
		"both":                   {func(*crm.Known, *crm.Standing) {}, map[string]string{"lead_status": "", "lifecycle": "mql"}, false},
		"the stage caught up":    {func(_ *crm.Known, s *crm.Standing) { s.Stage = lead.StageSQL }, map[string]string{"lead_status": ""}, false},
		"the stage has no value": {func(_ *crm.Known, s *crm.Standing) { s.Stage = lead.StageMerged }, map[string]string{"lead_status": ""}, false},
		"the terms observe":      {func(_ *crm.Known, s *crm.Standing) { s.Enforced = false }, nil, false},
		"as agreed":              {func(k *crm.Known, _ *crm.Standing) { k.Diverged = time.Time{} }, nil, false},
		"under way":              {func(k *crm.Known, _ *crm.Standing) { k.Restore = map[string]string{"lifecycle": "mql"} }, nil, false},
		"stopped":                {func(k *crm.Known, _ *crm.Standing) { k.Stopped = nine }, nil, false},
		"gone":                   {func(k *crm.Known, _ *crm.Standing) { k.Gone = crm.Deleted }, nil, false},
		"twice today":            {func(k *crm.Known, _ *crm.Standing) { k.SetBacks = []time.Time{nine, nine} }, map[string]string{"lead_status": "", "lifecycle": "mql"}, false},
		"three times today":      {func(k *crm.Known, _ *crm.Standing) { k.SetBacks = []time.Time{nine, nine, nine} }, map[string]string{"lead_status": "", "lifecycle": "mql"}, true},
		"once a day": {func(k *crm.Known, _ *crm.Standing) {
			k.SetBacks = []time.Time{nine.Add(-72 * time.Hour), nine.Add(-48 * time.Hour), nine}
		}, map[string]string{"lead_status": "", "lifecycle": "mql"}, false},
		"the ledger has a better": {func(_ *crm.Known, s *crm.Standing) {
			s.Disposition = &crm.Disposition{Outcome: "Disqualified", Code: "NoFit", Status: "Unqualified"}
		}, map[string]string{"lead_status": "Unqualified", "reason": "NoFit", "lifecycle": "mql"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			k, s := apart()
			tc.change(&k, &s)
			u, stop, needed := crm.Undoing(k, s, worldSettings().Mapping, worldDefinition().Dispositions, 3, nine.Add(time.Hour))
			if needed != (tc.want != nil) || stop != tc.stop {
				t.Fatalf("needed %v, stop %v", needed, stop)
			}
			if diff := cmp.Diff(tc.want, u.Restore); diff != "" {
				t.Error(diff)
			}
			if needed && (u.Rep != "rep1" || u.Lead != "7" || u.Record != "7" || u.Why == "" || u.Key == "") {
				t.Errorf("%+v", u)
			}
		})
	}
}

// Two undoings of one record have two notes.
func TestUndoingHasAKeyOfItsOwn(t *testing.T) {
	w := newWorld(nine, true)
	w.read(w.latest(), nine)
	w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: true}
	keys := map[string]bool{}
	for n := range 4 {
		at := nine.Add(time.Duration(n+1) * time.Hour)
		w.set(at, false, map[string]any{"lifecycle": "sql"})
		w.read(w.latest(), at)
		u, stop, needed := crm.Undoing(*w.known, w.standing, worldSettings().Mapping, nil, 3, at)
		if !needed || stop != (n == 3) {
			t.Fatalf("%d: needed %v, stop %v", n, needed, stop)
		}
		keys[u.Key] = true
		w.known.SetBacks = append(w.known.SetBacks, at.Add(time.Minute))
		w.write(at.Add(2*time.Minute), map[string]any{"lifecycle": "mql"}) // and it is moved again before that is read
	}
	if len(keys) != 4 {
		t.Errorf("keys %v", keys)
	}
}

func FuzzReflect(f *testing.F) {
	f.Add("Acme", "Nurture", "BadTiming", "sal", "rep1", int64(5), true, 0.5)
	f.Add("", "", "", "", "", int64(-1), false, math.Inf(1))
	f.Add("\xff", "IN_PROGRESS", "whatever", "mql", "rep2", int64(1)<<62, true, math.NaN())
	f.Fuzz(func(t *testing.T, company, status, reason, stage, owner string, millis int64, history bool, number float64) {
		w := newWorld(nine, history)
		w.read(w.latest(), nine)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: true}
		w.set(nine.Add(time.Minute), false, map[string]any{
			"company": company, "lead_status": status, "reason": reason, "lifecycle": stage, crm.OwnerField: owner, "numberofemployees": number,
			"form_at": time.UnixMilli(millis % (1 << 50)), "need": company,
		})
		out := w.read(w.latest(), nine.Add(time.Minute))
		ids := map[string]bool{}
		for _, e := range out.Events {
			if ids[e.ID] || e.Lead != "7" || e.Time.Before(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) || e.Time.After(nine.Add(6*time.Minute)) || e.Data == nil {
				t.Errorf("event %+v", e)
			}
			ids[e.ID] = true
		}
		if again := w.read(w.latest(), nine.Add(time.Hour)); again.News || len(again.Events) > 0 {
			t.Errorf("there is news of the same: %+v", again)
		}
		u, _, needed := crm.Undoing(*w.known, w.standing, worldSettings().Mapping, worldDefinition().Dispositions, 3, nine.Add(time.Hour))
		if needed && (len(u.Restore) == 0 || strings.Contains(u.Why, fmt.Sprintf("%q", company)) && company != "") {
			t.Errorf("undo %+v", u)
		}
	})
}
