// SPDX-License-Identifier: Apache-2.0

// Package measurement is the workers' only word to the cluster: it writes the status of their contract's SLAMeasurement with
// server-side apply. The counts, and the condition of each worker, have a field manager of their own, so that no writer touches
// what another one wrote. What has not changed is not written.
package measurement

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// The field managers.
const (
	ManagerCounts  = "handoff-routing-worker"           // counts and what belongs to them
	ManagerLedger  = "handoff-routing-worker-condition" // the condition LedgerAvailable
	ManagerScoring = "handoff-scoring-worker"           // the condition IngestAvailable
	ManagerEffects = "handoff-routing-worker-effects"   // the condition EffectsAvailable
	ManagerCRM     = "handoff-routing-worker-crm"       // the condition CRMAvailable
)

// Reasons of the conditions, for the workers, which know no API type. Those of a mapping that does not fit are crm.Reason.
const (
	ReasonSecretNotFound    = slav1alpha1.ReasonSecretNotFound
	ReasonLedgerUnreachable = slav1alpha1.ReasonLedgerUnreachable
	ReasonLedgerAvailable   = slav1alpha1.ReasonLedgerAvailable
	ReasonIngestAvailable   = slav1alpha1.ReasonIngestAvailable
	ReasonEffectsAvailable  = slav1alpha1.ReasonEffectsAvailable

	ReasonCRMAvailable      = slav1alpha1.ReasonCRMAvailable
	ReasonCredentialRefused = slav1alpha1.ReasonCredentialRefused
	ReasonAccountChanged    = slav1alpha1.ReasonAccountChanged
	ReasonPermissionMissing = slav1alpha1.ReasonPermissionMissing
	ReasonUnreachable       = slav1alpha1.ReasonUnreachable
	ReasonLimitReached      = slav1alpha1.ReasonLimitReached
	ReasonSetBackStopped    = slav1alpha1.ReasonSetBackStopped
)

// Client for the API server, with the credentials of the pod, or with those of the file that KUBECONFIG names for a worker that runs
// elsewhere. It reads without a cache: the workers may not list or watch.
func Client() (client.Client, error) {
	config, err := clientConfig(os.Getenv(clientcmd.RecommendedConfigPathEnvVar))
	if err != nil {
		return nil, err
	}
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("no client for the API server: %w", err)
	}
	return c, nil
}

func clientConfig(file string) (*rest.Config, error) {
	if file != "" {
		return clientcmd.BuildConfigFromFlags("", file)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("this is to run in a pod, or with KUBECONFIG: %w", err)
	}
	return config, nil
}

// Scheme that a client needs.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(slav1alpha1.AddToScheme(scheme), corev1.AddToScheme(scheme))
}

// Writer writes the status of one SLAMeasurement.
type Writer struct {
	Client    client.Client
	Namespace string
	Name      string
	Now       func() time.Time // of a transition
}

// Condition of a worker.
type Condition struct {
	OK      bool
	Reason  string
	Message string
}

// SetLedger says whether the routing worker reaches the ledger.
func (w *Writer) SetLedger(ctx context.Context, c Condition) error {
	return w.set(ctx, ManagerLedger, slav1alpha1.LedgerAvailableCondition, c)
}

// SetIngest says whether the scoring worker can accept events.
func (w *Writer) SetIngest(ctx context.Context, c Condition) error {
	return w.set(ctx, ManagerScoring, slav1alpha1.IngestAvailableCondition, c)
}

// SetEffects says whether the routing worker has what it needs to notify, and to post what happens to leads.
func (w *Writer) SetEffects(ctx context.Context, c Condition) error {
	return w.set(ctx, ManagerEffects, slav1alpha1.EffectsAvailableCondition, c)
}

// ClearEffects takes the condition away that was written while the contract had effects.
func (w *Writer) ClearEffects(ctx context.Context) error {
	return w.clear(ctx, ManagerEffects, slav1alpha1.EffectsAvailableCondition)
}

// SetCRM says whether the CRM that the leads live in answers, and whether the mapping fits it.
func (w *Writer) SetCRM(ctx context.Context, c Condition) error {
	return w.set(ctx, ManagerCRM, slav1alpha1.CRMAvailableCondition, c)
}

// ClearCRM takes the condition away that was written while the leads of the contract lived in a CRM.
func (w *Writer) ClearCRM(ctx context.Context) error {
	return w.clear(ctx, ManagerCRM, slav1alpha1.CRMAvailableCondition)
}

func (w *Writer) clear(ctx context.Context, manager, conditionType string) error {
	current, err := w.get(ctx)
	if err != nil || meta.FindStatusCondition(current.Status.Conditions, conditionType) == nil {
		return err
	}
	return w.apply(ctx, manager, map[string]any{})
}

// set reads first: what is there already is not written again, and a transition is only one when the status changes.
func (w *Writer) set(ctx context.Context, manager, conditionType string, c Condition) error {
	current, err := w.get(ctx)
	if err != nil {
		return err
	}
	status := metav1.ConditionFalse
	if c.OK {
		status = metav1.ConditionTrue
	}
	since := metav1.NewTime(w.Now())
	if old := meta.FindStatusCondition(current.Status.Conditions, conditionType); old != nil && old.Status == status {
		if old.Reason == c.Reason && old.Message == c.Message {
			return nil
		}
		since = old.LastTransitionTime
	}
	return w.apply(ctx, manager, map[string]any{"conditions": []any{applied(metav1.Condition{
		Type: conditionType, Status: status, Reason: c.Reason, Message: c.Message, LastTransitionTime: since,
	})}})
}

// applied is a condition as it is written: without the fields that nobody sets.
func applied(c metav1.Condition) map[string]any {
	return map[string]any{
		"type": c.Type, "status": string(c.Status), "reason": c.Reason, "message": c.Message,
		"lastTransitionTime": c.LastTransitionTime.UTC().Format(time.RFC3339),
	}
}

func (w *Writer) get(ctx context.Context) (*slav1alpha1.SLAMeasurement, error) {
	var m slav1alpha1.SLAMeasurement
	if err := w.Client.Get(ctx, types.NamespacedName{Namespace: w.Namespace, Name: w.Name}, &m); err != nil {
		return nil, fmt.Errorf("reading SLAMeasurement %s/%s: %w", w.Namespace, w.Name, err)
	}
	return &m, nil
}

func (w *Writer) apply(ctx context.Context, manager string, status map[string]any) error {
	object := &unstructured.Unstructured{Object: map[string]any{"status": status}}
	object.SetGroupVersionKind(slav1alpha1.GroupVersion.WithKind("SLAMeasurement"))
	object.SetNamespace(w.Namespace)
	object.SetName(w.Name)
	err := w.Client.Status().Apply(ctx, client.ApplyConfigurationFromUnstructured(object), client.FieldOwner(manager), client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("writing the status of SLAMeasurement %s/%s: %w", w.Namespace, w.Name, err)
	}
	return nil
}
