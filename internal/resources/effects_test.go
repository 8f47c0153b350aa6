// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// of a Deployment: the flags of the effects, and where the Secrets are mounted, which may be absent.
func effectsOf(d *appsv1ac.DeploymentApplyConfiguration) (flags, mounts []string) {
	pod := d.Spec.Template.Spec
	for _, arg := range pod.Containers[0].Args {
		for _, prefix := range []string{"--notify", "--escalate", "--digest", "--quiet", "--crm"} {
			if strings.HasPrefix(arg, prefix) {
				flags = append(flags, arg)
			}
		}
	}
	for _, v := range pod.Volumes {
		if v.Secret == nil || !slices.Contains([]string{"notify", "crm"}, *v.Name) {
			continue
		}
		for _, m := range pod.Containers[0].VolumeMounts {
			if *m.Name == *v.Name {
				optional := ""
				if *v.Secret.Optional && *m.ReadOnly {
					optional = " (optional)"
				}
				mounts = append(mounts, *v.Secret.SecretName+" at "+*m.MountPath+optional)
			}
		}
	}
	return flags, mounts
}

// Both workers know which effects there are to be; only the one that sends gets the Secrets.
func TestEffects(t *testing.T) {
	ref := func(name string) slav1alpha1.ObjectReference { return slav1alpha1.ObjectReference{Name: name} }
	for name, c := range map[string]struct {
		notify        *slav1alpha1.Notify
		crm           *slav1alpha1.CRM
		flags, mounts []string
	}{
		"none": {},
		"notices as they are by default": {
			notify: &slav1alpha1.Notify{SecretRef: ref("notify-urls")},
			flags:  []string{"--notify-secret=notify-urls"},
			mounts: []string{"notify-urls at /etc/handoff/notify (optional)"},
		},
		"all": {
			notify: &slav1alpha1.Notify{
				SecretRef: ref("notify-urls"), EscalateAfter: "30m", Digest: &slav1alpha1.NoticeDigest{Every: "2h", QuietHours: slav1alpha1.IgnoreQuietHours},
			},
			crm: &slav1alpha1.CRM{Type: slav1alpha1.EventsCRM, Events: &slav1alpha1.CRMEvents{SecretRef: ref("crm-sink")}},
			flags: []string{
				"--notify-secret=notify-urls", "--escalate-after=30m", "--digest-every=2h", "--quiet-hours=Ignore", "--crm=Events", "--crm-secret=crm-sink",
			},
			mounts: []string{"notify-urls at /etc/handoff/notify (optional)", "crm-sink at /etc/handoff/crm (optional)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := workerInput(nil)
			in.Spec.Notify, in.Spec.CRM = c.notify, c.crm
			flags, mounts := effectsOf(RoutingDeployment(in))
			if diff := cmp.Diff(c.flags, flags) + cmp.Diff(c.mounts, mounts); diff != "" {
				t.Errorf("routing (-want +got):\n%s", diff)
			}
			flags, mounts = effectsOf(ScoringDeployment(in))
			if diff := cmp.Diff(c.flags, flags) + cmp.Diff([]string(nil), mounts); diff != "" {
				t.Errorf("scoring (-want +got):\n%s", diff)
			}
		})
	}
}
