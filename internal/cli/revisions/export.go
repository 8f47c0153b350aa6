// SPDX-License-Identifier: Apache-2.0

package revisions

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/handoff-sla/handoff/internal/resources"
)

// annotations that say what a revision is.
var annotations = []string{
	resources.DigestAnnotation, resources.SignedAtAnnotation, resources.SignersAnnotation, resources.RatifiedAtAnnotation,
	resources.EffectiveFromAnnotation, resources.PreviousAnnotation, resources.SignOffsAnnotation, resources.SignedAnnotation,
}

// exported is a revision in a file. It is a ControllerRevision without what belongs to one cluster only.
type exported struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metadata             `json:"metadata"`
	Revision        int64                `json:"revision"`
	Data            runtime.RawExtension `json:"data"`
}

type metadata struct {
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// Export writes every revision of an object as a YAML document, the oldest first, and says how many.
func (o *Object) Export(ctx context.Context, c client.Reader, out io.Writer, now time.Time) (int, error) {
	revisions := slices.Clone(o.revisions)
	slices.SortFunc(revisions, func(a, b revision) int { return cmp.Compare(a.Number, b.Number) })
	fmt.Fprintf(out, "# The ratified revisions of %s, exported at %s.\n# kubectl sla revisions import brings them into a cluster that lacks them.\n",
		o, stamp(now))
	for _, r := range revisions {
		live := &appsv1.ControllerRevision{}
		if err := c.Get(ctx, client.ObjectKey{Namespace: o.key.Namespace, Name: r.Name}, live); err != nil {
			return 0, err
		}
		text, err := yaml.Marshal(exportOf(live, o.labels()))
		if err != nil {
			return 0, err
		}
		if _, err := io.Copy(out, strings.NewReader("---\n"+string(text))); err != nil {
			return 0, err
		}
	}
	return len(revisions), nil
}

func exportOf(live *appsv1.ControllerRevision, labels map[string]string) exported {
	out := exported{
		TypeMeta: metav1.TypeMeta{APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "ControllerRevision"},
		Metadata: metadata{Name: live.Name, Namespace: live.Namespace, Labels: labels, Annotations: map[string]string{}},
		Revision: live.Revision, Data: live.Data,
	}
	for _, name := range annotations {
		if value, ok := live.Annotations[name]; ok {
			out.Metadata.Annotations[name] = value
		}
	}
	return out
}

// labels by which the operator finds the revisions.
func (o *Object) labels() map[string]string {
	return map[string]string{
		resources.ManagedByLabel: resources.ManagedBy, resources.ComponentLabel: string(o.kind.component), o.kind.label: o.key.Name,
	}
}
