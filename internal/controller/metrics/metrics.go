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
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// scrapeTimeout bounds the wait for the cache.
const scrapeTimeout = 5 * time.Second

// Collector of the contracts' outcome.
type Collector struct {
	reader    client.Reader
	clause    *prometheus.Desc
	condition *prometheus.Desc
}

// NewCollector reads contracts from the reader, which should be a cache.
func NewCollector(reader client.Reader) *Collector {
	return &Collector{
		reader: reader,
		clause: prometheus.NewDesc("handoff_clause_met_ratio",
			"Share of leads that met the clause in the period that is judged, 0 to 1; for volume, MQLs over the target. Absent without leads.",
			[]string{"namespace", "contract", "clause", "tier"}, nil),
		condition: prometheus.NewDesc("handoff_contract_condition",
			"1 for the status that the contract's condition has, 0 for the others.",
			[]string{"namespace", "contract", "type", "status"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.clause
	out <- c.condition
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
	for _, row := range contract.Status.Scorecard {
		if row.Met == nil || row.Total == nil || *row.Total == 0 {
			continue
		}
		out <- prometheus.MustNewConstMetric(c.clause, prometheus.GaugeValue, float64(*row.Met)/float64(*row.Total),
			contract.Namespace, contract.Name, row.Clause, row.Tier)
	}
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
