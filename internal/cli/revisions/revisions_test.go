// SPDX-License-Identifier: Apache-2.0

package revisions

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/resources"
)

var now = testkit.Now()

func hours(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

func newCluster(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := appsv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := slav1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

func definition(uid types.UID) *slav1alpha1.LeadDefinition {
	d := testkit.Definition("revenue", "mid-market")
	d.UID = uid
	return d
}

func contract(uid types.UID) *slav1alpha1.SLAContract {
	c := testkit.Contract("revenue", "acme", "mid-market")
	c.UID = uid
	return c
}

// kept is a revision as the operator keeps it.
func kept(t *testing.T, owner client.Object, data any, number int64, ratified, effective time.Time) *appsv1.ControllerRevision {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	k := kinds[0]
	if _, terms := owner.(*slav1alpha1.SLAContract); terms {
		k = kinds[1]
	}
	digest, _, err := k.digest(raw)
	if err != nil {
		t.Fatal(err)
	}
	signOffs, err := json.Marshal([]ratify.Record{
		{Party: "Marketing", By: "VP Marketing", At: ratified, Object: client.ObjectKeyFromObject(owner).String(), Signature: "AAAA", Verified: true},
		{Party: "Sales", By: "VP Sales", At: ratified}, // of before sign-offs named their object
	})
	if err != nil {
		t.Fatal(err)
	}
	out := &appsv1.ControllerRevision{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "revenue", Name: resources.RevisionName(owner.GetName()+k.infix, digest), UID: "old", ResourceVersion: "",
			Labels: map[string]string{
				resources.ManagedByLabel: resources.ManagedBy, resources.ComponentLabel: string(k.component), k.label: owner.GetName(),
			},
			Annotations: map[string]string{
				resources.DigestAnnotation: digest, resources.SignersAnnotation: "Marketing=VP Marketing,Sales=VP Sales",
				resources.SignedAtAnnotation: stamp(ratified), resources.RatifiedAtAnnotation: stamp(ratified),
				resources.SignOffsAnnotation: string(signOffs), "example.com/other": "x",
			},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "sla.handoff.dev/v1alpha1", Kind: k.name, Name: owner.GetName(), UID: owner.GetUID()}},
		},
		Data: runtime.RawExtension{Raw: raw}, Revision: number,
	}
	if !effective.IsZero() {
		out.Annotations[resources.EffectiveFromAnnotation] = stamp(effective)
	}
	return out
}

// threshold is the definition with another threshold and a date.
func threshold(n int32, effective time.Time) slav1alpha1.LeadDefinitionSpec {
	spec := testkit.Definition("revenue", "mid-market").Spec
	spec.Stages.MQL.Paths[1].Threshold = ptr.To(n)
	if !effective.IsZero() {
		spec.EffectiveFrom = &metav1.Time{Time: effective}
	}
	return spec
}

// history: one that is past, one in force, one superseded before its time, one to come.
func history(t *testing.T) []client.Object {
	t.Helper()
	d := definition("1111")
	return []client.Object{
		d,
		kept(t, d, threshold(10, time.Time{}), 1, hours(-9), time.Time{}),
		kept(t, d, threshold(20, hours(-1)), 2, hours(-8), hours(-1)),
		kept(t, d, threshold(30, time.Time{}), 3, hours(-7), time.Time{}),
		kept(t, d, threshold(40, hours(5)), 4, hours(-6), hours(5)),
	}
}

