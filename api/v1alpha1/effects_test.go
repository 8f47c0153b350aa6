// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"testing"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

func TestNotifyAndCRM(t *testing.T) {
	ref := slav1alpha1.ObjectReference{Name: "a-secret"}
	for name, c := range map[string]struct {
		notify *slav1alpha1.Notify
		crm    *slav1alpha1.CRM
		want   string
	}{
		"notices":            {notify: &slav1alpha1.Notify{SecretRef: ref}},
		"with all settings":  {notify: &slav1alpha1.Notify{SecretRef: ref, EscalateAfter: "1h30m", Digest: &slav1alpha1.NoticeDigest{Every: "24h", QuietHours: "Respect"}}},
		"no Secret":          {notify: &slav1alpha1.Notify{}, want: "spec.notify.secretRef"},
		"too often":          {notify: &slav1alpha1.Notify{SecretRef: ref, Digest: &slav1alpha1.NoticeDigest{Every: "59s"}}, want: "should be from 1m to 24h"},
		"too seldom":         {notify: &slav1alpha1.Notify{SecretRef: ref, EscalateAfter: "24h1s"}, want: "should be from 1m to 24h"},
		"no interval":        {notify: &slav1alpha1.Notify{SecretRef: ref, EscalateAfter: "1d"}, want: "spec.notify.escalateAfter"},
		"other quiet hours":  {notify: &slav1alpha1.Notify{SecretRef: ref, Digest: &slav1alpha1.NoticeDigest{QuietHours: "Never"}}, want: "quietHours"},
		"events":             {crm: &slav1alpha1.CRM{Type: "Events", Events: &slav1alpha1.CRMEvents{SecretRef: ref}}},
		"events without any": {crm: &slav1alpha1.CRM{Type: "Events"}, want: "type Events needs events"},
		"an unknown type":    {crm: &slav1alpha1.CRM{Type: "Fax"}, want: "spec.crm.type"},
	} {
		t.Run(name, func(t *testing.T) {
			contract := testkit.Contract("default", "effects", "mid-market")
			contract.Spec.Notify, contract.Spec.CRM = c.notify, c.crm
			check(t, contract, c.want)
		})
	}
}
