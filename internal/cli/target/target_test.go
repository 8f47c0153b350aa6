// SPDX-License-Identifier: Apache-2.0

package target

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
)

func TestPlain(t *testing.T) {
	cases := map[string]struct{ address, want string }{
		"without a path": {"http://localhost:8080", "http://localhost:8080/v1/events"},
		"with a slash":   {"https://ingest.example/", "https://ingest.example/v1/events"},
		"with a path":    {"https://ingest.example/leads/v1/events", "https://ingest.example/leads/v1/events"},
		"no scheme":      {"localhost:8080", ""},
		"another scheme": {"ftp://ingest.example", ""},
		"no host":        {"http://", ""},
		"nothing":        {"", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Plain(tc.address, "secret")
			if tc.want == "" {
				if err == nil {
					t.Errorf("no error for %q", tc.address)
				}
				return
			}
			if err != nil || got.URL != tc.want || got.Token != "secret" {
				t.Errorf("%+v (%v), want %s", got, err, tc.want)
			}
		})
	}
}

// What is written but not in force maps no column: the workers would not know the fields.
func TestFieldsAreThoseInForce(t *testing.T) {
	written := &slav1alpha1.LeadDefinition{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "inbound"},
		Spec:       slav1alpha1.LeadDefinitionSpec{Fields: []slav1alpha1.Field{{Name: "company", Type: "String", Property: "new_name"}}},
	}
	inForce := []lead.Field{{Name: "company", Type: lead.String, Property: "old_name"}, {Name: "email", Type: lead.String}}
	data, err := bundle.Bundle{Sequence: 2, Lead: lead.Definition{Fields: inForce}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	config := func(text string) *corev1.ConfigMap {
		return &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "acme-bundle-2"}, Data: map[string]string{"bundle.json": text},
		}
	}
	pair := &slav1alpha1.PairInForce{Bundle: "acme-bundle-2"}
	for name, tc := range map[string]struct {
		pair    *slav1alpha1.PairInForce
		objects []client.Object
		want    []lead.Field
		wantErr string
	}{
		"another text is written": {pair, []client.Object{written, config(string(data))}, inForce, ""},
		"no pair":                 {nil, []client.Object{written}, nil, "slacontract revenue/acme has no pair"},
		"no bundle":               {pair, []client.Object{written}, nil, `pair in force of slacontract revenue/acme: configmaps "acme-bundle-2" not found`},
		"not a bundle":            {pair, []client.Object{config("{")}, nil, "configmap revenue/acme-bundle-2: bundle.json"},
	} {
		t.Run(name, func(t *testing.T) {
			scheme, err := Scheme()
			if err != nil {
				t.Fatal(err)
			}
			contract := &slav1alpha1.SLAContract{
				ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "acme"},
				Spec:       slav1alpha1.SLAContractSpec{DefinitionRef: slav1alpha1.ObjectReference{Name: "inbound"}},
				Status:     slav1alpha1.SLAContractStatus{InForce: tc.pair},
			}
			got, err := fields(t.Context(), fake.NewClientBuilder().WithScheme(scheme).WithObjects(tc.objects...).Build(), contract)
			if (tc.wantErr == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), tc.wantErr)) {
				t.Errorf("error %v, want %q", err, tc.wantErr)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func pod(name string, ready corev1.ConditionStatus, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: name, Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "events", ContainerPort: 9090}}}}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
	}
}

func TestTunnelPicksAReadyPod(t *testing.T) {
	mine, other := map[string]string{"app": "scoring"}, map[string]string{"app": "routing"}
	leaving := pod("leaving", corev1.ConditionTrue, mine)
	leaving.Finalizers = []string{"example.com/keep"}
	leaving.DeletionTimestamp = &metav1.Time{Time: metav1.Now().Time}
	service := func(port corev1.ServicePort) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "ingest"},
			Spec:       corev1.ServiceSpec{Selector: mine, Ports: []corev1.ServicePort{port}},
		}
	}
	byName := corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("events")}
	cases := map[string]struct {
		objects []client.Object
		pod     string
		port    int32
		wantErr string
	}{
		"the one that is ready": {
			[]client.Object{
				service(byName), leaving, pod("starting", corev1.ConditionFalse, mine), pod("ready", corev1.ConditionTrue, mine),
				pod("another", corev1.ConditionTrue, other),
			}, "ready", 9090, "",
		},
		"a port by number": {
			[]client.Object{service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromInt32(8080)}), pod("ready", corev1.ConditionTrue, mine)},
			"ready", 8080, "",
		},
		"a port without a target": {
			[]client.Object{service(corev1.ServicePort{Port: 80}), pod("ready", corev1.ConditionTrue, mine)}, "ready", 80, "",
		},
		"a port that the pod lacks": {
			[]client.Object{service(corev1.ServicePort{Port: 80, TargetPort: intstr.FromString("web")}), pod("ready", corev1.ConditionTrue, mine)},
			"", 0, `no port "web"`,
		},
		"none ready": {[]client.Object{service(byName), leaving, pod("starting", corev1.ConditionFalse, mine)}, "", 0, "no pod behind service revenue/ingest"},
		"no service": {nil, "", 0, "not found"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			scheme, err := Scheme()
			if err != nil {
				t.Fatal(err)
			}
			c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(tc.objects...).Build()
			tunnel := &Tunnel{config: &rest.Config{}, client: c, namespace: "revenue", service: "ingest"}
			got, port, err := tunnel.pick(t.Context())
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Errorf("error %v, want one with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil || got != tc.pod || port != tc.port {
				t.Errorf("pod %q port %d (%v), want %q %d", got, port, err, tc.pod, tc.port)
			}
		})
	}
}
