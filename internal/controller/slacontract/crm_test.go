// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/crm"
)

const noScore = `spec.crm.fields.score: HubSpot has no field "handoff_score" for leads: create it, or name another one`

// inHubSpot is a contract whose leads live there, with workers that run.
func inHubSpot(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	b.contract.Spec.CRM = &slav1alpha1.CRM{
		Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{SecretRef: slav1alpha1.ObjectReference{Name: "handoff-hubspot"}},
	}
	b.inForce()
	b.available("acme-scoring", 1)
	b.available("acme-routing", 1)
	b.count()
	return b
}

// says: what the routing worker found out about the CRM.
func (b *bench) says(status metav1.ConditionStatus, reason, message string) {
	b.t.Helper()
	m := b.measurement()
	meta.SetStatusCondition(&m.Status.Conditions, metav1.Condition{Type: "CRMAvailable", Status: status, Reason: reason, Message: message})
	b.updateStatus(m)
	b.reconcile()
}

// A field that the CRM lacks is named by the contract, with what helps; which is Ready all the same, since leads that come as events are handed off.
func TestCRMIsNotAsItShouldBe(t *testing.T) {
	b := inHubSpot(t)
	b.reconcile()
	condition := func(status metav1.ConditionStatus, reason, message string) {
		t.Helper()
		testkit.Condition(t, b.contract.Status.Conditions, "CRMAvailable", status, reason, message)
		testkit.Condition(t, b.contract.Status.Conditions, "Ready", metav1.ConditionTrue, "Succeeded", "")
	}
	condition(metav1.ConditionUnknown, "Waiting", "the routing worker has not asked the CRM yet")
	if c := meta.FindStatusCondition(b.contract.Status.Conditions, "EffectsAvailable"); c != nil {
		t.Errorf("nobody is told of anything, and yet %+v", c)
	}
	b.says(metav1.ConditionFalse, "FieldMissing", noScore)
	condition(metav1.ConditionFalse, "FieldMissing", noScore)
	b.writes.All = nil
	if b.reconcile(); len(b.writes.All) != 0 {
		t.Errorf("nothing was new, and it wrote %q", b.writes.All)
	}
	b.says(metav1.ConditionFalse, "Whatever", "something")
	condition(metav1.ConditionFalse, "Unreachable", "something")
	b.says(metav1.ConditionTrue, "CRMAvailable", "HubSpot answers")
	condition(metav1.ConditionTrue, "CRMAvailable", "HubSpot answers")
	b.says(metav1.ConditionTrue, "SetBackStopped", "2 leads are left to people")
	condition(metav1.ConditionTrue, "SetBackStopped", "2 leads are left to people")
	b.contract.Spec.CRM = nil
	b.update(b.contract)
	b.reconcile()
	if c := meta.FindStatusCondition(b.contract.Status.Conditions, "CRMAvailable"); c != nil {
		t.Errorf("still said: %+v", c)
	}
}

// What kubectl describes names the field and the cure.
func TestCRMDescribed(t *testing.T) {
	b := inHubSpot(t)
	b.recording()
	b.reconcile()
	b.says(metav1.ConditionFalse, "FieldMissing", noScore)
	b.told("FieldMissing", 1)
	if text := b.described(); strings.Count(text, noScore) != 2 { // in the condition, and in the event
		t.Errorf("it does not name the field, and what helps:\n%s", text)
	}
}

func TestCRMEvents(t *testing.T) {
	conditions := func(status metav1.ConditionStatus, reason string) []metav1.Condition {
		return []metav1.Condition{{Type: "CRMAvailable", Status: status, Reason: reason, Message: "m"}}
	}
	missing, there := conditions(metav1.ConditionFalse, "FieldMissing"), conditions(metav1.ConditionTrue, "CRMAvailable")
	stopped, waiting := conditions(metav1.ConditionTrue, "SetBackStopped"), conditions(metav1.ConditionUnknown, "Waiting")
	for name, c := range map[string]struct {
		before, after []metav1.Condition
		want          string
	}{
		"no CRM":              {nil, nil, ""},
		"not any more":        {missing, nil, ""},
		"not yet":             {nil, waiting, ""},
		"there at once":       {waiting, there, ""},
		"there again":         {missing, there, corev1.EventTypeNormal + " CRMAvailable"},
		"missing":             {waiting, missing, corev1.EventTypeWarning + " FieldMissing"},
		"missing, still":      {missing, missing, ""},
		"something else":      {missing, conditions(metav1.ConditionFalse, "OwnerUnknown"), corev1.EventTypeWarning + " OwnerUnknown"},
		"leads are left":      {there, stopped, corev1.EventTypeWarning + " SetBackStopped"},
		"leads are not left":  {stopped, there, ""},
		"it was not known":    {missing, waiting, ""},
		"it was never missed": {nil, there, ""},
	} {
		var got []string
		for _, e := range crmEvents(c.before, c.after) {
			got = append(got, fmt.Sprintf("%s %s", e.Type, e.Reason))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The settings reach the workers with their defaults, and a change of them starts no worker anew.
func TestSettingsOfTheCRM(t *testing.T) {
	b := inHubSpot(t)
	b.reconcile()
	settings := func() crm.Settings {
		t.Helper()
		object := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-roster"}})
		s, err := bundle.DecodeCRM([]byte(object.Data[bundle.CRMFile]))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if diff := cmp.Diff(crm.Defaults(crm.TypeHubSpot), settings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	generations := func() [2]int64 {
		return [2]int64{b.deployment("acme-scoring").Generation, b.deployment("acme-routing").Generation}
	}
	before := generations()
	b.contract.Spec.CRM.DryRun, b.contract.Spec.CRM.HubSpot.MatchBy = ptr.To(true), "email"
	b.update(b.contract)
	b.reconcile()
	if s := settings(); !s.DryRun || s.MatchBy != "email" {
		t.Errorf("the workers have %+v", s)
	}
	if after := generations(); after != before {
		t.Errorf("generations %v, were %v", after, before)
	}
	b.contract.Spec.CRM = nil
	b.update(b.contract)
	b.reconcile()
	object := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.contract.Namespace, Name: "acme-roster"}})
	if text, still := object.Data[bundle.CRMFile]; still {
		t.Errorf("still there: %s", text)
	}
}
