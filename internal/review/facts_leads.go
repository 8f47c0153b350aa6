// SPDX-License-Identifier: Apache-2.0

package review

import "github.com/handoff-sla/handoff/internal/sla"

// Miss is what the ledger knows of the leads that missed a clause (and tier) in the period. The counts under Missed may overlap; a count that does
// not apply to the clause is zero.
type Miss struct {
	Clause sla.Clause `json:"clause"`
	Tier   string     `json:"tier,omitempty"`
	Missed int64      `json:"missed"` // leads; for volume zero

	NobodyAvailable int64 `json:"nobodyAvailable,omitempty"` // of them: no rep was available when the clock began
	OutsideHours    int64 `json:"outsideHours,omitempty"`    // of them: the clock began outside business hours
	Reassigned      int64 `json:"reassigned,omitempty"`      // of them: had more than one owner
	LoggedLate      int64 `json:"loggedLate,omitempty"`      // of them: a touch was logged more than 24 h late and did not count
	NeverDone       int64 `json:"neverDone,omitempty"`       // of them: still not done when the report was made

	Reps          []Share    `json:"reps,omitempty"`          // all leads judged by the clause, by the rep who owned them
	Sources       []Share    `json:"sources,omitempty"`       // the same by source
	MissingFields []Tally    `json:"missingFields,omitempty"` // of completeness: which required fields lacked, in how many leads
	Worst         []LateLead `json:"worst,omitempty"`         // any number; the report shows ten
}

// Share of the leads of one rep, source or other value that met a clause. An empty key is shown as "(none)".
type Share struct {
	Key    string `json:"key"`
	Met    int64  `json:"met"`
	Missed int64  `json:"missed"`
}

// Tally counts leads by a value.
type Tally struct {
	Key   string `json:"key"`
	Leads int64  `json:"leads"`
}

// LateLead is a lead that missed a clause.
type LateLead struct {
	Lead        string `json:"lead"`                  // its id
	LateSeconds int64  `json:"lateSeconds,omitempty"` // past the deadline, on the wall clock; zero where the clause has no clock
	Open        bool   `json:"open,omitempty"`        // still not done when the report was made
	Rep         string `json:"rep,omitempty"`
	Source      string `json:"source,omitempty"`
}

// Flow counts what happened within the period, whenever the lead came in.
type Flow struct {
	Captured      int64 `json:"captured"`      // leads that entered the ledger
	MQLs          int64 `json:"mqls"`          // became MQL for the first time
	Held          int64 `json:"held"`          // reached a path and still wait for a required field
	Accepted      int64 `json:"accepted"`      // became SAL
	Recycled      int64 `json:"recycled"`      // sent back to marketing
	Disqualified  int64 `json:"disqualified"`  // taken out
	SQLs          int64 `json:"sqls"`          // became SQL
	Opportunities int64 `json:"opportunities"` // first opportunity was opened
	Won           int64 `json:"won"`
	Lost          int64 `json:"lost"`
}

// Outcome counts dispositions by outcome and reason code.
type Outcome struct {
	Outcome string `json:"outcome"`          // Accepted, Recycled, Disqualified
	Reason  string `json:"reason,omitempty"` // empty: without a code that counts
	Leads   int64  `json:"leads"`
}

// Contests of rejections.
type Contests struct {
	Opened     int64   `json:"opened"`     // in the period
	Upheld     int64   `json:"upheld"`     // in the period: the rejection stands
	Overturned int64   `json:"overturned"` // in the period: it is void
	Open       int64   `json:"open"`       // not ruled on at the end of the period
	Reasons    []Tally `json:"reasons,omitempty"`
}

// Feedback of sales on leads. It holds no comment: those are personal data and stay in the ledger.
type Feedback struct {
	Due        int64             `json:"due"`   // leads rejected or recycled in the period
	Given      int64             `json:"given"` // of these, with structured feedback
	Categories []Tally           `json:"categories,omitempty"`
	Ratings    []Tally           `json:"ratings,omitempty"`  // keys "1" (worthless) to "5" (excellent)
	Sources    []Tally           `json:"sources,omitempty"`  // where leads with a rating of 1 or 2 came from
	Examples   []FeedbackExample `json:"examples,omitempty"` // up to 10: those with the lowest ratings
}

