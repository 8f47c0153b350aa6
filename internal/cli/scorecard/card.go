// SPDX-License-Identifier: Apache-2.0

// Package scorecard shows how a contract stands, as the manager judged it: for a terminal, for a page, for a program.
package scorecard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/judge"
)

// Card of a contract. Its parts are spelt as in the contract's status.
type Card struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Result    string `json:"result"` // such as "6 green, 1 red"

	Compliant     *State                         `json:"compliant,omitempty"`
	Measured      *State                         `json:"measured,omitempty"`
	Records       *State                         `json:"records,omitempty"` // whether waivers, plans and the dispute count as written
	AsOf          *metav1.Time                   `json:"asOf,omitempty"`    // when the counts last changed, by the ledger's clock
	ClosedThrough string                         `json:"closedThrough,omitempty"`
	TimeZone      string                         `json:"timeZone,omitempty"`
	Terms         string                         `json:"terms,omitempty"`      // revision in force
	Definition    string                         `json:"definition,omitempty"` // revision in force
	MQLs          string                         `json:"mqls,omitempty"`
	FirstContact  string                         `json:"firstContact,omitempty"`
	Scorecard     []slav1alpha1.ScorecardRow     `json:"scorecard"`
	Escalations   []slav1alpha1.EscalationStatus `json:"escalations"`
	Dispute       *slav1alpha1.Dispute           `json:"dispute,omitempty"`
	Plans         []Plan                         `json:"plans"` // remediations that are not done
	Unplanned     []string                       `json:"unplanned"`
	Waivers       []Waiver                       `json:"waivers"`
	History       []slav1alpha1.ClosedWeek       `json:"history"`
	Restatements  []slav1alpha1.Restatement      `json:"restatements"`
	Advice        []string                       `json:"advice"`

	now  time.Time
	zone *time.Location
}

// State of a condition.
type State struct {
	Status  metav1.ConditionStatus `json:"status"`
	Reason  string                 `json:"reason"`
	Message string                 `json:"message"`
}

// Plan is a remediation that is not done.
type Plan struct {
	slav1alpha1.Remediation `json:",inline"`

	Overdue bool `json:"overdue,omitempty"`
}

// Waiver that is not over.
type Waiver struct {
	Name   string              `json:"name"`
	Clause string              `json:"clause"`
	From   string              `json:"from"`
	To     string              `json:"to"`
	Reason string              `json:"reason"`
	Signed []slav1alpha1.Party `json:"signed"` // whose sign-off is there
}

// Of a contract. measurement is nil where there is none, or none that may be read.
func Of(contract *slav1alpha1.SLAContract, measurement *slav1alpha1.SLAMeasurement, now time.Time) Card {
	status := contract.Status
	c := Card{
		Namespace: contract.Namespace, Name: contract.Name, Result: result(status.Scorecard),
		Compliant: state(status.Conditions, "Compliant"), Measured: state(status.Conditions, "Measured"),
		Records: state(status.Conditions, slav1alpha1.RecordsAcceptedCondition),
		MQLs:    status.MQLs, FirstContact: status.FirstContact, Dispute: open(contract.Spec.Dispute),
		Scorecard: list(status.Scorecard), Escalations: list(status.Escalations), History: list(status.History), Advice: list(status.Advice),
		Plans: []Plan{}, Unplanned: []string{}, Waivers: []Waiver{}, Restatements: []slav1alpha1.Restatement{},
		TimeZone: contract.Spec.Terms.Calendar.TimeZone, now: now, zone: time.UTC,
	}
	if zone, err := time.LoadLocation(c.TimeZone); err == nil {
		c.zone = zone
	}
	if status.InForce != nil {
		c.Terms, c.Definition = status.InForce.Revision, status.InForce.Definition
	}
	if measurement != nil {
		c.AsOf, c.ClosedThrough, c.Restatements = measurement.Status.AsOf, measurement.Status.ClosedThrough, list(measurement.Status.Restatements)
	}
	c.plan(contract.Spec.Remediations)
	c.waive(contract.Spec.Waivers)
	return c
}

// list is never nil: an empty one in JSON.
func list[T any](in []T) []T {
	if in == nil {
		return []T{}
	}
	return in
}

func state(conditions []metav1.Condition, name string) *State {
	c := meta.FindStatusCondition(conditions, name)
	if c == nil {
		return nil
	}
	return &State{Status: c.Status, Reason: c.Reason, Message: c.Message}
}

func open(d *slav1alpha1.Dispute) *slav1alpha1.Dispute {
	if d == nil || d.Resolution != nil {
		return nil
	}
	return d
}

// plan gathers the plans that are not done, and the clauses that fell short without one.
func (c *Card) plan(all []slav1alpha1.Remediation) {
	planned := map[string]bool{}
	for _, r := range all {
		if r.Done != "" {
			continue
		}
		c.Plans = append(c.Plans, Plan{r, string(r.Due) < c.today()})
		planned[string(r.Clause)] = true
	}
	ask := func(clause string) {
		if !planned[clause] {
			c.Unplanned = append(c.Unplanned, clause)
			planned[clause] = true
		}
	}
	for _, e := range c.Escalations {
		if e.Clause != string(judge.ClauseTerms) { // a dispute about all of them is no miss
			ask(e.Clause)
		}
	}
	for _, row := range c.Scorecard {
		if row.Verdict == missed {
			ask(row.Clause)
		}
	}
}

// waive lists the waivers that are not over.
func (c *Card) waive(all []slav1alpha1.Waiver) {
	for _, w := range all {
		if string(w.To) < c.today() && !c.used(w.Name) {
			continue
		}
		out := Waiver{Name: string(w.Name), Clause: string(w.Clause), From: string(w.From), To: string(w.To), Reason: w.Reason, Signed: []slav1alpha1.Party{}}
		for _, off := range w.SignOffs {
			out.Signed = append(out.Signed, off.Party)
		}
		slices.Sort(out.Signed)
		c.Waivers = append(c.Waivers, out)
	}
}

// used says whether a row is out of judgement by the waiver.
func (c *Card) used(waiver slav1alpha1.Name) bool {
	return slices.ContainsFunc(c.Scorecard, func(r slav1alpha1.ScorecardRow) bool { return r.Waiver == string(waiver) })
}

func (c *Card) today() string { return c.now.In(c.zone).Format(time.DateOnly) }

// result in a few words. Colours without a row are left out.
func result(rows []slav1alpha1.ScorecardRow) string {
	var parts []string
	for _, i := range indicators {
		if n := count(rows, i); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(string(i))))
		}
	}
	if len(parts) == 0 {
		return "nothing to judge"
	}
	return strings.Join(parts, ", ")
}

func count(rows []slav1alpha1.ScorecardRow, i slav1alpha1.Indicator) int {
	n := 0
	for _, row := range rows {
		if row.Indicator == i {
			n++
		}
	}
	return n
}
