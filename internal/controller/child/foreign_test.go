// SPDX-License-Identifier: Apache-2.0

package child_test

import (
	"context"
	"errors"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/outcome"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/resources"
)

// blind is a client whose cache shows nothing, as that of the manager shows nothing without our label.
func blind() client.WithWatch {
	return interceptor.NewClient(testkit.Client, interceptor.Funcs{
		Get: func(_ context.Context, _ client.WithWatch, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
			return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
		},
	})
}

func TestForeignObjectsAreNotTaken(t *testing.T) {
	const uid, another = types.UID("11111111-2222-3333-4444-555555555555"), types.UID("99999999-2222-3333-4444-555555555555")
	ours := map[string]string{
		resources.ManagedByLabel: resources.ManagedBy, resources.ContractLabel: "acme", resources.ComponentLabel: string(resources.Scoring),
	}
	controlledBy := func(kind, name string, by types.UID) []metav1.OwnerReference {
		yes := true
		return []metav1.OwnerReference{{APIVersion: "sla.handoff.dev/v1alpha1", Kind: kind, Name: name, UID: by, Controller: &yes}}
	}
	for name, tc := range map[string]struct {
		labels map[string]string
		owners []metav1.OwnerReference
		taken  bool
	}{
		"made by hand":                     {taken: true},
		"with another's labels":            {labels: map[string]string{resources.ManagedByLabel: "Helm"}, taken: true},
		"of another contract":              {labels: map[string]string{resources.ManagedByLabel: resources.ManagedBy, resources.ContractLabel: "b"}, taken: true},
		"controlled by somebody else":      {labels: ours, owners: controlledBy("SLAContract", "other", another), taken: true},
		"ours, that the cache lacks":       {labels: ours, owners: controlledBy("SLAContract", "acme", uid)},
		"ours, whose labels somebody took": {owners: controlledBy("SLAContract", "acme", uid)},
		"left by a contract that is gone":  {labels: ours},
		"left, with a label of somebody's": {labels: map[string]string{"team": "x", resources.ManagedByLabel: resources.ManagedBy, resources.ContractLabel: "acme", resources.ComponentLabel: "scoring"}},
	} {
		t.Run(name, func(t *testing.T) {
			namespace := testkit.Namespace(t)
			owner := resources.Owner{Kind: "SLAContract", Namespace: namespace, Name: "acme", UID: uid}
			there := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{
				Namespace: namespace, Name: "acme-scoring", Labels: tc.labels, OwnerReferences: tc.owners,
			}}
			if err := testkit.Client.Create(t.Context(), there); err != nil {
				t.Fatal(err)
			}
			for which, c := range map[string]client.WithWatch{"hidden": blind(), "seen": testkit.Client} {
				counting, writes := testkit.Counting(c)
				err := child.Apply(t.Context(), counting, testkit.Client, resources.WorkerAccount(owner, resources.Scoring))
				if !tc.taken {
					if err != nil {
						t.Errorf("%s: %v", which, err)
					}
					continue
				}
				var stall *outcome.StallError
				want := "ServiceAccount " + namespace + "/acme-scoring already exists and belongs to somebody else; rename or delete it"
				if !errors.As(err, &stall) || stall.Reason != "NameTaken" || stall.Message != want {
					t.Errorf("%s: error %v", which, err)
				}
				if len(writes.All) > 0 {
					t.Errorf("%s: wrote %q", which, writes.All)
				}
			}
			live := testkit.Get(t, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme-scoring"}})
			if tc.taken != (live.ResourceVersion == there.ResourceVersion) {
				t.Errorf("taken %v, but the object is %+v", tc.taken, live.ObjectMeta)
			}
			if !tc.taken && !metav1.IsControlledBy(live, &metav1.ObjectMeta{UID: uid}) {
				t.Errorf("not adopted: %+v", live.OwnerReferences)
			}
		})
	}
}

func TestLiveReadsOnlyBeforeCreation(t *testing.T) {
	owner := resources.Owner{Kind: "SLAContract", Namespace: testkit.Namespace(t), Name: "acme", UID: "11111111-2222-3333-4444-555555555555"}
	reads := 0
	live := interceptor.NewClient(testkit.Client, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			reads++
			return c.Get(ctx, key, o, opts...)
		},
	})
	for range 3 {
		if err := child.Apply(t.Context(), testkit.Client, live, resources.WorkerAccount(owner, resources.Scoring)); err != nil {
			t.Fatal(err)
		}
	}
	if reads != 1 {
		t.Errorf("%d live reads, want 1", reads)
	}
}

func TestLiveReadThatFails(t *testing.T) {
	broken := errors.New("broken")
	live := interceptor.NewClient(testkit.Client, interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return broken
		},
	})
	owner := resources.Owner{Kind: "SLAContract", Namespace: testkit.Namespace(t), Name: "acme", UID: "u"}
	counting, writes := testkit.Counting(testkit.Client)
	err := child.Apply(t.Context(), counting, live, resources.WorkerAccount(owner, resources.Scoring))
	if !errors.Is(err, broken) || len(writes.All) > 0 {
		t.Errorf("error %v, wrote %q", err, writes.All)
	}
}
