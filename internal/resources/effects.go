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
		flag("crm-secret", crmSecret(c))
	}
	return args
}

// crmSecret is the name of the Secret of a CRM. All else that is said of it is in the file beside the roster: a change of it rolls nothing out.
func crmSecret(c *slav1alpha1.CRM) string {
	switch {
	case c.Events != nil:
		return c.Events.SecretRef.Name
	case c.HubSpot != nil:
		return c.HubSpot.SecretRef.Name
	case c.Salesforce != nil:
		return c.Salesforce.SecretRef.Name
	}
	return ""
}

// webhooks is the URL at which the CRM calls the scoring worker; "" when it does not.
func webhooks(spec slav1alpha1.SLAContractSpec) string {
	if c := spec.CRM; c != nil && c.HubSpot != nil {
		return string(c.HubSpot.Webhooks)
	}
	return ""
}

// webhookVolumes mount what the CRM signs with into the scoring worker, when it is to tell the CRM's calls from anybody else's. The token stays with the
// worker that nobody calls.
func webhookVolumes(spec slav1alpha1.SLAContractSpec, main *corev1ac.ContainerApplyConfiguration) []*corev1ac.VolumeApplyConfiguration {
	url := webhooks(spec)
	if url == "" {
		return nil
	}
	main.WithArgs("--crm-webhooks=" + url).WithVolumeMounts(mount("crm", crmDir))
	volume := secretVolume("crm", crmSecret(spec.CRM))
	volume.Secret.WithItems(corev1ac.KeyToPath().WithKey(signatureKey).WithPath(signatureKey))
	return []*corev1ac.VolumeApplyConfiguration{volume}
}

// effectVolumes mount the Secrets of the effects into the routing worker, which is the one that sends.
func effectVolumes(spec slav1alpha1.SLAContractSpec, main *corev1ac.ContainerApplyConfiguration) []*corev1ac.VolumeApplyConfiguration {
	var volumes []*corev1ac.VolumeApplyConfiguration
	if n := spec.Notify; n != nil {
		main.WithVolumeMounts(mount("notify", notifyDir))
		volumes = append(volumes, secretVolume("notify", n.SecretRef.Name))
	}
	if c := spec.CRM; c != nil {
		main.WithVolumeMounts(mount("crm", crmDir))
		volumes = append(volumes, secretVolume("crm", crmSecret(c)))
	}
	return volumes
}
