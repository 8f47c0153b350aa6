// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/hack/sampleleads/sample"
	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/cli/replay"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// lived is a contract on a database of its own, whose clock the test moves.
var lived = setup.Target{Namespace: "revenue-quarter", Tenant: "quarter"}

const livedDatabase = "quarter"

// quarterSpecs: a quarter is lived through in the running system in minutes. The ledger's clock, by which everything is judged, is moved from one
// moment of the story to the next; nothing sleeps, and every pod is the one of production.
func quarterSpecs() {
	weeks := readStory()
	var office *postOffice
	var before map[string]corev1.ConfigMap // reports that a cluster has that was kept

	BeforeAll(func() { office = openPostOffice() })

	It("is lived through, and judged as its story says", func(ctx SpecContext) {
		By("making a ledger whose clock can be moved")
		quarterDatabase(ctx, weeks[0].at(0, 8, 0))
		Expect(env.Apply(ctx, office.urls())).To(Succeed())
		By("signing and applying what both agreed")
		Expect(env.Apply(ctx, quarterAgreement(ctx, ""))).To(Succeed())
		Expect(env.Wait(ctx, 5*time.Minute, func(ctx context.Context) (string, error) { return env.Ready(ctx, lived) })).To(Succeed())
		for _, week := range weeks {
			week.live(ctx)
		}
		By("recording the reviews that were held, and a waiver that both signed")
		moveClock(ctx, weeks[len(weeks)-1].at(7, 8, 0))
		Expect(env.Apply(ctx, quarterAgreement(ctx, weeks[len(weeks)-1].name))).To(Succeed())
		Eventually(func(g Gomega) {
			c, err := env.Get(ctx, lived)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(historyOf(c)).To(Equal(storyOf(weeks)))
			g.Expect(openOf(c)).To(ConsistOf(weeks[len(weeks)-1].open))
		}).WithTimeout(5 * time.Minute).WithPolling(2 * time.Second).Should(Succeed())
		describeContract(ctx)
	}, SpecTimeout(20*time.Minute))

	It("is reported: each week, each month and the quarter, once", func(ctx SpecContext) {
		moveClock(ctx, weeks[len(weeks)-1].at(8, 10, 0))
		before = allReports(ctx)
		want := map[string][]string{"monthly": {"2026-07", "2026-08", "2026-09"}, "quarterly": {"2026-Q3"}}
		for _, week := range weeks {
			want["weekly"] = append(want["weekly"], week.name)
		}
		for range 2 { // the second run finds nothing that is not reported yet
			for _, review := range []string{"weekly", "monthly", "quarterly"} {
				Expect(env.Review(ctx, lived, review)).To(Succeed())
				Expect(periodsReported(ctx, review)).To(Equal(want[review]), review)
			}
		}
		checkReports(ctx)
	}, SpecTimeout(10*time.Minute))

	It("is read by people who have no kubectl: each report comes by mail, once", func(ctx SpecContext) {
		if office.address == "" {
			env.Say("  NOT TESTED: that reports arrive by mail. The pods of a cluster of kind have no way to a mail server in this process")
			Skip("the pods of a cluster of kind have no way to a mail server in this process")
		}
		office.checkMail(ctx, before)
	}, SpecTimeout(12*time.Minute))
}

// quarterDatabase is another database on the demo's server, with a clock that stands at an instant and goes on from there.
func quarterDatabase(ctx context.Context, at time.Time) {
	GinkgoHelper()
	password, err := env.Kube(ctx, "get", "secret", "-n", setup.DatabaseNamespace, "postgres", "-o", "go-template={{.data.password | base64decode}}")
	Expect(err).NotTo(HaveOccurred())
	if there, err := env.Query(ctx, "SELECT 1 FROM pg_database WHERE datname = '"+livedDatabase+"'"); err != nil || len(there) == 0 {
		Expect(err).NotTo(HaveOccurred())
		_, err = env.Query(ctx, "CREATE DATABASE "+livedDatabase)
		Expect(err).NotTo(HaveOccurred())
		ask(ctx, ledgertest.ClockSQL)
	}
	moveClock(ctx, at)
	Expect(env.Apply(ctx, "apiVersion: v1\nkind: Namespace\nmetadata: {name: "+lived.Namespace+"}\n")).To(Succeed())
	for name, data := range map[string]map[string]string{
		"handoff-ledger": {"dsn": fmt.Sprintf("postgres://handoff:%s@postgres.%s.svc:5432/%s?sslmode=disable", password, setup.DatabaseNamespace, livedDatabase)},
		"handoff-ingest": {"token": rand.Text()},
	} {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: lived.Namespace, Name: name}, StringData: data}
		Expect(client.IgnoreAlreadyExists(env.Client.Create(ctx, secret))).To(Succeed())
	}
}

