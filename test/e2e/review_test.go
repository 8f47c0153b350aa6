// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
)

// reviewSpecs: the CronJob fires by itself, and reports every closed week once.
func reviewSpecs() {
	It("is reported when its time comes", func(ctx SpecContext) {
		By("making the review due every minute")
		every := replaceOnce(sampleFile("reviewcadence.yaml"), `schedule: "0 9 * * MON"`, `schedule: "* * * * *"`)
		Expect(env.Apply(ctx, every)).To(Succeed())
		var cadence slav1alpha1.ReviewCadence
		Eventually(func(g Gomega) {
			g.Expect(env.Client.Get(ctx, key, &cadence)).To(Succeed())
			g.Expect(cadence.Status.Reviews).To(HaveLen(3))
			g.Expect(cadence.Status.Reviews[0].LastRun).NotTo(BeNil())
			g.Expect(cadence.Status.Reviews[0].Last).NotTo(BeNil())
			g.Expect(cadence.Status.Reviews[0].Last.Period).To(Equal(expected.ClosedThrough))
		}, 3*time.Minute).Should(Succeed())
		last := cadence.Status.Reviews[0].Last
		Expect(last.Result).To(MatchRegexp(`\d+ (green|yellow|red)`))

		By("reading the report")
		var report corev1.ConfigMap
		Expect(env.Client.Get(ctx, client.ObjectKey{Namespace: setup.SampleNamespace, Name: last.Report}, &report)).To(Succeed())
		Expect(report.Immutable).To(HaveValue(BeTrue()))
		Expect(report.Annotations).To(HaveKeyWithValue("sla.handoff.dev/result", last.Result))
		Expect(report.Annotations["sla.handoff.dev/seal"]).NotTo(BeEmpty())
		Expect(report.Data["report.html"]).To(ContainSubstring("</html>"))
		text := report.Data["report.md"]
		Expect(text).To(And(ContainSubstring("RevOps"), MatchRegexp(`\d+% \(\d+ of \d+\)`)))
		Expect(text).NotTo(Or(ContainSubstring("@example.com\""), ContainSubstring("Sample Contact"), ContainSubstring("+1-212")),
			"no personal data")

		By("finding each closed week once")
		weeks := map[string]int{}
		Eventually(func(g Gomega) {
			clear(weeks)
			var reports corev1.ConfigMapList
			g.Expect(env.Client.List(ctx, &reports, client.InNamespace(setup.SampleNamespace),
				client.MatchingLabels{"sla.handoff.dev/review": "weekly"}, client.HasLabels{"sla.handoff.dev/cadence"})).To(Succeed())
			for _, r := range reports.Items {
				if r.Data["report.md"] != "" {
					weeks[r.Annotations["sla.handoff.dev/period"]]++
				}
			}
			for _, row := range expected.Rows {
				if row.Clause == "firstContact" && row.Period <= expected.ClosedThrough {
					g.Expect(weeks).To(HaveKeyWithValue(row.Period, 1))
				}
			}
		}).Should(Succeed())

		By("putting the schedule back")
		Expect(env.Apply(ctx, sampleFile("reviewcadence.yaml"))).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(env.Client.Get(ctx, key, &cadence)).To(Succeed())
			g.Expect(cadence.Status.ObservedGeneration).To(Equal(cadence.Generation))
			g.Expect(cadence.Status.Reviews[0].Next.Weekday()).To(Equal(time.Monday))
		}).Should(Succeed())
	})
}
