// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/resources"
)

// replicas wanted and available of a worker.
func (w worker) replicas() (wanted, available int32) {
	if w.deployment == nil {
		return 1, 0
	}
	wanted = 1
	if w.deployment.Spec.Replicas != nil {
		wanted = *w.deployment.Spec.Replicas
	}
	return wanted, w.deployment.Status.AvailableReplicas
}

func (w worker) available() bool {
	wanted, available := w.replicas()
	return available >= wanted
}

// rolledOut says whether every wanted replica runs the latest template.
func (w worker) rolledOut() bool {
	if w.deployment == nil {
		return false
	}
	wanted, _ := w.replicas()
	status := w.deployment.Status
	return status.ObservedGeneration >= w.deployment.Generation && status.UpdatedReplicas >= wanted
}

// failure is why pods cannot be made, in the words of the Deployment.
func (w worker) failure() string {
	if w.deployment == nil {
		return ""
	}
	for _, c := range w.deployment.Status.Conditions {
		if c.Type == appsv1.DeploymentReplicaFailure && c.Status == corev1.ConditionTrue {
			return c.Message
		}
	}
	return ""
}

// complaint is what the worker itself says is missing, nil when it says nothing.
func complaint(w worker, m *slav1alpha1.SLAMeasurement) *metav1.Condition {
	if m == nil {
		return nil
	}
	kind := slav1alpha1.IngestAvailableCondition
	if w.component == resources.Routing {
		kind = slav1alpha1.LedgerAvailableCondition
	}
	c := meta.FindStatusCondition(m.Status.Conditions, kind)
	if c == nil || c.Status != metav1.ConditionFalse {
		return nil
	}
	return c
}

// workersAvailable says whether both workers run, and if not, which one, with numbers and its own reason.
func workersAvailable(running bool, workers []worker, m *slav1alpha1.SLAMeasurement) finding {
	if !running {
		return finding{metav1.ConditionFalse, slav1alpha1.ReasonNothingInForce, "no pair of terms and definition is in force; the workers are not started"}
	}
	reason := slav1alpha1.ReasonWorkersAvailable
	var all, missing []string
	for _, w := range workers {
		wanted, available := w.replicas()
		text := fmt.Sprintf("%s %d of %d replicas available", w.component, available, wanted)
		all = append(all, text)
		if w.available() {
			continue
		}
		if reason == slav1alpha1.ReasonWorkersAvailable {
			reason = slav1alpha1.ReasonWorkersUnavailable
		}
		if c := complaint(w, m); c != nil {
			reason = lifted(reason, c.Reason)
			text += ": " + c.Message
		} else if failure := w.failure(); failure != "" {
			text += ": " + failure
		}
		missing = append(missing, text)
	}
	if len(missing) == 0 {
		return finding{metav1.ConditionTrue, reason, strings.Join(all, ", ")}
	}
	return finding{metav1.ConditionFalse, reason, strings.Join(missing, "; ")}
}

// lifted takes a worker's own reason over the general one. The measurement is written by the workers: only reasons that are known pass.
func lifted(reason, own string) string {
	if reason != slav1alpha1.ReasonWorkersUnavailable {
		return reason
	}
	if own == slav1alpha1.ReasonSecretNotFound || own == slav1alpha1.ReasonLedgerUnreachable {
		return own
	}
	return reason
}

// checkWorkers waits for the workers of the pair that was applied.
func (s *scope) checkWorkers(context.Context) error {
	if !s.running() {
		return nil
	}
	if f := workersAvailable(true, s.workers, s.measurement); f.status != metav1.ConditionTrue {
		return outcome.Waiting(f.reason, "%s", f.message)
	}
	for _, w := range s.workers {
		if !w.rolledOut() {
			wanted, _ := w.replicas()
			return outcome.Waiting(slav1alpha1.ReasonWaiting, "rolling out %s: %s %d of %d replicas updated",
				s.pairs[len(s.pairs)-1].name, w.component, w.deployment.Status.UpdatedReplicas, wanted)
		}
	}
	return nil
}

// measured says whether the counts are current.
func measured(p *pair, coming []pair, workers []worker, m *slav1alpha1.SLAMeasurement) finding {
	if (p == nil && len(coming) == 0) || m == nil || m.Status.AsOf == nil {
		f := finding{metav1.ConditionFalse, slav1alpha1.ReasonNotMeasured, "no count has arrived yet"}
		if c := complaint(worker{component: resources.Routing}, m); c != nil {
			f.message += ": " + c.Message
		}
		return f
	}
	asOf := "counts as of " + m.Status.AsOf.UTC().Format(time.RFC3339)
	if c := complaint(worker{component: resources.Routing}, m); c != nil {
		return finding{metav1.ConditionFalse, lifted(slav1alpha1.ReasonWorkersUnavailable, c.Reason), asOf + ": " + c.Message}
	}
	if c := clockWentBack(m); c != nil {
		return finding{metav1.ConditionUnknown, slav1alpha1.ReasonClockWentBack, asOf + ": " + c.Message}
	}
	for _, w := range workers {
		wanted, available := w.replicas()
		if w.component == resources.Routing && (available == 0 || wanted == 0) {
			return finding{
				metav1.ConditionFalse, slav1alpha1.ReasonWaiting,
				fmt.Sprintf("%s: the routing worker, which counts, has %d of %d replicas available", asOf, available, wanted),
			}
		}
	}
	if f := counted(p, coming, m); f != nil {
		f.message = asOf + ": " + f.message
		return *f
	}
	waiting := int64(0)
	if m.Status.Leads != nil && m.Status.Leads.Waiting != nil {
		waiting = *m.Status.Leads.Waiting
	}
	return finding{metav1.ConditionTrue, slav1alpha1.ReasonMeasured, fmt.Sprintf("%s; %d leads waiting", asOf, waiting)}
}

// counted says what is wrong with the pair that was counted for; nil when it is right. A pair that has a date is switched by the ledger's
// clock, to the second: counts from before it are right although they are those of the pair before, and so are those for a pair whose
// time has not yet come by the operator's clock.
func counted(p *pair, coming []pair, m *slav1alpha1.SLAMeasurement) *finding {
	sequence := m.Status.Sequence
	ahead := slices.ContainsFunc(coming, func(c pair) bool { return c.bundle.Sequence == sequence })
	switch {
	case ahead, p != nil && sequence == p.bundle.Sequence:
		return nil
	case p == nil:
		return &finding{metav1.ConditionFalse, slav1alpha1.ReasonNotMeasured, "no pair of terms and definition is in force yet"}
	case m.Status.AsOf.Time.Before(p.bundle.EffectiveFrom):
		return nil
	}
	return &finding{
		metav1.ConditionFalse, slav1alpha1.ReasonWaiting,
		fmt.Sprintf("the ledger has pair %d in force and not yet %d", sequence, p.bundle.Sequence),
	}
}