func TestList(t *testing.T) {
	c := newCluster(t, history(t)...)
	o, err := Find(t.Context(), c, "leaddef/mid-market", "revenue")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range o.Rows(now) {
		got = append(got, row.State+" "+stamp(row.From))
	}
	want := []string{
		"scheduled 2027-01-14T20:00:00Z", "in force 2027-01-14T08:00:00Z", "superseded 2027-01-14T14:00:00Z", "past 2027-01-14T06:00:00Z",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	var text, out bytes.Buffer
	if err := List(&text, o.Rows(now), "text"); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"REVISION", "in force", "Marketing: VP Marketing at 2027-01-14T08:00:00Z, verified; Sales: VP Sales at"} {
		if !strings.Contains(text.String(), part) {
			t.Errorf("the table lacks %q:\n%s", part, text.String())
		}
	}
	if err := List(&out, o.Rows(now), "json"); err != nil {
		t.Fatal(err)
	}
	var rows []Row
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil || len(rows) != 4 || rows[0].Number != 4 || !rows[0].EffectiveFrom.Equal(hours(5)) {
		t.Errorf("%v: %+v", err, rows)
	}
}

func TestFindRefuses(t *testing.T) {
	c := newCluster(t)
	for name, want := range map[string]string{
		"mid-market":                "name it leaddefinition/NAME",
		"deployment/mid-market":     "name it leaddefinition/NAME",
		"slacontract/":              "name it leaddefinition/NAME",
		"slacontract/mid-market":    "SLAContract revenue/mid-market does not exist in the cluster",
		"LeadDefinition/mid-market": "LeadDefinition revenue/mid-market does not exist in the cluster",
	} {
		if _, err := Find(t.Context(), c, name, "revenue"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

func export(t *testing.T, c client.Client, name string) string {
	t.Helper()
	o, err := Find(t.Context(), c, name, "revenue")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := o.Export(t.Context(), c, &out, now); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func bring(t *testing.T, c client.Client, text, namespace string, dryRun bool) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Import{Client: c, Namespace: namespace, DryRun: dryRun, Now: now, Out: &out}.Run(t.Context(), "f.yaml", strings.NewReader(text))
	return out.String(), err
}

// What is exported comes back whole in a cluster that lacks it, owned by the object of the name there; twice is as good as once.
func TestRoundTrip(t *testing.T) {
	text := export(t, newCluster(t, history(t)...), "leaddefinition/mid-market")
	if strings.Contains(text, "1111") || strings.Contains(text, "ownerReferences") || strings.Contains(text, "example.com/other") {
		t.Errorf("the export holds what belongs to one cluster only:\n%s", text)
	}
	c := newCluster(t, definition("2222"))
	said, err := bring(t, c, text, "", true)
	if err != nil || strings.Count(said, "would be created") != 4 {
		t.Fatalf("dry run: %v\n%s", err, said)
	}
	list := &appsv1.ControllerRevisionList{}
	if err := c.List(t.Context(), list); err != nil || len(list.Items) != 0 {
		t.Fatalf("the dry run wrote %d, %v", len(list.Items), err)
	}
	said, err = bring(t, c, text, "", false)
	if err != nil || strings.Count(said, "created with the number") != 4 ||
		!strings.Contains(said, "LeadDefinition revenue/mid-market: mid-market-") || !strings.Contains(said, "comes into force at 2027-01-14T20:00:00Z") {
		t.Fatalf("%v\n%s", err, said)
	}
	if err := c.List(t.Context(), list); err != nil || len(list.Items) != 4 {
		t.Fatalf("%d revisions, %v", len(list.Items), err)
	}
	for _, r := range list.Items {
		if len(r.OwnerReferences) != 1 || r.OwnerReferences[0].UID != "2222" || metav1.GetControllerOf(&r) != nil {
			t.Errorf("owners of %s: %+v", r.Name, r.OwnerReferences)
		}
	}
	if diff := cmp.Diff(text, export(t, c, "leaddefinition/mid-market")); diff != "" {
		t.Errorf("exported again (-want +got):\n%s", diff)
	}
	if said, err = bring(t, c, text, "", false); err != nil || strings.Count(said, "is there already") != 4 {
		t.Errorf("again: %v\n%s", err, said)
	}
}

func TestRoundTripOfTerms(t *testing.T) {
	c := contract("1111")
	data := map[string]any{"definitionRef": c.Spec.DefinitionRef, "terms": c.Spec.Terms}
	text := export(t, newCluster(t, c, kept(t, c, data, 1, hours(-1), time.Time{})), "slac/acme")
	moved := contract("2222")
	moved.Namespace = "sales"
	other := newCluster(t, moved)
	if said, err := bring(t, other, text, "sales", false); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	list := &appsv1.ControllerRevisionList{}
	if err := other.List(t.Context(), list, client.InNamespace("sales")); err != nil || len(list.Items) != 1 {
		t.Fatalf("%d revisions, %v", len(list.Items), err)
	}
	if owner := metav1.GetControllerOf(&list.Items[0]); owner == nil || owner.UID != "2222" || owner.Kind != "SLAContract" {
		t.Errorf("owner %v", owner)
	}
}

// Nothing is written when anything is wrong, and what is wrong is named.
func TestImportRefuses(t *testing.T) {
	good := export(t, newCluster(t, history(t)...), "leaddefinition/mid-market")
	d := definition("2222")
	taken := kept(t, d, threshold(77, time.Time{}), 3, hours(-1), time.Time{})
	documents := strings.SplitAfter(good, "---\n")
	for name, tc := range map[string]struct {
		there []client.Object
		text  string
		want  string
	}{
		"a changed text":         {[]client.Object{d}, strings.Replace(good, "threshold: 10", "threshold: 11", 1), "but the data have the digest v1:sha256:"},
		"another date":           {[]client.Object{d}, strings.Replace(good, `effective-from: "2027-01-14T20:00:00Z"`, `effective-from: "2027-01-14T16:00:00Z"`, 1), "annotation sla.handoff.dev/effective-from does not say what the data say"},
		"another name":           {[]client.Object{d}, strings.Replace(good, "name: mid-market-", "name: mid-markt-", 1), "metadata.name should be mid-market-"},
		"a number that is none":  {[]client.Object{d}, strings.Replace(good, "revision: 1\n", "revision: 0\n", 1), "revision 0 should be 1 or more"},
		"a number that is taken": {[]client.Object{d, taken}, good, "has another revision with the number 3 already, " + taken.Name},
		"one number twice":       {[]client.Object{d}, strings.Replace(good, "revision: 2\n", "revision: 1\n", 1), "has another revision with the number 1 already"},
		"one party only":         {[]client.Object{d}, strings.Replace(good, `"party":"Sales"`, `"party":"Legal"`, 1), "has no sign-off of Sales"},
		"of another object":      {[]client.Object{d}, strings.Replace(good, `"object":"revenue/mid-market"`, `"object":"revenue/other"`, 1), "annotation sla.handoff.dev/sign-offs: Marketing signed for revenue/other, and this is mid-market"},
		"no date of a signature": {[]client.Object{d}, strings.Replace(good, "signed-at", "signed-on", 1), "annotation sla.handoff.dev/signed-at"},
		"no object":              {nil, good, "LeadDefinition revenue/mid-market does not exist in the cluster"},
		"an unknown field":       {[]client.Object{d}, strings.Replace(good, "kind: ControllerRevision\n", "kind: ControllerRevision\nspec: {}\n", 1), `unknown field "spec"`},
		"another kind":           {[]client.Object{d}, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n", "is a v1 ConfigMap, not a ControllerRevision"},
		"of nobody":              {[]client.Object{d}, strings.ReplaceAll(good, "sla.handoff.dev/definition: mid-market", "x: y"), "its labels name no LeadDefinition and no SLAContract"},
		"nothing":                {[]client.Object{d}, documents[0], "has no revision"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.text == good && name != "no object" && name != "a number that is taken" {
				t.Fatal("the test changes nothing")
			}
			c := newCluster(t, tc.there...)
			if said, err := bring(t, c, tc.text, "", false); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q\n%s", err, tc.want, said)
			}
			list := &appsv1.ControllerRevisionList{}
			if err := c.List(t.Context(), list); err != nil || len(list.Items) > max(len(tc.there)-1, 0) {
				t.Errorf("%d revisions were written, %v", len(list.Items), err)
			}
		})
	}
}