// FeedbackExample is a lead that sales told about.
type FeedbackExample struct {
	Lead       string   `json:"lead"`
	Rating     int64    `json:"rating,omitempty"`
	Categories []string `json:"categories,omitempty"`
	Source     string   `json:"source,omitempty"`
	Reason     string   `json:"reason,omitempty"` // code of the disposition
}

// Month are the leads that became MQL in a month, and what had become of them when the report was made. Each number but Captured and
// Target is among the MQLs.
type Month struct {
	Month         sla.Period `json:"month"`
	Captured      int64      `json:"captured"` // leads that entered the ledger in the month
	Target        int64      `json:"target"`   // MQLs as agreed for the month; zero: none
	MQLs          int64      `json:"mqls"`
	Accepted      int64      `json:"accepted"` // SALs
	Rejected      int64      `json:"rejected"` // recycled or disqualified, and not accepted since
	SQLs          int64      `json:"sqls"`
	Opportunities int64      `json:"opportunities"`
	Won           int64      `json:"won"`
	Lost          int64      `json:"lost"`
}

// Funnel as the parties signed it.
type Funnel struct {
	BookingsPerMonth        int64  `json:"bookingsPerMonth"`
	AverageDealSize         int64  `json:"averageDealSize"`
	CloseRatePercent        string `json:"closeRatePercent"`        // decimal
	MQLToOpportunityPercent string `json:"mqlToOpportunityPercent"` // decimal
	Target                  int64  `json:"target"`                  // MQLs a month in force: from the funnel, or as stated
	Stated                  bool   `json:"stated,omitempty"`        // the target is stated, not worked out from the funnel
}

// Deals of the leads that became MQL in the months of the period. Amounts are whole units of the contract's currency; deals in another one, or
// without an amount, are among the numbers but not in the values.
type Deals struct {
	Currency  string `json:"currency,omitempty"` // that most of the deals are in
	Open      int64  `json:"open"`
	OpenValue int64  `json:"openValue"`
	Won       int64  `json:"won"`
	WonValue  int64  `json:"wonValue"`
	WonPriced int64  `json:"wonPriced"` // of the won, those with an amount in the currency
	Lost      int64  `json:"lost"`
}

// Segment are the MQLs of the period with one value, and what became of them.
type Segment struct {
	By            string `json:"by"`  // rep, source, path, intent
	Key           string `json:"key"` // empty is shown as "(none)"
	MQLs          int64  `json:"mqls"`
	Accepted      int64  `json:"accepted"`
	Rejected      int64  `json:"rejected"`
	SQLs          int64  `json:"sqls"`
	Opportunities int64  `json:"opportunities"`
	Won           int64  `json:"won"`
}

// Scores of the leads of the period.
type Scores struct {
	Max   int64       `json:"max"`   // of the definition in force
	Paths []ScorePath `json:"paths"` // of the definition in force
	MQLs  []Scored    `json:"mqls"`  // those that became MQL in the period, by path and score when they did
	Near  []Tally     `json:"near"`  // leads captured in the period that are no MQLs, by their highest score (a decimal number)
}

// ScorePath is a path to MQL.
type ScorePath struct {
	Name      string `json:"name"`
	Threshold int64  `json:"threshold"` // zero: the path asks for no score of the lead
}

// Scored are the MQLs of a path with a score.
type Scored struct {
	Path          string `json:"path"`
	Score         int64  `json:"score"`
	MQLs          int64  `json:"mqls"`
	Accepted      int64  `json:"accepted"`
	Opportunities int64  `json:"opportunities"`
	Won           int64  `json:"won"`
}

// Proposal for the next quarter, to be applied once both sides have signed it.
type Proposal struct {
	Manifests string   `json:"manifests"` // YAML
	Changes   []string `json:"changes"`   // in words, one each
	Command   string   `json:"command"`   // that applies it
}
