// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"strings"
	"testing"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
)

// A signature is base64 on one line, long enough for the longest keys; previous is a digest.
func TestSignature(t *testing.T) {
	tests := map[string]struct {
		change func(*slav1alpha1.SignOff)
		want   string
	}{
		"none":           {func(*slav1alpha1.SignOff) {}, ""},
		"one":            {func(o *slav1alpha1.SignOff) { o.Signature = "U1NIU0lHAAAAAQ+/A==" }, ""},
		"the longest":    {func(o *slav1alpha1.SignOff) { o.Signature = strings.Repeat("A", 4096) }, ""},
		"too long":       {func(o *slav1alpha1.SignOff) { o.Signature = strings.Repeat("A", 4097) }, "spec.signOffs[0].signature"},
		"armoured":       {func(o *slav1alpha1.SignOff) { o.Signature = "-----BEGIN SSH SIGNATURE-----" }, "spec.signOffs[0].signature"},
		"on two lines":   {func(o *slav1alpha1.SignOff) { o.Signature = "AAAA\nAAAA" }, "spec.signOffs[0].signature"},
		"over a digest":  {func(o *slav1alpha1.SignOff) { o.Previous = o.Digest }, ""},
		"over a commit":  {func(o *slav1alpha1.SignOff) { o.Previous = "HEAD" }, "spec.signOffs[0].previous"},
		"over `nothing`": {func(o *slav1alpha1.SignOff) { o.Previous = "none" }, "spec.signOffs[0].previous"},
	}
	namespace := testkit.Namespace(t)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			d := testkit.Definition(namespace, "mid-market")
			testkit.SignDefinition(t, d, testkit.Now(), testkit.Both()...)
			tc.change(&d.Spec.SignOffs[0])
			check(t, d, tc.want)
		})
	}
}
