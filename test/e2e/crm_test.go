// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/handoff-sla/handoff/hack/demo/setup"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
)

// crmLeads are in each CRM to begin with.
const crmLeads = 10_000

// crmSpecs: a contract whose leads live in a CRM goes the whole way, with the CRM as a pod. What the CRM holds in the end is what the ledger holds.
func crmSpecs() {
	for _, system := range []system{hubSpotSystem, salesforceSystem} {
		It("of type "+string(system.kind)+" brings the leads in, writes back, and sets back what was done against the agreement", func(ctx SpecContext) {
			at := system.at()
			DeferCleanup(func(ctx SpecContext) {
				if !CurrentSpecReport().Failed() {
					_, err := env.Kube(ctx, "delete", "namespace", at.Namespace, "--wait=false")
					Expect(err).NotTo(HaveOccurred())
				}
			})
			Expect(env.Step("a contract of type "+string(system.kind)+" with "+strconv.Itoa(crmLeads)+" leads in its CRM", func() error {
				return env.CRMContract(ctx, at, hurry)
			})).To(Succeed())
			s := &crmRun{system: system, at: at}
			s.bringsIn(ctx)
			s.equal(ctx)
			s.keepsLimits(ctx)
			s.setsBack(ctx)
			s.followsPeople(ctx)
			s.givesUp(ctx)
			s.equal(ctx)
			s.wroteOnce(ctx)
		})
	}
}

// hurry has the contract look more often than anybody would have to, and set back what is mended at once by nobody.
func hurry(manifests string) string {
	return strings.NewReplacer("pollEvery: 15s", "pollEvery: 2s", "setBack: {after: 1m, limit: 3}", "setBack: {after: 5s, limit: 3}",
		"https://acme.my.salesforce.com", "http://crm:8080", "# webhooks: https://handoff.example.com", "url: http://crm:8080\n      webhooks: https://handoff.example.com").Replace(manifests)
}

// system is what tells one CRM from another.
type system struct {
	kind     crm.Type
	object   string                                                     // of a lead
	owner    string                                                     // field
	rejected string                                                     // value of the status without which a code is missing
	before   string                                                     // value of the stage that nobody gets to by hand
	user     func(ctx context.Context, at setup.CRM, rep string) string // as a person's act names him
	call     func(lead string) control.Act
	records  func(ctx context.Context, at setup.CRM) map[string]map[string]string // by id; the owner by the e-mail address
	notes    func(ctx context.Context, at setup.CRM, lead string) []string
}

func (s system) at() setup.CRM {
	name := strings.ToLower(string(s.kind))
	return setup.CRM{Target: setup.Target{Namespace: "crm-" + name, Contract: name, Tenant: "crm-" + name}, Type: name, Leads: crmLeads}
}

type crmRun struct {
	system
	at     setup.CRM
	undone int // so many times something was set back
}

// bringsIn waits until every lead came in, was scored and routed, and the CRM was told: workers die meanwhile.
func (s *crmRun) bringsIn(ctx context.Context) {
	GinkgoHelper()
	began := time.Now()
	for _, part := range []int64{crmLeads / 10, crmLeads / 2, crmLeads * 9 / 10} {
		Eventually(func(g Gomega) {
			g.Expect(s.number(ctx, "SELECT count(*) FROM leads WHERE tenant = '%s'")).To(BeNumerically(">=", part))
		}).WithTimeout(5 * time.Minute).Should(Succeed())
		kill(ctx, s.at.Namespace, client.MatchingLabels{"app.kubernetes.io/component": "routing"})
	}
	Eventually(func(g Gomega) {
		g.Expect(s.number(ctx, "SELECT count(*) FROM leads WHERE tenant = '%s'")).To(BeEquivalentTo(crmLeads))
	}).WithTimeout(5 * time.Minute).Should(Succeed())
	Expect(env.WorkedOff(ctx, s.at.Target)).To(Succeed())
	s.told(ctx)
	mqls := s.number(ctx, "SELECT count(*) FROM leads WHERE tenant = '%s' AND qualified_at IS NOT NULL")
	Expect(mqls).To(BeNumerically(">", crmLeads/10))
	Expect(s.number(ctx, "SELECT count(*) FROM leads WHERE tenant = '%s' AND qualified_at IS NOT NULL AND (owner IS NULL OR acknowledged_at IS NULL)")).
		To(BeZero(), "every MQL has an owner, and the CRM has acknowledged him")
	env.Say("  %d leads in, %d handed off, all told, in %.0f s", crmLeads, mqls, time.Since(began).Seconds())
}

