// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/bundle"
)

// WorkerInput is what the two Deployments are made from.
type WorkerInput struct {
	Owner  Owner
	Spec   slav1alpha1.SLAContractSpec
	Image  string
	Bundle string  // ConfigMap of the pair that they begin with
	Coming []int64 // sequences of the pairs that they get beforehand
}

// ScoringDeployment takes events in, scores and qualifies.
func ScoringDeployment(in WorkerInput) *appsv1ac.DeploymentApplyConfiguration {
	args := append(workerArgs(in), "--ingest-secret="+in.Spec.Ingest.TokenSecretRef.Name)
	main := container(string(Scoring), in.Image, "/scoring-worker", args...).
		WithPorts(tcpPort(eventsPort, eventsPortNumber), tcpPort(healthPort, healthPortNumber)).
		WithVolumeMounts(mount("bundle", bundleDir), mount("ledger", ledgerDir), mount("ingest", ingestDir))
	volumes := []*corev1ac.VolumeApplyConfiguration{
		bundleVolume(in),
		secretVolume("ledger", in.Spec.Ledger.SecretRef.Name),
		secretVolume("ingest", in.Spec.Ingest.TokenSecretRef.Name),
	}
	volumes = append(volumes, webhookVolumes(in.Spec, main)...)
	return deployment(in, Scoring, scale(in.Spec.Workers, Scoring), main, volumes)
}

// RoutingDeployment picks owners, runs the clocks and counts.
func RoutingDeployment(in WorkerInput) *appsv1ac.DeploymentApplyConfiguration {
	args := workerArgs(in)
	if keep := in.Spec.Retention; keep != nil {
		args = append(args, "--retain-events="+keep.Events)
	}
	main := container(string(Routing), in.Image, "/routing-worker", args...).
		WithPorts(tcpPort(healthPort, healthPortNumber)).
		WithVolumeMounts(mount("bundle", bundleDir), mount("roster", rosterDir), mount("ledger", ledgerDir))
	volumes := []*corev1ac.VolumeApplyConfiguration{
		bundleVolume(in),
		configVolume("roster", RosterName(in.Owner.Name)),
		secretVolume("ledger", in.Spec.Ledger.SecretRef.Name),
	}
	volumes = append(volumes, effectVolumes(in.Spec, main)...)
	return deployment(in, Routing, scale(in.Spec.Workers, Routing), main, volumes)
}

// bundleVolume holds the pair in force, and beside it those to come: the workers register them in the ledger, whose clock then decides. One to
// come that was superseded may be gone when an old ReplicaSet is scaled up again; the workers say which of --pairs they did not find.
func bundleVolume(in WorkerInput) *corev1ac.VolumeApplyConfiguration {
	if len(in.Coming) == 0 {
		return configVolume("bundle", in.Bundle)
	}
	source := func(name, file string) *corev1ac.VolumeProjectionApplyConfiguration {
		return corev1ac.VolumeProjection().WithConfigMap(corev1ac.ConfigMapProjection().WithName(name).
			WithItems(corev1ac.KeyToPath().WithKey(bundle.BundleFile).WithPath(file)))
	}
	sources := corev1ac.ProjectedVolumeSource().WithSources(source(in.Bundle, bundle.BundleFile))
	for _, sequence := range in.Coming {
		coming := source(BundleName(in.Owner.Name, sequence), bundle.ComingFile(sequence))
		coming.ConfigMap.WithOptional(true)
		sources.WithSources(coming)
	}
	return corev1ac.Volume().WithName("bundle").WithProjected(sources)
}

func workerArgs(in WorkerInput) []string {
	args := []string{
		"--tenant=" + in.Spec.Ledger.Tenant,
		"--namespace=" + in.Owner.Namespace,
		"--measurement=" + in.Owner.Name,
		"--ledger-secret=" + in.Spec.Ledger.SecretRef.Name,
	}
	args = append(args, effectArgs(in.Spec)...)
	if len(in.Coming) == 0 {
		return args
	}
	var pairs []string
	for _, sequence := range in.Coming {
		pairs = append(pairs, strconv.FormatInt(sequence, 10))
	}
	return append(args, "--pairs="+strings.Join(pairs, ","))
}

func scale(workers *slav1alpha1.Workers, component Component) slav1alpha1.Worker {
	switch {
	case workers == nil:
	case component == Scoring && workers.Scoring != nil:
		return *workers.Scoring
	case component == Routing && workers.Routing != nil:
		return *workers.Routing
	}
	return slav1alpha1.Worker{}
}

func deployment(
	in WorkerInput, component Component, worker slav1alpha1.Worker,
	main *corev1ac.ContainerApplyConfiguration, volumes []*corev1ac.VolumeApplyConfiguration,
) *appsv1ac.DeploymentApplyConfiguration {
	name, all := WorkerName(in.Owner.Name, component), labels(in.Owner.Name, component)
	main = main.WithResources(requirements(worker.Resources)).WithEnv(tracing(in, component)...).
		WithLivenessProbe(probe("/healthz").WithInitialDelaySeconds(5).WithPeriodSeconds(10).WithFailureThreshold(6)).
		WithReadinessProbe(probe("/readyz").WithPeriodSeconds(5).WithFailureThreshold(2))
	pod := corev1ac.PodSpec().
		WithServiceAccountName(name).
		// The workers patch their measurement, and nothing else; see MeasureRole.
		WithAutomountServiceAccountToken(true).
		WithSecurityContext(restrictedPod()).
		WithTerminationGracePeriodSeconds(30).
		WithTopologySpreadConstraints(spread(all)).
		WithContainers(main).
		WithVolumes(volumes...)
	spec := appsv1ac.DeploymentSpec().
		WithRevisionHistoryLimit(2).
		WithSelector(metav1ac.LabelSelector().WithMatchLabels(all)).
		WithStrategy(appsv1ac.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
				WithMaxUnavailable(intstr.FromInt32(0)).WithMaxSurge(intstr.FromInt32(1)))).
		WithTemplate(corev1ac.PodTemplateSpec().WithLabels(with(all, BundleLabel, in.Bundle)).WithSpec(pod))
	if worker.Replicas != nil { // absent: an autoscaler may own the number
		spec.WithReplicas(*worker.Replicas)
	}
	return appsv1ac.Deployment(name, in.Owner.Namespace).
		WithLabels(all).WithOwnerReferences(in.Owner.controller()).WithSpec(spec)
}

// spread asks for different nodes, but never leaves a pod pending for it.
func spread(all map[string]string) *corev1ac.TopologySpreadConstraintApplyConfiguration {
	return corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).WithTopologyKey(corev1.LabelHostname).WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(all))
}
