// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
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
				of := *v.Secret.SecretName
				for _, item := range v.Secret.Items {
					of += " " + *item.Key + " as " + *item.Path
				}
				mounts = append(mounts, of+" at "+*m.MountPath+optional)
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
		scoring       []string // of the scoring worker: a flag more, and one key of the Secret
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
		"a CRM that is asked": {
			crm:    &slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{SecretRef: ref("handoff-hubspot")}},
			flags:  []string{"--crm=HubSpot", "--crm-secret=handoff-hubspot"},
			mounts: []string{"handoff-hubspot at /etc/handoff/crm (optional)"},
		},
		"a CRM that calls": {
			crm: &slav1alpha1.CRM{Type: slav1alpha1.HubSpotCRM, HubSpot: &slav1alpha1.HubSpot{
				SecretRef: ref("handoff-hubspot"), Webhooks: "https://handoff.example.com/v1/crm/hubspot",
			}},
			flags:  []string{"--crm=HubSpot", "--crm-secret=handoff-hubspot"},
			mounts: []string{"handoff-hubspot at /etc/handoff/crm (optional)"},
			scoring: []string{
				"--crm-webhooks=https://handoff.example.com/v1/crm/hubspot", "handoff-hubspot clientSecret as clientSecret at /etc/handoff/crm (optional)",
			},
		},
		"Salesforce": {
			crm: &slav1alpha1.CRM{Type: slav1alpha1.SalesforceCRM, Salesforce: &slav1alpha1.Salesforce{
				SecretRef: ref("handoff-salesforce"), URL: "https://acme.my.salesforce.com",
			}},
			flags:  []string{"--crm=Salesforce", "--crm-secret=handoff-salesforce"},
			mounts: []string{"handoff-salesforce at /etc/handoff/crm (optional)"},
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
			if diff := cmp.Diff(append(slices.Clone(c.flags), c.scoring...), append(flags, mounts...), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("scoring (-want +got):\n%s", diff)
			}
		})
	}
}

// What is said of a CRM beside its type, its Secret and who calls travels beside the roster: no worker is started anew for it.
func TestMappingRollsNothingOut(t *testing.T) {
	in := withCRM(workerInput(nil))
	before := []any{RoutingDeployment(in), ScoringDeployment(in)}
	in.Spec.CRM.HubSpot.URL, in.Spec.CRM.HubSpot.MatchBy, in.Spec.CRM.HubSpot.Version = "http://crm:8080", "email", "2026-03"
	in.Spec.CRM.DryRun, in.Spec.CRM.PollEvery, in.Spec.CRM.OptOut = new(true), "1m", "None"
	in.Spec.CRM.Fields = &slav1alpha1.CRMFields{Score: "points"}
	in.Spec.CRM.Stages = []slav1alpha1.CRMStage{{Stage: "SAL", Value: "4711"}}
	if diff := cmp.Diff(before, []any{RoutingDeployment(in), ScoringDeployment(in)}); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
