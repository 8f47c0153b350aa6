// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/test/crm/control"
)

// givesUp: who rejects a lead without a code each time that it was set back is let be after the third time. The contract says so until somebody has found
// out what it was.
func (s *crmRun) givesUp(ctx context.Context) {
	GinkgoHelper()
	fields := crm.Defaults(s.kind).Mapping.Fields
	leads, err := env.Query(ctx, fmt.Sprintf(`SELECT lead_id || ' ' || owner FROM leads WHERE tenant = '%s' AND stage = 'MQL' AND owner IS NOT NULL
AND lead_id NOT IN (SELECT lead_id FROM crm_set_backs WHERE tenant = '%[1]s') ORDER BY lead_id LIMIT 1`, s.at.Tenant))
	Expect(err).NotTo(HaveOccurred())
	Expect(leads).To(HaveLen(1))
	var id, rep string
	_, err = fmt.Sscan(leads[0], &id, &rep)
	Expect(err).NotTo(HaveOccurred())
	before := s.records(ctx, s.at)[id][fields.Status]
	ofLead := func(sql string) int64 {
		GinkgoHelper()
		return number(ctx, fmt.Sprintf(sql, s.at.Tenant, id))
	}
	const noted = "SELECT count(*) FROM crm_set_backs WHERE tenant = '%s' AND lead_id = '%s' AND noted_at IS NOT NULL"
	reject := func() {
		GinkgoHelper()
		s.act(ctx, control.Act{As: rep, Do: "set", Type: s.object, ID: id, Values: map[string]string{fields.Status: s.rejected}})
	}
	By("rejecting a lead without a reason code, again and again")
	for times := range int64(3) {
		reject()
		Eventually(func() int64 { return ofLead(noted) }).WithTimeout(2 * time.Minute).Should(Equal(times + 1))
		Expect(s.records(ctx, s.at)[id][fields.Status]).To(Equal(before))
	}
	reject()
	Eventually(func() int64 {
		return ofLead("SELECT count(*) FROM crm_set_backs WHERE tenant = '%s' AND lead_id = '%s' AND stopped")
	}).
		WithTimeout(2 * time.Minute).Should(BeEquivalentTo(1))
	Expect(s.records(ctx, s.at)[id][fields.Status]).To(Equal(s.rejected), "left as it is")
	s.says(ctx, "SetBackStopped", "because something keeps undoing it: 1.")
	path := commandsOnPath(ctx)
	s.sla(ctx, path, id, "status")
	By("having it set back again")
	s.sla(ctx, path, "Resumed: 1 lead", "resume", id)
	Eventually(func() int64 { return ofLead(noted) }).WithTimeout(2 * time.Minute).Should(BeEquivalentTo(4))
	Expect(s.records(ctx, s.at)[id][fields.Status]).To(Equal(before))
	s.says(ctx, "CRMAvailable", "has every field of the mapping")
	s.undone += 4
}

// says what the condition of the contract about the CRM says.
func (s *crmRun) says(ctx context.Context, reason, message string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		said, err := env.Kube(ctx, "get", "slacontract", s.at.Contract, "-n", s.at.Namespace, "-o",
			`jsonpath={range .status.conditions[?(@.type=="CRMAvailable")]}{.reason}: {.message}{end}`)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(said).To(And(HavePrefix(reason+": "), ContainSubstring(message)))
	}).WithTimeout(2 * time.Minute).Should(Succeed())
}

// sla runs kubectl sla crm, whose answer has something in it.
func (s *crmRun) sla(ctx context.Context, path, want string, args ...string) {
	GinkgoHelper()
	line := fmt.Sprintf("kubectl sla crm %s --contract %s -n %s", strings.Join(args, " "), s.at.Contract, s.at.Namespace)
	verb := exec.CommandContext(ctx, "bash", "-c", line)
	verb.Env = append(os.Environ(), "PATH="+path, "KUBECONFIG="+env.Kubeconfig)
	out, err := verb.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "%s", out)
	env.Say("$ %s\n%s", line, out)
	Expect(string(out)).To(ContainSubstring(want))
}
