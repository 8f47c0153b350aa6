// SPDX-License-Identifier: Apache-2.0

package reports

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/measurement"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/review"
)

func clusterOf(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), slav1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).Build()
}

func cadence(name string, reviews ...string) *slav1alpha1.ReviewCadence {
	c := &slav1alpha1.ReviewCadence{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: name}}
	c.Status.TimeZone = "America/New_York"
	for i, r := range reviews {
		next := metav1.NewTime(time.Date(2027, 2, 1+i, 14, 0, 0, 0, time.UTC))
		c.Spec.Reviews = append(c.Spec.Reviews, slav1alpha1.Review{Name: r})
		c.Status.Reviews = append(c.Status.Reviews, slav1alpha1.ReviewStatus{Name: r, Next: &next})
	}
	return c
}

func report(cadence, review, period string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "revenue", Name: cadence + "-" + review + "-" + strings.ToLower(period),
			Labels:      resources.ReviewLabels("mid-market", cadence, review),
			Annotations: map[string]string{resources.PeriodAnnotation: period, resources.ResultAnnotation: "1 green", resources.SealAnnotation: "v1:sha256:aa"},
		},
		Data: map[string]string{measurement.ReportKey: "# " + period, measurement.ReportHTMLKey: "<html>", measurement.ReportJSONKey: "{}"},
	}
}

func TestCadence(t *testing.T) {
	one, two := clusterOf(t, cadence("b")), clusterOf(t, cadence("b"), cadence("a"))
	cases := map[string]struct {
		cluster    client.Client
		name, want string
	}{
		"the only one":        {one, "", "b"},
		"the named one":       {two, "a", "a"},
		"none":                {clusterOf(t), "", "no ReviewCadence in namespace revenue, so nothing is reported there"},
		"none of that name":   {clusterOf(t), "a", "no ReviewCadence in namespace revenue"},
		"several":             {two, "", "namespace revenue has several ReviewCadences: name one of a, b"},
		"another than that":   {two, "c", "no ReviewCadence c in namespace revenue; there is a, b"},
		"one, but not of it ": {one, "c", "no ReviewCadence c in namespace revenue; there is b"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Cadence(t.Context(), tc.cluster, "revenue", tc.name)
			if err != nil {
				if !strings.HasPrefix(err.Error(), tc.want) {
					t.Errorf("error %v, want %q", err, tc.want)
				}
			} else if got.Name != tc.want {
				t.Errorf("%s, want %s", got.Name, tc.want)
			}
		})
	}
}

