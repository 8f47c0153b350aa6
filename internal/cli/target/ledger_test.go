// SPDX-License-Identifier: Apache-2.0

package target

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

func TestLedgerOf(t *testing.T) {
	database := func(namespace string, selector map[string]string) client.Object {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "db"},
			Spec: corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{
				{Name: "metrics", Port: 9187}, {Name: "postgres", Port: 5432, TargetPort: intstr.FromInt32(5433)},
			}},
		}
	}
	mine := map[string]string{"app": "db"}
	for name, tc := range map[string]struct {
		dsn     string
		objects []client.Object
		tunnel  bool
		wantErr string
	}{
		"a Service of the namespace": {"postgres://u:secret@db:5432/x", []client.Object{database("revenue", mine)}, true, ""},
		"of another namespace":       {"postgres://u:secret@db.data:5432/x", []client.Object{database("data", mine)}, true, ""},
		"by its full name":           {"postgres://u:secret@db.data.svc.cluster.local/x", []client.Object{database("data", mine)}, true, ""},
		"that is not there":          {"postgres://u:secret@db.data.svc:5432/x", nil, false, "the database is at service data/db"},
		"without pods":               {"postgres://u:secret@db/x", []client.Object{database("revenue", nil)}, false, ""},
		"a host outside":             {"postgres://u:secret@db.example.com/x", nil, false, ""},
		"a short host outside":       {"postgres://u:secret@db.example/x", nil, false, ""},
		"an address":                 {"postgres://u:secret@10.0.0.1/x", []client.Object{database("revenue", mine)}, false, ""},
		"no connection string":       {"u:secret", nil, false, `secret revenue/ledger: key "dsn": not a PostgreSQL connection string`},
		"empty":                      {" ", nil, false, "not a PostgreSQL connection string"},
	} {
		t.Run(name, func(t *testing.T) {
			scheme, err := Scheme()
			if err != nil {
				t.Fatal(err)
			}
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "ledger"}, Data: map[string][]byte{"dsn": []byte(tc.dsn)}}
			c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(append(tc.objects, secret)...).Build()
			contract := &slav1alpha1.SLAContract{
				ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "acme"},
				Spec:       slav1alpha1.SLAContractSpec{Ledger: slav1alpha1.Ledger{SecretRef: slav1alpha1.ObjectReference{Name: "ledger"}, Tenant: "acme"}},
			}
			got, err := ledgerOf(t.Context(), &rest.Config{}, c, contract)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) || strings.Contains(err.Error(), "u:secret") {
					t.Errorf("error %v, want %q", err, tc.wantErr)
				}
				return
			}
			if err != nil || got.Tenant != "acme" || got.DSN != tc.dsn || (got.Dial != nil) != tc.tunnel {
				t.Errorf("%+v (%v)", got, err)
			}
		})
	}
}

// Of a Service with several ports, that of the connection string is taken.
func TestTunnelToAPort(t *testing.T) {
	scheme, err := Scheme()
	if err != nil {
		t.Fatal(err)
	}
	mine := map[string]string{"app": "db"}
	c := fake.NewClientBuilder().WithScheme(scheme).WithObjects(pod("ready", corev1.ConditionTrue, mine), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "db"},
		Spec:       corev1.ServiceSpec{Selector: mine, Ports: []corev1.ServicePort{{Port: 9187}, {Port: 5432, TargetPort: intstr.FromInt32(5433)}}},
	}).Build()
	for number, want := range map[int32]int32{0: 9187, 5432: 5433, 1: 0} {
		tunnel := &Tunnel{config: &rest.Config{}, client: c, namespace: "revenue", service: "db", number: number}
		if _, port, err := tunnel.pick(t.Context()); port != want || (err == nil) != (want > 0) {
			t.Errorf("port %d: %d (%v), want %d", number, port, err, want)
		}
	}
}
