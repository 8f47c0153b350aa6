// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"math/big"
	"strings"
)

// maxVolume is the largest volume target, in MQLs a month.
const maxVolume = 10_000_000

// funnelTarget works backwards from bookings to MQLs a month: bookings / deal size / close rate / MQL-to-opportunity rate, in exact
// arithmetic, to the nearest whole lead, half up, and at least 1. The error is of type Problems.
func funnelTarget(f Funnel) (int, error) {
	target, problems := compileFunnel(f)
	if len(problems) > 0 {
		return 0, problems
	}
	return target, nil
}

func compileFunnel(f Funnel) (int, Problems) {
	var problems Problems
	positive := func(field string, n int64) *big.Rat {
		if n <= 0 {
			problems.add("terms.funnel."+field, "%d is not above zero", n)
			return big.NewRat(1, 1)
		}
		return new(big.Rat).SetInt64(n)
	}
	rate := func(field, text string) *big.Rat {
		r, ok := parsePercent(text)
		if !ok {
			problems.add("terms.funnel."+field, "%q is no percentage above 0 and at most 100; write 25 or \"10.5\"", text)
			return big.NewRat(1, 1)
		}
		return r
	}
	leads := positive("bookingsPerMonth", f.BookingsPerMonth)
	leads.Quo(leads, positive("averageDealSize", f.AverageDealSize))
	leads.Quo(leads, rate("closeRatePercent", f.CloseRatePercent))
	leads.Quo(leads, rate("mqlToOpportunityPercent", f.MQLToOpportunityPercent))
	leads.Mul(leads, big.NewRat(100*100, 1))
	if len(problems) > 0 {
		return 0, problems
	}
	target := roundHalfUp(leads)
	if target.Cmp(big.NewInt(maxVolume)) > 0 {
		return 0, Problems{{"terms.funnel", "it asks for " + target.String() + " MQLs a month, more than 10000000; check the rates"}}
	}
	return max(1, int(target.Int64())), nil
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
