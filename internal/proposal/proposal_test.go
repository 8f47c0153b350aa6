// SPDX-License-Identifier: Apache-2.0

package proposal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/lint"
	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/controller/testkit"
	"github.com/handoff-sla/handoff/internal/proposal"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

func TestMain(m *testing.M) { os.Exit(testkit.Run(m)) }

const path = "fit-and-engagement"

var nextQuarter = time.Date(2027, 7, 1, 4, 0, 0, 0, time.UTC) // midnight in New York

// samples of the project, as the server has them.
func samples(t *testing.T) (*slav1alpha1.SLAContract, *slav1alpha1.LeadDefinition) {
	t.Helper()
	contract, definition := &slav1alpha1.SLAContract{}, &slav1alpha1.LeadDefinition{}
	for file, object := range map[string]client.Object{"slacontract": contract, "leaddefinition": definition} {
		text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", file+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, object); err != nil {
			t.Fatal(err)
		}
		object.SetResourceVersion("7")
		object.SetUID("1")
		annotations := map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "{}", "example.com/team": "revops"}
		for key, value := range object.GetAnnotations() {
			annotations[key] = value
		}
		object.SetAnnotations(annotations)
	}
	contract.Status.MQLs = "118/133"
	contract.Spec.SignOffs = []slav1alpha1.SignOff{{Party: slav1alpha1.PartySales, By: "VP Sales", At: metav1.Now(), Digest: "v1:sha256:00"}}
	return contract, definition
}

// happened is what a report on the first quarter goes by.
func happened(edit func(*review.Facts)) review.Facts {
	f := review.Facts{
		Kind: review.Strategic, Contract: "revenue/mid-market", Cadence: "mid-market", Review: "quarterly", Owner: "Leadership", Period: "2027-Q1",
		Zone: "America/New_York", GeneratedAt: time.Date(2027, 4, 5, 14, 0, 0, 0, time.UTC), MinimumSample: 5,
		Funnel: &review.Funnel{
			BookingsPerMonth: 500000, AverageDealSize: 50000, CloseRatePercent: "25", MQLToOpportunityPercent: "30", Target: 133,
		},
		Deals: &review.Deals{Currency: "USD", Won: 15, WonPriced: 15, WonValue: 600000, Lost: 35},
		Scores: &review.Scores{
			Max: 100, Paths: []review.ScorePath{{Name: "hand-raise"}, {Name: path, Threshold: 65}},
			MQLs: []review.Scored{{Path: path, Score: 66, MQLs: 100, Opportunities: 1}, {Path: path, Score: 80, MQLs: 200, Opportunities: 74}},
		},
	}
	for _, month := range []sla.Period{"2027-01", "2027-02", "2027-03"} {
		f.Months = append(f.Months, review.Month{Month: month, MQLs: 100, Opportunities: 25, Won: 5, Lost: 11})
	}
	if edit != nil {
		edit(&f)
	}
	return f
}

