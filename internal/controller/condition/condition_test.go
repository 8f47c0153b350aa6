// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
)

func TestSetReady(t *testing.T) {
	now := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	steps := []struct {
		name string
		err  error
		want map[string]string
	}{
		{"waiting", outcome.Waiting("A", "a"), map[string]string{"Ready": "False A", "Reconciling": "True A"}},
		{"stalled", outcome.Stalled("B", "b"), map[string]string{"Ready": "False B", "Stalled": "True B"}},
		{"waiting again", outcome.Waiting("A", "a"), map[string]string{"Ready": "False A", "Reconciling": "True A"}},
		{"ready", nil, map[string]string{"Ready": "True Succeeded"}},
	}
	var conditions []metav1.Condition
	for i, step := range steps {
		o := &outcome.Outcome{}
		o.Add(step.err)
		SetReady(&conditions, int64(i), now.Add(time.Duration(i)*time.Hour), o, "done")
		got := map[string]string{}
		for _, c := range conditions {
			got[c.Type] = string(c.Status) + " " + c.Reason
			if c.ObservedGeneration != int64(i) {
				t.Errorf("%s: %s is of generation %d", step.name, c.Type, c.ObservedGeneration)
			}
		}
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: %s", step.name, diff)
		}
	}
	ready := meta.FindStatusCondition(conditions, "Ready")
	if !ready.LastTransitionTime.Equal(&metav1.Time{Time: now.Add(3 * time.Hour)}) || ready.Message != "done" {
		t.Errorf("%+v", ready)
	}
}

func TestTransitionTimeStaysWhileTheStatusDoes(t *testing.T) {
	now := time.Date(2027, 1, 14, 15, 0, 0, 0, time.UTC)
	var conditions []metav1.Condition
	Set(&conditions, 1, now, "Ready", metav1.ConditionFalse, "A", "a")
	Set(&conditions, 2, now.Add(time.Hour), "Ready", metav1.ConditionFalse, "B", "b")
	if c := conditions[0]; !c.LastTransitionTime.Equal(&metav1.Time{Time: now}) || c.Reason != "B" {
		t.Errorf("%+v", c)
	}
}

func TestCut(t *testing.T) {
	tests := map[string]struct {
		text string
		want int
	}{
		"short":         {"short", 5},
		"at the limit":  {strings.Repeat("a", 1024), 1024},
		"too long":      {strings.Repeat("a", 1025), 1024},
		"within a rune": {strings.Repeat("…", 400), 1023},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := Cut(tc.text)
			if len(got) > 1024 || len(got) < tc.want-2 || !utf8.ValidString(got) {
				t.Errorf("%d bytes, valid %v", len(got), utf8.ValidString(got))
			}
		})
	}
}

func TestStalledEvent(t *testing.T) {
	stalled := func(reason string) []metav1.Condition {
		return []metav1.Condition{{Type: "Stalled", Status: metav1.ConditionTrue, Reason: reason, Message: "m"}}
	}
	event := []Event{{Type: corev1.EventTypeWarning, Reason: "B", Action: "Reconcile", Note: "m"}}
	tests := map[string]struct {
		before, after []metav1.Condition
		want          []Event
	}{
		"fine":           {nil, nil, nil},
		"became stalled": {nil, stalled("B"), event},
		"stays stalled":  {stalled("B"), stalled("B"), nil},
		"other reason":   {stalled("A"), stalled("B"), event},
		"recovered":      {stalled("A"), nil, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, StalledEvent(tc.before, tc.after)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// recorder keeps what events are about.
type recorder struct{ said []string }

func (r *recorder) Eventf(regarding, related runtime.Object, _, reason, _, _ string, _ ...any) {
	other := "nothing"
	if ref, ok := related.(*corev1.ObjectReference); ok {
		other = strings.Join([]string{ref.Kind, ref.Namespace, ref.Name, ref.FieldPath}, " ")
	}
	r.said = append(r.said, reason+" of "+regarding.(metav1.Object).GetName()+" and "+other)
}

// Two events of one reason are told apart by what else they are about; otherwise a recorder would fold the second into the first.
func TestSend(t *testing.T) {
	contract := &slav1alpha1.SLAContract{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "mid-market"}}
	var r recorder
	Send(&r, contract, []Event{
		{Reason: "Ratified", Related: Revision("mid-market-terms-1")},
		{Reason: "Adopted", Related: ConfigMap("mid-market-bundle-1")},
		{Reason: "SignOffMissing"},
	})
	want := []string{
		"Ratified of mid-market and ControllerRevision revenue mid-market-terms-1 ",
		"Adopted of mid-market and ConfigMap revenue mid-market-bundle-1 ",
		"SignOffMissing of mid-market and nothing",
	}
	if diff := cmp.Diff(want, r.said); diff != "" {
		t.Error(diff)
	}
}