// told waits until nothing is left to be told.
func (s *crmRun) told(ctx context.Context) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(s.number(ctx, "SELECT count(*) FROM outbox WHERE tenant = '%s' AND (live IS NOT NULL OR parked IS NOT NULL)")).To(BeZero())
	}).WithTimeout(6 * time.Minute).Should(Succeed())
}

func (s *crmRun) number(ctx context.Context, sql string) int64 {
	GinkgoHelper()
	return number(ctx, fmt.Sprintf(sql, s.at.Tenant))
}

// heldSQL is how the ledger says that each lead stands: the fields of the mapping, in the order in which equal reads them. Deadlines, first
// contact and attempts are worked out here anew, from the obligations and the events.
const heldSQL = `SELECT lead_id, stage, score, coalesce(owner, ''), coalesce(definition_revision, ''),
    coalesce((SELECT trunc(extract(epoch FROM min(due_at)))::bigint::text FROM obligations o WHERE o.tenant = l.tenant AND o.lead_id = l.lead_id
        AND o.cycle = l.cycle AND o.state = 'Open' AND o.clause <> 'delivery'), ''),
    coalesce((SELECT trunc(extract(epoch FROM min(time)))::bigint::text FROM events e WHERE e.tenant = l.tenant AND e.lead_id = l.lead_id
        AND e.kind = 'touch'), ''),
    (SELECT count(*) FROM events e WHERE e.tenant = l.tenant AND e.lead_id = l.lead_id AND e.kind = 'touch')
FROM leads l WHERE tenant = '%s'`

// equal compares what the CRM says of each lead with what the ledger does.
func (s *crmRun) equal(ctx context.Context) {
	GinkgoHelper()
	mapping := crm.Defaults(s.kind).Mapping
	Eventually(func(g Gomega) {
		lines, err := env.Query(ctx, fmt.Sprintf(heldSQL, s.at.Tenant))
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(lines).To(HaveLen(crmLeads))
		records := s.records(ctx, s.at)
		var wrong []string
		for _, line := range lines {
			f := strings.Split(line, "|")
			want := map[string]string{mapping.Fields.Score: f[2], mapping.Fields.Revision: f[4], mapping.Fields.Attempts: f[7]}
			if value, mapped := mapping.Stages[f[1]]; mapped {
				want[mapping.Fields.Stage] = value
			}
			if f[3] != "" {
				want[s.owner] = f[3]
			}
			got := records[f[0]]
			for field, instant := range map[string]string{mapping.Fields.Due: f[5], mapping.Fields.FirstTouch: f[6]} {
				if at := seconds(got[field]); at != instant {
					wrong = append(wrong, fmt.Sprintf("%s %s: the CRM has %q, the ledger %q", f[0], field, at, instant))
				}
			}
			for field, value := range want {
				if got[field] != value {
					wrong = append(wrong, fmt.Sprintf("%s %s: the CRM has %q, the ledger %q", f[0], field, got[field], value))
				}
			}
		}
		g.Expect(wrong[:min(len(wrong), 5)]).To(BeEmpty(), "%d differences", len(wrong))
	}).WithTimeout(2 * time.Minute).WithPolling(5 * time.Second).Should(Succeed())
}

// seconds of an instant as either CRM writes it; Salesforce keeps no parts of them.
func seconds(text string) string {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.000-0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return strconv.FormatInt(at.Unix(), 10)
		}
	}
	return text
}

// keepsLimits: the CRM counted the requests itself. On a machine that does much else requests arrive closer together than they were sent: a few may be
// refused, and are made again.
func (s *crmRun) keepsLimits(ctx context.Context) {
	GinkgoHelper()
	for _, window := range []time.Duration{time.Second, 10 * time.Second} {
		var log control.Summary
		Expect(env.AskCRM(ctx, s.at, "log?window="+window.String(), &log)).To(Succeed())
		env.Say("  most requests within %s: %v", window, log.Most)
		all, refused := 0, 0
		for key, n := range log.Requests {
			all += n
			if strings.HasSuffix(key, " 429") {
				refused += n
			}
		}
		Expect(refused*20).To(BeNumerically("<", all), "refused for their rate: %v", log.Requests)
	}
}

