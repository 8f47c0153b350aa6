// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
)

// demoSpecs: the demo's outcome, as it stands after BeforeSuite.
func demoSpecs() {
	It("is ready, ratified, worked for and measured", func(ctx SpecContext) {
		g := NewWithT(GinkgoT())
		c := contract(ctx, g)
		for _, name := range []string{"Ready", "Ratified", "WorkersAvailable", "Measured"} {
			Expect(condition(c.Status.Conditions, name)).To(HavePrefix("True"), name)
		}
		Expect(condition(c.Status.Conditions, "Stalled")).To(Equal("absent"))
		d := definition(ctx, g)
		Expect(condition(d.Status.Conditions, "Ready")).To(HavePrefix("True"))
		Expect(condition(d.Status.Conditions, "Ratified")).To(HavePrefix("True"))
		Expect(c.Status.InForce.Definition).To(Equal(d.Status.InForce.Revision))
		var cadence slav1alpha1.ReviewCadence
		Expect(env.Client.Get(ctx, key, &cadence)).To(Succeed())
		Expect(condition(cadence.Status.Conditions, "Ready")).To(HavePrefix("True"))
		Expect(cadence.Status.Reviews).To(HaveLen(3))
		Expect(cadence.Status.Reviews[0].Next).NotTo(BeNil())
		m := measurement(ctx, g, setup.SampleNamespace)
		Expect(condition(m.Status.Conditions, "LedgerAvailable")).To(HavePrefix("True"))
		Expect(condition(m.Status.Conditions, "IngestAvailable")).To(HavePrefix("True"))
	})

	It("counted what the sample leads were made to mean", func(ctx SpecContext) {
		m := measurement(ctx, NewWithT(GinkgoT()), setup.SampleNamespace)
		Expect(*m.Status.Leads.Captured).To(BeEquivalentTo(expected.Captured + expected.Today.Captured))
		Expect(*m.Status.Leads.MQLs).To(BeEquivalentTo(expected.MQLs + expected.Today.MQLs))
		Expect(*m.Status.Leads.Unrouted).To(BeZero())
		Expect(expected.Refused).To(BeNumerically(">", 0))
		Expect(number(ctx, "SELECT count(*) FROM refusals WHERE tenant = 'mid-market' AND lead_id LIKE 'sample-%'")).To(BeEquivalentTo(expected.Refused),
			"rejections without a reason code")
		for stage, count := range map[string]*int64{
			"Held": m.Status.Leads.Held, "Recycled": m.Status.Leads.Recycled, "Disqualified": m.Status.Leads.Disqualified,
			"Suppressed": m.Status.Leads.Suppressed, "Duplicate": m.Status.Leads.Duplicates, "Merged": m.Status.Leads.Merged,
			"Excluded": m.Status.Leads.Excluded,
		} {
			Expect(count).To(HaveValue(BeEquivalentTo(expected.Stages[stage])), stage)
		}
		Expect(stages(ctx)).To(Equal(expected.Stages))
		want := closedWeeks(expectedCounts(), expected.ClosedThrough)
		Expect(want).NotTo(BeEmpty())
		ledger, err := env.LedgerCounts(ctx, setup.Sample)
		Expect(err).NotTo(HaveOccurred())
		Expect(closedWeeks(ledger, expected.ClosedThrough)).To(Equal(want), "the ledger's closed weeks")
		measured := closedWeeks(setup.Counts(m.Status.Rows), expected.ClosedThrough)
		for key, count := range measured {
			Expect(count).To(Equal(want[key]), "%v", key)
		}
		for key := range want {
			if key.Period == expected.ClosedThrough {
				Expect(measured).To(HaveKey(key), "the newest closed week")
			}
		}
	})

	It("gave each of today's leads an owner in time, and saw their first contacts", func(ctx SpecContext) {
		today := fmt.Sprintf(`FROM obligations o WHERE tenant = 'mid-market' AND lead_id > '%s' AND lead_id LIKE 'sample-%%' AND state = 'Met'`,
			lastOfHistory())
		Expect(number(ctx, "SELECT count(*) "+today+" AND clause = 'delivery'")).To(BeEquivalentTo(expected.Today.Captured))
		Expect(number(ctx, "SELECT count(*) "+today+" AND clause = 'firstContact' AND tier = 'High'")).To(BeEquivalentTo(expected.Today.Urgent))
	})

	It("judges every clause and tier by the counts", func(ctx SpecContext) {
		c := contract(ctx, NewWithT(GinkgoT()))
		m := measurement(ctx, NewWithT(GinkgoT()), setup.SampleNamespace)
		counts := setup.Counts(m.Status.Rows)
		var clauses []string
		for _, row := range c.Status.Scorecard {
			clauses = append(clauses, strings.TrimSuffix(row.Clause+"/"+row.Tier, "/"))
			if row.Clause == "volume" || row.Party == "Both" || row.Verdict == "InsufficientData" {
				continue
			}
			count := counts[setup.Key{Clause: row.Clause, Tier: row.Tier, Period: row.Period}]
			Expect([]int64{*row.Met, *row.Total}).To(Equal([]int64{count.Met, count.Met + count.Missed}), "%s %s %s", row.Clause, row.Tier, row.Period)
			Expect(row.Actual).To(HaveSuffix("(%d of %d)", count.Met, count.Met+count.Missed))
		}
		Expect(clauses).To(ConsistOf("volume", "completeness", "score", "delivery", "acceptance", "firstContact/High",
			"firstContact/Standard", "followUp", "disposition", "rejection", "feedback", "reviewsHeld", "definitionRefresh"))
		Expect(*c.Status.VolumeTarget).To(BeEquivalentTo(133))
		var got, target int
		_, err := fmt.Sscanf(c.Status.MQLs, "%d/%d", &got, &target)
		Expect(err).NotTo(HaveOccurred())
		Expect(target).To(And(BeNumerically(">", 0), BeNumerically("<=", 133)), "the month of the go-live is prorated")
		compliant := meta.FindStatusCondition(c.Status.Conditions, "Compliant")
		Expect(compliant).NotTo(BeNil())
		want := metav1.ConditionTrue
		for _, row := range c.Status.Scorecard {
			if row.Verdict == "Missed" {
				want = metav1.ConditionFalse
			}
		}
		Expect(compliant.Status).To(Equal(want), compliant.Message)
	})

	It("shows its numbers to kubectl describe and get", func(ctx SpecContext) {
		text, err := env.Kube(ctx, "describe", "slacontract", "-n", setup.SampleNamespace, setup.SampleContract)
		Expect(err).NotTo(HaveOccurred())
		Expect(regexp.MustCompile(`\d+% \(\d+ of \d+\)`).FindAllString(text, -1)).NotTo(BeEmpty(), text)
		Expect(text).To(ContainSubstring("firstContact"))
		text, err = env.Kube(ctx, "get", "sla", "-A")
		Expect(err).NotTo(HaveOccurred())
		for _, kind := range []string{"slacontract", "leaddefinition", "reviewcadence", "slameasurement"} {
			Expect(text).To(ContainSubstring(kind + ".sla.handoff.dev/mid-market"))
		}
		text, err = env.Kube(ctx, "explain", "slacontract.spec.terms")
		Expect(err).NotTo(HaveOccurred())
		Expect(text).To(ContainSubstring("what the two teams owe each other"))
	})

	It("runs its pods under the restricted standard, and gives them few rights", func(ctx SpecContext) {
		_, err := env.Kube(ctx, "run", "privileged", "-n", setup.SampleNamespace, "--image=none", "--privileged", "--dry-run=server")
		Expect(err).To(MatchError(ContainSubstring("restricted")), "the namespace does not enforce the standard")
		for _, component := range []string{"scoring", "routing"} {
			Expect(podsOf(ctx, setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": component})).To(HaveLen(2))
		}
		for _, check := range []struct {
			as, verb, resource, namespace, want string
		}{
			{"handoff-system:handoff-manager", "get", "secrets", "revenue", "no"},
			{"handoff-system:handoff-manager", "list", "secrets", "handoff-system", "no"},
			{"handoff-system:handoff-manager", "watch", "secrets", "revenue", "no"},
			{"handoff-system:handoff-manager", "create", "secrets", "revenue", "no"},
			{"handoff-system:handoff-manager", "create", "pods/exec", "revenue", "no"},
			{"handoff-system:handoff-manager", "patch", "deployments", "revenue", "yes"},
			{"revenue:mid-market-routing", "patch", "slameasurements/mid-market --subresource=status", "revenue", "yes"},
			{"revenue:mid-market-routing", "patch", "slameasurements/other --subresource=status", "revenue", "no"},
			{"revenue:mid-market-routing", "patch", "slacontracts/mid-market --subresource=status", "revenue", "no"},
			{"revenue:mid-market-scoring", "patch", "slacontracts/mid-market --subresource=status", "revenue", "no"},
			{"revenue:mid-market-scoring", "get", "secrets", "revenue", "no"},
		} {
			args := append([]string{"auth", "can-i", check.verb}, strings.Fields(check.resource)...)
			text, _ := env.Kube(ctx, append(args, "-n", check.namespace, "--as=system:serviceaccount:"+check.as)...) // no is exit code 1
			Expect(strings.TrimSpace(text)).To(Equal(check.want), "%+v", check)
		}
	})
}

// lastOfHistory is the id of the last sample lead that is not of today; those that were merged are not among the captured.
func lastOfHistory() string {
	return fmt.Sprintf("sample-%04d", expected.Captured+expected.Stages["Merged"])
}

// stages of the sample leads' past, as the ledger has them.
func stages(ctx SpecContext) map[string]int {
	GinkgoHelper()
	lines, err := env.Query(ctx, fmt.Sprintf(`SELECT stage, count(*) FROM leads
WHERE tenant = 'mid-market' AND lead_id LIKE 'sample-%%' AND lead_id <= '%s' GROUP BY 1`, lastOfHistory()))
	Expect(err).NotTo(HaveOccurred())
	out := map[string]int{}
	for _, line := range lines {
		stage, text, _ := strings.Cut(line, "|")
		count, err := strconv.Atoi(text)
		Expect(err).NotTo(HaveOccurred())
		out[stage] = count
	}
	return out
}

func expectedCounts() map[setup.Key]setup.Count {
	out := map[setup.Key]setup.Count{}
	for _, r := range expected.Rows {
		out[setup.Key{Clause: r.Clause, Tier: r.Tier, Period: r.Period}] = setup.Count{
			Met: int64(r.Met), Missed: int64(r.Missed), Open: int64(r.Open), Excused: int64(r.Excused),
		}
	}
	return out
}

// closedWeeks leaves out months and the weeks that are not over: today's leads count there, and clocks still run. Feedback may come for a week
// more: what is open of it turns into a miss while specs run, if that is when the next week begins.
func closedWeeks(counts map[setup.Key]setup.Count, through string) map[setup.Key]setup.Count {
	out := map[setup.Key]setup.Count{}
	for key, count := range counts {
		if strings.Contains(key.Period, "-W") && key.Period <= through {
			if key.Clause == "feedback" {
				count.Missed, count.Open = count.Missed+count.Open, 0
			}
			out[key] = count
		}
	}
	return out
}
