// SPDX-License-Identifier: Apache-2.0

package pipeline

import "github.com/prometheus/client_golang/prometheus"

// Metrics of the workers. No label ever carries an id of a lead or a rep.
type Metrics struct {
	Events         *prometheus.CounterVec
	Refused        *prometheus.CounterVec
	Scored         prometheus.Counter
	Routed         prometheus.Counter
	Choices        *prometheus.CounterVec
	Failed         *prometheus.CounterVec
	Missed         prometheus.Counter
	BreachLateness prometheus.Gauge
	Waiting        prometheus.Gauge
	Unrouted       prometheus.Gauge
	StepErrors     *prometheus.CounterVec
	Stale          prometheus.Gauge
	RosterErrors   prometheus.Counter

	Operations
	CRMReading
}

// NewMetrics makes and registers the metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "handoff", Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "handoff", Name: name, Help: help})
	}
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "handoff", Name: name, Help: help}, labels)
	}
	m := &Metrics{
		Events:         vec("events_total", "Events received, by result: accepted, duplicate, rejected, failed.", "result"),
		Refused:        vec("ingest_refused_total", "Requests with events that were answered 429, by reason: full, backlog.", "why"),
		Scored:         counter("leads_scored_total", "Leads scored after news of them."),
		Routed:         counter("leads_routed_total", "Leads whose owner and clocks were worked out after news of them."),
		Choices:        vec("choices_total", "Decisions about the owner of a lead, by kind, such as Picked, OwnerFirst, Fallback, Held, Reassigned.", "kind"),
		Failed:         vec("leads_failed_total", "Leads that could not be worked off and are tried again, by step.", "step"),
		Missed:         counter("obligations_missed_total", "Deadlines found to have passed."),
		BreachLateness: gauge("breach_lateness_seconds", "How long after its deadline the last breach was noticed."),
		Waiting:        gauge("work_waiting", "Causes in the ledger that are not yet worked off, as the counting replica sees them."),
		Unrouted:       gauge("leads_unrouted", "MQLs without an owner, as the counting replica sees them."),
		StepErrors:     vec("step_errors_total", "Steps that failed and are tried again, mostly because of the ledger, by loop and kind of error.", "loop", "kind"),
		Stale:          gauge("bundle_stale", "1 while a pair is in force that this worker cannot take up, so that it claims no leads."),
		RosterErrors:   counter("roster_errors_total", "Rosters that could not be read; the last good one stays in use."),
	}
	r.MustRegister(m.Events, m.Refused, m.Scored, m.Routed, m.Choices, m.Failed, m.Missed, m.BreachLateness, m.Waiting, m.Unrouted, m.StepErrors,
		m.Stale, m.RosterErrors)
	m.Operations = newOperations(r)
	m.CRMReading = newCRMReading(r)
	return m
}
