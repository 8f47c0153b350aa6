// SPDX-License-Identifier: Apache-2.0

package salesforce_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/test/crm/control"
	fake "github.com/handoff-sla/handoff/test/crm/salesforce"
)

// What Handoff writes does not come back as something that people did, and what people do comes once, with and without histories, whether all is in one
// second or not.
func TestNoEchoes(t *testing.T) {
	for name, tracked := range map[string][]string{"tracked": nil, "owner only": {"OwnerId"}, "untracked": {"LastName"}} {
		for _, pause := range []time.Duration{0, time.Second} {
			t.Run(fmt.Sprint(name, pause), func(t *testing.T) {
				settings := crm.Defaults(crm.TypeSalesforce)
				r := rigged(t, func(o *fake.Options, _ *crm.Access) { o.Tracked = tracked })
				e := &echo{rig: r, reflector: crm.NewReflector("org", settings, lead.Definition{Dispositions: []lead.Disposition{
					{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"},
				}})}
				e.id = r.lead(1)
				e.read()
				e.said(lead.KindCaptured)
				r.pass(pause)
				e.write(crm.Write{Owner: ptr(rep1Mail), Values: map[string]any{"Handoff_Stage__c": "MQL", "Handoff_Score__c": 5.0}})
				e.read()
				e.read()
				e.said()
				r.pass(pause)
				r.act(control.Act{Do: "set", ID: e.id, As: rep1Mail, Values: map[string]string{"OwnerId": r.user(rep2Mail), "Status": "Nurture", "Handoff_Reason__c": "BadTiming"}})
				e.read()
				e.read()
				e.said(lead.KindAssigned, lead.KindDisposition)
				r.pass(pause)
				e.write(crm.Write{Values: map[string]any{"Handoff_Stage__c": "Recycled", "Handoff_Score__c": 1.0}})
				e.read()
				e.said()
				r.pass(pause)
				r.act(control.Act{Do: "set", ID: e.id, As: rep2Mail, Values: map[string]string{"OwnerId": r.user(rep1Mail)}})
				e.read()
				e.said(lead.KindAssigned)
			})
		}
	}
}

// echo is the ledger's part, of one lead.
type echo struct {
	*rig
	reflector *crm.Reflector
	id        string
	known     *crm.Known
	standing  crm.Standing
	events    map[string]crm.Told
}

func (e *echo) read() {
	e.t.Helper()
	page, err := e.Fetch(e.t.Context(), []string{e.id})
	if err != nil {
		e.t.Fatal(err)
	}
	out := e.reflector.Reflect(crm.ReflectInput{Record: page.Records[0], Known: e.known, Standing: e.standing, Now: e.now()})
	e.known = &out.Known
	if e.events == nil {
		e.events = map[string]crm.Told{}
	}
	for _, told := range out.Events {
		e.events[told.ID] = told
		if owner, is := told.Data["owner"].(string); is {
			e.standing.Owner = owner
		}
	}
}

func (e *echo) write(w crm.Write) {
	e.t.Helper()
	w.Record = e.id
	got := e.rig.write(w)[0]
	if got.Err != nil {
		e.t.Fatal(got.Err)
	}
	wrote := maps.Clone(e.known.Wrote)
	if wrote == nil {
		wrote = map[string]string{}
	}
	names := map[string]string{"Handoff_Stage__c": crm.SeenStage}
	for field, value := range w.Values {
		if name := names[field]; name != "" {
			field = name
		}
		wrote[field] = crm.Text(value)
	}
	if w.Owner != nil {
		wrote[crm.SeenOwner], e.standing.Owner = *w.Owner, *w.Owner
	}
	e.known.Wrote, e.known.WroteAt = wrote, got.Modified
	stages := map[any]lead.Stage{"MQL": lead.StageMQL, "Recycled": lead.StageRecycled}
	e.standing.Stage = stages[w.Values["Handoff_Stage__c"]]
}

// said are the kinds of the events since the last time, each once.
func (e *echo) said(want ...lead.Kind) {
	e.t.Helper()
	got, wanted := map[lead.Kind]int{}, map[lead.Kind]int{}
	for _, told := range e.events {
		got[told.Kind]++
	}
	for _, kind := range want {
		wanted[kind]++
	}
	if diff := gocmp.Diff(wanted, got); diff != "" {
		e.t.Errorf("events (-want +got):\n%s", diff)
	}
	e.events = nil
}
