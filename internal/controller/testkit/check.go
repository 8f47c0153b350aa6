// SPDX-License-Identifier: Apache-2.0

package testkit

import (
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Get reads an object anew.
func Get[T client.Object](t *testing.T, object T) T {
	t.Helper()
	if err := Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
		t.Fatal(err)
	}
	return object
}

// Kstatus fails unless kstatus, which Flux, Argo CD and kpt go by, reads the object as wanted.
func Kstatus(t *testing.T, object client.Object, want status.Status) {
	t.Helper()
	gvk, err := Client.GroupVersionKindFor(object)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: raw}
	u.SetGroupVersionKind(gvk)
	result, err := status.Compute(u)
	if err != nil {
		t.Fatal(err)
	}
	if result.Status != want {
		t.Errorf("kstatus of %s: %s (%s), want %s", object.GetName(), result.Status, result.Message, want)
	}
}

// Condition fails unless the condition has the status, reason and message. An empty message is not compared.
func Condition(t *testing.T, conditions []metav1.Condition, kind string, want metav1.ConditionStatus, reason, message string) {
	t.Helper()
	c := meta.FindStatusCondition(conditions, kind)
	switch {
	case c == nil:
		t.Errorf("no condition %s", kind)
	case c.Status != want || c.Reason != reason:
		t.Errorf("%s is %s/%s (%s), want %s/%s", kind, c.Status, c.Reason, c.Message, want, reason)
	case message != "" && c.Message != message:
		t.Errorf("%s says\n  %q, want\n  %q", kind, c.Message, message)
	}
}

// Events that a fake recorder holds by now.
func Events(recorded chan string) []string {
	var out []string
	for {
		select {
		case e := <-recorded:
			out = append(out, e)
		default:
			return out
		}
	}
}
