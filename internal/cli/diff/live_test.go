// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/resources"
)

// applied makes the live object of a document and the revision that keeps another text of it, as the operator leaves them.
func applied(t *testing.T, written, ratified manifest.Document) []client.Object {
	t.Helper()
	digest, err := ratified.Digest()
	if err != nil {
		t.Fatal(err)
	}
	var kept any
	var live client.Object
	status := &slav1alpha1.InForce{Revision: "in-force-" + strings.ToLower(written.Kind), Digest: slav1alpha1.Digest(digest)}
	if written.Definition != nil {
		spec := ratified.Definition.Spec.DeepCopy()
		spec.SignOffs = nil
		written.Definition.Status.InForce = status
		kept, live = spec, written.Definition
	} else {
		kept = map[string]any{"definitionRef": ratified.Contract.Spec.DefinitionRef, "terms": ratified.Contract.Spec.Terms}
		written.Contract.Status.Terms = status
		live = written.Contract
	}
	data, err := json.Marshal(kept)
	if err != nil {
		t.Fatal(err)
	}
	return []client.Object{live, &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: written.Namespace, Name: status.Revision, Annotations: map[string]string{resources.SignedAtAnnotation: "2026-11-16T15:00:00Z"},
		},
		Data: runtime.RawExtension{Raw: data},
	}}
}

func TestLive(t *testing.T) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, slav1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		live []client.Object
		file manifest.Document
		want []string
	}{
		"what is applied is what is here": {
			applied(t, sample(t, definition), sample(t, definition)), sample(t, definition), nil,
		},
		"nothing is there": {
			nil, sample(t, definition), []string{"LeadDefinition revenue/mid-market (sla/x.yaml): added, against what is written in the cluster"},
		},
		"a change": {
			applied(t, sample(t, definition), sample(t, definition)), sample(t, definition, "threshold: 65", "threshold: 70"), []string{
				"LeadDefinition revenue/mid-market (sla/x.yaml), against what is written in the cluster",
				"path fit-and-engagement: threshold 65 -> 70: stricter (fewer leads qualify)",
			},
		},
		"what is written there is not in force": {
			applied(t, sample(t, definition, "threshold: 65", "threshold: 60"), sample(t, definition)),
			sample(t, definition, "threshold: 65", "threshold: 70", "property: origin", "property: other"),
			[]string{
				"LeadDefinition revenue/mid-market (sla/x.yaml), against what is written in the cluster",
				"field source: property origin -> other: the source's name for it",
				"path fit-and-engagement: threshold 60 -> 70: stricter (fewer leads qualify)",
				"LeadDefinition revenue/mid-market (sla/x.yaml), against what is in force (in-force-leaddefinition)",
				"path fit-and-engagement: threshold 65 -> 70: stricter (fewer leads qualify)",
			},
		},
		"here stands what is in force": {
			applied(t, sample(t, definition, "threshold: 65", "threshold: 60"), sample(t, definition)), sample(t, definition), []string{
				"LeadDefinition revenue/mid-market (sla/x.yaml), against what is written in the cluster",
				"path fit-and-engagement: threshold 60 -> 65: stricter (fewer leads qualify)",
			},
		},
		"a contract": {
			applied(t, sample(t, contract, "targetPercent: 90", "targetPercent: 80"), sample(t, contract)),
			sample(t, contract, "targetPercent: 90", "targetPercent: 95", "routing: {replicas: 2}", "routing: {replicas: 4}"),
			[]string{
				"SLAContract revenue/mid-market (sla/x.yaml), against what is written in the cluster",
				"firstContact: target 80% -> 95%: stricter for Sales",
				"routing workers: 2 -> 4",
				"SLAContract revenue/mid-market (sla/x.yaml), against what is in force (in-force-slacontract)",
				"firstContact: target 90% -> 95%: stricter for Sales",
			},
		},
		"what the API server has written in": {
			[]client.Object{sample(t, cadence, "historyLimit: 26", "historyLimit: 26").Cadence}, sample(t, cadence, "  historyLimit: 26\n", ""), nil,
		},
		"without a namespace": {
			applied(t, sample(t, definition), sample(t, definition)), sample(t, definition, "  namespace: revenue\n", ""), nil,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cluster := Cluster{Reader: fake.NewClientBuilder().WithScheme(scheme).WithObjects(tc.live...).Build(), Namespace: "revenue"}
			objects, err := cluster.Compare(t.Context(), []manifest.Document{tc.file})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range NewReport("the cluster", "x", objects).Objects {
				got = append(append(got, o.heading()), lines(o.Changes)...)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	t.Run("a text from before the one in force needs new signatures", func(t *testing.T) {
		old := sample(t, definition)
		signed, err := old.Digest()
		if err != nil {
			t.Fatal(err)
		}
		newer := sample(t, definition, "threshold: 65", "threshold: 70")
		live := applied(t, newer, newer)
		live[1].SetAnnotations(map[string]string{resources.SignedAtAnnotation: "2026-12-01T00:00:00Z"})
		newer.Definition.Spec.Stages.MQL.Paths[1].Threshold = new(int32(71)) // written, and not in force
		cluster := Cluster{Reader: fake.NewClientBuilder().WithScheme(scheme).WithObjects(live...).Build(), Namespace: "revenue"}
		objects, err := cluster.Compare(t.Context(), []manifest.Document{old})
		if err != nil {
			t.Fatal(err)
		}
		if o := objects[1]; len(o.Missing) != 2 || o.NewDigest != signed || o.OldDigest == signed {
			t.Errorf("signatures of %s count although they are older than %s, which is in force: missing %v", o.NewDigest, o.OldDigest, o.Missing)
		}
	})
}
