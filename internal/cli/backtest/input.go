// SPDX-License-Identifier: Apache-2.0

// Package backtest asks what a definition would have made of leads whose outcome is known: how many would have become MQL, how many of
// these converted, and which leads another definition judges differently. Its memory does not grow with the files.
package backtest

import (
	"io"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Input of a backtest.
type Input struct {
	New      Rules
	Old      *Rules         // what New is compared with; may be nil
	Terms    *sla.Compiled  // of the contract; may be nil
	Contract string         // its name
	Zone     *time.Location // of months; UTC when nil
	Notes    []string       // what is to be said of the definition and the contract

	Leads      []string // a row a lead; further files with other columns are joined by the id
	Activities []string // a row an occurrence of behaviour
	Touches    []string // a row a touch, an assignment or a disposition
	Events     []string // CloudEvents, one a line

	Outcome    string // CEL, or the name of a column; empty when it is not known
	IDColumn   string // detected when empty
	TimeColumn string // detected when empty
	Examples   int    // leads that are shown for each way of changing
	Options    leadfile.Options
	Stdin      io.Reader
	Workers    int    // how many goroutines judge leads
	TempDir    string // for joining; the system's when empty

	Now      time.Time                    // the time of leads in files without dates
	Progress func(rows, read, size int64) // called now and then, never twice at once; may be nil
}

// Rules are one definition.
type Rules struct {
	Name       string // for people
	Definition lead.Definition
	Program    *lead.Program
}

// anything that is read a row at a time.
func (in *Input) files() (all []string) {
	for _, list := range [][]string{in.Leads, in.Activities, in.Touches, in.Events} {
		all = append(all, list...)
	}
	return all
}

// both definitions, the new one first.
func (in *Input) both() []Rules {
	if in.Old == nil {
		return []Rules{in.New}
	}
	return []Rules{in.New, *in.Old}
}

func (in *Input) zone() *time.Location {
	if in.Zone == nil {
		return time.UTC
	}
	return in.Zone
}
