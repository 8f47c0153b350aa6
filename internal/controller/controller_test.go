// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

const account = "system:serviceaccount:handoff-system:handoff-manager"

// signers is where the parties' keys are.
var signers = client.ObjectKey{Namespace: "default", Name: "handoff-signers"}

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

// manifest reads one of the manifests of config/.
func manifest(t *testing.T, object any, path ...string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "config"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, object); err != nil {
		t.Fatal(err)
	}
}

// startManager as it runs in a cluster: with its cache, and with no more rights than config/rbac gives it.
func startManager(t *testing.T) {
	t.Helper()
	role := &rbacv1.ClusterRole{}
	manifest(t, role, "rbac", "role.yaml")
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "manager-role"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: account}},
	}
	for _, o := range []client.Object{role, binding} {
		if err := testkit.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	config := rest.CopyConfig(testkit.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: account}
	scheme, err := controller.Scheme()
	if err != nil {
		t.Fatal(err)
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme, Cache: controller.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := controller.Setup(mgr, "example.com/handoff:test", signers, clock.RealClock{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// eventually fails unless what is looked at becomes empty within two minutes: a machine may be slow.
func eventually(t *testing.T, look func() string) {
	t.Helper()
	last := ""
	for range 1200 {
		if last = look(); last == "" {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal(last)
}

func ready(t *testing.T, c *slav1alpha1.SLAContract, reason string) {
	t.Helper()
	eventually(t, func() string {
		for _, condition := range testkit.Get(t, c).Status.Conditions {
			if condition.Type == "Ready" && condition.Reason == reason {
				return ""
			}
		}
		return fmt.Sprintf("Ready does not become %s: %+v", reason, c.Status.Conditions)
	})
}

// The watches alone bring every object forward, with the rights of the manifests.
func TestManager(t *testing.T) {
	startManager(t)
	namespace, now := testkit.Namespace(t), time.Now()
	cadence := testkit.Cadence(namespace, "board", "acme")
	contract := testkit.Contract(namespace, "acme", "mid-market")
	testkit.SignContract(t, contract, now, testkit.Both()...)
	definition := testkit.Definition(namespace, "mid-market")
	create(t, cadence, contract)
	ready(t, contract, "DefinitionNotFound")
	create(t, definition)
	ready(t, contract, "DefinitionNotRatified")
	foreign := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme-scoring"}}
	create(t, foreign)
	testkit.SignDefinition(t, testkit.Get(t, definition), now, testkit.Both()...)
	if err := testkit.Client.Update(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	nameIsSetFree(t, contract, foreign)

	for _, name := range []string{"acme-scoring", "acme-routing"} {
		d := testkit.Get(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: 1, AvailableReplicas: 1}
		if err := testkit.Client.Status().Update(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	ready(t, contract, "Succeeded")
	testkit.Kstatus(t, contract, status.CurrentStatus)

	measurement := testkit.Get(t, &slav1alpha1.SLAMeasurement{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "acme"}})
	measurement.Status.AsOf, measurement.Status.Sequence = ptr.To(metav1.NewTime(now)), contract.Status.InForce.Sequence
	if err := testkit.Client.Status().Update(t.Context(), measurement); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		if testkit.Get(t, contract); contract.Status.Scorecard == nil || contract.Status.MQLs != "0/133" {
			return "the measurement does not reach the status"
		}
		return ""
	})
	eventually(t, func() string {
		if testkit.Get(t, cadence); len(cadence.Status.Reviews) == 0 || cadence.Status.Reviews[0].Next == nil {
			return fmt.Sprintf("the review is not scheduled: %+v", cadence.Status)
		}
		return ""
	})
	eventsAreThere(t, namespace)
	atRest(t, namespace)
	podsAreRestricted(t, namespace)
	tenantIsSetFree(t, contract)
	keysAreWatched(t)
}

// keysAreWatched: keys that come make names count no more, and keys that go make them count again, with no edit of the objects.
func keysAreWatched(t *testing.T) {
	t.Helper()
	namespace := testkit.Namespace(t)
	testkit.PutKeys(t, signers, map[string]string{namespace + ".Sales": testkit.Key(t, 1).Line()})
	definition := testkit.Definition(namespace, "mid-market")
	contract := testkit.Contract(namespace, "acme", "mid-market")
	testkit.SignDefinition(t, definition, time.Now(), testkit.Both()...)
	testkit.SignContract(t, contract, time.Now(), testkit.Both()...)
	create(t, definition, contract)
	ratified := func(want string) {
		t.Helper()
		eventually(t, func() string {
			for _, conditions := range [][]metav1.Condition{testkit.Get(t, definition).Status.Conditions, testkit.Get(t, contract).Status.Conditions} {
				if c := meta.FindStatusCondition(conditions, "Ratified"); c == nil || c.Reason != want {
					return fmt.Sprintf("Ratified is %+v, want %s", c, want)
				}
			}
			return ""
		})
	}
	ratified("SignOffMissing")
	testkit.PutKeys(t, signers, map[string]string{namespace + ".Sales": "oops"})
	ratified("InvalidSigners")
	testkit.PutKeys(t, signers, nil)
	ratified("Attested")
}

// nameIsSetFree: an object that the cache does not show, because it lacks our label, keeps its name until it is deleted.
func nameIsSetFree(t *testing.T, contract *slav1alpha1.SLAContract, foreign *corev1.ServiceAccount) {
	t.Helper()
	ready(t, contract, "NameTaken")
	if live := testkit.Get(t, foreign); len(live.OwnerReferences)+len(live.Labels) > 0 {
		t.Errorf("the foreign account was taken: %+v", live.ObjectMeta)
	}
	if err := testkit.Client.Delete(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	// It would be looked at again within a minute; an edit brings it forward. A patch: the manager writes the status at the same time.
	edited := contract.DeepCopy()
	edited.Spec.Routing.Pools[0].Name = "all"
	if err := testkit.Client.Patch(t.Context(), edited, client.MergeFrom(contract)); err != nil {
		t.Fatal(err)
	}
	ready(t, contract, "WorkersUnavailable")
}

// tenantIsSetFree: a contract on a ledger tenant that is taken goes on when an edit of the other sets it free.
func tenantIsSetFree(t *testing.T, first *slav1alpha1.SLAContract) {
	t.Helper()
	second := testkit.Contract(first.Namespace, "second", "mid-market")
	second.Spec.Ledger = first.Spec.Ledger
	testkit.SignContract(t, second, time.Now(), testkit.Both()...)
	create(t, second)
	ready(t, second, "TenantTaken")
	testkit.Get(t, first).Spec.Ledger.SecretRef.Name = "another"
	if err := testkit.Client.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	ready(t, second, "WorkersUnavailable")
}

func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if err := testkit.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

func eventsAreThere(t *testing.T, namespace string) {
	t.Helper()
	eventually(t, func() string {
		list := &eventsv1.EventList{}
		if err := testkit.Client.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			return err.Error()
		}
		reasons := map[string]bool{}
		for _, e := range list.Items {
			reasons[e.Reason] = true
		}
		if !reasons["Ratified"] || !reasons["Adopted"] {
			return fmt.Sprintf("events: %v", reasons)
		}
		return ""
	})
}

// atRest: nothing in the namespace changes by itself, once what went before is worked off.
func atRest(t *testing.T, namespace string) {
	t.Helper()
	eventually(t, func() string {
		before := versions(t, namespace)
		time.Sleep(1500 * time.Millisecond)
		if diff := cmp.Diff(before, versions(t, namespace)); diff != "" {
			return "the manager writes at rest: " + diff
		}
		return ""
	})
}

func versions(t *testing.T, namespace string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &appsv1.ControllerRevisionList{}, &corev1.ConfigMapList{}, &batchv1.CronJobList{}, &rbacv1.RoleList{},
		&corev1.ServiceList{}, &slav1alpha1.SLAContractList{}, &slav1alpha1.LeadDefinitionList{}, &slav1alpha1.ReviewCadenceList{},
	} {
		if err := testkit.Client.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintf("%T", list)] = fmt.Sprint(resourceVersions(t, list))
	}
	return out
}

func resourceVersions(t *testing.T, list client.ObjectList) []string {
	t.Helper()
	raw, err := yaml.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	partial := &metav1.PartialObjectMetadataList{}
	if err := yaml.Unmarshal(raw, partial); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, item := range partial.Items {
		out = append(out, item.Name+"@"+item.ResourceVersion)
	}
	return out
}

// podsAreRestricted makes each of the pods where the strictest pod security standard is enforced.
func podsAreRestricted(t *testing.T, namespace string) {
	t.Helper()
	restricted := testkit.Namespace(t)
	ns := testkit.Get(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: restricted}})
	ns.Labels["pod-security.kubernetes.io/enforce"] = "restricted"
	if err := testkit.Client.Update(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	manager := &appsv1.Deployment{}
	manifest(t, manager, "manager", "manager.yaml")
	job := testkit.Get(t, &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "board-weekly"}})
	templates := map[string]corev1.PodTemplateSpec{"manager": manager.Spec.Template, "review": job.Spec.JobTemplate.Spec.Template}
	for _, name := range []string{"acme-scoring", "acme-routing"} {
		templates[name] = testkit.Get(t, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}).Spec.Template
	}
	for name, template := range templates {
		create(t, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: restricted, Name: name}, Spec: template.Spec})
	}
	bad := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: restricted, Name: "bad"}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "bad", Image: "bad"}},
	}}
	if err := testkit.Client.Create(t.Context(), bad); err == nil {
		t.Error("the standard is not enforced here, so that this test shows nothing")
	}
}

// The manager must never hold a right on Secrets, nor one on everything.
func TestRoleIsMinimal(t *testing.T) {
	role := &rbacv1.ClusterRole{}
	manifest(t, role, "rbac", "role.yaml")
	for _, rule := range role.Rules {
		for _, what := range append(append(append([]string{}, rule.Resources...), rule.Verbs...), rule.APIGroups...) {
			switch what {
			case "secrets", "*", "escalate", "bind", "impersonate":
				t.Errorf("the role has %q: %+v", what, rule)
			}
		}
	}
}
