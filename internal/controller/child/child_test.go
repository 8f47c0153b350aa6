// SPDX-License-Identifier: Apache-2.0

package child_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/controller/child"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/resources"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// Every child that the operator makes is written once, not again, and repaired when somebody takes away what is ours.
func TestEveryKindIsAtRestAfterOneWrite(t *testing.T) {
	namespace := testkit.Namespace(t)
	owner := resources.Owner{Kind: "SLAContract", Namespace: namespace, Name: "acme", UID: "11111111-2222-3333-4444-555555555555"}
	contract := testkit.Contract(namespace, "acme", "mid-market")
	contract.Spec.CRM = &slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{
		SecretRef: slav1alpha1.ObjectReference{Name: "handoff-hubspot"}, Webhooks: "https://handoff.example.com/v1/crm/hubspot",
	}}
	in := resources.WorkerInput{Owner: owner, Spec: contract.Spec, Image: "example.com/handoff:1", Bundle: "acme-bundle-1"}
	cadence := testkit.Cadence(namespace, "board", "acme")
	roster, err := resources.RosterConfigMap(owner, bundle.Roster{}, bundle.Standing{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]runtime.ApplyConfiguration{
		"roster":      roster,
		"service":     resources.IngestService(owner),
		"account":     resources.WorkerAccount(owner, resources.Scoring),
		"budget":      resources.WorkerDisruptionBudget(owner, resources.Scoring),
		"network":     resources.WorkerNetworkPolicy(owner, resources.Scoring),
		"measurement": resources.Measurement(owner),
		"role":        resources.MeasureRole(owner),
		"binding":     resources.MeasureRoleBinding(owner),
		"scoring":     resources.ScoringDeployment(in),
		"routing":     resources.RoutingDeployment(in),
		"review": resources.ReviewCronJob(resources.ReviewInput{
			Owner: owner, Review: cadence.Spec.Reviews[0], HistoryLimit: 26, Image: in.Image, Contract: "acme", TimeZone: "UTC",
			Bundle: in.Bundle, Ledger: contract.Spec.Ledger,
		}),
		"revision": resources.Revision(resources.RevisionInput{
			Owner: owner, Label: resources.ContractLabel, Component: resources.Terms, Name: "acme-terms-1", Number: 1, Data: []byte(`{"b":1,"a":[2]}`),
		}),
	} {
		t.Run(name, func(t *testing.T) {
			counting, writes := testkit.Counting(testkit.Client)
			for range 2 {
				if err := child.Apply(t.Context(), counting, testkit.Client, wanted); err != nil {
					t.Fatal(err)
				}
			}
			if len(writes.All) != 1 {
				t.Errorf("wrote %q", writes.All)
			}
		})
	}
}

func TestWhatOthersOwnIsLeftAlone(t *testing.T) {
	namespace := testkit.Namespace(t)
	owner := resources.Owner{Kind: "SLAContract", Namespace: namespace, Name: "acme", UID: "11111111-2222-3333-4444-555555555555"}
	wanted := corev1ac.ConfigMap("c", namespace).WithOwnerReferences(owner.Reference()).
		WithLabels(map[string]string{"ours": "1"}).WithData(map[string]string{"a": "1"})
	apply := func() {
		t.Helper()
		if err := child.Apply(t.Context(), testkit.Client, testkit.Client, wanted); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	live := testkit.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "c"}})
	live.Data["theirs"], live.Data["a"] = "2", "changed"
	delete(live.Labels, "ours")
	if err := testkit.Client.Update(t.Context(), live); err != nil {
		t.Fatal(err)
	}
	apply()
	testkit.Get(t, live)
	if diff := cmp.Diff(map[string]string{"a": "1", "theirs": "2"}, live.Data); diff != "" || live.Labels["ours"] != "1" {
		t.Errorf("labels %v, %s", live.Labels, diff)
	}
	wanted.Data = map[string]string{"b": "3"} // what is no longer wanted goes
	apply()
	if diff := cmp.Diff(map[string]string{"b": "3", "theirs": "2"}, testkit.Get(t, live).Data); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralOwners(t *testing.T) {
	namespace := testkit.Namespace(t)
	wanted := appsv1ac.ControllerRevision("r", namespace).WithRevision(1).WithData(runtime.RawExtension{Raw: []byte(`{}`)})
	if err := child.Apply(t.Context(), testkit.Client, testkit.Client, wanted); err != nil {
		t.Fatal(err)
	}
	live := testkit.Get(t, &appsv1.ControllerRevision{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "r"}})
	counting, writes := testkit.Counting(testkit.Client)
	for _, name := range []string{"one", "two", "one", "two"} {
		co := resources.Owner{Kind: "SLAContract", Namespace: namespace, Name: name, UID: "uid-" + live.UID[:8]}
		co.UID += "-" + live.UID[:4]
		if name == "two" {
			co.UID += "2"
		}
		if err := child.ApplyAs(t.Context(), counting, resources.RevisionCoOwner(co, "r", live.UID), "manager-"+name); err != nil {
			t.Fatal(err)
		}
	}
	if owners := testkit.Get(t, live).OwnerReferences; len(owners) != 2 || len(writes.All) != 2 {
		t.Errorf("owners %v, wrote %q", owners, writes.All)
	}
	gone := resources.RevisionCoOwner(resources.Owner{Kind: "SLAContract", Namespace: namespace, Name: "one", UID: "u"}, "gone", live.UID)
	if err := child.ApplyAs(t.Context(), testkit.Client, gone, "manager-one"); err == nil {
		t.Error("a revision that is gone was made again, empty")
	}
}

func TestCreateOnce(t *testing.T) {
	wanted := corev1ac.ConfigMap("once", testkit.Namespace(t)).WithImmutable(true).WithData(map[string]string{"a": "1"})
	if err := child.Create(t.Context(), testkit.Client, wanted); err != nil {
		t.Fatal(err)
	}
	if err := child.Create(t.Context(), testkit.Client, wanted); !apierrors.IsAlreadyExists(err) {
		t.Errorf("error %v", err)
	}
}

func TestErrorsNameTheObject(t *testing.T) {
	err := child.Apply(t.Context(), testkit.Client, testkit.Client, rbacv1ac.Role("r", "no-such-namespace"))
	if err == nil || !strings.Contains(err.Error(), "apply Role no-such-namespace/r: ") {
		t.Errorf("error %v", err)
	}
	var other runtime.ApplyConfiguration = corev1ac.LimitRange("e", "default")
	if err := testkit.Client.Create(t.Context(), &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "e"}}); err != nil {
		t.Fatal(err)
	}
	if err := child.Apply(t.Context(), testkit.Client, testkit.Client, other); err == nil || !strings.Contains(err.Error(), "no extraction for *v1.LimitRange") {
		t.Errorf("error %v", err)
	}
}