func TestNewest(t *testing.T) {
	mine := cadence("mid-market", "weekly", "monthly")
	stray := report("mid-market", "weekly", "2027-W09")
	delete(stray.Annotations, resources.PeriodAnnotation)
	stray.Name = "stray"
	some := clusterOf(t, report("mid-market", "weekly", "2026-W53"), report("mid-market", "weekly", "2027-W03"), report("mid-market", "monthly", "2026-12"),
		report("other", "weekly", "2027-W04"), stray, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "theirs"}})
	silent := cadence("mid-market", "weekly")
	silent.Status = slav1alpha1.ReviewCadenceStatus{}
	cases := map[string]struct {
		cluster client.Client
		cadence *slav1alpha1.ReviewCadence
		choice  Choice
		want    string
	}{
		"of all":      {some, mine, Choice{}, "mid-market-weekly-2027-w03"},
		"of a review": {some, mine, Choice{Review: "monthly"}, "mid-market-monthly-2026-12"},
		"of a period": {some, mine, Choice{Period: "2026-w53"}, "mid-market-weekly-2026-w53"},
		"no such review": {
			some, mine, Choice{Review: "daily"}, `cadence mid-market has no review "daily"; it has weekly, monthly`,
		},
		"no such period": {
			some, mine,
			Choice{Review: "weekly", Period: "2027-W04"},
			"no report on that period; the newest are weekly 2027-W03, weekly 2026-W53; the next is due: weekly on Mon 1 February 2027 09:00 EST",
		},
		"none yet": {
			clusterOf(t), mine,
			Choice{},
			"no report of cadence mid-market yet; the next is due: weekly on Mon 1 February 2027 09:00 EST, monthly on Tue 2 February 2027 09:00 EST",
		},
		"none yet, of a period": {clusterOf(t), mine, Choice{Review: "monthly", Period: "2027-01"}, "no report of cadence mid-market yet; the next is due: monthly on"},
		"not scheduled": {
			clusterOf(t), silent, Choice{}, "no report of cadence mid-market yet; when the next is due is not known: `kubectl describe reviewcadence mid-market -n revenue` says why",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Newest(t.Context(), tc.cluster, tc.cadence, tc.choice)
			if err != nil {
				if !strings.HasPrefix(err.Error(), tc.want) {
					t.Errorf("error %v\nwant %s", err, tc.want)
				}
			} else if got.Name != tc.want {
				t.Errorf("%s, want %s", got.Name, tc.want)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	cluster := clusterOf(t, report("mid-market", "weekly", "2027-W03"), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "revenue", Name: "theirs"}})
	if got, err := Named(t.Context(), cluster, "revenue", "mid-market-weekly-2027-w03"); err != nil || got.Contract != "mid-market" || got.Period != "2027-W03" {
		t.Errorf("%+v, %v", got, err)
	}
	for name, want := range map[string]string{"none": "no report none in namespace revenue", "theirs": "is no report of a review"} {
		if _, err := Named(t.Context(), cluster, "revenue", name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if text, err := (Report{Name: "old", Markdown: "# x\n"}).As("html", paint.Palette{}); err == nil || text != "" || !strings.Contains(err.Error(), "has no html") {
		t.Errorf("%q, %v", text, err)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it anew)\n%s", file, diff)
	}
}

func TestTerminal(t *testing.T) {
	text, err := os.ReadFile("testdata/report.md")
	if err != nil {
		t.Fatal(err)
	}
	var plain, coloured bytes.Buffer
	Terminal(&plain, paint.Palette{}, string(text))
	golden(t, "report.txt", plain.String())
	Terminal(&coloured, paint.Colours, string(text))
	for _, want := range []string{"\x1b[31m■ Red\x1b[0m", "\x1b[31m■ Red MQL volume\x1b[0m", "\x1b[1m2 green, 1 red.\x1b[0m"} {
		if !strings.Contains(coloured.String(), want) {
			t.Errorf("no %q", want)
		}
	}
	if stripped := regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(coloured.String(), ""); stripped != plain.String() {
		t.Error(cmp.Diff(plain.String(), stripped))
	}
}

// Whatever a report holds, it is shown and not obeyed.
func FuzzTerminal(f *testing.F) {
	for _, text := range []string{"# a\n| x |\n|---|\n| y \\| z |\n", "```yaml\na\n", "**", "|\n||\n", "\\", "| \\"} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		var out bytes.Buffer
		Terminal(paint.Safe(&out), paint.Colours, text)
	})
}

// sealed is a report as the job makes it.
func sealed(t *testing.T, change func(*review.Facts)) Report {
	t.Helper()
	end := time.Date(2027, 1, 25, 14, 0, 0, 0, time.UTC)
	facts := review.Facts{
		Kind: review.Operational, Contract: "revenue/mid-market", Cadence: "mid-market", Review: "weekly", Owner: "RevOps", Period: "2027-W03",
		Zone: "America/New_York", GeneratedAt: end,
		Parties: review.Parties{Marketing: review.Contact{Owner: "VP Marketing"}, Sales: review.Contact{Owner: "VP Sales"}},
		Weeks: []review.Week{
			{Period: "2027-W02", Rows: []review.Row{{Clause: "delivery", Party: "Marketing", Period: "2027-W02", Indicator: "Green", Verdict: "Met", Met: 9, Total: 9, Actual: "100% (9 of 9)", Target: "99%"}}},
			{Period: "2027-W03", Rows: []review.Row{
				{Clause: "delivery", Party: "Marketing", Period: "2027-W03", Indicator: "Red", Verdict: "Missed", Met: 14, Total: 20, Actual: "70% (14 of 20)", Target: "99%"},
				{Clause: "firstContact", Tier: "High", Party: "Sales", Period: "2027-W03", Indicator: "Green", Verdict: "Met", Met: 5, Total: 5, Actual: "100% (5 of 5)", Target: "90%"},
				{Clause: "volume", Party: "Marketing", Period: "2027-01", Indicator: "Yellow", Verdict: "AtRisk", Met: 60, Total: 133, Actual: "60 of 133 MQLs", Target: "133 MQLs a month"},
				{Clause: "reviewsHeld", Party: "Both", Period: "2027-W03", Indicator: "Green", Verdict: "Met", Met: 1, Total: 1, Actual: "1 of 1", Target: "all"},
			}},
		},
	}
	if change != nil {
		change(&facts)
	}
	document, err := review.New(facts)
	if err != nil {
		t.Fatal(err)
	}
	text, err := document.JSON()
	if err != nil {
		t.Fatal(err)
	}
	seal, err := document.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return Report{
		Namespace: "revenue", Name: "mid-market-weekly-2027-w03", Contract: "mid-market", Cadence: "mid-market", Review: "weekly", Period: "2027-W03",
		Result: document.Result(), Seal: seal, Markdown: document.Markdown(), HTML: "<html>", JSON: string(text),
	}
}

