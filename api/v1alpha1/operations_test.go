// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestTracing(t *testing.T) {
	const refused = "spec.workers.tracing.endpoint"
	for name, c := range map[string]struct{ endpoint, want string }{
		"a collector":         {"http://collector.observability:4318", ""},
		"with a slash":        {"https://collector.acme.example/", ""},
		"with a path":         {"http://collector:4318/v1/traces", refused},
		"user and password":   {"http://user:password@collector:4318", refused},
		"a user":              {"https://user@collector:4318", refused},
		"of another protocol": {"grpc://collector:4317", refused},
	} {
		t.Run(name, func(t *testing.T) {
			contract := testkit.Contract("default", "tracing", "mid-market")
			contract.Spec.Workers = &slav1alpha1.Workers{Tracing: &slav1alpha1.Tracing{Endpoint: c.endpoint}}
			check(t, contract, c.want)
		})
	}
}
