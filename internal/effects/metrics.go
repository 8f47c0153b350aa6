// SPDX-License-Identifier: Apache-2.0

package effects

import "github.com/prometheus/client_golang/prometheus"

// Results of an attempt.
const (
	ResultSent        = "sent"
	ResultUnchanged   = "unchanged"   // the CRM was told the very same before
	ResultDropped     = "dropped"     // what it warned of was done meanwhile
	ResultUnaddressed = "unaddressed" // the Secret names nobody for the recipient
	ResultRetried     = "retried"
	ResultParked      = "parked"
)

// Metrics of the effects. No label carries an id.
type Metrics struct {
	Effects *prometheus.CounterVec
	Pending *prometheus.GaugeVec
	Parked  *prometheus.GaugeVec
	Age     *prometheus.GaugeVec
}

// NewMetrics makes and registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "handoff", Name: name, Help: help}, []string{"kind"})
	}
	m := &Metrics{
		Effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "handoff", Name: "effects_total",
			Help: "Attempts to send a notice or a report, or to tell the CRM, by kind and result: sent, unchanged, dropped, unaddressed, retried, parked.",
		}, []string{"kind", "result"}),
		Pending: gauge("outbox_pending", "Effects that are still to be done, by kind."),
		Parked:  gauge("outbox_parked", "Effects that were given up and wait for somebody to decide, by kind."),
		Age:     gauge("outbox_age_seconds", "How long the oldest effect waits that could be done now, by kind."),
	}
	r.MustRegister(m.Effects, m.Pending, m.Parked, m.Age)
	return m
}
