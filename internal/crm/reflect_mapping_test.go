// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

// Where the mapping names another field for the status, what the old one said is not compared with it, and nothing is set back.
func TestStatusInAnotherField(t *testing.T) {
	w := newWorld(nine, false)
	w.set(nine, false, map[string]any{"lead_status": "NEW"})
	w.read(w.latest(), nine)
	s := worldSettings()
	s.Mapping.Fields.Status = "other_status"
	w.latest().Values["other_status"] = "Nurture"
	w.reflector = crm.NewReflector("42", s, worldDefinition())
	out := w.read(w.latest(), nine)
	if diff := cmp.Diff([]string{"disposition"}, kindsOf(out.Events)); diff != "" || !out.Known.Diverged.IsZero() {
		t.Errorf("diverged %s, events %s", out.Known.Diverged, diff)
	}
}

// Where the mapping names another field for the stage or the opt-out, what status and reason said is no news: it was told, and may be of a cycle that is over.
func TestStatusBesideAnotherField(t *testing.T) {
	for name, change := range map[string]func(*crm.Mapping){
		"stage":           func(m *crm.Mapping) { m.Fields.Stage = "other_stage" },
		"no stage":        func(m *crm.Mapping) { m.Fields.Stage = "" },
		"opt-out":         func(m *crm.Mapping) { m.OptOut = "" },
		"another opt-out": func(m *crm.Mapping) { m.OptOut = "other_opt_out" },
	} {
		w := newWorld(nine, false)
		w.set(nine, false, map[string]any{"lead_status": "Nurture", "reason": "BadTiming", "lifecycle": "mql"})
		w.read(w.latest(), nine)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: true} // it came back
		s := worldSettings()
		change(&s.Mapping)
		w.latest().Values["other_stage"], w.latest().Values["other_opt_out"] = "sql", nil
		w.reflector = crm.NewReflector("42", s, worldDefinition())
		if out := w.read(w.latest(), nine.Add(time.Hour)); len(out.Events) != 0 || !out.Known.Diverged.IsZero() || !out.News {
			t.Errorf("%s: %s, diverged %s, news %v", name, kindsOf(out.Events), out.Known.Diverged, out.News)
		}
	}
}

// What was against the agreement in a field that is not read any more, or in another one than now, is not set back: that would be written into a field
// which nobody had touched, or into none. What was so in a field that stays, is.
func TestUndoingOfAnotherField(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*crm.Mapping)
		want   map[string]string
	}{
		"as it was":      {func(*crm.Mapping) {}, map[string]string{"lifecycle": "mql", "lead_status": "", "reason": "BadTiming"}},
		"another stage":  {func(m *crm.Mapping) { m.Fields.Stage = "other" }, map[string]string{"lead_status": "", "reason": "BadTiming"}},
		"no stage":       {func(m *crm.Mapping) { m.Fields.Stage = "" }, map[string]string{"lead_status": "", "reason": "BadTiming"}},
		"another status": {func(m *crm.Mapping) { m.Fields.Status = "other" }, map[string]string{"lifecycle": "mql"}},
		"no status":      {func(m *crm.Mapping) { m.Fields.Status = "" }, map[string]string{"lifecycle": "mql"}},
		"no reason":      {func(m *crm.Mapping) { m.Fields.Reason = "" }, map[string]string{"lifecycle": "mql"}},
		"neither":        {func(m *crm.Mapping) { m.Fields.Stage, m.Fields.Status = "", "" }, nil},
	} {
		w := newWorld(nine, false)
		w.set(nine, false, map[string]any{"reason": "BadTiming"})
		w.read(w.latest(), nine)
		w.standing = crm.Standing{Lead: "7", Stage: lead.StageMQL, Enforced: true}
		w.set(nine.Add(time.Minute), false, map[string]any{"lead_status": "Unqualified", "reason": nil, "lifecycle": "sql"})
		w.read(w.latest(), nine.Add(time.Minute))
		s := worldSettings()
		tc.change(&s.Mapping)
		w.latest().Values["other"] = nil
		w.reflector = crm.NewReflector("42", s, worldDefinition())
		for range 2 { // by this mapping for the first time, and again
			w.read(w.latest(), nine.Add(time.Hour))
			u, _, _ := crm.Undoing(*w.known, w.standing, s.Mapping, worldDefinition().Dispositions, 3, nine.Add(2*time.Hour))
			if diff := cmp.Diff(tc.want, u.Restore); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}
}

// Without a field for reasons, a status that one code alone has says the code; one that several have says none, which is against the agreement.
func TestNoFieldForReasons(t *testing.T) {
	s := worldSettings()
	s.Mapping.Fields.Reason = ""
	for status, want := range map[string]struct {
		data  map[string]any
		apart bool
	}{
		"Unqualified": {map[string]any{"outcome": "Disqualified", "reason": "NoFit"}, false},
		"Nurture":     {map[string]any{"outcome": "Recycled"}, true},
		"IN_PROGRESS": {map[string]any{"outcome": "Accepted", "reason": "Working"}, false},
	} {
		w := newWorld(nine, true)
		w.reflector = crm.NewReflector("42", s, worldDefinition())
		w.read(w.latest(), nine)
		w.set(nine.Add(time.Minute), false, map[string]any{"lead_status": status})
		out := w.read(w.latest(), nine.Add(time.Minute))
		if len(out.Events) != 1 || !cmp.Equal(out.Events[0].Data, want.data) || out.Known.Diverged.IsZero() == want.apart {
			t.Errorf("%s: %+v, diverged %s", status, out.Events, out.Known.Diverged)
		}
	}
}
