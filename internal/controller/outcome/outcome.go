// SPDX-License-Identifier: Apache-2.0

// Package outcome says how a phase of a reconciliation ended and maps it, in one place, to what the work queue is told.
package outcome

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

const (
	// retryConflict is when to look again after somebody else wrote first.
	retryConflict = time.Second
	// retryNameTaken is when to look again for a foreign object, which is not watched.
	retryNameTaken = time.Minute
)

// StallError ends a phase until somebody edits an object. Nothing is gained by trying again.
type StallError struct{ Reason, Message string }

func (s *StallError) Error() string { return s.Reason + ": " + s.Message }

// WaitError ends a phase until something that is watched changes.
type WaitError struct{ Reason, Message string }

func (w *WaitError) Error() string { return w.Reason + ": " + w.Message }

// Stalled makes a StallError.
func Stalled(reason, format string, args ...any) error {
	return &StallError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Waiting makes a WaitError.
func Waiting(reason, format string, args ...any) error {
	return &WaitError{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// Outcome of all phases of a reconciliation.
type Outcome struct {
	Stalls    []*StallError
	Waits     []*WaitError
	Transient []error
}

// Add the end of one phase; nil is success.
func (o *Outcome) Add(err error) {
	var stall *StallError
	var wait *WaitError
	switch {
	case err == nil:
	case errors.As(err, &stall):
		o.Stalls = append(o.Stalls, stall)
	case errors.As(err, &wait):
		o.Waits = append(o.Waits, wait)
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		o.Stalls = append(o.Stalls, &StallError{Reason: slav1alpha1.ReasonTerminating, Message: "the namespace is being deleted"})
	default:
		o.Transient = append(o.Transient, err)
	}
}

// Verdict is the reason of the worst and first, and the messages of all that are as bad, for Ready. An empty reason means success.
func (o *Outcome) Verdict() (reason, message string, stalled bool) {
	switch {
	case len(o.Stalls) > 0:
		return o.Stalls[0].Reason, joined(o.Stalls, func(s *StallError) string { return s.Message }), true
	case len(o.Transient) > 0:
		return slav1alpha1.ReasonWaiting, "retrying: " + o.Transient[0].Error(), false
	case len(o.Waits) > 0:
		return o.Waits[0].Reason, joined(o.Waits, func(w *WaitError) string { return w.Message }), false
	}
	return "", "", false
}

func joined[T any](all []T, message func(T) string) string {
	var parts []string
	for _, one := range all {
		if m := message(one); !slices.Contains(parts, m) {
			parts = append(parts, m)
		}
	}
	return strings.Join(parts, "; ")
}

// Result is what the work queue is told. next is when to look again although nothing changed; 0 is never.
//
//	transient error  -> returned, retried with back-off
//	conflict         -> looked at again in a second, without noise
//	terminating      -> nothing: the namespace takes the object along
//	stalled          -> terminal error, unless something still in force must be judged again at `next`
//	name taken       -> stalled, but looked at again in a minute: nothing tells when the foreign object goes
//	waiting, success -> at `next`; watches bring it back earlier
func (o *Outcome) Result(ctx context.Context, next time.Duration) (reconcile.Result, error) {
	switch {
	case o.Behind():
		return reconcile.Result{RequeueAfter: retryConflict}, nil
	case len(o.Transient) > 0:
		return reconcile.Result{}, errors.Join(o.Transient...)
	case len(o.Stalls) == 0:
		return reconcile.Result{RequeueAfter: next}, nil
	case o.Stalls[0].Reason == slav1alpha1.ReasonTerminating:
		return reconcile.Result{}, nil
	case slices.ContainsFunc(o.Stalls, func(s *StallError) bool { return s.Reason == slav1alpha1.ReasonNameTaken }):
		if next == 0 || next > retryNameTaken {
			next = retryNameTaken
		}
		return reconcile.Result{RequeueAfter: next}, nil
	case next > 0:
		log.FromContext(ctx).V(1).Info("stalled", "reason", o.Stalls[0].Reason)
		return reconcile.Result{RequeueAfter: next}, nil
	}
	return reconcile.Result{}, reconcile.TerminalError(o.Stalls[0])
}

// Behind says that all that went wrong is that somebody else wrote first, or that the cache is behind our own last write. What was
// seen is then old, and no status should be made from it.
func (o *Outcome) Behind() bool {
	for _, err := range o.Transient {
		if !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) {
			return false
		}
	}
	return len(o.Transient) > 0
}
