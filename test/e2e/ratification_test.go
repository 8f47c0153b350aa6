// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// ratificationSpecs: an edit takes effect when both have signed it, and not before.
func ratificationSpecs() {
	unique := fmt.Sprint(time.Now().UnixNano())

	inForce := func(ctx context.Context) int64 {
		GinkgoHelper()
		return number(ctx, "SELECT max(sequence) FROM in_force WHERE tenant = 'mid-market'")
	}
	// stamp is the revision that qualified a lead, or what became of it instead.
	stamp := func(ctx context.Context, lead string) func(Gomega) string {
		return func(g Gomega) string {
			lines, err := env.Query(ctx, fmt.Sprintf(
				"SELECT coalesce(definition_revision, stage) FROM leads WHERE tenant = 'mid-market' AND lead_id = '%s' AND "+
					"NOT EXISTS (SELECT 1 FROM work WHERE work.lead_id = leads.lead_id)", lead))
			g.Expect(err).NotTo(HaveOccurred())
			return strings.Join(lines, " ")
		}
	}

	AfterAll(func(ctx SpecContext) {
		By("putting the sample definition back, signed anew: an old signature does not bring an old text back")
		text := sign(ctx, sign(ctx, sampleFile("leaddefinition.yaml"), "Marketing"), "Sales")
		Expect(env.Apply(ctx, text)).To(Succeed())
		Eventually(func(g Gomega) {
			d := definition(ctx, g)
			g.Expect(condition(d.Status.Conditions, "Ratified")).To(HavePrefix("True"))
			g.Expect(d.Status.InForce.Digest).To(Equal(d.Status.Digest))
			g.Expect(contract(ctx, g).Status.InForce.Definition).To(Equal(d.Status.InForce.Revision))
		}).Should(Succeed())
		Eventually(inForce).WithContext(ctx).Should(Equal(contract(ctx, NewWithT(GinkgoT())).Status.InForce.Sequence))
	})

	It("does nothing with an edit that one party signed, and takes it up when the other signs too", func(ctx SpecContext) {
		before := contract(ctx, NewWithT(GinkgoT()))
		sequence := inForce(ctx)
		Expect(sequence).To(Equal(before.Status.InForce.Sequence))

		By("raising the threshold, signed by Marketing alone")
		edited := replaceOnce(sampleFile("leaddefinition.yaml"), "threshold: 65", "threshold: 75")
		edited = sign(ctx, edited, "Marketing")
		Expect(env.Apply(ctx, edited)).To(Succeed())
		Eventually(func(g Gomega) string {
			d := definition(ctx, g)
			g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
			return condition(d.Status.Conditions, "Ratified")
		}).Should(And(HavePrefix("False SignOffMissing"), ContainSubstring("Sales")))
		d := definition(ctx, NewWithT(GinkgoT()))
		Expect(d.Status.Pending).NotTo(BeNil())
		Expect(d.Status.Pending.Missing).To(HaveLen(1))
		Consistently(func(g Gomega) {
			g.Expect(definition(ctx, g).Status.InForce.Revision).To(Equal(before.Status.InForce.Definition))
			g.Expect(contract(ctx, g).Status.InForce).To(Equal(before.Status.InForce))
			g.Expect(inForce(ctx)).To(Equal(sequence))
		}, "5s", "1s").Should(Succeed())

		By("sending a lead with a score of 70: the old threshold qualifies it")
		send(ctx, researcher("unsigned-"+unique)...)
		Eventually(stamp(ctx, "unsigned-"+unique)).WithContext(ctx).Should(Equal(before.Status.InForce.Definition))

		By("signing for Sales")
		edited = sign(ctx, edited, "Sales")
		Expect(env.Apply(ctx, edited)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(condition(definition(ctx, g).Status.Conditions, "Ratified")).To(HavePrefix("True"))
			now := contract(ctx, g).Status.InForce
			g.Expect(now.Definition).NotTo(Equal(before.Status.InForce.Definition))
			g.Expect(now.Sequence).To(BeNumerically(">", sequence))
			g.Expect(inForce(ctx)).To(Equal(now.Sequence))
		}).Should(Succeed())

		By("sending the same kind of lead again: the new threshold does not qualify it")
		send(ctx, researcher("signed-"+unique)...)
		Eventually(stamp(ctx, "signed-"+unique)).WithContext(ctx).Should(Equal("Inquiry"))
		scored := fmt.Sprintf("SELECT count(DISTINCT scored_by) FROM events WHERE lead_id = 'signed-%s' AND scored_by = %d", unique,
			contract(ctx, NewWithT(GinkgoT())).Status.InForce.Sequence)
		Expect(number(ctx, scored)).To(BeEquivalentTo(1), "scored by the new pair")
		Expect(stamp(ctx, "unsigned-"+unique)(NewWithT(GinkgoT()))).To(Equal(before.Status.InForce.Definition), "nothing is judged anew")
	})

	It("stalls on a misspelt field, with rule and position, and keeps the last good revision", func(ctx SpecContext) {
		before := contract(ctx, NewWithT(GinkgoT())).Status.InForce
		broken := replaceOnce(sampleFile("leaddefinition.yaml"), "'lead.employees >= 50 &&", "'lead.emplyees >= 50 &&")
		Expect(env.Apply(ctx, broken)).To(Succeed())
		Eventually(func(g Gomega) {
			d := definition(ctx, g)
			g.Expect(condition(d.Status.Conditions, "Ready")).To(And(HavePrefix("False InvalidDefinition"), ContainSubstring("company-size"),
				ContainSubstring("1:5"), ContainSubstring("emplyees"), ContainSubstring("employees")))
			g.Expect(condition(d.Status.Conditions, "Stalled")).To(HavePrefix("True"))
		}).Should(Succeed())
		Consistently(func(g Gomega) { g.Expect(contract(ctx, g).Status.InForce).To(Equal(before)) }, "3s", "1s").Should(Succeed())
		send(ctx, event("hand-"+unique, "captured", time.Now().Add(-time.Second), 1, map[string]any{"properties": properties("hand-" + unique)}),
			event("hand-"+unique, "activity", time.Now(), 1, map[string]any{"activity": "TrialSignup", "properties": map[string]any{}}))
		Eventually(stamp(ctx, "hand-"+unique)).WithContext(ctx).Should(Equal(before.Definition))
	})

	It("refuses at admission what the schema can see", func(ctx SpecContext) {
		bad := replaceOnce(sampleFile("leaddefinition.yaml"), "type: Integer", "type: Int")
		Expect(env.Apply(ctx, bad)).To(MatchError(ContainSubstring("spec.fields")))
		bad = replaceOnce(sampleFile("slacontract.yaml"), "America/New_York", "America/New_Yrok")
		Expect(env.Apply(ctx, bad)).To(MatchError(ContainSubstring("timeZone")))
	})
}
