// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"strconv"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
)

// tracing is the environment by which OpenTelemetry is set up everywhere; empty when the contract has no tracing. The programs are traced
// when there is an endpoint.
func tracing(in WorkerInput, component Component) []*corev1ac.EnvVarApplyConfiguration {
	if in.Spec.Workers == nil || in.Spec.Workers.Tracing == nil {
		return nil
	}
	t := in.Spec.Workers.Tracing
	env := func(name, value string) *corev1ac.EnvVarApplyConfiguration {
		return corev1ac.EnvVar().WithName(name).WithValue(value)
	}
	return []*corev1ac.EnvVarApplyConfiguration{
		env("OTEL_EXPORTER_OTLP_ENDPOINT", t.Endpoint),
		env("OTEL_SERVICE_NAME", "handoff-"+string(component)),
		env("OTEL_RESOURCE_ATTRIBUTES", fmt.Sprintf("k8s.namespace.name=%s,handoff.contract=%s", in.Owner.Namespace, in.Owner.Name)),
		env("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
		env("OTEL_TRACES_SAMPLER_ARG", strconv.FormatFloat(float64(ptr.Deref(t.SamplePercent, 100))/100, 'f', -1, 64)),
	}
}