// copyOf a report in the ledger.
func copyOf(r Report) *ledger.Report {
	return &ledger.Report{
		Cadence: r.Cadence, Review: r.Review, Period: "2027-W03", Result: r.Result, Seal: r.Seal, Markdown: r.Markdown, HTML: r.HTML, JSON: r.JSON,
		MadeAt: time.Date(2027, 1, 25, 14, 0, 0, 0, time.UTC),
	}
}

func TestCheck(t *testing.T) {
	honest := sealed(t, nil)
	nicer := sealed(t, func(f *review.Facts) { f.Weeks[1].Rows[0].Met = 20 })
	older := honest
	older.Markdown = strings.Replace(honest.Markdown, "Review owner", "Owner of the review", 1)
	cases := map[string]struct {
		change   func(*Report)
		kept     *ledger.Report
		asked    bool
		standing Standing
		says     string
	}{
		"as it was made":           {nil, copyOf(honest), true, Verified, "it is the ledger's copy, made on 2027-01-25 14:00 UTC"},
		"the ledger was not asked": {nil, nil, false, Sealed, "is that of its inputs"},
		"the ledger has none":      {nil, nil, true, Tampered, "the ledger has no such report"},
		"a number in its inputs": {
			func(r *Report) { r.JSON = strings.Replace(r.JSON, `"met": 14`, `"met": 20`, 1) }, copyOf(honest), true, Tampered, "its inputs were changed",
		},
		"sealed anew over other inputs": {
			func(r *Report) { *r = nicer }, copyOf(honest), true, Tampered, "it is not the ledger's copy of 2027-01-25 14:00 UTC: other are report.json",
		},
		"sealed anew, nobody asked": {func(r *Report) { *r = nicer }, nil, false, Sealed, "is that of its inputs"},
		"a word in its text": {
			func(r *Report) { r.Markdown += "All is well.\n" }, copyOf(honest), true, Tampered, "other are report.md",
		},
		"a word in its text, nobody asked": {
			func(r *Report) { r.Markdown += "All is well.\n" }, nil, false, Tampered, "its text is not what its inputs give",
		},
		"a word in its page": {func(r *Report) { r.HTML += "!" }, copyOf(honest), true, Tampered, "other are report.html"},
		"a result beside it": {func(r *Report) { r.Result = "4 green" }, copyOf(honest), true, Tampered, `the result beside it is "4 green"`},
		"another seal beside it": {
			func(r *Report) { r.Seal = "v1:sha256:00" }, copyOf(honest), true, Tampered, `the seal beside it is "v1:sha256:00"`,
		},
		"under another period": {func(r *Report) { r.Period = "2027-W04" }, copyOf(honest), true, Tampered, `the period beside it is "2027-W04"`},
		"in another namespace": {func(r *Report) { r.Namespace = "sales" }, copyOf(honest), true, Tampered, "it is in namespace sales, and about revenue/mid-market"},
		"without a seal":       {func(r *Report) { r.JSON = "" }, nil, false, Tampered, "it has no report.json"},
		"not JSON":             {func(r *Report) { r.JSON = "{" }, nil, false, Tampered, "it cannot be read"},
		"of another version of the program": {
			func(r *Report) { *r = older }, copyOf(older), true, Verified, "by another version of the program, which words it otherwise",
		},
		"a file": {
			func(r *Report) { *r = Report{Name: "report.json", JSON: r.JSON} }, copyOf(honest), true, Verified, "it is the ledger's copy",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := honest
			if tc.change != nil {
				tc.change(&r)
			}
			v := Check(r, tc.kept, tc.asked)
			if v.Standing != tc.standing || !strings.Contains(strings.Join(v.Lines(), "\n"), tc.says) {
				t.Errorf("%s, want %s with %q:\n%s", v.Standing, tc.standing, tc.says, strings.Join(v.Lines(), "\n"))
			}
		})
	}
}
