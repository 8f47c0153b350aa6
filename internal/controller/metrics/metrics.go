// SPDX-License-Identifier: Apache-2.0

// Package metrics shows the business outcome of every contract to Prometheus. It reads the contracts' status from the cache at each scrape, so
// that a contract that is gone leaves no series behind. Labels are names of objects, never people or leads.
package metrics

import (
	"context"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/sla"
)

// scrapeTimeout bounds the wait for the cache.
const scrapeTimeout = 5 * time.Second

// Collector of the contracts' outcome.
type Collector struct {
	reader    client.Reader
	clause    *prometheus.Desc
	verdict   *prometheus.Desc
	missed    *prometheus.Desc
	level     *prometheus.Desc
	condition *prometheus.Desc
}

// verdicts that a clause can have.
var verdicts = []sla.Verdict{
	sla.VerdictMet, sla.VerdictAtRisk, sla.VerdictMissed, sla.VerdictInsufficientData, sla.VerdictWaived, sla.VerdictUnknown,
}

// NewCollector reads contracts from the reader, which should be a cache.
func NewCollector(reader client.Reader) *Collector {
	return &Collector{
		reader: reader,
		clause: prometheus.NewDesc("handoff_clause_met_ratio",
			"Share of leads that met the clause in the period that is judged, 0 to 1; for volume, MQLs over the target. Absent without leads.",
			[]string{"namespace", "contract", "clause", "tier"}, nil),
		verdict: prometheus.NewDesc("handoff_clause_verdict",
			"1 for the verdict that the clause has in the period that is judged, 0 for the others.",
			[]string{"namespace", "contract", "clause", "tier", "verdict"}, nil),
		missed: prometheus.NewDesc("handoff_clause_missed_weeks",
			"Closed weeks in a row in which the clause was missed.",
			[]string{"namespace", "contract", "clause", "tier"}, nil),
		level: prometheus.NewDesc("handoff_escalation_level",
			"Level of the open escalation of the clause, 1 to 3; 0 when none is open. The clause terms is a dispute about the agreement itself.",
			[]string{"namespace", "contract", "clause"}, nil),
		condition: prometheus.NewDesc("handoff_contract_condition",
			"1 for the status that the contract's condition has, 0 for the others.",
			[]string{"namespace", "contract", "type", "status"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.clause, c.verdict, c.missed, c.level, c.condition} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	list := &slav1alpha1.SLAContractList{}
	if err := c.reader.List(ctx, list); err != nil {
		out <- prometheus.NewInvalidMetric(c.clause, err)
		return
	}
	for i := range list.Items {
		c.contract(&list.Items[i], out)
	}
}

func (c *Collector) contract(contract *slav1alpha1.SLAContract, out chan<- prometheus.Metric) {
	for i := range contract.Status.Scorecard {
		c.row(contract, &contract.Status.Scorecard[i], out)
	}
	c.escalations(contract, out)
	for _, condition := range contract.Status.Conditions {
		for _, status := range []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown} {
			value := 0.0
			if condition.Status == status {
				value = 1
			}
			out <- prometheus.MustNewConstMetric(c.condition, prometheus.GaugeValue, value,
				contract.Namespace, contract.Name, condition.Type, strings.ToLower(string(status)))
		}
	}
}

func (c *Collector) row(contract *slav1alpha1.SLAContract, row *slav1alpha1.ScorecardRow, out chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value,
			append([]string{contract.Namespace, contract.Name, row.Clause, row.Tier}, labels...)...)
	}
	if row.Met != nil && row.Total != nil && *row.Total > 0 {
		gauge(c.clause, float64(*row.Met)/float64(*row.Total))
	}
	for _, verdict := range verdicts {
		value := 0.0
		if row.Verdict == slav1alpha1.Verdict(verdict) {
			value = 1
		}
		gauge(c.verdict, value, string(verdict))
	}
	gauge(c.missed, float64(ptr.Deref(row.MissedWeeks, 0)))
}

// escalations of the clauses that are judged: one that is resolved goes to 0, and does not vanish, so that a graph shows it.
func (c *Collector) escalations(contract *slav1alpha1.SLAContract, out chan<- prometheus.Metric) {
	levels := map[string]int32{}
	for _, row := range contract.Status.Scorecard {
		levels[row.Clause] = 0
	}
	for _, escalation := range contract.Status.Escalations {
		levels[escalation.Clause] = escalation.Level
	}
	for clause, level := range levels {
		out <- prometheus.MustNewConstMetric(c.level, prometheus.GaugeValue, float64(level), contract.Namespace, contract.Name, clause)
	}
}
