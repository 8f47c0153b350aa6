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

		"of no object":             {func(o *slav1alpha1.SignOff) { o.Object = "" }, "spec.signOffs[0].object"},
		"of another object":        {func(o *slav1alpha1.SignOff) { o.Object = "europe/other" }, ""},
		"of a name alone":          {func(o *slav1alpha1.SignOff) { o.Object = "mid-market" }, "spec.signOffs[0].object"},
		"of a name with a dot":     {func(o *slav1alpha1.SignOff) { o.Object = "revenue/mid.market" }, ""},
		"of the longest names":     {func(o *slav1alpha1.SignOff) { o.Object = strings.Repeat("n", 63) + "/" + strings.Repeat("d", 52) }, ""},
		"of a longer name":         {func(o *slav1alpha1.SignOff) { o.Object = strings.Repeat("n", 63) + "/" + strings.Repeat("d", 53) }, "spec.signOffs[0].object"},
		"of a longer namespace":    {func(o *slav1alpha1.SignOff) { o.Object = strings.Repeat("n", 64) + "/d" }, "spec.signOffs[0].object"},
		"of something in capitals": {func(o *slav1alpha1.SignOff) { o.Object = "Revenue/mid-market" }, "spec.signOffs[0].object"},
		"of a path":                {func(o *slav1alpha1.SignOff) { o.Object = "revenue/a/b" }, "spec.signOffs[0].object"},
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
