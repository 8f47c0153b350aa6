// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/internal/cli"
)

// scheduleAhead is how far ahead the text comes into force: long enough for what happens before it on a slow machine.
const scheduleAhead = 75 * time.Second

// scheduleSpecs: a text with a date comes into force at its second, with nobody there to see to it.
func scheduleSpecs() {
	unique := fmt.Sprint(time.Now().UnixNano())
	// judged is the revision that qualified a lead, or what became of it instead, and the pair that scored it.
	judged := func(ctx context.Context, lead string) func(Gomega) string {
		return func(g Gomega) string {
			lines, err := env.Query(ctx, fmt.Sprintf(`SELECT concat_ws(' ', coalesce(definition_revision, stage),
(SELECT string_agg(DISTINCT scored_by::text, ',') FROM events e WHERE e.tenant = l.tenant AND e.lead_id = l.lead_id))
FROM leads l WHERE tenant = 'mid-market' AND lead_id = '%s' AND NOT EXISTS (SELECT 1 FROM work w WHERE w.lead_id = l.lead_id)`, lead))
			g.Expect(err).NotTo(HaveOccurred())
			return strings.Join(lines, " ")
		}
	}
	manager := func(ctx context.Context, replicas int) {
		GinkgoHelper()
		_, err := env.Kube(ctx, "scale", "deploy/handoff-manager", "-n", setup.SystemNamespace, fmt.Sprintf("--replicas=%d", replicas))
		Expect(err).NotTo(HaveOccurred())
	}
	workers := func(ctx context.Context) []string {
		GinkgoHelper()
		var names []string
		for _, component := range []string{"scoring", "routing"} {
			for _, pod := range podsOf(ctx, setup.SampleNamespace, client.MatchingLabels{
				"sla.handoff.dev/contract": setup.SampleContract, "app.kubernetes.io/component": component,
			}) {
				names = append(names, pod.Name)
			}
		}
		slices.Sort(names)
		return names
	}
	run := func(ctx context.Context, in string, args ...string) string {
		GinkgoHelper()
		var out bytes.Buffer
		root := cli.Root(time.Now)
		root.SetArgs(append(args, "--kubeconfig", env.Kubeconfig))
		root.SetIn(strings.NewReader(in))
		root.SetOut(&out)
		root.SetErr(GinkgoWriter)
		Expect(root.ExecuteContext(ctx)).To(Succeed())
		return out.String()
	}

	AfterAll(func(ctx SpecContext) {
		By("putting the sample definition back, signed anew")
		manager(ctx, 1)
		text := sign(ctx, sign(ctx, sampleFile("leaddefinition.yaml"), "Marketing"), "Sales")
		Expect(env.Apply(ctx, text)).To(Succeed())
		Eventually(func(g Gomega) {
			d, c := definition(ctx, g), contract(ctx, g)
			g.Expect(d.Status.InForce.Digest).To(Equal(d.Status.Digest))
			g.Expect(c.Status.InForce.Definition).To(Equal(d.Status.InForce.Revision))
			g.Expect(c.Status.Scheduled).To(BeEmpty())
			g.Expect(condition(c.Status.Conditions, "Ready")).To(HavePrefix("True"))
			g.Expect(condition(c.Status.Conditions, "Measured")).To(HavePrefix("True"))
		}).Should(Succeed())
	})

	It("comes into force at its second, after an edit that nobody signed and while the manager is away", func(ctx SpecContext) {
		before := contract(ctx, NewWithT(GinkgoT())).Status.InForce
		at := time.Now().Add(scheduleAhead).UTC().Truncate(time.Second)

		By("raising the threshold from " + at.Format(time.RFC3339) + " on, signed by both")
		edited := replaceOnce(sampleFile("leaddefinition.yaml"), "threshold: 65", "threshold: 75")
		edited = replaceOnce(edited, "\nspec:\n", "\nspec:\n  effectiveFrom: \""+at.Format(time.RFC3339)+"\"\n")
		Expect(env.Apply(ctx, sign(ctx, sign(ctx, edited, "Marketing"), "Sales"))).To(Succeed())
		var next slav1alpha1.ScheduledPair
		Eventually(func(g Gomega) {
			d, c := definition(ctx, g), contract(ctx, g)
			g.Expect(condition(d.Status.Conditions, "Ratified")).To(And(HavePrefix("True"), ContainSubstring("it comes into force at "+at.Format(time.RFC3339))))
			g.Expect(d.Status.Pending).NotTo(BeNil())
			g.Expect(c.Status.Scheduled).To(HaveLen(1))
			next = c.Status.Scheduled[0]
			g.Expect(next.Definition).To(Equal(d.Status.Pending.Revision))
			g.Expect(next.EffectiveFrom.Time).To(BeTemporally("==", at))
			g.Expect(c.Status.InForce).To(Equal(before))
		}).Should(Succeed())

		By("finding it in the ledger beforehand")
		row := fmt.Sprintf("SELECT count(*) FROM in_force WHERE tenant = 'mid-market' AND sequence = %d AND since = '%s'",
			next.Sequence, at.Format(time.RFC3339))
		Eventually(number).WithContext(ctx).WithArguments(row).Should(BeEquivalentTo(1))
		Eventually(func(g Gomega) string { return condition(contract(ctx, g).Status.Conditions, "Ready") }).Should(HavePrefix("True"))

		By("editing it once more, signed by nobody")
		Expect(env.Apply(ctx, replaceOnce(edited, "threshold: 75", "threshold: 5"))).To(Succeed())
		Eventually(func(g Gomega) string {
			d := definition(ctx, g)
			g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
			return condition(d.Status.Conditions, "Ratified")
		}).Should(And(HavePrefix("False SignOffMissing"), ContainSubstring(next.Definition+", which is ratified and not what is written now")))
		Expect(contract(ctx, NewWithT(GinkgoT())).Status.Scheduled).To(HaveLen(1))

		By("stopping the manager")
		manager(ctx, 0)
		Eventually(func() int {
			return len(podsOf(ctx, setup.SystemNamespace, client.MatchingLabels{"app.kubernetes.io/component": "manager"}))
		}).Should(BeZero())

		By("sending a lead with a score of 70 before the second: the old threshold qualifies it")
		send(ctx, researcher("early-"+unique)...)
		Eventually(judged(ctx, "early-"+unique)).WithContext(ctx).Should(Equal(fmt.Sprintf("%s %d", before.Definition, before.Sequence)))
		Expect(time.Now()).To(BeTemporally("<", at), "this machine was too slow for the test: raise scheduleAhead")

		var pods []string
		Eventually(func() []string { pods = workers(ctx); return pods }).WithContext(ctx).Should(HaveLen(4), "the roll-out is over")

		By("sending the same kind of lead after it: the new threshold does not")
		time.Sleep(time.Until(at) + time.Second)
		send(ctx, researcher("late-"+unique)...)
		Eventually(judged(ctx, "late-"+unique)).WithContext(ctx).Should(Equal(fmt.Sprintf("Inquiry %d", next.Sequence)))
		Expect(number(ctx, row)).To(BeEquivalentTo(1), "since its very date")
		Expect(number(ctx, fmt.Sprintf(`SELECT count(*) FROM events WHERE tenant = 'mid-market' AND
((scored_by = %d AND scored_at >= '%s') OR (scored_by = %d AND scored_at < '%s'))`,
			before.Sequence, at.Format(time.RFC3339), next.Sequence, at.Format(time.RFC3339)))).To(BeZero(), "scored by the wrong one")
		Expect(judged(ctx, "early-"+unique)(NewWithT(GinkgoT()))).To(HavePrefix(before.Definition), "nothing is judged anew")
		Eventually(func(g Gomega) int64 { return measurement(ctx, g, setup.SampleNamespace).Status.Sequence }).Should(Equal(next.Sequence))

		By("starting the manager again: it only follows")
		manager(ctx, 1)
		Eventually(func(g Gomega) {
			c := contract(ctx, g)
			g.Expect(c.Status.InForce.Sequence).To(Equal(next.Sequence))
			g.Expect(c.Status.InForce.Since.Time).To(BeTemporally("==", at))
			g.Expect(c.Status.Scheduled).To(BeEmpty())
			g.Expect(definition(ctx, g).Status.InForce.Revision).To(Equal(next.Definition))
			g.Expect(condition(c.Status.Conditions, "Ready")).To(HavePrefix("True"))
			g.Expect(condition(c.Status.Conditions, "Measured")).To(HavePrefix("True"))
		}).Should(Succeed())
		Expect(workers(ctx)).To(Equal(pods), "no worker was replaced")

		By("listing, exporting and importing the revisions")
		listed := run(ctx, "", "revisions", "list", "leaddefinition/"+setup.SampleContract, "-n", setup.SampleNamespace)
		Expect(listed).To(MatchRegexp(next.Definition + ` +\d+ +in force +` + at.Format(time.RFC3339)))
		exported := run(ctx, "", "revisions", "export", "leaddefinition/"+setup.SampleContract, "-n", setup.SampleNamespace)
		Expect(exported).To(And(ContainSubstring("name: "+next.Definition), ContainSubstring("name: "+before.Definition)))
		Expect(run(ctx, exported, "revisions", "import", "-", "--dry-run")).To(And(
			ContainSubstring(next.Definition+" is there already"), Not(ContainSubstring("would be created"))))
	})
}
