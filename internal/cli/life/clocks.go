// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// What a clock counts.
const (
	business = "business"
	wall     = "wall"
)

func (t *teller) clocks(ctx context.Context) error {
	t.out.Clocks = []Clock{}
	for _, c := range t.kept.Clocks {
		clock := Clock{
			Clause: string(c.Clause), Tier: c.Tier, Cycle: c.Cycle, Period: string(c.Period), Revision: c.Revision, State: string(c.State),
			AtRisk: c.AtRisk(t.kept.Now), Start: instant(c.Start), Warn: instant(c.Warn), Due: instant(c.Due), Stop: instant(c.Stop),
		}
		if !c.Due.IsZero() {
			judge, err := t.judgeOf(ctx, c.Cycle)
			if err != nil {
				return err
			}
			judge.measure(&clock, c, t.kept.Now)
			t.crossings(c)
		}
		t.out.Clocks = append(t.out.Clocks, clock)
	}
	return nil
}

// judgeOf is the pair by which a cycle is judged.
func (t *teller) judgeOf(ctx context.Context, number int) (*pair, error) {
	for _, c := range append(slices.Clone(t.kept.Lead.Past), t.kept.Lead.Cycle) {
		if c.Number != number {
			continue
		}
		sequence := c.JudgedBy
		if sequence == 0 {
			sequence = c.ReachedBy
		}
		if sequence != 0 {
			return t.pairs.of(ctx, sequence)
		}
	}
	b, _, err := t.pairs.reading.InForce(ctx)
	if err != nil {
		return nil, err
	}
	return t.pairs.of(ctx, b.Sequence)
}

// measure says how much of a clock is used and left, in the time that it counts: the calendar's hours for first contact, unless it began
// outside them and its tier has a window for that; all time for the others.
func (p *pair) measure(clock *Clock, c ledger.Clock, now time.Time) {
	elapsed := func(from, to time.Time) time.Duration { return to.Sub(from) }
	clock.Counts = wall
	if c.Clause == sla.ClauseFirstContact && !p.outside(c) {
		clock.Counts, elapsed = business, p.terms.Hours().Elapsed
	}
	until := now
	if !c.Stop.IsZero() {
		until = c.Stop
	}
	if until.After(c.Start) {
		clock.Used = elapsed(c.Start, until).Round(time.Second).String()
	}
	switch {
	case c.State != sla.Open:
	case now.After(c.Due):
		clock.Left = (-elapsed(c.Due, now)).Round(time.Second).String()
	default:
		clock.Left = elapsed(now, c.Due).Round(time.Second).String()
	}
}

// outside says whether a first contact has the window of leads that come outside the hours.
func (p *pair) outside(c ledger.Clock) bool {
	if p.sla.Sales == nil || p.sla.Sales.FirstContact == nil || p.terms.Hours().Open(c.Start) {
		return false
	}
	return slices.ContainsFunc(p.sla.Sales.FirstContact.Tiers, func(tier sla.Tier) bool {
		return tier.Intent == c.Tier && tier.OutsideHours > 0
	})
}

// crossings are the moments of a clock that belong into the timeline: when it stopped, or passed its deadline.
func (t *teller) crossings(c ledger.Clock) {
	name := string(c.Clause)
	if c.Tier != "" {
		name += " (" + c.Tier + ")"
	}
	entry := func(at time.Time, what string) {
		t.add(Entry{At: at, Kind: KindClock, What: name + " " + what, Cycle: c.Cycle})
	}
	if !c.Start.IsZero() {
		entry(c.Start, "clock starts, due "+c.Due.Format(time.RFC3339))
	}
	switch {
	case c.State == sla.Missed:
		entry(c.Due, "missed")
	case c.State == sla.Open && t.kept.Now.After(c.Due):
		entry(c.Due, "passed its deadline, not marked yet")
	case !c.Stop.IsZero() && c.State == sla.Met:
		entry(c.Stop, "met")
	case !c.Stop.IsZero() && c.State == sla.Excused:
		entry(c.Stop, "excused")
	}
}

func instant(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
