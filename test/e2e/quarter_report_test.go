// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"context"
	_ "embed" // what the reports say
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/handoff-sla/handoff/internal/cli"
	"github.com/handoff-sla/handoff/internal/review"
)

//go:embed testdata/quarter/reports.txt
var quarterReports string

// readReports takes the golden file apart: a line by period, and a line of leads by month.
func readReports() (said map[string][]string, leads map[string]string) {
	said, leads = map[string][]string{}, map[string]string{}
	for line := range strings.Lines(quarterReports) {
		line = strings.TrimSpace(line)
		switch rest, ofLeads := strings.CutPrefix(line, "leads "); {
		case line == "" || strings.HasPrefix(line, "#"):
		case ofLeads:
			month, numbers, _ := strings.Cut(rest, " ")
			leads[month] = strings.Join(strings.Fields(numbers), " ")
		default:
			columns := columnsOf(line)
			said[columns[0]] = columns[1:]
		}
	}
	return said, leads
}

// checkReports holds each report against the golden file, and has kubectl sla report verify prove it.
func checkReports(ctx context.Context) {
	GinkgoHelper()
	said, leads := readReports()
	found := map[string][]string{}
	var names []string
	for _, name := range []string{"weekly", "monthly", "quarterly"} {
		for _, report := range reportsOf(ctx, name) {
			names = append(names, report.Name)
			document := openReport(&report)
			facts := document.Facts()
			open := "-"
			if len(facts.Escalations) > 0 {
				open = ""
			}
			for i, e := range facts.Escalations {
				if i > 0 {
					open += ", "
				}
				open += fmt.Sprintf("%s %d", e.Clause, e.Level)
			}
			found[string(facts.Period)] = []string{document.Result(), open}
			for _, m := range facts.Months {
				Expect(fmt.Sprint(m.Captured, m.Target, m.MQLs, m.Accepted, m.Rejected, m.SQLs, m.Opportunities, m.Won)).
					To(Equal(leads[string(m.Month)]), "%s in %s", m.Month, report.Name)
			}
			if name == "quarterly" {
				Expect(facts.Months).To(HaveLen(3))
				Expect(report.Data["report.md"]).To(ContainSubstring("74 of 123"))
				checkProposal(ctx, facts.Proposal.Manifests)
			}
		}
	}
	Expect(found).To(Equal(said))
	verifyReports(ctx, names)
}

// openReport checks the seal, and that the report has its three forms.
func openReport(report *corev1.ConfigMap) *review.Document {
	GinkgoHelper()
	Expect(report.Immutable).To(HaveValue(BeTrue()))
	document, err := review.Open([]byte(report.Data["report.json"]))
	Expect(err).NotTo(HaveOccurred(), report.Name)
	Expect(report.Data["report.md"]).To(Equal(document.Markdown()))
	html, err := document.HTML()
	Expect(err).NotTo(HaveOccurred())
	Expect(report.Data["report.html"]).To(Equal(html))
	seal, err := document.Seal()
	Expect(err).NotTo(HaveOccurred())
	Expect(report.Annotations).To(HaveKeyWithValue("sla.handoff.dev/seal", seal))
	return document
}

// verifyReports by the command line: the seal, the ledger's copy, and the numbers counted anew.
func verifyReports(ctx context.Context, names []string) {
	GinkgoHelper()
	var out bytes.Buffer
	root := cli.Root(time.Now)
	root.SetArgs(append([]string{"report", "verify", "-n", lived.Namespace, "--kubeconfig", env.Kubeconfig}, names...))
	root.SetOut(&out)
	root.SetErr(&out)
	Expect(root.ExecuteContext(ctx)).To(Succeed(), out.String())
	Expect(strings.Count(out.String(), "Verified")).To(BeNumerically(">=", len(names)), out.String())
}

// checkProposal: what the report proposes for the next quarter is ready to be signed: lint accepts it, and so does the API server.
func checkProposal(ctx context.Context, manifests string) {
	GinkgoHelper()
	file := filepath.Join(GinkgoT().TempDir(), "next-quarter.yaml")
	Expect(os.WriteFile(file, []byte(manifests), 0o600)).To(Succeed())
	var out bytes.Buffer
	root := cli.Root(time.Now)
	root.SetArgs([]string{"lint", file})
	root.SetOut(&out)
	root.SetErr(&out)
	Expect(root.ExecuteContext(ctx)).To(Succeed(), out.String())
	text, err := env.Kube(ctx, "apply", "--dry-run=server", "-f", file)
	Expect(err).NotTo(HaveOccurred())
	Expect(text).To(And(ContainSubstring("slacontract"), ContainSubstring("leaddefinition")))
}
