// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// effectArgs tell both workers which effects there are to be: the scoring worker notes what the routing worker sends. Only what is written in the
// contract becomes a flag.
func effectArgs(spec slav1alpha1.SLAContractSpec) []string {
	var args []string
	flag := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name+"="+value)
		}
	}
	if n := spec.Notify; n != nil {
		flag("notify-secret", n.SecretRef.Name)
		flag("escalate-after", string(n.EscalateAfter))
		if n.Digest != nil {
			flag("digest-every", string(n.Digest.Every))
			flag("quiet-hours", string(n.Digest.QuietHours))
		}
	}
	if c := spec.CRM; c != nil {
		flag("crm", string(c.Type))
		if c.Events != nil {
			flag("crm-secret", c.Events.SecretRef.Name)
		}
	}
	return args
}

// effectVolumes mount the Secrets of the effects into the routing worker, which is the one that sends.
func effectVolumes(spec slav1alpha1.SLAContractSpec, main *corev1ac.ContainerApplyConfiguration) []*corev1ac.VolumeApplyConfiguration {
	var volumes []*corev1ac.VolumeApplyConfiguration
	if n := spec.Notify; n != nil {
		main.WithVolumeMounts(mount("notify", notifyDir))
		volumes = append(volumes, secretVolume("notify", n.SecretRef.Name))
	}
	if c := spec.CRM; c != nil && c.Events != nil {
		main.WithVolumeMounts(mount("crm", crmDir))
		volumes = append(volumes, secretVolume("crm", c.Events.SecretRef.Name))
	}
	return volumes
}
