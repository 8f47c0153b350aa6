// SPDX-License-Identifier: Apache-2.0

package effects

import "github.com/prometheus/client_golang/prometheus"

// Results of an attempt. A note that was refused is counted beside the write it belongs to.
const (
	ResultSent        = "sent"
	ResultUnchanged   = "unchanged"   // the CRM was told the very same before
	ResultDropped     = "dropped"     // what it warned of was done meanwhile
	ResultUnaddressed = "unaddressed" // the Secret names nobody for the recipient
	ResultRetried     = "retried"
	ResultParked      = "parked"
	ResultPlanned     = "planned"    // a dry run would have written it
	ResultGone        = "gone"       // the record is not there any more, cannot be written any more, or is another lead's
	ResultUnrecorded  = "unrecorded" // the lead has no record in the CRM, and gets none
	ResultWaiting     = "waiting"    // until the credential or the mapping is mended
	ResultUnnoted     = "unnoted"    // what was set back could not be explained in the CRM
)

// Metrics of the effects. No label carries an id.
type Metrics struct {
	Effects *prometheus.CounterVec
	Pending *prometheus.GaugeVec
	Parked  *prometheus.GaugeVec
	Age     *prometheus.GaugeVec

	WriteLeads   prometheus.Histogram
	WriteSeconds prometheus.Histogram
}

// NewMetrics makes and registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "handoff", Name: name, Help: help}, []string{"kind"})
	}
	m := &Metrics{
		Effects: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "handoff", Name: "effects_total",
			Help: "Attempts to send a notice or a report, or to tell the CRM, by kind and result: sent, unchanged, dropped, unaddressed, retried, parked, " +
				"planned, gone, unrecorded, waiting, unnoted.",
		}, []string{"kind", "result"}),
		Pending: gauge("outbox_pending", "Effects that are still to be done, by kind."),
		Parked:  gauge("outbox_parked", "Effects that were given up and wait for somebody to decide, by kind."),
		Age:     gauge("outbox_age_seconds", "How long the oldest effect waits that could be done now, by kind."),
		WriteLeads: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "handoff", Name: "crm_write_leads", Help: "Leads that were written into the CRM at a time.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200},
		}),
		WriteSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "handoff", Name: "crm_write_seconds", Help: "Duration of a call that writes leads into the CRM, with what it waits for its limits.",
			Buckets: prometheus.ExponentialBuckets(0.025, 2, 12),
		}),
	}
	r.MustRegister(m.Effects, m.Pending, m.Parked, m.Age, m.WriteLeads, m.WriteSeconds)
	return m
}
