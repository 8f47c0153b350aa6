// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// Operations are the metrics of how long things take, and of the upkeep of the ledger.
type Operations struct {
	Request       *prometheus.HistogramVec // of POST /v1/events
	Batch         *prometheus.HistogramVec
	Noticed       prometheus.Histogram
	Backlog       *prometheus.GaugeVec
	BacklogAge    *prometheus.GaugeVec
	Seals         *prometheus.CounterVec
	RetiredLeads  prometheus.Counter
	RetiredEvents prometheus.Counter
}

// Buckets, in seconds.
var (
	requestBuckets = []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 20}
	batchBuckets   = []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 60}
	noticedBuckets = []float64{.05, .1, .2, .5, 1, 2, 5, 10, 60, 600, 3600}
)

func newOperations(r prometheus.Registerer) Operations {
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "handoff", Name: name, Help: help, Buckets: buckets}, labels)
	}
	gauge := func(name, help, label string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "handoff", Name: name, Help: help}, []string{label})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "handoff", Name: name, Help: help})
	}
	o := Operations{
		Request: histogram("ingest_request_seconds", "Duration of requests with events, by the code of the answer.", requestBuckets, "code"),
		Batch:   histogram("batch_seconds", "Duration of the transaction that worked off a batch of leads, by step.", batchBuckets, "step"),
		Noticed: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "handoff", Name: "breach_noticed_seconds", Buckets: noticedBuckets,
			Help: "From a deadline until it was found to have passed: of the latest of each search that found any.",
		}),
		Backlog:    gauge("backlog", "Causes in a queue of the ledger that are not yet worked off, as the counting replica sees them.", "queue"),
		BacklogAge: gauge("backlog_age_seconds", "Age of the oldest cause in a queue, as the counting replica sees it.", "queue"),
		Seals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "handoff", Name: "seals_total", Help: "Periods whose counts this replica sealed: first, or restated after a correction.",
		}, []string{"kind"}),
		RetiredLeads:  counter("retired_leads_total", "Leads whose history this replica retired."),
		RetiredEvents: counter("retired_events_total", "Events that this replica retired."),
	}
	r.MustRegister(o.Request, o.Batch, o.Noticed, o.Backlog, o.BacklogAge, o.Seals, o.RetiredLeads, o.RetiredEvents)
	return o
}

// worked observes a batch, unless it was empty.
func (o Operations) worked(step string, timer *prometheus.Timer, batch ledger.Batch) {
	if batch.Leads > 0 || len(batch.Failed) > 0 {
		o.Batch.WithLabelValues(step).Observe(timer.ObserveDuration().Seconds())
	}
}

// waiting shows what is in the queues.
func (o Operations) waiting(queues []ledger.QueueState) {
	for _, q := range queues {
		o.Backlog.WithLabelValues(q.Name).Set(float64(q.Waiting))
		o.BacklogAge.WithLabelValues(q.Name).Set(q.Oldest.Seconds())
	}
}