func proposed(t *testing.T, facts review.Facts, edit func(*slav1alpha1.SLAContract)) *review.Proposal {
	t.Helper()
	document, err := review.New(facts)
	if err != nil {
		t.Fatal(err)
	}
	contract, definition := samples(t)
	if edit != nil {
		edit(contract)
	}
	p, err := proposal.Next(contract, definition, document.Results(), nextQuarter)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func scan(t *testing.T, text string) []manifest.Document {
	t.Helper()
	docs, err := manifest.Read("-", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func TestWhatHappenedIsTakenOver(t *testing.T) {
	p := proposed(t, happened(nil), nil)
	docs := scan(t, p.Manifests)
	if len(docs) != 2 || docs[0].Definition == nil || docs[1].Contract == nil {
		t.Fatalf("documents: %v", docs)
	}
	contract, definition := samples(t)
	from := metav1.NewTime(nextQuarter)
	for _, object := range []client.Object{contract, definition} {
		object.SetResourceVersion("")
		object.SetUID("")
		annotations := object.GetAnnotations()
		delete(annotations, "kubectl.kubernetes.io/last-applied-configuration")
		delete(annotations, "example.com/team") // another tool's books
		if len(annotations) == 0 {
			annotations = nil
		}
		object.SetAnnotations(annotations)
	}
	contract.Status, contract.Spec.SignOffs, definition.Spec.SignOffs = slav1alpha1.SLAContractStatus{}, nil, nil
	contract.Spec.Terms.EffectiveFrom, definition.Spec.EffectiveFrom = &from, &from
	contract.Spec.Terms.Funnel.AverageDealSize = 40000
	contract.Spec.Terms.Funnel.CloseRatePercent.IntVal = 30
	contract.Spec.Terms.Funnel.MQLToOpportunityPercent.IntVal = 25
	for i := range definition.Spec.Stages.MQL.Paths {
		if one := &definition.Spec.Stages.MQL.Paths[i]; one.Name == path {
			one.Threshold = new(int32(80))
		}
	}
	if diff := cmp.Diff(contract, docs[1].Contract); diff != "" {
		t.Errorf("contract (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(definition, docs[0].Definition); diff != "" {
		t.Errorf("definition (-want +got):\n%s", diff)
	}
	want := []string{
		"averageDealSize: 40000 instead of 50000 (the average of 15 deals that were won with an amount)",
		"closeRatePercent: 30 instead of 25 (15 of 50 deals that were decided were won)",
		"mqlToOpportunityPercent: 25 instead of 30 (75 of 300 MQLs became opportunities)",
		"Volume: 167 MQLs a month instead of 133, for the same bookings",
	}
	last := len(want)
	if diff := cmp.Diff(want, p.Changes[:min(last, len(p.Changes))]); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if len(p.Changes) != last+1 || !strings.HasPrefix(p.Changes[last], "Threshold of path fit-and-engagement: 80 instead of 65. A threshold of 80") {
		t.Errorf("changes: %q", p.Changes)
	}
	for _, comment := range []string{
		"# was 25: 15 of 50 deals that were decided were won\n      closeRatePercent: 30", "# was 65. A threshold of 80", "# 167 MQLs a month instead of 133",
	} {
		if !strings.Contains(p.Manifests, comment) {
			t.Errorf("%q is not said:\n%s", comment, p.Manifests)
		}
	}
}

// Too little happened, or nothing that speaks for other numbers: they stay, and the comment says why.
func TestWhatStays(t *testing.T) {
	for name, c := range map[string]struct {
		facts    func(*review.Facts)
		contract func(*slav1alpha1.SLAContract)
		says     []string
	}{
		"too little": {
			facts: func(f *review.Facts) {
				f.Months = []review.Month{{Month: "2027-03", MQLs: 4, Opportunities: 1}}
				f.Deals, f.Scores.MQLs = nil, nil
			},
			says: []string{
				"# unchanged: only 0 deals won with an amount", "# unchanged: only 1 opportunity of 4 MQLs", "# unchanged: only 0 deals decided",
				"# unchanged: too few MQLs of this path",
			},
		},
		"as agreed": {
			facts: func(f *review.Facts) {
				f.Deals = &review.Deals{Won: 25, WonPriced: 25, WonValue: 25 * 50000, Lost: 75}
				for i := range f.Months {
					f.Months[i].Opportunities = 30
				}
				f.Scores.MQLs = []review.Scored{{Path: path, Score: 66, MQLs: 150, Opportunities: 45}, {Path: path, Score: 80, MQLs: 150, Opportunities: 45}}
			},
			says: []string{"# unchanged: 25 of 100 deals that were decided were won", "# 133 MQLs a month, as before", "# unchanged. No other threshold near 65"},
		},
		"no funnel": {
			facts: func(f *review.Facts) { f.Funnel, f.Scores.MQLs = nil, nil },
			contract: func(c *slav1alpha1.SLAContract) {
				c.Spec.Terms.Funnel, c.Spec.Terms.Marketing.Volume = nil, &slav1alpha1.VolumeClause{MQLsPerMonth: new(int32(120))}
			},
			says: []string{"mqlsPerMonth: 120"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := proposed(t, happened(c.facts), c.contract)
			if diff := cmp.Diff([]string{"Nothing changes but the date: what happened does not speak for other numbers"}, p.Changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
			for _, say := range c.says {
				if !strings.Contains(strings.Join(strings.Fields(p.Manifests), " "), say) {
					t.Errorf("%q is not said:\n%s", say, p.Manifests)
				}
			}
		})
	}
}

// A stated volume is the parties' own: it is told what the funnel asks for.
func TestAStatedVolumeStays(t *testing.T) {
	p := proposed(t, happened(nil), func(c *slav1alpha1.SLAContract) {
		c.Spec.Terms.Marketing.Volume = &slav1alpha1.VolumeClause{MQLsPerMonth: new(int32(120))}
	})
	if !strings.Contains(p.Manifests, "# unchanged, since it is stated and not worked out; the funnel above asks for 167\n") {
		t.Errorf("manifests:\n%s", p.Manifests)
	}
}

// kubectl sla lint accepts it, and the server takes it in place of what is there.
func TestProposalIsTaken(t *testing.T) {
	namespace := testkit.Namespace(t)
	p := proposed(t, happened(nil), nil)
	report, err := lint.Run(t.Context(), scan(t, p.Manifests), lint.Options{Now: time.Date(2027, 4, 5, 14, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	for _, finding := range report.Findings {
		// It is not signed yet, and the cadence is in another file.
		if finding.Severity.AtLeast(lint.Warning) && !finding.Suppressed && finding.Rule != "sign-off-missing" && finding.Rule != "reviews-without-cadence" {
			t.Errorf("lint: %+v", finding)
		}
	}
	contract, definition := samples(t)
	contract.Spec.SignOffs = nil
	for _, object := range []client.Object{contract, definition} {
		object.SetNamespace(namespace)
		object.SetResourceVersion("")
		if err := testkit.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	for text := range strings.SplitSeq(p.Manifests, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(text), &object.Object); err != nil {
			t.Fatal(err)
		}
		object.SetNamespace(namespace)
		err := testkit.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("kubectl"), client.ForceOwnership,
			client.DryRunAll)
		if err != nil {
			t.Errorf("%s: %v", object.GetKind(), err)
		}
	}
}
