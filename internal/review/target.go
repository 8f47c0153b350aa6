// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"math/big"
	"strconv"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Recomputed is the agreed funnel beside what happened, and the volume target that follows for the same bookings.
type Recomputed struct {
	Bookings int64        `json:"bookingsPerMonth"`
	Steps    []FunnelRate `json:"steps"`
	Agreed   int64        `json:"agreedTarget"`   // MQLs a month
	Proposed int64        `json:"proposedTarget"` // MQLs a month; zero: cannot be worked out
	Low      int64        `json:"low"`            // with the rates at the upper end of their intervals; zero: not known
	High     int64        `json:"high"`           // with the rates at the lower end
	Formula  string       `json:"formula"`
}

// FunnelRate is one assumption of the funnel. Where too little happened to replace it, what was agreed goes on.
type FunnelRate struct {
	Name     string `json:"name"` // averageDealSize, closeRatePercent, mqlToOpportunityPercent
	Agreed   string `json:"agreed"`
	Happened string `json:"happened"` // empty: nothing to go by
	Used     string `json:"used"`
	Sample   Rate   `json:"sample"`
	Reason   string `json:"reason,omitempty"` // why the agreed one goes on
}

// recomputed is nil where the terms have no funnel.
func (f *Facts) recomputed(c Month, least int64) *Recomputed {
	if f.Funnel == nil {
		return nil
	}
	deals := Deals{}
	if f.Deals != nil {
		deals = *f.Deals
	}
	size := FunnelRate{Name: "averageDealSize", Agreed: strconv.FormatInt(f.Funnel.AverageDealSize, 10), Sample: rateOf(deals.WonPriced, deals.Won)}
	if deals.WonPriced > 0 {
		size.Happened = strconv.FormatInt((2*deals.WonValue+deals.WonPriced)/(2*deals.WonPriced), 10)
	}
	size.use(deals.WonPriced >= least, fmt.Sprintf("only %s won with an amount", several(deals.WonPriced, "deal")))
	decided := deals.Won + deals.Lost
	closed := share("closeRatePercent", f.Funnel.CloseRatePercent, deals.Won, decided)
	closed.use(decided >= least && deals.Won > 0, fmt.Sprintf("only %s decided, %s of them won", several(decided, "deal"), grouped(deals.Won)))
	converted := share("mqlToOpportunityPercent", f.Funnel.MQLToOpportunityPercent, c.Opportunities, c.MQLs)
	converted.use(c.MQLs >= least && c.Opportunities > 0, fmt.Sprintf("only %s of %s", several(c.Opportunities, "opportunity"), several(c.MQLs, "MQL")))

	r := &Recomputed{Bookings: f.Funnel.BookingsPerMonth, Agreed: f.Funnel.Target, Steps: []FunnelRate{size, closed, converted}}
	r.Proposed = r.target(size.Used, closed.Used, converted.Used)
	r.Low = r.target(size.Used, end(closed, true), end(converted, true))
	r.High = r.target(size.Used, end(closed, false), end(converted, false))
	r.Formula = fmt.Sprintf("bookings a month / average deal size / close rate / MQL-to-opportunity rate = %s / %s / %s%% / %s%% = %s",
		grouped(r.Bookings), grouped(whole(size.Used)), closed.Used, converted.Used, several(r.Proposed, "MQL")+" a month")
	return r
}

func share(name, agreed string, count, of int64) FunnelRate {
	r := FunnelRate{Name: name, Agreed: agreed, Sample: rateOf(count, of)}
	if of > 0 && count > 0 {
		r.Happened = decimal(min(100, r.Sample.at()))
	}
	return r
}

// decimal is a percentage as a funnel takes it; it is above zero.
func decimal(percent float64) string { return strconv.FormatFloat(max(0.1, percent), 'f', -1, 64) }

func whole(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil { // made by this package, or bounded by the API
		return 0
	}
	return n
}

func (r *FunnelRate) use(enough bool, why string) {
	r.Used = r.Agreed
	if enough {
		r.Used = r.Happened
		return
	}
	r.Reason = why
}

// end of the interval of a rate that happened; the agreed one has none.
func end(r FunnelRate, upper bool) string {
	low, high := r.Sample.bounds()
	switch {
	case r.Used != r.Happened || r.Reason != "":
		return r.Used
	case upper:
		return decimal(high)
	default:
		return decimal(low)
	}
}

func (r *Recomputed) target(size, closed, converted string) int64 {
	steps, err := sla.Funnel{
		BookingsPerMonth: r.Bookings, AverageDealSize: whole(size), CloseRatePercent: closed, MQLToOpportunityPercent: converted,
	}.Steps()
	if err != nil {
		return 0
	}
	return int64(steps.MQLs)
}

// Projection is what the MQLs that were delivered are worth.
type Projection struct {
	MQLs          int64  `json:"mqls"`
	Opportunities string `json:"opportunities"` // exact to one decimal
	Pipeline      int64  `json:"pipeline"`      // value of the opportunities
	Bookings      int64  `json:"bookings"`      // value of the deals won
	Formula       string `json:"formula"`
}

// projection by the funnel as agreed; nil where the terms have none.
func (f *Facts) projection(mqls int64) *Projection {
	if f.Funnel == nil {
		return nil
	}
	p := &Projection{MQLs: mqls, Opportunities: "0"}
	funnel := sla.Funnel{
		BookingsPerMonth: f.Funnel.BookingsPerMonth, AverageDealSize: f.Funnel.AverageDealSize,
		CloseRatePercent: f.Funnel.CloseRatePercent, MQLToOpportunityPercent: f.Funnel.MQLToOpportunityPercent,
	}
	if worth, err := funnel.Worth(int(mqls)); err == nil {
		p.Opportunities = worth.Opportunities.FloatString(1)
		p.Pipeline = rounded(new(big.Rat).Mul(worth.Opportunities, big.NewRat(funnel.AverageDealSize, 1)))
		p.Bookings = rounded(worth.Bookings)
	}
	p.Formula = fmt.Sprintf("%s x %s%% = %s opportunities; x %s = %s of pipeline; x %s%% = %s of bookings", several(mqls, "MQL"),
		funnel.MQLToOpportunityPercent, p.Opportunities, grouped(funnel.AverageDealSize), grouped(p.Pipeline), funnel.CloseRatePercent, grouped(p.Bookings))
	return p
}

// rounded half up; amounts are not negative.
func rounded(r *big.Rat) int64 {
	doubled := new(big.Int).Lsh(r.Num(), 1)
	return doubled.Add(doubled, r.Denom()).Quo(doubled, new(big.Int).Lsh(r.Denom(), 1)).Int64()
}