// ask the ledger of the quarter.
func ask(ctx context.Context, sql string) []string {
	GinkgoHelper()
	text, err := env.Kube(ctx, "exec", "-n", setup.DatabaseNamespace, "postgres-0", "-c", "postgres", "--",
		"psql", "-h", "/tmp", "-U", "handoff", "-d", livedDatabase, "-v", "ON_ERROR_STOP=1", "-Atqc", sql)
	Expect(err).NotTo(HaveOccurred())
	return strings.Fields(text)
}

func moveClock(ctx context.Context, at time.Time) {
	GinkgoHelper()
	ask(ctx, ledgertest.SetClockSQL(at))
}

// live goes through the week: leads come on Monday morning, sales answers some in time and some at noon, and decides on all of them on Thursday.
func (w quarterWeek) live(ctx context.Context) {
	GinkgoHelper()
	env.Say("  week %s", w.name)
	moveClock(ctx, w.at(0, 9, 30))
	var asked, inTime, late, decided []sample.Event
	touch := map[string]any{"channel": "Phone", "direction": "Outbound", "actor": "Human", "answered": true, "twoWay": true}
	for i := range w.asked {
		lead := w.lead(i)
		asked = append(asked,
			event(lead, "captured", w.at(0, 9, 29), 1, map[string]any{"properties": map[string]any{
				"company": "Example " + lead, "email": lead + "@example.com", "origin": []string{"search", "event"}[i%2],
			}}),
			event(lead, "activity", w.at(0, 9, 29), 1, map[string]any{"activity": "FormSubmit", "properties": map[string]any{"form": "demo"}}))
		switch {
		case i < w.inTime:
			inTime = append(inTime, event(lead, "touch", w.at(0, 9, 33), 1, touch))
		case i < w.inTime+w.late:
			late = append(late, event(lead, "touch", w.at(0, 12, 0), 1, touch))
		}
		decided = append(decided, w.decision(i)...)
	}
	sendTo(ctx, asked)
	workedOff(ctx)
	moveClock(ctx, w.at(0, 9, 33))
	sendTo(ctx, inTime)
	moveClock(ctx, w.at(0, 12, 0))
	sendTo(ctx, late)
	moveClock(ctx, w.at(3, 10, 0))
	sendTo(ctx, decided)
	workedOff(ctx)
}

// decision on a lead: six in ten are accepted, two of them become opportunities, and one of those is won.
func (w quarterWeek) decision(i int) []sample.Event {
	lead, at := w.lead(i), w.at(3, 9, 55)
	if 10*i >= 6*w.asked {
		return []sample.Event{event(lead, "disposition", at, 1, map[string]any{"outcome": "Recycled", "reason": "BadTiming"})}
	}
	events := []sample.Event{
		event(lead, "accepted", at, 1, map[string]any{}),
		event(lead, "disposition", at, 1, map[string]any{"outcome": "Accepted", "reason": "AcceptAsSQL"}),
	}
	deal := func(n int, state string) sample.Event {
		return event(lead, "opportunity", at.Add(time.Duration(n)*time.Minute), n, map[string]any{
			"opportunity": "deal-" + lead, "state": state, "amount": 40000, "currency": "USD",
		})
	}
	if i < 2 {
		events = append(events, deal(1, "Open"))
	}
	if i == 0 {
		events = append(events, deal(2, "Won"))
	}
	return events
}

func sendTo(ctx context.Context, events []sample.Event) {
	GinkgoHelper()
	if len(events) == 0 {
		return
	}
	text, err := sample.NDJSON(events)
	Expect(err).NotTo(HaveOccurred())
	// The workers look at the ledger's clock every few seconds: until they have seen it move, these events are in the future.
	Eventually(func(g Gomega) {
		sum, _, err := env.Send(ctx, lived, replay.Input{Events: &replay.File{Name: "the week", Data: text}})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(sum.Rejected).To(BeZero(), "%v", sum.Reasons)
	}).WithTimeout(time.Minute).WithPolling(500 * time.Millisecond).Should(Succeed())
}

// workedOff waits until nothing is to be done: every lead of the quarter has its owner, and every deadline that has passed is marked.
func workedOff(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(ask(ctx, `SELECT (SELECT count(*) FROM handoff.work)
    + (SELECT count(*) FROM handoff.leads WHERE qualified_at IS NOT NULL AND owner IS NULL)
    + (SELECT count(*) FROM handoff.obligations WHERE state = 'Open' AND due_at < clock_timestamp())`)).To(Equal([]string{"0"}))
	}).WithTimeout(2 * time.Minute).WithPolling(200 * time.Millisecond).Should(Succeed())
}

