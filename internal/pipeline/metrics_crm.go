// SPDX-License-Identifier: Apache-2.0

package pipeline

import "github.com/prometheus/client_golang/prometheus"

// CRMReading are the metrics of reading a CRM.
type CRMReading struct {
	CRMRead     *prometheus.CounterVec
	CRMEvents   *prometheus.CounterVec
	CRMUnfit    *prometheus.CounterVec
	CRMErrors   *prometheus.CounterVec
	CRMLag      *prometheus.GaugeVec
	CRMSetBacks *prometheus.CounterVec
	CRMDiverged prometheus.Gauge
}

func newCRMReading(r prometheus.Registerer) CRMReading {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "handoff", Name: name, Help: help}, labels)
	}
	m := CRMReading{
		CRMRead: vec("crm_read_total",
			"Records that were read of the CRM, by stream; hints and setBack are those that were fetched one by one, fields those that were read for new fields.", "stream"),
		CRMEvents: vec("crm_events_total",
			"Events that followed from what was read, by kind and result: accepted, duplicate, conflict, refused, forgotten, invalid.", "kind", "result"),
		CRMUnfit:  vec("crm_unfit_total", "Values that the definition cannot take and that were left out, by the CRM's field.", "field"),
		CRMErrors: vec("crm_read_errors_total", "Requests for changes that failed, by kind: unavailable, credential, refused.", "kind"),
		CRMLag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "handoff", Name: "crm_lag_seconds", Help: "Age of the latest change that was read, while there is more to read of the stream; else 0.",
		}, []string{"stream"}),
		CRMSetBacks: vec("crm_set_backs_total", "Leads that were to be set back in the CRM, by result: setBack, stopped.", "result"),
		CRMDiverged: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: "handoff", Name: "crm_diverged", Help: "Records that hold what the agreement does not allow, past their time to mend it, as the reading replica sees them; 1000 are 1000 or more.",
		}),
	}
	r.MustRegister(m.CRMRead, m.CRMEvents, m.CRMUnfit, m.CRMErrors, m.CRMLag, m.CRMSetBacks, m.CRMDiverged)
	return m
}
