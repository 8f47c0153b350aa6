// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"math/big"
	"strings"
)

// maxVolume is the largest volume target, in MQLs a month.
const maxVolume = 10_000_000

// FunnelSteps are a funnel worked out, in exact numbers a month.
type FunnelSteps struct {
	Bookings      *big.Rat // value of the deals won
	Deals         *big.Rat // bookings / deal size
	Opportunities *big.Rat // deals / close rate
	Leads         *big.Rat // opportunities / MQL-to-opportunity rate
	MQLs          int      // leads to the nearest whole one, half up, and at least 1: the volume target
}

// Steps works backwards from bookings to MQLs a month. The error is of type Problems.
func (f Funnel) Steps() (FunnelSteps, error) {
	steps, problems := f.steps()
	if len(problems) > 0 {
		return FunnelSteps{}, problems
	}
	return steps, nil
}

// Worth works forwards: what this many MQLs a month are worth at the funnel's deal size and rates; its bookings are not read. The error
// is of type Problems.
func (f Funnel) Worth(mqls int) (FunnelSteps, error) {
	r, problems := f.rates()
	if mqls < 1 || mqls > maxVolume {
		problems.add("mqlsPerMonth", "%d is not a number of MQLs from 1 to %d", mqls, maxVolume)
	}
	if len(problems) > 0 {
		return FunnelSteps{}, problems
	}
	s := FunnelSteps{Leads: big.NewRat(int64(mqls), 1), MQLs: mqls}
	s.Opportunities = new(big.Rat).Mul(s.Leads, r.opportunity)
	s.Deals = new(big.Rat).Mul(s.Opportunities, r.closed)
	s.Bookings = new(big.Rat).Mul(s.Deals, r.dealSize)
	return s, nil
}

func (f Funnel) steps() (FunnelSteps, Problems) {
	var problems Problems
	bookings := positive(&problems, "bookingsPerMonth", f.BookingsPerMonth)
	r, more := f.rates()
	if problems = append(problems, more...); len(problems) > 0 {
		return FunnelSteps{}, problems
	}
	s := FunnelSteps{Bookings: bookings}
	s.Deals = new(big.Rat).Quo(s.Bookings, r.dealSize)
	s.Opportunities = new(big.Rat).Quo(s.Deals, r.closed)
	s.Leads = new(big.Rat).Quo(s.Opportunities, r.opportunity)
	target := roundHalfUp(s.Leads)
	if target.Cmp(big.NewInt(maxVolume)) > 0 {
		return FunnelSteps{}, Problems{{"terms.funnel", "it asks for " + target.String() + " MQLs a month, more than 10000000; check the rates"}}
	}
	s.MQLs = max(1, int(target.Int64()))
	return s, nil
}

// funnelRates are a deal's value and the two rates as fractions of 1.
type funnelRates struct{ dealSize, closed, opportunity *big.Rat }

func (f Funnel) rates() (funnelRates, Problems) {
	var problems Problems
	rate := func(field, text string) *big.Rat {
		r, ok := parsePercent(text)
		if !ok {
			problems.add("terms.funnel."+field, "%q is no percentage above 0 and at most 100; write 25 or \"10.5\"", text)
			return nil
		}
		return r.Quo(r, big.NewRat(100, 1))
	}
	return funnelRates{
		dealSize:    positive(&problems, "averageDealSize", f.AverageDealSize),
		closed:      rate("closeRatePercent", f.CloseRatePercent),
		opportunity: rate("mqlToOpportunityPercent", f.MQLToOpportunityPercent),
	}, problems
}

func positive(problems *Problems, field string, n int64) *big.Rat {
	if n <= 0 {
		problems.add("terms.funnel."+field, "%d is not above zero", n)
	}
	return new(big.Rat).SetInt64(n)
}

// roundHalfUp rounds a number that is not negative.
func roundHalfUp(r *big.Rat) *big.Int {
	doubled := new(big.Int).Lsh(r.Num(), 1)
	return doubled.Quo(doubled.Add(doubled, r.Denom()), new(big.Int).Lsh(r.Denom(), 1))
}

// parsePercent takes plain decimals only: big.Rat would also read fractions, exponents and signs.
func parsePercent(text string) (*big.Rat, bool) {
	whole, fraction, dotted := strings.Cut(text, ".")
	if !digits(whole) || (dotted && !digits(fraction)) || len(text) > 12 {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() <= 0 || r.Cmp(big.NewRat(100, 1)) > 0 {
		return nil, false
	}
	return r, true
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
