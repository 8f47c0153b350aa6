// SPDX-License-Identifier: Apache-2.0

// Package pipelinetest makes a contract and the lives of leads for tests that send leads through the whole pipeline.
package pipelinetest

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Contract that the bundles belong to.
const Contract = "revenue/mid-market"

// AllHours is a calendar that never closes.
func AllHours() sla.Calendar {
	return sla.Calendar{TimeZone: "UTC", Hours: []sla.WeekHours{{
		Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}, Shifts: []sla.Shift{{From: "00:00", To: "24:00"}},
	}}}
}

// Definition knows all that a Life tells.
func Definition() lead.Definition {
	return lead.Definition{
		Fields: []lead.Field{
			{Name: "company", Type: lead.String, Required: true},
			{Name: "employees", Type: lead.Integer, Property: "numberofemployees"},
		},
		Signals: []lead.Signal{
			{Name: "demo", Activity: "FormSubmit"},
			{Name: "pricing", Activity: "PageView", When: `activity.path.startsWith("/pricing")`},
		},
		Scoring: &lead.Scoring{Groups: []lead.Group{
			{Name: "fit", Rules: []lead.Rule{{Name: "size", When: "lead.employees >= 50", Points: 30}}},
			{Name: "interest", Rules: []lead.Rule{{Name: "pricing", On: "pricing", Points: 15, HalfLife: 14 * 24 * time.Hour}}},
		}},
		Paths: []lead.Path{
			{Name: "hand-raise", Criteria: []lead.Criterion{{Expression: "signals.demo.count > 0"}}},
			{Name: "scored", Threshold: new(40)},
		},
		Intents: []lead.Intent{{Name: "High", When: "signals.pricing.count > 0"}, {Name: "Standard"}},
		Dispositions: []lead.Disposition{
			{Name: "SQL", Outcome: lead.Accepted},
			{Name: "BadTiming", Outcome: lead.Recycled},
			{Name: "NoAnswer", Outcome: lead.Recycled, MinAttempts: 2},
			{Name: "NoFit", Outcome: lead.Disqualified},
		},
	}
}

// Terms name every clause, with windows that are long over, or long open, while a test runs. mechanism says who gives leads their owner.
func Terms(mechanism sla.Mechanism) sla.Terms {
	return sla.Terms{
		Definition: "mid-market",
		Parties:    sla.Parties{Marketing: sla.Contact{Owner: "VP Marketing"}, Sales: sla.Contact{Owner: "VP Sales"}},
		Calendar:   AllHours(),
		Marketing: &sla.Marketing{
			Volume: &sla.Volume{MQLsPerMonth: 100}, Completeness: &sla.Share{TargetPercent: 100}, Score: &sla.Share{TargetPercent: 100},
			Delivery: &sla.Delivery{Within: 5 * time.Minute, TargetPercent: 99, Mechanism: mechanism},
		},
		Sales: &sla.Sales{
			FirstContact: &sla.FirstContact{TargetPercent: 90, Tiers: []sla.Tier{
				{Intent: "High", Within: 4 * time.Hour}, {Intent: "Standard", Within: 24 * time.Hour},
			}},
			Disposition: &sla.Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
			Rejection:   &sla.Share{TargetPercent: 100},
		},
	}
}

// Bundle is the pair with a sequence.
func Bundle(sequence int64, mechanism sla.Mechanism, edit ...func(*bundle.Bundle)) bundle.Bundle {
	b := bundle.Bundle{
		Contract: Contract, Sequence: sequence, Lead: Definition(), SLA: Terms(mechanism),
		Definition: bundle.RevisionOf{Name: fmt.Sprintf("mid-market-%d", sequence), Digest: fmt.Sprint("d", sequence)},
		Terms:      bundle.RevisionOf{Name: fmt.Sprintf("mid-market-terms-%d", sequence), Digest: fmt.Sprint("t", sequence)},
	}
	for _, e := range edit {
		e(&b)
	}
	return b
}

// Team is one pool of reps that can take any number of leads.
func Team(reps int) bundle.Roster {
	pool := lead.Pool{Name: "everyone"}
	for i := range reps {
		pool.Members = append(pool.Members, lead.Member{Rep: fmt.Sprintf("rep-%d@acme.example", i+1)})
	}
	return bundle.Roster{Pools: []lead.Pool{pool}}
}