// quarterAgreement is what both signed, as it is at the beginning; or, after the last week, with the waiver and the records.
func quarterAgreement(ctx context.Context, last string) string {
	GinkgoHelper()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("testdata/quarter", name))
		Expect(err).NotTo(HaveOccurred())
		return string(data)
	}
	weeks := readStory()
	signed := weeks[0].at(0, 7, 0)
	contract, cadence := read("slacontract.yaml"), read("reviewcadence.yaml")
	if last != "" {
		waived := weeks[10]
		contract += fmt.Sprintf("  waivers:\n  - {name: crm-migration, clause: firstContact, from: %q, to: %q, reason: the CRM was moved}\n",
			waived.at(0, 0, 0).Format(time.DateOnly), waived.at(4, 0, 0).Format(time.DateOnly))
		for _, party := range []string{"Marketing", "Sales"} {
			contract = signAt(ctx, contract, waived.at(8, 12, 0), "--party", party, "--by", "VP "+party, "--waiver", "crm-migration")
		}
		cadence += recordsOf(weeks)
	}
	parts := []string{cadence}
	for _, manifest := range []string{read("leaddefinition.yaml"), contract} {
		for _, party := range []string{"Marketing", "Sales"} {
			manifest = signAt(ctx, manifest, signed, "--party", party, "--by", "VP "+party)
		}
		parts = append(parts, manifest)
	}
	return strings.Join(parts, "---\n")
}

// recordsOf the reviews that were held, each on the second day after the end of its period.
func recordsOf(weeks []quarterWeek) string {
	var out strings.Builder
	out.WriteString("  records:\n")
	record := func(review, period string, held time.Time) {
		fmt.Fprintf(&out, "  - {review: %s, period: %s, held: %q, by: [Marketing, Sales], decisions: [\"Go on with the plan\"]}\n",
			review, period, held.Format(time.DateOnly))
	}
	for _, week := range weeks[:len(weeks)-1] {
		if week.held {
			record("weekly", week.name, week.at(8, 0, 0))
		}
	}
	zone := weeks[0].monday.Location()
	for month := time.July; month <= time.August; month++ {
		record("monthly", fmt.Sprintf("2026-%02d", month), time.Date(2026, month+1, 3, 0, 0, 0, 0, zone))
	}
	return out.String()
}

// signAt has kubectl sla sign a manifest at a time of the story.
func signAt(ctx context.Context, manifest string, at time.Time, args ...string) string {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "signed.yaml")
	Expect(os.WriteFile(file, []byte(manifest), 0o600)).To(Succeed())
	root := cli.Root(func() time.Time { return at })
	root.SetArgs(append(append([]string{"sign"}, args...), file))
	root.SetOut(GinkgoWriter)
	root.SetErr(GinkgoWriter)
	Expect(root.ExecuteContext(ctx)).To(Succeed())
	data, err := os.ReadFile(file)
	Expect(err).NotTo(HaveOccurred())
	return string(data)
}

// historyOf the contract's status in the words of the story, by week.
func historyOf(c *slav1alpha1.SLAContract) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, week := range c.Status.History {
		verdicts := map[string]string{}
		for verdict, clauses := range map[string][]slav1alpha1.ClauseName{
			"Met": week.Met, "AtRisk": week.AtRisk, "Missed": week.Missed, "Insufficient": week.Insufficient, "Waived": week.Waived,
		} {
			for _, clause := range clauses {
				verdicts[string(clause)] = verdict
				if slices.Contains(week.Severe, clause) {
					verdicts[string(clause)] = "Missed severe"
				}
			}
		}
		out[week.Period] = verdicts
	}
	for _, verdicts := range out { // what the story says nothing of
		delete(verdicts, "disposition")
		delete(verdicts, "definitionRefresh")
	}
	return out
}

func storyOf(weeks []quarterWeek) map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, week := range weeks {
		verdicts := map[string]string{}
		for clause, verdict := range week.verdicts {
			if verdict != "-" {
				verdicts[clause] = verdict
			}
		}
		out[week.name] = verdicts
	}
	return out
}

func openOf(c *slav1alpha1.SLAContract) []string {
	var out []string
	for _, e := range c.Status.Escalations {
		out = append(out, fmt.Sprintf("%s %d", e.Clause, e.Level))
	}
	return out
}

// describeContract keeps what a user reads at the end of the quarter with the report of the test.
func describeContract(ctx context.Context) {
	GinkgoHelper()
	text, err := env.Kube(ctx, "describe", "slacontract", "-n", lived.Namespace, setup.SampleContract)
	Expect(err).NotTo(HaveOccurred())
	Expect(text).To(ContainSubstring("volume"))
	GinkgoWriter.Println(text)
}

func reportsOf(ctx context.Context, name string) []corev1.ConfigMap {
	GinkgoHelper()
	reports, err := env.Reports(ctx, lived, name)
	Expect(err).NotTo(HaveOccurred())
	return reports
}

func periodsReported(ctx context.Context, review string) []string {
	GinkgoHelper()
	var periods []string
	for _, report := range reportsOf(ctx, review) {
		periods = append(periods, report.Annotations["sla.handoff.dev/period"])
	}
	slices.Sort(periods)
	return periods
}
