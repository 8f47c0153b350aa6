// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// What the programs in the image expect; see their flags.
const (
	bundleDir = "/etc/handoff/bundle"
	rosterDir = "/etc/handoff/roster"
	ledgerDir = "/etc/handoff/ledger"
	ingestDir = "/etc/handoff/ingest"
	notifyDir = "/etc/handoff/notify"
	crmDir    = "/etc/handoff/crm"

	// signatureKey of the CRM's Secret is what the CRM signs its calls with.
	signatureKey = "clientSecret"

	eventsPort       = "events"
	eventsPortNumber = int32(8080)
	healthPort       = "health"
	healthPortNumber = int32(8081)

	// nonRoot is the account that the image runs as.
	nonRoot = int64(65532)
)

// restrictedPod satisfies the pod security standard `restricted`.
func restrictedPod() *corev1ac.PodSecurityContextApplyConfiguration {
	return corev1ac.PodSecurityContext().
		WithRunAsNonRoot(true).WithRunAsUser(nonRoot).WithRunAsGroup(nonRoot).WithFSGroup(nonRoot).
		WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}

// restrictedContainer satisfies it for a container, and keeps the root file system read-only.
func restrictedContainer() *corev1ac.SecurityContextApplyConfiguration {
	return corev1ac.SecurityContext().
		WithAllowPrivilegeEscalation(false).
		WithReadOnlyRootFilesystem(true).
		WithRunAsNonRoot(true).
		WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))
}

// container that runs one of the image's programs.
func container(name, image, program string, args ...string) *corev1ac.ContainerApplyConfiguration {
	return corev1ac.Container().
		WithName(name).WithImage(image).WithImagePullPolicy(corev1.PullIfNotPresent).
		WithCommand(program).WithArgs(args...).
		WithSecurityContext(restrictedContainer())
}

// configVolume mounts a ConfigMap that exists before the pod does.
func configVolume(name, configMap string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).WithConfigMap(corev1ac.ConfigMapVolumeSource().WithName(configMap))
}

// secretVolume mounts a Secret that may be absent: a pod that waits for a volume says so nowhere but in events, so the program starts
// without it and says what is missing. The kubelet adds the files when the Secret appears.
func secretVolume(name, secret string) *corev1ac.VolumeApplyConfiguration {
	return corev1ac.Volume().WithName(name).
		WithSecret(corev1ac.SecretVolumeSource().WithSecretName(secret).WithOptional(true))
}

func mount(name, dir string) *corev1ac.VolumeMountApplyConfiguration {
	return corev1ac.VolumeMount().WithName(name).WithMountPath(dir).WithReadOnly(true)
}

func probe(path string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(healthPort)))
}

func tcpPort(name string, number int32) *corev1ac.ContainerPortApplyConfiguration {
	return corev1ac.ContainerPort().WithName(name).WithContainerPort(number).WithProtocol(corev1.ProtocolTCP)
}

// requirements are the wanted resources, or small requests when none are stated.
func requirements(wanted *corev1.ResourceRequirements) *corev1ac.ResourceRequirementsApplyConfiguration {
	out := corev1ac.ResourceRequirements()
	if wanted == nil {
		return out.WithRequests(corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("50m"), corev1.ResourceMemory: resource.MustParse("64Mi"),
		})
	}
	if len(wanted.Requests) > 0 {
		out.WithRequests(wanted.Requests)
	}
	if len(wanted.Limits) > 0 {
		out.WithLimits(wanted.Limits)
	}
	return out
}