// setsBack: a rejection without a code and a stage that nobody gets to by hand are undone, each with a note.
func (s *crmRun) setsBack(ctx context.Context) {
	GinkgoHelper()
	fields := crm.Defaults(s.kind).Mapping.Fields
	leads, err := env.Query(ctx, fmt.Sprintf(`SELECT lead_id || '|' || owner FROM leads WHERE tenant = '%s' AND stage = 'MQL' AND owner IS NOT NULL
ORDER BY lead_id LIMIT 2`, s.at.Tenant))
	Expect(err).NotTo(HaveOccurred())
	Expect(leads).To(HaveLen(2))
	before := s.records(ctx, s.at)
	rejected, rep, _ := strings.Cut(leads[0], "|")
	moved, mover, _ := strings.Cut(leads[1], "|")
	By("rejecting a lead without a reason code, and moving another past its gate")
	s.act(ctx, control.Act{As: rep, Do: "set", Type: s.object, ID: rejected, Values: map[string]string{fields.Status: s.rejected}})
	s.act(ctx, control.Act{As: mover, Do: "set", Type: s.object, ID: moved, Values: map[string]string{fields.Stage: s.before}})
	Eventually(func(g Gomega) {
		g.Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM refusals WHERE tenant = '%s' AND lead_id = '%s'", s.at.Tenant, rejected))).To(BeEquivalentTo(1))
		now := s.records(ctx, s.at)
		g.Expect(now[rejected][fields.Status]).To(Equal(before[rejected][fields.Status]))
		g.Expect(now[moved][fields.Stage]).To(Equal(before[moved][fields.Stage]))
		g.Expect(s.notes(ctx, s.at, rejected)).To(ConsistOf(ContainSubstring("reason")))
		g.Expect(s.notes(ctx, s.at, moved)).To(HaveLen(1))
	}).Should(Succeed())
	s.undone = 2
	env.Say("  note at the rejected lead: %s", s.notes(ctx, s.at, rejected)[0])
	env.Say("  note at the moved lead: %s", s.notes(ctx, s.at, moved)[0])
	By("rejecting it again, with a code")
	s.act(ctx, control.Act{
		As: rep, Do: "set", Type: s.object, ID: rejected, Values: map[string]string{fields.Status: s.rejected, fields.Reason: "NotICP"},
	})
	Eventually(func(g Gomega) {
		g.Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM leads WHERE tenant = '%s' AND lead_id = '%s' AND stage = 'Disqualified'",
			s.at.Tenant, rejected))).To(BeEquivalentTo(1))
	}).Should(Succeed())
}

// followsPeople: who owns a lead, and when it was called, is the CRM's to say.
func (s *crmRun) followsPeople(ctx context.Context) {
	GinkgoHelper()
	fields := crm.Defaults(s.kind).Mapping.Fields
	leads, err := env.Query(ctx, fmt.Sprintf(`SELECT lead_id || '|' || owner FROM leads WHERE tenant = '%s' AND stage = 'MQL' AND owner IS NOT NULL
ORDER BY lead_id DESC LIMIT 2`, s.at.Tenant))
	Expect(err).NotTo(HaveOccurred())
	called, rep, _ := strings.Cut(leads[0], "|")
	given, giver, _ := strings.Cut(leads[1], "|")
	other := "rep-1@example.com"
	if giver == other {
		other = "rep-2@example.com"
	}
	By("calling one lead, and giving another to somebody else")
	call := s.call(called)
	call.As = rep
	s.act(ctx, call)
	s.act(ctx, control.Act{As: giver, Do: "set", Type: s.object, ID: given, Values: map[string]string{s.owner: s.user(ctx, s.at, other)}})
	Eventually(func(g Gomega) {
		g.Expect(number(ctx, fmt.Sprintf("SELECT count(*) FROM leads WHERE tenant = '%s' AND lead_id = '%s' AND owner = '%s'",
			s.at.Tenant, given, other))).To(BeEquivalentTo(1))
		g.Expect(number(ctx, fmt.Sprintf(`SELECT count(*) FROM obligations WHERE tenant = '%s' AND lead_id = '%s' AND clause = 'firstContact'
AND stopped_at IS NOT NULL`, s.at.Tenant, called))).To(BeEquivalentTo(1))
		now := s.records(ctx, s.at)[called]
		g.Expect(now[fields.FirstTouch]).NotTo(BeEmpty())
		g.Expect(now[fields.Attempts]).To(Equal("1"))
	}).Should(Succeed())
	s.told(ctx)
}

