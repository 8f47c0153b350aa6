// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"math"

	"github.com/handoff-sla/handoff/internal/stats"
)

// Rate is a share with the interval in which the true one lies with 95 % confidence, by Wilson. Percentages are null of nothing, and the
// interval where the count is no part of the whole.
type Rate struct {
	Count   int64    `json:"count"`
	Of      int64    `json:"of"`
	Percent *float64 `json:"percent"`
	Low     *float64 `json:"low"`
	High    *float64 `json:"high"`
}

func rateOf(count, of int64) Rate {
	r := Rate{Count: count, Of: of}
	if of <= 0 || count < 0 {
		return r
	}
	r.Percent = tenth(100 * float64(count) / float64(of))
	if count <= of {
		low, high := stats.Wilson(int(count), int(of), stats.Z95)
		r.Low, r.High = tenth(100*low), tenth(100*high)
	}
	return r
}

// tenth rounds to one decimal: what is beyond it differs between machines.
func tenth(f float64) *float64 { return new(math.Round(10*f) / 10) }

// at is the percentage, 0 of nothing.
func (r Rate) at() float64 {
	if r.Percent == nil {
		return 0
	}
	return *r.Percent
}

func (r Rate) bounds() (low, high float64) {
	if r.Low == nil || r.High == nil {
		return 0, 100
	}
	return *r.Low, *r.High
}

// String is the percentage and the numbers behind it: "30% (40 of 133)".
func (r Rate) String() string {
	if r.Of <= 0 {
		return "no leads"
	}
	return fmt.Sprintf("%s (%s of %s)", r.short(), grouped(r.Count), grouped(r.Of))
}

// short is the percentage alone. It is 100 only of all, and 0 only of none.
func (r Rate) short() string {
	p := r.at()
	whole := math.Round(p)
	switch {
	case r.Of <= 0:
		return "none"
	case whole >= 100 && r.Count < r.Of:
		return "over 99%"
	case whole == 0 && r.Count > 0:
		return "under 1%"
	default:
		return fmt.Sprintf("%.0f%%", whole)
	}
}

// between is the interval in words.
func (r Rate) between() string {
	if r.Low == nil {
		return "not known"
	}
	return fmt.Sprintf("%.0f%% to %.0f%%", *r.Low, *r.High)
}
