// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Compiled terms are checked and ready to judge leads by. They are immutable and safe for concurrent use.
type Compiled struct {
	terms        Terms
	hours        *Hours
	volumeTarget int
}

// tooLong bounds a business window: a clock that takes longer than ten years of the calendar never ends for anybody.
const tooLong = 10 * 52

// Compile checks terms. The error is of type Problems.
func Compile(t Terms) (*Compiled, error) {
	var problems Problems
	c := &Compiled{terms: t}
	c.hours, problems = compileCalendar(t.Calendar)
	checkBounds(&problems, t)
	compileGovernance(&problems, t)
	funnelTarget := 0
	if t.Funnel != nil {
		steps, more := t.Funnel.steps()
		funnelTarget, problems = steps.MQLs, append(problems, more...)
	}
	if t.Marketing != nil {
		c.compileMarketing(&problems, *t.Marketing, funnelTarget)
	}
	if t.Sales != nil {
		c.compileSales(&problems, *t.Sales)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

func checkBounds(problems *Problems, t Terms) {
	check := func(field string, value *int, low, high int) {
		if value != nil && (*value < low || *value > high) {
			problems.add("terms."+field, "%d is outside %d to %d", *value, low, high)
		}
	}
	check("minimumSample", t.MinimumSample, 1, 1000)
	check("yellowWithin", t.YellowWithin, 0, 100)
	check("warnAtPercent", t.WarnAtPercent, 1, 100)
}

func (c *Compiled) compileMarketing(problems *Problems, m Marketing, funnelTarget int) {
	if m.Volume != nil {
		c.compileVolume(problems, *m.Volume, funnelTarget)
	}
	if m.Completeness != nil {
		checkTarget(problems, "terms.marketing.completeness", m.Completeness.TargetPercent)
	}
	if m.Score != nil {
		checkTarget(problems, "terms.marketing.score", m.Score.TargetPercent)
	}
	if d := m.Delivery; d != nil {
		checkTarget(problems, "terms.marketing.delivery", d.TargetPercent)
		checkWindow(problems, "terms.marketing.delivery.within", d.Within)
		if d.Mechanism != "" && d.Mechanism != Automatic && d.Mechanism != CRM {
			problems.add("terms.marketing.delivery.mechanism", "%q is unknown; write Automatic or CRM", d.Mechanism)
		}
	}
}

func (c *Compiled) compileVolume(problems *Problems, v Volume, funnelTarget int) {
	const where = "terms.marketing.volume"
	switch {
	case v.FromFunnel == (v.MQLsPerMonth != 0):
		problems.add(where, "write either `from: Funnel` or `mqlsPerMonth`")
	case v.FromFunnel && c.terms.Funnel == nil:
		problems.add(where+".from", "the terms have no funnel; write terms.funnel or state mqlsPerMonth")
	case v.FromFunnel:
		c.volumeTarget = funnelTarget
	case v.MQLsPerMonth < 1 || v.MQLsPerMonth > maxVolume:
		problems.add(where+".mqlsPerMonth", "%d is outside 1 to %d", v.MQLsPerMonth, maxVolume)
	default:
		c.volumeTarget = v.MQLsPerMonth
	}
}

func (c *Compiled) compileSales(problems *Problems, s Sales) {
	if s.FirstContact != nil {
		c.compileFirstContact(problems, *s.FirstContact)
	}
	if s.Disposition != nil {
		checkTarget(problems, "terms.sales.disposition", s.Disposition.TargetPercent)
		checkWindow(problems, "terms.sales.disposition.within", s.Disposition.Within)
	}
	if s.Rejection != nil {
		checkTarget(problems, "terms.sales.rejection", s.Rejection.TargetPercent)
	}
	if s.Acceptance != nil {
		checkTarget(problems, "terms.sales.acceptance", s.Acceptance.TargetPercent)
		checkWindow(problems, "terms.sales.acceptance.within", s.Acceptance.Within)
	}
	if s.FollowUp != nil {
		compileFollowUp(problems, *s.FollowUp)
	}
	if s.Feedback != nil {
		checkTarget(problems, "terms.sales.feedback", s.Feedback.TargetPercent)
	}
}

// The bounds of a follow-up.
const (
	maxAttempts = 50
	maxChannels = 5
)

func compileFollowUp(problems *Problems, f FollowUp) {
	const where = "terms.sales.followUp"
	checkTarget(problems, where, f.TargetPercent)
	checkWindow(problems, where+".within", f.Within)
	switch {
	case f.Attempts < 1 || f.Attempts > maxAttempts:
		problems.add(where+".attempts", "%d is outside 1 to %d", f.Attempts, maxAttempts)
	case f.Channels < 0 || f.Channels > maxChannels:
		problems.add(where+".channels", "%d is outside 1 to %d", f.Channels, maxChannels)
	case f.Channels > f.Attempts:
		problems.add(where+".channels", "%d channels cannot be tried in %d attempts; demand fewer, or more attempts", f.Channels, f.Attempts)
	}
	switch {
	case f.MinSpan < 0:
		problems.add(where+".minSpan", "is below zero; write a length of time such as 10d or leave it out")
	case f.MinSpan > 0 && f.Attempts == 1:
		problems.add(where+".minSpan", "is the time from the first attempt to the last, and one attempt has none; demand more attempts or leave it out")
	case f.MinSpan > 0 && f.MinSpan >= f.Within:
		problems.add(where+".minSpan", "%s leaves no time in a window of %s; shorten it, or lengthen `within`",
			FormatWindow(f.MinSpan), FormatWindow(f.Within))
	}
}

func (c *Compiled) compileFirstContact(problems *Problems, f FirstContact) {
	const where = "terms.sales.firstContact"
	checkTarget(problems, where, f.TargetPercent)
	if len(f.Tiers) == 0 {
		problems.add(where+".tiers", "no tier is named; write at least one intent and its window")
	}
	seen := map[string]bool{}
	for i, tier := range f.Tiers {
		at := fmt.Sprintf("%s.tiers[%d]", where, i)
		if tier.Intent == "" {
			problems.add(at+".intent", "is empty; write the name of an intent of the definition")
		}
		if seen[tier.Intent] {
			problems.add(at+".intent", "intent %q has two tiers; keep one", tier.Intent)
		}
		seen[tier.Intent] = true
		checkWindow(problems, at+".within", tier.Within)
		if tier.OutsideHours < 0 {
			problems.add(at+".outsideHours", "is below zero; write a length of time such as 1h or leave it out")
		}
		if c.hours != nil && tier.Within/tooLong > c.hours.weekly() {
			problems.add(at+".within", "%s of business time takes longer than ten years of this calendar; shorten it or open more hours",
				FormatWindow(tier.Within))
		}
	}
}

func checkTarget(problems *Problems, where string, percent int) {
	if percent < 0 || percent > 100 {
		problems.add(where+".targetPercent", "%d is outside 0 to 100", percent)
	}
}

func checkWindow(problems *Problems, where string, d time.Duration) {
	if d <= 0 {
		problems.add(where, "is not above zero; write a length of time such as 5m or 16d")
	}
}

// Terms as they were compiled.
func (c *Compiled) Terms() Terms { return c.terms }

// Hours are the business hours.
func (c *Compiled) Hours() *Hours { return c.hours }

// VolumeTarget is the number of MQLs a month that marketing owes; 0 when the terms have no volume clause.
func (c *Compiled) VolumeTarget() int { return c.volumeTarget }

// MinimumSample is how many leads a clause needs to be judged.
func (c *Compiled) MinimumSample() int64 {
	return int64(valueOr(c.terms.MinimumSample, DefaultMinimumSample))
}

// YellowWithin is how many points below its target a clause is still yellow.
func (c *Compiled) YellowWithin() int64 {
	return int64(valueOr(c.terms.YellowWithin, DefaultYellowWithin))
}

// SevereVolumePercent is the share of the volume target below which a miss is severe.
func (c *Compiled) SevereVolumePercent() int64 {
	if v := c.marketing().Volume; v != nil {
		return int64(valueOr(v.SevereBelowPercent, DefaultSevereVolumePercent))
	}
	return DefaultSevereVolumePercent
}

// SevereContactedPercent is the share of leads contacted at all below which a miss of the first contact is severe.
func (c *Compiled) SevereContactedPercent() int64 {
	if f := c.sales().FirstContact; f != nil {
		return int64(valueOr(f.SevereBelowContactedPercent, DefaultSevereContactedPercent))
	}
	return DefaultSevereContactedPercent
}

// ConsecutiveMisses are the missed weeks in a row that raise an escalation to level 2.
func (c *Compiled) ConsecutiveMisses() int {
	return cmp.Or(c.terms.Escalation.ConsecutiveMisses, DefaultConsecutiveMisses)
}

// UnresolvedWeeks are the weeks that a level 2 lasts until it rises to level 3.
func (c *Compiled) UnresolvedWeeks() int {
	return cmp.Or(c.terms.Escalation.UnresolvedWeeks, DefaultUnresolvedWeeks)
}

func (c *Compiled) warnAtPercent() int {
	return valueOr(c.terms.WarnAtPercent, DefaultWarnAtPercent)
}

func valueOr(p *int, fallback int) int {
	if p == nil {
		return fallback
	}
	return *p
}

// marketing owes nothing when the terms do not name it.
func (c *Compiled) marketing() Marketing {
	if c.terms.Marketing == nil {
		return Marketing{}
	}
	return *c.terms.Marketing
}

// sales owes nothing when the terms do not name it.
func (c *Compiled) sales() Sales {
	if c.terms.Sales == nil {
		return Sales{}
	}
	return *c.terms.Sales
}

// Fits says what in a definition does not fit the terms; empty when the two fit.
func (c *Compiled) Fits(d lead.Definition) []string {
	var misfits []string
	intents := map[string]bool{}
	for _, intent := range d.Intents {
		intents[intent.Name] = true
	}
	if len(d.Intents) == 0 {
		intents[lead.DefaultIntent] = true
	}
	if f := c.sales().FirstContact; f != nil {
		for _, tier := range f.Tiers {
			if !intents[tier.Intent] {
				misfits = append(misfits, fmt.Sprintf("terms.sales.firstContact names the intent %q, which the definition does not have", tier.Intent))
			}
		}
	}
	if c.sales().Rejection != nil && !rejects(d.Dispositions) {
		misfits = append(misfits, "terms.sales.rejection asks for reason codes, but the definition has no disposition with outcome Recycled or Disqualified")
	}
	if c.sales().Feedback != nil && !rejects(d.Dispositions) {
		misfits = append(misfits, "terms.sales.feedback asks for feedback on rejections, but the definition has no disposition with outcome Recycled or Disqualified")
	}
	for _, x := range d.Dispositions {
		if x.FullCadence != "" && c.sales().FollowUp == nil {
			misfits = append(misfits, fmt.Sprintf("the disposition %q demands the full cadence, but the terms have no sales.followUp that says what that is", x.Name))
		}
	}
	return misfits
}

func rejects(dispositions []lead.Disposition) bool {
	for _, d := range dispositions {
		if rejection(d.Outcome) {
			return true
		}
	}
	return false
}

// rejection says whether an outcome gives the lead back.
func rejection(o lead.Outcome) bool { return o == lead.Recycled || o == lead.Disqualified }