// wroteOnce: nothing was written twice, whoever died.
func (s *crmRun) wroteOnce(ctx context.Context) {
	GinkgoHelper()
	var log control.Summary
	Expect(env.AskCRM(ctx, s.at, "log", &log)).To(Succeed())
	env.Say("  requests: %v", log.Requests)
	env.Say("  writes that changed something: %d, that changed nothing: %d; by whom: %v", log.Writes, log.Idle, log.By)
	for _, key := range slices.Sorted(maps.Keys(log.By)) {
		if strings.Contains(key, " create ") && !strings.Contains(key, "@") && !strings.HasPrefix(key, "import") {
			Expect(strings.ToLower(key)).To(ContainSubstring("note"), "nothing but notes is made by Handoff")
			Expect(log.By[key]).To(Equal(s.undone), "one note for each undoing")
		}
	}
}

func (s *crmRun) act(ctx context.Context, a control.Act) {
	GinkgoHelper()
	text, err := env.TellCRM(ctx, s.at, "act", a)
	Expect(err).NotTo(HaveOccurred(), text)
}

var hubSpotSystem = system{
	kind: crm.TypeHubSpot, object: "contacts", owner: "hubspot_owner_id", rejected: "UNQUALIFIED", before: "salesqualifiedlead",
	user: func(_ context.Context, _ setup.CRM, rep string) string { return rep },
	call: func(lead string) control.Act {
		return control.Act{Do: "log", Type: "calls", Of: []string{"contacts/" + lead}, Values: map[string]string{
			"hs_call_direction": "OUTBOUND", "hs_call_status": "COMPLETED", "hs_call_title": "First call",
		}}
	},
	records: func(ctx context.Context, at setup.CRM) map[string]map[string]string {
		GinkgoHelper()
		state := hubSpotState(ctx, at)
		out := map[string]map[string]string{}
		for id, r := range state.Objects["contacts"] {
			r.Values["hubspot_owner_id"] = state.Owners[r.Values["hubspot_owner_id"]]
			out[id] = r.Values
		}
		return out
	},
	notes: func(ctx context.Context, at setup.CRM, lead string) (notes []string) {
		GinkgoHelper()
		for _, r := range hubSpotState(ctx, at).Objects["notes"] {
			if slices.Contains(r.Links["contacts"], lead) {
				notes = append(notes, r.Values["hs_note_body"])
			}
		}
		return notes
	},
}

type hubSpotRecord struct {
	Values map[string]string   `json:"values"`
	Links  map[string][]string `json:"links"`
}

type hubSpotAccount struct {
	Objects map[string]map[string]hubSpotRecord `json:"objects"`
	Owners  map[string]string                   `json:"owners"`
}

func hubSpotState(ctx context.Context, at setup.CRM) (state hubSpotAccount) {
	GinkgoHelper()
	Expect(env.AskCRM(ctx, at, "state", &state)).To(Succeed())
	return state
}

var salesforceSystem = system{
	kind: crm.TypeSalesforce, object: "Lead", owner: "OwnerId", rejected: "Closed - Not Converted", before: "SQL",
	user: func(ctx context.Context, at setup.CRM, rep string) string {
		GinkgoHelper()
		for id, address := range salesforceState(ctx, at).Owners {
			if address == rep {
				return id
			}
		}
		Fail("no user " + rep)
		return ""
	},
	call: func(lead string) control.Act {
		return control.Act{Do: "log", Type: "Task", Of: []string{"Lead/" + lead}, Values: map[string]string{
			"Subject": "Call", "TaskSubtype": "Call", "Status": "Completed", "CallType": "Outbound",
		}}
	},
	records: func(ctx context.Context, at setup.CRM) map[string]map[string]string {
		GinkgoHelper()
		state := salesforceState(ctx, at)
		out := map[string]map[string]string{}
		for _, r := range state.Records["Lead"] {
			values := map[string]string{}
			for name, value := range r {
				if value != nil {
					values[name] = fmt.Sprint(value)
				}
			}
			values["OwnerId"] = state.Owners[values["OwnerId"]]
			out[values["Id"]] = values
		}
		return out
	},
	notes: func(ctx context.Context, at setup.CRM, lead string) (notes []string) {
		GinkgoHelper()
		for _, r := range salesforceState(ctx, at).Records["Note"] {
			if r["ParentId"] == lead {
				notes = append(notes, fmt.Sprint(r["Body"]))
			}
		}
		return notes
	},
}

type salesforceOrg struct {
	Records map[string][]map[string]any `json:"records"`
	Owners  map[string]string           `json:"owners"`
}

func salesforceState(ctx context.Context, at setup.CRM) (state salesforceOrg) {
	GinkgoHelper()
	Expect(env.AskCRM(ctx, at, "state", &state)).To(Succeed())
	return state
}
