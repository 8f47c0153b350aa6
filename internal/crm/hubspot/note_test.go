// SPDX-License-Identifier: Apache-2.0

package hubspot_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
)

func TestNote(t *testing.T) {
	r := newFake(t, 0)
	id, another := r.contact(t, nil), r.contact(t, nil)
	r.act(t, control.Act{Do: "log", Type: "notes", Of: []string{"contacts/" + id}, Values: map[string]string{"hs_note_body": "by a person"}})
	note := crm.Note{Record: id, Key: "set-back-1", Text: "The status was set back: <no reason>.\nGive one."}
	if err := r.fake.Faults.Add(control.Rule{Method: "POST", Path: "objects/2026-09/notes$", Kind: control.Drop, AfterWrite: true, Times: 1}); err != nil {
		t.Fatal(err)
	}
	var unavailable *crm.UnavailableError
	if err := r.Note(t.Context(), note); !errors.As(err, &unavailable) {
		t.Errorf("lost answer: %v", err)
	}
	for range 2 {
		if err := r.Note(t.Context(), note); err != nil {
			t.Fatal(err)
		}
	}
	note.Key = "set-back-2"
	if err := r.Note(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	note.Record = another
	if err := r.Note(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]int{}
	for _, of := range []string{id, another} {
		record, _ := r.fake.Get("contacts", of)
		for _, n := range record.Links["notes"] {
			left, _ := r.fake.Get("notes", n)
			bodies[of+" "+left.Values["hs_note_body"]]++
		}
	}
	const text = "The status was set back: &lt;no reason&gt;.<br>Give one.<br>(set-back-"
	want := map[string]int{id + " by a person": 1, id + " " + text + "1)": 1, id + " " + text + "2)": 1, another + " " + text + "2)": 1}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, stream := range r.Streams() {
		if page, err := r.Read(t.Context(), stream, crm.Position{}); err != nil || len(page.Touches) > 0 {
			t.Errorf("%s: a note counts as a touch: %+v %v", stream, page.Touches, err)
		}
	}
	r.act(t, control.Act{Do: "delete", ID: another})
	note.Key = "set-back-3"
	if err := r.Note(t.Context(), note); err == nil {
		t.Error("a note at a contact that is gone")
	}
}
