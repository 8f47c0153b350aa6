// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// The sample contract.
const (
	SampleNamespace = "revenue"
	SampleContract  = "mid-market"
)

// Target is a contract and where its leads are.
type Target struct {
	Namespace string
	Contract  string // its name; that of the sample when empty
	Tenant    string // of the ledger
}

// Name of the contract.
func (t Target) Name() string { return cmp.Or(t.Contract, SampleContract) }

func (t Target) key() client.ObjectKey {
	return client.ObjectKey{Namespace: t.Namespace, Name: t.Name()}
}

// Sample is the sample contract as it is in config/samples.
var Sample = Target{Namespace: SampleNamespace, Tenant: SampleContract}

// Contract applies config/samples, with the Secrets it refers to, and waits until its workers take events. In another
// namespace the same signed texts make another contract.
func (e *Env) Contract(ctx context.Context, t Target) error {
	if err := e.namespace(ctx, t.Namespace); err != nil {
		return err
	}
	if err := e.Secrets(ctx, t.Namespace); err != nil {
		return err
	}
	if err := e.Samples(ctx, t); err != nil {
		return err
	}
	return e.Wait(ctx, 5*time.Minute, func(ctx context.Context) (string, error) { return e.Ready(ctx, t) })
}

// Samples applies config/samples alone.
func (e *Env) Samples(ctx context.Context, t Target) error {
	text, err := e.Render(ctx, "config/samples")
	if err != nil {
		return err
	}
	text = strings.NewReplacer(
		"namespace: "+SampleNamespace+"\n", "namespace: "+t.Namespace+"\n",
		"name: "+SampleNamespace+"\n", "name: "+t.Namespace+"\n",
		"tenant: "+SampleContract+"\n", "tenant: "+t.Tenant+"\n",
		"object: "+SampleNamespace+"/", "object: "+t.Namespace+"/", // signed for the other namespace: a copied sign-off counts for nothing
	).Replace(text)
	return e.Apply(ctx, text)
}

// Get reads the contract.
func (e *Env) Get(ctx context.Context, t Target) (*slav1alpha1.SLAContract, error) {
	var contract slav1alpha1.SLAContract
	return &contract, e.Client.Get(ctx, t.key(), &contract)
}

// Ready says what a contract waits for; nothing when its workers take events and its counts are fresh.
func (e *Env) Ready(ctx context.Context, t Target) (string, error) {
	contract, err := e.Get(ctx, t)
	if err != nil {
		return "", err
	}
	if contract.Status.ObservedGeneration < contract.Generation {
		return "the manager to take the contract up", nil
	}
	for _, condition := range []string{
		slav1alpha1.RatifiedCondition, slav1alpha1.ReadyCondition, slav1alpha1.WorkersAvailableCondition, slav1alpha1.MeasuredCondition,
	} {
		if c := meta.FindStatusCondition(contract.Status.Conditions, condition); c == nil || c.Status != metav1.ConditionTrue {
			return describe(condition, c), nil
		}
	}
	return "", nil
}

func describe(condition string, c *metav1.Condition) string {
	if c == nil {
		return "condition " + condition
	}
	return fmt.Sprintf("condition %s: %s: %s", condition, c.Reason, c.Message)
}
