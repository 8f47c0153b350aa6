// SPDX-License-Identifier: Apache-2.0

package outcome

import (
	"errors"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

func terminating() error {
	err := apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "x", errors.New("the namespace is being terminated"))
	err.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	return fmt.Errorf("apply: %w", err)
}

func TestOutcome(t *testing.T) {
	broken := errors.New("broken")
	conflict := fmt.Errorf("status: %w", apierrors.NewConflict(schema.GroupResource{}, "x", errors.New("changed")))
	exists := apierrors.NewAlreadyExists(schema.GroupResource{}, "x")
	tests := map[string]struct {
		errs            []error
		next            time.Duration
		reason, message string
		stalled         bool
		result          reconcile.Result
		err             string
	}{
		"success":             {},
		"success, look again": {next: time.Minute, result: reconcile.Result{RequeueAfter: time.Minute}},
		"nil phases":          {errs: []error{nil, nil}},
		"waiting": {
			errs: []error{Waiting("A", "for %d", 1), Waiting("B", "for 2")}, reason: "A", message: "for 1; for 2",
		},
		"waiting, said twice": {errs: []error{Waiting("A", "same"), Waiting("A", "same")}, reason: "A", message: "same"},
		"waiting, look again": {
			errs: []error{Waiting("A", "a")}, next: time.Minute, reason: "A", message: "a", result: reconcile.Result{RequeueAfter: time.Minute},
		},
		"stalled": {
			errs: []error{Waiting("A", "a"), Stalled("B", "b")}, reason: "B", message: "b", stalled: true, err: "terminal error: B: b",
		},
		"stalled, with something in force": {
			errs: []error{Stalled("B", "b")}, next: time.Minute, reason: "B", message: "b", stalled: true,
			result: reconcile.Result{RequeueAfter: time.Minute},
		},
		"name taken": {
			errs: []error{Stalled("B", "b"), Stalled("NameTaken", "n")}, reason: "B", message: "b; n", stalled: true,
			result: reconcile.Result{RequeueAfter: time.Minute},
		},
		"name taken, look again sooner": {
			errs: []error{Stalled("NameTaken", "n")}, next: time.Second, reason: "NameTaken", message: "n", stalled: true,
			result: reconcile.Result{RequeueAfter: time.Second},
		},
		"name taken, look again later": {
			errs: []error{Stalled("NameTaken", "n")}, next: time.Hour, reason: "NameTaken", message: "n", stalled: true,
			result: reconcile.Result{RequeueAfter: time.Minute},
		},
		"transient": {
			errs: []error{Waiting("A", "a"), broken}, next: time.Minute, reason: "Waiting", message: "retrying: broken", err: "broken",
		},
		"stalled and transient": {
			errs: []error{broken, Stalled("B", "b")}, reason: "B", message: "b", stalled: true, err: "broken",
		},
		"conflict": {
			errs: []error{conflict, exists}, reason: "Waiting", message: "retrying: " + conflict.Error(), result: reconcile.Result{RequeueAfter: time.Second},
		},
		"conflict and transient": {
			errs: []error{conflict, broken}, reason: "Waiting", message: "retrying: " + conflict.Error(), err: errors.Join(conflict, broken).Error(),
		},
		"terminating namespace": {
			errs: []error{terminating()}, next: time.Minute, reason: "Terminating", message: "the namespace is being deleted", stalled: true,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			o := Outcome{}
			for _, err := range tc.errs {
				o.Add(err)
			}
			reason, message, stalled := o.Verdict()
			if reason != tc.reason || message != tc.message || stalled != tc.stalled {
				t.Errorf("verdict %q, %q, %v", reason, message, stalled)
			}
			result, err := o.Result(t.Context(), tc.next)
			if result != tc.result || fmt.Sprint(err) != fmt.Sprint(orNil(tc.err)) {
				t.Errorf("result %v, error %v", result, err)
			}
		})
	}
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}
