// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// Report of a backtest. Shares are from 0 to 1; what is not known is null.
type Report struct {
	Definition string `json:"definition"`
	Outcome    string `json:"outcome,omitempty"`

	Leads     int64    `json:"leads"`
	MQLs      int64    `json:"mqls"`
	Held      int64    `json:"held"`     // leads that reached a path, but lacked required fields
	Returned  int64    `json:"returned"` // MQLs that were handed off again after sales recycled them; they count once in mqls
	Converted *int64   `json:"converted"`
	Precision *float64 `json:"precision"` // share of the MQLs that converted
	Recall    *float64 `json:"recall"`    // share of the converted that were MQLs
	BaseRate  *float64 `json:"baseRate"`  // share of all leads that converted
	Lift      *float64 `json:"lift"`      // precision over base rate
	AUC       *float64 `json:"auc"`       // of the score

	Against *Against `json:"against"`
	Flips   Flips    `json:"flips"`
	Volume  *Volume  `json:"volume"`

	Zone    string   `json:"zone"` // of the months
	Months  []Month  `json:"months"`
	Scores  []Band   `json:"scores"`
	Paths   []Part   `json:"paths"`
	Intents []Part   `json:"intents"`
	Missing []Field  `json:"missing"`
	Reasons []Reason `json:"reasons"`
	SQL     *SQL     `json:"sql"` // null when the files have no qualified event of an MQL
	Terms   *Terms   `json:"terms"`

	Rows     int64    `json:"rows"`
	Skipped  int64    `json:"skipped"` // of these, rows that were left out
	Problems Problems `json:"problems"`
	Notes    []string `json:"notes"`
}

// Against is the other definition on the same leads.
type Against struct {
	Definition string   `json:"definition"`
	MQLs       int64    `json:"mqls"`
	Precision  *float64 `json:"precision"`
	Recall     *float64 `json:"recall"`
	Lift       *float64 `json:"lift"`
	AUC        *float64 `json:"auc"`
}

// SQL is what became of the MQLs of which sales told what it found out.
type SQL struct {
	Asked     int64   `json:"asked"`     // MQLs of which sales told
	SQLs      int64   `json:"sqls"`      // of these, those that met all criteria
	Converted *int64  `json:"converted"` // of these
	Unmet     []Unmet `json:"unmet"`     // what the others lack; one may lack several
}

// Unmet is a criterion and the MQLs that sales told of and that do not meet it.
type Unmet struct {
	Criterion string `json:"criterion"`
	MQLs      int64  `json:"mqls"`
}

// Flips are leads that the two definitions judge differently: gained are MQLs by the new one only. The numbers are null when nothing
// was compared.
type Flips struct {
	Gained          *int64    `json:"gained"`
	Lost            *int64    `json:"lost"`
	GainedConverted *int64    `json:"gainedConverted"`
	LostConverted   *int64    `json:"lostConverted"`
	GainedExamples  []Example `json:"gainedExamples"`
	LostExamples    []Example `json:"lostExamples"`
}

// Volume is the contract's target of MQLs a month beside what the definition gives.
type Volume struct {
	Contract      string   `json:"contract"`
	Target        int      `json:"target"`
	Months        int      `json:"months"`
	MonthsMet     int      `json:"monthsMet"`
	Average       float64  `json:"average"`
	AgainstMet    *int     `json:"againstMonthsMet"`
	AgainstMean   *float64 `json:"againstAverage"`
	AverageChange *float64 `json:"averageChange"`
}

// Month of a calendar. Leads and converted are by capture, mqls and precision by the time of qualification.
type Month struct {
	Month     string   `json:"month"`
	Leads     int64    `json:"leads"`
	MQLs      int64    `json:"mqls"`
	Converted *int64   `json:"converted"`
	Precision *float64 `json:"precision"` // of the MQLs of the month
	Against   *int64   `json:"against"`   // MQLs by the old definition
}

// Band of scores. Low and High bound the rate with 95 % confidence, by Wilson.
type Band struct {
	From      int      `json:"from"`
	To        int      `json:"to"`
	Leads     int64    `json:"leads"`
	Converted *int64   `json:"converted"`
	Rate      *float64 `json:"rate"`
	Low       *float64 `json:"low"`
	High      *float64 `json:"high"`
	Against   *int64   `json:"against"` // leads in this band by the old definition
}

// Part of the MQLs: a path or an intent.
type Part struct {
	Name      string   `json:"name"`
	MQLs      int64    `json:"mqls"`
	Converted *int64   `json:"converted"`
	Precision *float64 `json:"precision"`
}

// Field that held leads back.
type Field struct {
	Field string `json:"field"`
	Leads int64  `json:"leads"`
}

// Reason of first dispositions.
type Reason struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	Leads   int64  `json:"leads"`
	MQLs    int64  `json:"mqls"`  // of these
	Coded   bool   `json:"coded"` // the reason is a code of the definition for this outcome
}

// Terms is what the contract's clauses would have given over all MQLs of which anything is known after the hand-off.
type Terms struct {
	Contract     string   `json:"contract"`
	AssumedOwned int64    `json:"assumedOwned"` // hand-offs without an owner in the files, taken as owned when the lead qualified
	Clauses      []Clause `json:"clauses"`
}

// Clause of the contract. Lengths are in seconds: business time for firstContact, all hours for others.
type Clause struct {
	Clause     string   `json:"clause"`
	Tier       string   `json:"tier,omitempty"`
	Within     string   `json:"within,omitempty"` // as agreed
	Met        int64    `json:"met"`
	Missed     int64    `json:"missed"`
	Open       int64    `json:"open"`
	Excused    int64    `json:"excused"`
	Share      *float64 `json:"share"`
	Target     float64  `json:"target"`
	MedianTook *int64   `json:"medianSeconds"`
	Needs      *int64   `json:"targetSeconds"` // the window that would have met the target
}

// Problems of the input.
type Problems struct {
	Count  int                `json:"count"`
	ByKind map[string]int     `json:"byKind"`
	First  []leadfile.Problem `json:"first"`
}

// JSON of the report.
func (r *Report) JSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

func share(part, whole int64) *float64 {
	if whole == 0 {
		return nil
	}
	s := float64(part) / float64(whole)
	return &s
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// number with four digits behind the point at most, and none that say nothing.
func number(f float64) string { return strconv.FormatFloat(math.Round(f*1e4)/1e4, 'f', -1, 64) }

// points of a rule; decayed ones to a tenth.
func points(f float64) string { return number(math.Round(f*10) / 10) }

func placeOf(p leadfile.Problem) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }
