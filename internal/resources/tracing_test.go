// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

func environment(d *appsv1ac.DeploymentApplyConfiguration) map[string]string {
	all := map[string]string{}
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		all[*e.Name] = *e.Value
	}
	return all
}

func TestTracing(t *testing.T) {
	for name, c := range map[string]struct {
		percent *int32
		want    string
	}{"all when absent": {nil, "1"}, "some": {ptr.To[int32](5), "0.05"}, "none but what senders trace": {ptr.To[int32](0), "0"}} {
		t.Run(name, func(t *testing.T) {
			in := workerInput(&slav1alpha1.Workers{Tracing: &slav1alpha1.Tracing{Endpoint: "http://collector.observability:4318", SamplePercent: c.percent}})
			want := map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.observability:4318", "OTEL_SERVICE_NAME": "handoff-scoring",
				"OTEL_RESOURCE_ATTRIBUTES": "k8s.namespace.name=revenue,handoff.contract=mid-market",
				"OTEL_TRACES_SAMPLER":      "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": c.want,
			}
			if diff := cmp.Diff(want, environment(ScoringDeployment(in))); diff != "" {
				t.Error(diff)
			}
			want["OTEL_SERVICE_NAME"] = "handoff-routing"
			if diff := cmp.Diff(want, environment(RoutingDeployment(in))); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := environment(ScoringDeployment(workerInput(nil))); len(got) > 0 {
		t.Errorf("without tracing there is an environment: %v", got)
	}
}

// Retention is the routing worker's alone.
func TestRetentionReachesTheRoutingWorker(t *testing.T) {
	in := workerInput(nil)
	has := func(d *appsv1ac.DeploymentApplyConfiguration) bool {
		return slices.Contains(d.Spec.Template.Spec.Containers[0].Args, "--retain-events=400d")
	}
	if has(RoutingDeployment(in)) {
		t.Error("history is retired although the contract does not say so")
	}
	in.Spec.Retention = &slav1alpha1.Retention{Events: "400d"}
	if !has(RoutingDeployment(in)) || has(ScoringDeployment(in)) {
		t.Error("the routing worker, and only that, should be told how long events are kept")
	}
}
