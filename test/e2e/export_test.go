// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/handoff-sla/handoff/hack/demo/setup"
)

// export is a second contract on the same database: the same signed texts in another namespace, with leads of its own.
var export = setup.Target{Namespace: "revenue-export", Tenant: "export"}

const exportLeads = 8000

// exportSpecs: a contract that begins without its Secrets, and then takes a whole export.
func exportSpecs() {
	It("waits for the Secrets, says which, and goes on by itself", func(ctx SpecContext) {
		Expect(env.Samples(ctx, export)).To(Succeed())
		says := func(g Gomega, name string) string {
			return condition(measurement(ctx, g, export.Namespace).Status.Conditions, name)
		}
		Eventually(func(g Gomega) {
			g.Expect(says(g, "LedgerAvailable")).To(And(HavePrefix("False SecretNotFound"), ContainSubstring("handoff-ledger"), ContainSubstring("dsn")))
			g.Expect(says(g, "IngestAvailable")).To(And(HavePrefix("False SecretNotFound"), ContainSubstring("handoff-ingest"), ContainSubstring("token")))
			c, err := env.Get(ctx, export)
			g.Expect(err).NotTo(HaveOccurred())
			ready := meta.FindStatusCondition(c.Status.Conditions, "WorkersAvailable")
			g.Expect(ready).NotTo(BeNil())
			g.Expect(ready.Status).To(Equal(metav1.ConditionFalse))
			g.Expect(ready.Message).To(Or(ContainSubstring("handoff-ledger"), ContainSubstring("handoff-ingest")))
		}).Should(Succeed())
		Expect(env.Secrets(ctx, export.Namespace)).To(Succeed())
		Expect(env.Contract(ctx, export)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(says(g, "LedgerAvailable")).To(HavePrefix("True"))
			g.Expect(says(g, "IngestAvailable")).To(HavePrefix("True"))
		}).Should(Succeed())
	})

	It("of 8,000 leads arrives whole, also when it is sent twice", func(ctx SpecContext) {
		file := olist()
		plan, err := env.FileLeads(ctx, export, file)
		Expect(err).NotTo(HaveOccurred())
		Expect(plan.Malformed).To(BeEmpty())
		Expect(plan.LeadCount()).To(Equal(exportLeads))
		_, err = env.FileLeads(ctx, export, file)
		Expect(err).NotTo(HaveOccurred())
		Expect(env.Settled(ctx, export)).To(Succeed())
		Expect(env.Leads(ctx, export)).To(BeEquivalentTo(exportLeads))
		c, err := env.Get(ctx, export)
		Expect(err).NotTo(HaveOccurred())
		Expect(c.Status.Leads.Captured).To(HaveValue(BeEquivalentTo(exportLeads)))
		Expect(number(ctx, "SELECT count(*) FROM events WHERE tenant = 'export'")).To(BeEquivalentTo(exportLeads))
		Expect(number(ctx, "SELECT count(*) FROM leads WHERE tenant = 'export' AND record ? 'source'")).
			To(BeNumerically(">", exportLeads*9/10), "the column origin went into the field source")
	})
}

// olist is a public export of 8,000 real leads, where it lies beside the checkout; else a stand-in of the same form.
func olist() string {
	GinkgoHelper()
	file := filepath.Join(env.Root, "../shared/data/olist_marketing_qualified_leads_dataset.csv")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	AddReportEntry("NOT RUN WITH REAL LEADS: the Olist export is not beside the checkout; a made-up one of the same form stands in for it",
		ReportEntryVisibilityAlways)
	file = filepath.Join(GinkgoT().TempDir(), "stand-in.csv")
	f, err := os.Create(file)
	Expect(err).NotTo(HaveOccurred())
	w := csv.NewWriter(f)
	Expect(w.Write([]string{"mql_id", "first_contact_date", "landing_page_id", "origin"})).To(Succeed())
	for i := range exportLeads {
		day := time.Date(2018, 5, 31, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -i%350)
		Expect(w.Write([]string{fmt.Sprintf("%032x", i), day.Format(time.DateOnly), fmt.Sprint(i % 7), "organic_search"})).To(Succeed())
	}
	w.Flush()
	Expect(w.Error()).NotTo(HaveOccurred())
	Expect(f.Close()).To(Succeed())
	return file
}
