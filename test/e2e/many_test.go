// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli/replay"
	"github.com/handoff-sla/handoff/internal/cli/target"
)

// Of many leads one in ten asks for a trial, so that it is handed off and routed; the others only come in.
const (
	manyLeads = 100_000
	oneIn     = 10
)

// manySpecs: a hundred thousand leads come in through the Service while pods die one after the other, PostgreSQL among them.
func manySpecs() {
	It("come in while pods die, and none is lost or there twice", func(ctx SpecContext) {
		tag := fmt.Sprintf("many-%d-", time.Now().UnixNano())
		batches := manyBatches(tag)
		to, err := target.Contract(ctx, env.Config, setup.SampleNamespace, setup.SampleContract)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { to.Close() })

		const total = manyLeads + manyLeads/oneIn
		killed := 0
		sender := replay.Sender{
			Client: to.Client, URL: to.URL, Token: to.Token, InFlight: 4, Patience: 5 * time.Minute,
			Progress: func(s replay.Summary) {
				// Two and a half times around all of them, spread over the run.
				for killed < 10 && s.Done()*11 >= (killed+1)*total && s.Done() < total {
					who := mortals[killed%len(mortals)]
					killed++
					kill(ctx, who.namespace, who.labels)
				}
			},
		}
		begin := time.Now()
		sum, err := sender.Send(ctx, batches)
		Expect(err).NotTo(HaveOccurred())
		sent := time.Since(begin)
		Expect(killed).To(Equal(10), "pods that died while leads came in")
		Expect(sum.Rejected).To(BeZero(), "%v", sum.Reasons)
		Expect(sum.Accepted+sum.Duplicates).To(Equal(total), "every event was answered for")

		of := fmt.Sprintf("lead_id LIKE '%s%%'", tag)
		waiting := fmt.Sprintf("SELECT (SELECT count(*) FROM work WHERE %[1]s) + (SELECT count(*) FROM events WHERE %[1]s AND scored_by IS NULL)", of)
		Eventually(func(g Gomega) {
			lines, err := env.Query(ctx, waiting)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(lines).To(Equal([]string{"0"}))
		}).WithTimeout(10 * time.Minute).WithPolling(2 * time.Second).Should(Succeed())
		env.Say("  %d leads with %d events were taken in %s while %d pods were killed, %d of them known when sent again, %d requests repeated; all worked off after %s",
			manyLeads, total, sent.Round(time.Second), killed, sum.Duplicates, sum.Retries, time.Since(begin).Round(time.Second))

		for what, query := range map[string]string{
			// By EXCEPT: it compares two sets, however little the planner knows of tables that have just grown.
			"leads that were acknowledged and are not there": fmt.Sprintf(`SELECT count(*) FROM (
SELECT '%[2]s' || lpad(i::text, 6, '0') FROM generate_series(0, %[1]d) AS i EXCEPT SELECT lead_id FROM leads WHERE %[3]s) AS lost`, manyLeads-1, tag, of),
			"events that were acknowledged and are not there": fmt.Sprintf(`SELECT count(*) FROM (
SELECT '%[2]s' || lpad(i::text, 6, '0') || '/' || kind || '/1' FROM generate_series(0, %[1]d) AS i, (VALUES ('captured', 1), ('activity', %[4]d)) AS k (kind, every)
WHERE i %% every = 0 EXCEPT SELECT event_id FROM events WHERE %[3]s) AS lost`, manyLeads-1, tag, of, oneIn),
			"events that are there twice":      fmt.Sprintf("SELECT count(*) - count(DISTINCT (source, event_id)) FROM events WHERE %s", of),
			"leads that asked and are no MQL":  fmt.Sprintf("SELECT %d - count(*) FROM leads WHERE %s AND qualified_at IS NOT NULL", manyLeads/oneIn, of),
			"MQLs without an owner":            fmt.Sprintf("SELECT count(*) FROM leads WHERE %s AND qualified_at IS NOT NULL AND owner IS NULL", of),
			"owners of leads that never asked": fmt.Sprintf("SELECT count(*) FROM leads WHERE %s AND qualified_at IS NULL AND owner IS NOT NULL", of),
			"clocks that are there twice":      fmt.Sprintf("SELECT count(*) - count(DISTINCT (lead_id, cycle, clause)) FROM obligations WHERE %s", of),
			"MQLs without their clocks": fmt.Sprintf(`SELECT count(*) FROM (
SELECT lead_id FROM leads WHERE %[1]s AND qualified_at IS NOT NULL EXCEPT SELECT lead_id FROM obligations WHERE %[1]s AND clause = 'firstContact') AS untimed`, of),
		} {
			Expect(number(ctx, query)).To(BeZero(), what)
		}
		Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM leads WHERE %s", of))).To(BeEquivalentTo(manyLeads))
		Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM events WHERE %s AND kind <> 'assigned'", of))).To(BeEquivalentTo(total))
	}, SpecTimeout(25*time.Minute))
}

func manyBatches(tag string) []replay.Batch {
	GinkgoHelper()
	now := time.Now()
	var events []sample.Event
	for i := range manyLeads {
		lead := fmt.Sprintf("%s%06d", tag, i)
		events = append(events, event(lead, "captured", now.Add(-2*time.Minute), 1, map[string]any{"properties": properties(lead)}))
		if i%oneIn == 0 {
			events = append(events, event(lead, "activity", now.Add(-time.Minute), 1, map[string]any{"activity": "TrialSignup", "properties": map[string]any{}}))
		}
	}
	text, err := sample.NDJSON(events)
	Expect(err).NotTo(HaveOccurred())
	records, malformed, err := replay.ReadEvents("many", strings.NewReader(string(text)))
	Expect(err).NotTo(HaveOccurred())
	Expect(malformed).To(BeEmpty())
	batches, err := replay.Batches(records)
	Expect(err).NotTo(HaveOccurred())
	return batches
}
