// SPDX-License-Identifier: Apache-2.0

// Package review makes the reports of reviews: what was promised, what happened, and where a plan is due. It is pure: it knows no Kubernetes, SQL,
// HTTP or clock.
package review

import (
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Kind of a report. They are spelt as the types of a review are.
type Kind string

// The kinds.
const (
	Operational Kind = "Operational" // an ISO week
	Performance Kind = "Performance" // a month
	Strategic   Kind = "Strategic"   // a quarter
)

// Facts are all that a report is made from: the same facts give the same bytes. They are the `inputs` of report.json, and its seal is their
// digest. They hold no floating-point number, no personal data of leads (ids only), and no text that was not asked for. Empty lists may be nil.
// Lists may stand in any order where none is named: the report sorts them.
type Facts struct {
	Kind        Kind       `json:"kind"`
	Contract    string     `json:"contract"` // namespace/name
	Cadence     string     `json:"cadence"`  // name of the ReviewCadence
	Review      string     `json:"review"`   // name of the review in it
	Owner       string     `json:"owner"`    // of the review
	Period      sla.Period `json:"period"`
	Zone        string     `json:"zone"`        // of the contract, such as America/New_York; periods and dates are in it
	GeneratedAt time.Time  `json:"generatedAt"` // by the ledger's clock; outcomes are as known then

	Parties   Parties    `json:"parties"`
	Revisions []Revision `json:"revisions"` // in force during the period, oldest first
	Calendar  []Day      `json:"calendar"`  // days of the period with other hours than their weekday

	Scorecard     []Row         `json:"scorecard"`     // as judged at the end of the period
	Weeks         []Week        `json:"weeks"`         // closed, oldest first: those of the period (that end in it) and up to 26 before
	Escalations   []Escalation  `json:"escalations"`   // open at the end of the period
	Steps         []Step        `json:"steps"`         // of escalations, within the period
	Waivers       []Waiver      `json:"waivers"`       // that touch the period
	Plans         []Plan        `json:"plans"`         // remediations: those open, and those done within the period
	Reviews       []HeldReview  `json:"reviews"`       // that were due within the period, or have open actions
	Restatements  []Restatement `json:"restatements"`  // made since the last report: closed weeks that came to count differently
	Ratification  Ratification  `json:"ratification"`  // as of GeneratedAt
	Advice        []string      `json:"advice"`        // of the judge
	Notes         []string      `json:"notes"`         // of the judge: what was left out and why
	MinimumSample int64         `json:"minimumSample"` // of the terms in force
	Misses        []Miss        `json:"misses"`        // what is known of the leads that missed a clause in the period; one entry a clause and tier
	Flow          Flow          `json:"flow"`          // what happened in the period
	Outcomes      []Outcome     `json:"outcomes"`      // dispositions made in the period
	Contests      Contests      `json:"contests"`      // of rejections, in the period
	Feedback      Feedback      `json:"feedback"`      // given in the period

	Months   []Month   `json:"months,omitempty"`   // Performance and Strategic: those of the period and up to 12 before, oldest first
	Funnel   *Funnel   `json:"funnel,omitempty"`   // as signed; nil where the terms have none
	Deals    *Deals    `json:"deals,omitempty"`    // Performance and Strategic: of the leads that became MQL in the months of the period
	Segments []Segment `json:"segments,omitempty"` // Performance and Strategic: MQLs of the period by rep, source, path and intent
	Scores   *Scores   `json:"scores,omitempty"`   // Strategic
	Proposal *Proposal `json:"proposal,omitempty"` // Strategic
}

// Parties are who answers for each side.
type Parties struct {
	Marketing Contact  `json:"marketing"`
	Sales     Contact  `json:"sales"`
	Executive *Contact `json:"executive,omitempty"`
}

// Contact answers for a party.
type Contact struct {
	Owner   string `json:"owner"`
	Contact string `json:"contact,omitempty"`
}

// Day has other hours than its weekday.
type Day struct {
	Date  string `json:"date"`
	Hours string `json:"hours"` // in words: "closed", "open 09:00 to 12:00"
	Name  string `json:"name,omitempty"`
}

// Row is one clause (and tier) judged in one period.
type Row struct {
	Clause      sla.Clause    `json:"clause"`
	Tier        string        `json:"tier,omitempty"`
	Party       sla.Party     `json:"party"`
	Period      sla.Period    `json:"period"`
	Indicator   sla.Indicator `json:"indicator"`
	Verdict     sla.Verdict   `json:"verdict"`
	Met         int64         `json:"met"`
	Total       int64         `json:"total"` // met and missed; for volume the target of the month
	Open        int64         `json:"open"`
	AtRisk      int64         `json:"atRisk"`
	Actual      string        `json:"actual"`
	Target      string        `json:"target"`
	EnforcedBy  string        `json:"enforcedBy"`
	Enforcement sla.Mode      `json:"enforcement,omitempty"`
	Review      string        `json:"review,omitempty"` // Weekly, Monthly or Quarterly
	Severe      bool          `json:"severe,omitempty"`
	MissedWeeks int64         `json:"missedWeeks,omitempty"`
	Waiver      string        `json:"waiver,omitempty"`
	Contacted   int64         `json:"contacted,omitempty"` // of first contact: those of the total that were contacted at all
	Times       *Times        `json:"times,omitempty"`
}

// Times are how long leads waited, in the time that their clause counts; of those that were done.
type Times struct {
	Leads         int64 `json:"leads"`
	Within5m      int64 `json:"within5Minutes"`
	Within15m     int64 `json:"within15Minutes"`
	MedianSeconds int64 `json:"medianSeconds"`
	P90Seconds    int64 `json:"p90Seconds"`
}

// Week is a closed week as it was judged.
type Week struct {
	Period sla.Period `json:"period"`
	Rows   []Row      `json:"rows"`
}

// Escalation of a clause that was missed and is not resolved.
type Escalation struct {
	Clause     string    `json:"clause"` // "terms": a dispute about all of them
	Level      int64     `json:"level"`
	Since      time.Time `json:"since"`
	LevelSince time.Time `json:"levelSince"`
	Owners     []string  `json:"owners"`
	Reason     string    `json:"reason"`
	Due        time.Time `json:"due,omitzero"`
	Clears     string    `json:"clears"`
}

// Step is a change of an escalation.
type Step struct {
	Clause string    `json:"clause"`
	Level  int64     `json:"level"` // that it reached; 0: resolved
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Waiver takes a clause out of judgement.
type Waiver struct {
	Name   string     `json:"name"`
	Clause sla.Clause `json:"clause"`
	From   string     `json:"from"` // first day
	To     string     `json:"to"`   // last day
	Reason string     `json:"reason"`
	Signed time.Time  `json:"signed,omitzero"` // the later of both signatures; absent: it does not count
}

// Plan is a remediation.
type Plan struct {
	Name   string     `json:"name"`
	Clause sla.Clause `json:"clause"`
	Cause  string     `json:"cause,omitempty"` // Resource, Process, Data, People
	Owner  string     `json:"owner"`
	Plan   string     `json:"plan"`
	Due    string     `json:"due"`            // date
	Done   string     `json:"done,omitempty"` // date
}

// HeldReview is a review of this contract's cadence: when it was to be held, whether it was, and what came of it.
type HeldReview struct {
	Name      string     `json:"name"`
	Period    sla.Period `json:"period"`
	Due       time.Time  `json:"due"`
	Held      string     `json:"held,omitempty"` // date; absent: not yet
	By        []string   `json:"by,omitempty"`
	Decisions []string   `json:"decisions,omitempty"` // of the last one held, at least
	Actions   []Action   `json:"actions,omitempty"`   // open ones, and those done within the period
}

// Action is something that was agreed to be done.
type Action struct {
	What  string `json:"what"`
	Owner string `json:"owner"`
	Due   string `json:"due,omitempty"`
	Done  string `json:"done,omitempty"`
}

// Restatement is a closed week whose counts changed after it froze.
type Restatement struct {
	Clause    sla.Clause `json:"clause"`
	Tier      string     `json:"tier,omitempty"`
	Period    sla.Period `json:"period"`
	At        time.Time  `json:"at"`
	WasMet    int64      `json:"wasMet"`
	WasMissed int64      `json:"wasMissed"`
	Met       int64      `json:"met"`
	Missed    int64      `json:"missed"`
}

// Ratification says whether definition and terms are signed again in time.
type Ratification struct {
	Currency string    `json:"currency,omitempty"` // Current, Due, Overdue, Lapsed
	Signed   time.Time `json:"signed,omitzero"`
	Quarter  string    `json:"quarter,omitempty"` // in which both are to sign
	Due      time.Time `json:"due,omitzero"`
}

// Revision is a pair of definition and terms that leads were judged by. Digests are those that both parties signed.
type Revision struct {
	Definition       string    `json:"definition"`
	Terms            string    `json:"terms"`
	Since            time.Time `json:"since"`
	DefinitionDigest string    `json:"definitionDigest,omitempty"`
	TermsDigest      string    `json:"termsDigest,omitempty"`
}
