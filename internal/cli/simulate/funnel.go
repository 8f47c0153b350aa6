// SPDX-License-Identifier: Apache-2.0

// Package simulate shows what the numbers of a contract come to before anybody signs them.
package simulate

import (
	"encoding/json"
	"math/big"
	"strings"

	"github.com/handoff-sla/handoff/internal/sla"
)

// sway is by how many percentage points the sensitivity table moves each rate.
const sway = 5

// decimals that are shown of a number which is not whole.
const decimals = 4

// Funnel is a funnel worked out. Numbers are a month, rates are percentages.
type Funnel struct {
	MQLs          int         `json:"mqlsPerMonth"`
	Exact         json.Number `json:"mqlsBeforeRounding"`
	Opportunities json.Number `json:"opportunitiesPerMonth"`
	Deals         json.Number `json:"dealsPerMonth"`
	Bookings      json.Number `json:"bookingsPerMonth"`
	DealSize      int64       `json:"averageDealSize"`
	CloseRate     json.Number `json:"closeRatePercent"`
	ToOpportunity json.Number `json:"mqlToOpportunityPercent"`
	Sensitivity   []Case      `json:"sensitivity"`

	forwards bool
}

// Case is the same funnel at other rates: either MQLs or bookings follow from them.
type Case struct {
	CloseRate     json.Number `json:"closeRatePercent"`
	ToOpportunity json.Number `json:"mqlToOpportunityPercent"`
	MQLs          int         `json:"mqlsPerMonth,omitempty"`
	Bookings      json.Number `json:"bookingsPerMonth,omitempty"`
}

// Backwards works from bookings to MQLs.
func Backwards(f sla.Funnel) (Funnel, error) {
	return work(f, false, func(at sla.Funnel) (sla.FunnelSteps, error) { return at.Steps() })
}

// Forwards works from MQLs to the bookings that they are worth.
func Forwards(f sla.Funnel, mqls int) (Funnel, error) {
	return work(f, true, func(at sla.Funnel) (sla.FunnelSteps, error) { return at.Worth(mqls) })
}

func work(f sla.Funnel, forwards bool, evaluate func(sla.Funnel) (sla.FunnelSteps, error)) (Funnel, error) {
	steps, err := evaluate(f)
	if err != nil {
		return Funnel{}, err
	}
	result := Funnel{
		MQLs: steps.MQLs, Exact: number(steps.Leads), Opportunities: number(steps.Opportunities), Deals: number(steps.Deals),
		Bookings: number(steps.Bookings), DealSize: f.AverageDealSize,
		CloseRate: percent(f.CloseRatePercent), ToOpportunity: percent(f.MQLToOpportunityPercent), forwards: forwards,
	}
	for _, closeRate := range around(f.CloseRatePercent) {
		for _, opportunity := range around(f.MQLToOpportunityPercent) {
			at := f
			at.CloseRatePercent, at.MQLToOpportunityPercent = closeRate, opportunity
			steps, err := evaluate(at)
			if err != nil { // so low a rate asks for more leads than a contract may
				continue
			}
			c := Case{CloseRate: percent(closeRate), ToOpportunity: percent(opportunity), MQLs: steps.MQLs}
			if forwards {
				c.MQLs, c.Bookings = 0, number(steps.Bookings)
			}
			result.Sensitivity = append(result.Sensitivity, c)
		}
	}
	return result, nil
}

// around is a rate with those that lie 5 points to each side and are rates.
func around(rate string) []string {
	at, ok := new(big.Rat).SetString(rate)
	if !ok {
		return nil
	}
	var rates []string
	for _, by := range []int64{-sway, 0, sway} {
		moved := new(big.Rat).Add(at, big.NewRat(by, 1))
		if moved.Sign() > 0 && moved.Cmp(big.NewRat(100, 1)) <= 0 {
			rates = append(rates, trim(moved.FloatString(len(rate))))
		}
	}
	return rates
}

// number is exact where four decimals are enough.
func number(r *big.Rat) json.Number { return json.Number(trim(r.FloatString(decimals))) }

func percent(rate string) json.Number {
	r, ok := new(big.Rat).SetString(rate)
	if !ok {
		return "0"
	}
	return json.Number(trim(r.FloatString(len(rate))))
}

func trim(decimal string) string {
	if !strings.Contains(decimal, ".") {
		return decimal
	}
	return strings.TrimSuffix(strings.TrimRight(decimal, "0"), ".")
}
