// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli/replay"
	"github.com/handoff-sla/handoff/internal/cli/target"
)

const crashLeads = 3000

// crashSpecs: whatever dies while leads come in, each is there once, with one owner.
func crashSpecs() {
	It("lose nothing and do nothing twice", func(ctx SpecContext) {
		tag := fmt.Sprintf("crash-%d-", time.Now().UnixNano())
		before, err := env.Leads(ctx, setup.Sample)
		Expect(err).NotTo(HaveOccurred())

		to, err := target.Contract(ctx, env.Config, setup.SampleNamespace, setup.SampleContract)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { to.Close() })
		records := crashRecords(tag)
		batches, err := replay.Batches(records)
		Expect(err).NotTo(HaveOccurred())
		total := len(records)

		victims := []struct {
			atPercent int
			namespace string
			labels    client.MatchingLabels
		}{
			{10, setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": "scoring"}},
			{30, setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": "routing"}},
			{45, setup.SystemNamespace, client.MatchingLabels{"app.kubernetes.io/component": "manager"}},
			{60, setup.DatabaseNamespace, client.MatchingLabels{"app": "postgres"}},
			{75, setup.SampleNamespace, client.MatchingLabels{"app.kubernetes.io/component": "scoring"}},
		}
		killed := 0
		sender := replay.Sender{
			Client: to.Client, URL: to.URL, Token: to.Token, InFlight: 2, Patience: 5 * time.Minute,
			Progress: func(s replay.Summary) {
				for killed < len(victims) && s.Done()*100 >= victims[killed].atPercent*total && s.Done() < total {
					v := victims[killed]
					killed++
					kill(ctx, v.namespace, v.labels)
				}
			},
		}
		sum, err := sender.Send(ctx, batches)
		Expect(err).NotTo(HaveOccurred())
		Expect(killed).To(Equal(len(victims)), "every victim died while leads came in")
		Expect(sum.Rejected).To(BeZero(), "%v", sum.Reasons)
		Expect(sum.Accepted + sum.Duplicates).To(Equal(total))
		env.Say("  %d accepted, %d of them known when sent again, %d requests repeated", total, sum.Duplicates, sum.Retries)

		Expect(env.Settled(ctx, setup.Sample)).To(Succeed())
		Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM events WHERE lead_id LIKE '%s%%' AND kind <> 'assigned'", tag))).To(BeEquivalentTo(total))
		Expect(env.Leads(ctx, setup.Sample)).To(BeEquivalentTo(before + crashLeads))
		Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM leads WHERE lead_id LIKE '%s%%' AND qualified_at IS NOT NULL AND owner IS NOT NULL",
			tag))).To(BeEquivalentTo(crashLeads))
		Expect(number(ctx, "SELECT count(*) FROM events WHERE tenant = 'mid-market' AND scored_by IS NULL")).To(BeZero())

		By("sending all of it again: nothing changes")
		sum, err = (&replay.Sender{Client: to.Client, URL: to.URL, Token: to.Token}).Send(ctx, batches)
		Expect(err).NotTo(HaveOccurred())
		Expect(sum.Duplicates).To(Equal(total))
	})
}

// databaseSpecs: without its database the contract says so, takes nothing, and goes on by itself.
func databaseSpecs() {
	It("is named while it is away, and missed no longer than that", func(ctx SpecContext) {
		scale := func(ctx SpecContext, replicas string) {
			GinkgoHelper()
			_, err := env.Kube(ctx, "scale", "statefulset/postgres", "-n", setup.DatabaseNamespace, "--replicas="+replicas)
			Expect(err).NotTo(HaveOccurred())
		}
		ledger := func(g Gomega) string {
			return condition(measurement(ctx, g, setup.SampleNamespace).Status.Conditions, "LedgerAvailable")
		}
		DeferCleanup(func(ctx SpecContext) { scale(ctx, "1") })
		scale(ctx, "0")
		Eventually(ledger).Should(HavePrefix("False LedgerUnreachable"))
		Eventually(func(g Gomega) {
			c := contract(ctx, g)
			g.Expect(condition(c.Status.Conditions, "WorkersAvailable")).To(HavePrefix("False"))
			g.Expect(c.Status.Scorecard).NotTo(BeEmpty(), "what was judged stays")
		}).Should(Succeed())
		scale(ctx, "1")
		Eventually(ledger).Should(HavePrefix("True"))
		Eventually(func(g Gomega) {
			c := contract(ctx, g)
			for _, name := range []string{"Ready", "WorkersAvailable", "Measured"} {
				g.Expect(condition(c.Status.Conditions, name)).To(HavePrefix("True"))
			}
		}).Should(Succeed())
	})
}

// crashRecords are leads that ask for a demo: each is captured, qualified, routed and timed.
func crashRecords(tag string) []replay.Record {
	GinkgoHelper()
	var events []sample.Event
	now := time.Now()
	for i := range crashLeads {
		lead := fmt.Sprintf("%s%04d", tag, i)
		events = append(events,
			event(lead, "captured", now.Add(-2*time.Second), 1, map[string]any{"properties": properties(lead)}),
			event(lead, "activity", now.Add(-time.Second), 1, map[string]any{"activity": "TrialSignup", "properties": map[string]any{}}))
	}
	text, err := sample.NDJSON(events)
	Expect(err).NotTo(HaveOccurred())
	records, malformed, err := replay.ReadEvents("crash", strings.NewReader(string(text)))
	Expect(err).NotTo(HaveOccurred())
	Expect(malformed).To(BeEmpty())
	return records
}
