// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
)

// clusterOf has the objects.
func clusterOf(t *testing.T, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), slav1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

func judged(namespace, name string) *slav1alpha1.SLAContract {
	c := &slav1alpha1.SLAContract{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	c.Spec.Terms.Calendar.TimeZone = "America/New_York"
	c.Status.Scorecard = []slav1alpha1.ScorecardRow{{
		Clause: "delivery", Party: "Marketing", Period: "2026-W50", Indicator: "Red", Verdict: "Missed", Actual: "70% (14 of 20)", Target: "99%", EnforcedBy: "x",
	}}
	return c
}

func measured(namespace, name string) *slav1alpha1.SLAMeasurement {
	at := metav1.NewTime(fixedNow())
	return &slav1alpha1.SLAMeasurement{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Status: slav1alpha1.SLAMeasurementStatus{AsOf: &at, ClosedThrough: "2026-W50"},
	}
}

func TestReadCards(t *testing.T) {
	cluster := clusterOf(t, judged("revenue", "b"), judged("revenue", "a"), measured("revenue", "a"), judged("apac", "c"))
	blind := interceptor.NewClient(cluster, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
			if _, is := obj.(*slav1alpha1.SLAMeasurement); is {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "slameasurements"}, key.Name, nil)
			}
			return c.Get(ctx, key, obj, opts...)
		},
	})
	cases := map[string]struct {
		cluster   client.Reader
		namespace string
		args      []string
		want      string // namespace/name and the last closed week of each
		fails     string
	}{
		"one":                             {cluster, "revenue", []string{"a"}, "revenue/a 2026-W50", ""},
		"a namespace":                     {cluster, "revenue", nil, "revenue/a 2026-W50, revenue/b ", ""},
		"all":                             {cluster, "", nil, "apac/c , revenue/a 2026-W50, revenue/b ", ""},
		"without a right to measurements": {blind, "revenue", []string{"a"}, "revenue/a ", ""},
		"no such contract":                {cluster, "revenue", []string{"c"}, "", "no SLAContract c in namespace revenue; `kubectl sla scorecard -A`"},
		"no contract":                     {cluster, "emea", nil, "", "no SLAContract in namespace emea; -n names another"},
		"none anywhere":                   {clusterOf(t), "", nil, "", "no SLAContract in any namespace"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			cards, err := readCards(t.Context(), tc.cluster, tc.namespace, tc.args, fixedNow())
			if (err != nil) != (tc.fails != "") || err != nil && !strings.Contains(err.Error(), tc.fails) {
				t.Fatalf("error %v, want %q", err, tc.fails)
			}
			var got []string
			for _, c := range cards {
				got = append(got, c.Namespace+"/"+c.Name+" "+c.ClosedThrough)
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func TestScorecardForms(t *testing.T) {
	cards, err := readCards(t.Context(), clusterOf(t, judged("revenue", "a"), judged("revenue", "b")), "revenue", nil, fixedNow())
	if err != nil {
		t.Fatal(err)
	}
	cards[0].Advice = []string{"a line \x1b[2J that clears the screen"}
	for form, want := range map[string]string{
		"table":    "SLAContract revenue/b\n■ 1 red\n",
		"wide":     "WHAT IS COMPARED",
		"markdown": "# Scorecard of revenue/b\n",
		"html":     "<h1>Scorecard of revenue/b</h1>",
		"json":     `"name": "b"`,
	} {
		t.Run(form, func(t *testing.T) {
			var out bytes.Buffer
			f := scorecardFlags{output: form}
			if err := f.write(&out, cards, paint.Palette{}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
			if form != "html" && strings.Contains(out.String(), "\x1b") {
				t.Errorf("control characters get through: %q", out.String())
			}
			if form == "json" && !json.Valid(out.Bytes()) {
				t.Error("no JSON")
			}
		})
	}
	var out bytes.Buffer
	f := scorecardFlags{output: "table", all: true}
	if err := f.write(&out, cards, paint.Colours); err != nil || strings.Count(out.String(), "\n") != 3 || !strings.Contains(out.String(), "\x1b[31m■ 1\x1b[0m") {
		t.Errorf("%v: %q", err, out.String())
	}
}

// What is wrong on the command line is said before the cluster is asked.
func TestScorecardRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		`--output "yaml": table, wide, markdown, json or html`: {"-o", "yaml"},
		`--color "blue": auto, always or never`:                {"--color", "blue"},
		"-A is for all contracts: leave the name out":          {"-A", "mid-market"},
		"-A is for all namespaces: leave -n out":               {"-A", "-n", "revenue"},
	} {
		_, err := runCLI(t, append([]string{"scorecard", "--kubeconfig", "nothing"}, args...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", args, err, want)
		}
	}
}
