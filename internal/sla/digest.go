// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/handoff-sla/handoff/internal/lead"
)

// DigestDefinition identifies the meaning of a definition: "v1:sha256:" and 64 hexadecimal digits. The property that a field is filled
// from is no part of it, nor is the order of keyed lists or the spacing of an expression. It fails when an expression
// does not parse.
func DigestDefinition(d lead.Definition) (string, error) {
	c := &canonical{}
	c.group("definition", func() {
		c.instant("effectiveFrom", d.EffectiveFrom)
		keyed(c, "field", d.Fields, func(f lead.Field) string { return f.Name }, func(f lead.Field) {
			c.text("name", f.Name)
			c.text("type", string(f.Type))
			c.flag("required", f.Required)
		})
		if a := d.Account; a != nil {
			c.group("account", func() { c.text("field", a.Field) })
		}
		keyed(c, "signal", d.Signals, func(s lead.Signal) string { return s.Name }, func(s lead.Signal) {
			c.text("name", s.Name)
			c.text("activity", s.Activity)
			c.expression("when", fmt.Sprintf("signal %q", s.Name), s.When)
		})
		if d.Scoring != nil {
			c.group("scoring", func() { c.scoring(*d.Scoring) })
		}
		ordered(c, "path", d.Paths, c.path)
		if len(d.SQL) > 0 {
			c.group("sql", func() { c.sqlCriteria(d.SQL) })
		}
		ordered(c, "intent", d.Intents, func(i lead.Intent) {
			c.text("name", i.Name)
			c.expression("when", fmt.Sprintf("intent %q", i.Name), i.When)
		})
		keyed(c, "disposition", d.Dispositions, func(x lead.Disposition) string { return x.Name }, func(x lead.Disposition) {
			c.text("name", x.Name)
			c.text("outcome", string(x.Outcome))
			if x.MinAttempts != 0 {
				c.number("minAttempts", int64(x.MinAttempts))
			}
			if r := x.Reentry; r != nil {
				c.group("reentry", func() { c.reentry(*r) })
			}
			c.text("status", x.Status)
			c.text("fullCadence", string(x.FullCadence))
			c.text("suppress", string(x.Suppress))
		})
		keyed(c, "identity", d.Identity, func(name string) string { return name }, func(name string) { c.text("field", name) })
		keyed(c, "exclusion", d.Exclusions, func(x lead.Exclusion) string { return x.Name }, func(x lead.Exclusion) {
			c.text("name", x.Name)
			c.expression("when", fmt.Sprintf("exclusion %q", x.Name), x.When)
		})
	})
	return c.digest()
}

// expression writes the syntax tree of a CEL expression when there is one.
func (c *canonical) expression(key, where, source string) {
	if source == "" {
		return
	}
	tree, err := lead.CanonicalExpression(source)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %w", where, err)
	}
	c.always(key, tree)
}

func (c *canonical) scoring(s lead.Scoring) {
	c.optional("max", s.Max)
	keyed(c, "group", s.Groups, func(g lead.Group) string { return g.Name }, func(g lead.Group) {
		c.text("name", g.Name)
		c.optional("max", g.Max)
		keyed(c, "rule", g.Rules, func(r lead.Rule) string { return r.Name }, func(r lead.Rule) {
			c.text("name", r.Name)
			c.expression("when", fmt.Sprintf("rule %q", g.Name+"/"+r.Name), r.When)
			c.text("on", r.On) // `signal` in the API; version 1 of the form calls it on
			c.number("points", int64(r.Points))
			c.optional("max", r.Max)
			c.window("halfLife", r.HalfLife)
		})
	})
}

func (c *canonical) path(p lead.Path) {
	c.text("name", p.Name)
	c.optional("threshold", p.Threshold)
	if a := p.Account; a != nil {
		c.group("account", func() {
			c.number("minContacts", int64(a.MinContacts))
			c.number("threshold", int64(a.Threshold))
		})
	}
	i := 0
	ordered(c, "criterion", p.Criteria, func(x lead.Criterion) {
		i++
		c.expression("expression", fmt.Sprintf("path %q criterion %d", p.Name, i), x.Expression)
		c.text("message", x.Message)
	})
}

func (c *canonical) reentry(r lead.Reentry) {
	c.window("after", r.After)
	if r.ScoreDelta != 0 {
		c.number("scoreDelta", int64(r.ScoreDelta))
	}
	c.text("newContact", string(r.NewContact))
}

func (c *canonical) sqlCriteria(criteria []lead.SQLCriterion) {
	keyed(c, "criterion", criteria, func(x lead.SQLCriterion) string { return x.Name }, func(x lead.SQLCriterion) {
		c.text("name", x.Name)
		c.expression("expression", fmt.Sprintf("SQL criterion %q", x.Name), x.Expression)
		c.text("message", x.Message)
	})
}

// DigestTerms identifies the meaning of terms, with the name of the definition that they refer to: "v1:sha256:" and 64 hexadecimal
// digits. Names of exceptions and the dates of a region's holidays are no part of it, nor is the order of days, shifts, entries of the week, exceptions and tiers.
func DigestTerms(t Terms) (string, error) {
	c := &canonical{}
	c.group("terms", func() {
		c.instant("effectiveFrom", t.EffectiveFrom)
		c.text("definition", t.Definition)
		c.group("parties", func() {
			c.group("marketing", func() { c.contact(t.Parties.Marketing) })
			c.group("sales", func() { c.contact(t.Parties.Sales) })
			if x := t.Parties.Executive; x != nil {
				c.group("executive", func() { c.contact(*x) })
			}
		})
		c.group("calendar", func() { c.calendar(t.Calendar) })
		if f := t.Funnel; f != nil {
			c.group("funnel", func() {
				c.number("bookingsPerMonth", f.BookingsPerMonth)
				c.number("averageDealSize", f.AverageDealSize)
				c.text("closeRatePercent", plainDecimal(f.CloseRatePercent))
				c.text("mqlToOpportunityPercent", plainDecimal(f.MQLToOpportunityPercent))
			})
		}
		if t.Marketing != nil {
			c.group("marketing", func() { c.marketing(*t.Marketing) })
		}
		if t.Sales != nil {
			c.group("sales", func() { c.sales(*t.Sales) })
		}
		c.governance(t)
		c.optional("minimumSample", t.MinimumSample)
		c.optional("yellowWithin", t.YellowWithin)
		c.optional("warnAtPercent", t.WarnAtPercent)
	})
	return c.digest()
}

func (c *canonical) governance(t Terms) {
	if g := t.Governance; g != (Governance{}) {
		c.group("governance", func() {
			c.text("reviewsHeld", g.ReviewsHeld)
			c.text("definitionRefresh", g.DefinitionRefresh)
		})
	}
	if e := t.Escalation; e != (Escalation{}) {
		c.group("escalation", func() {
			c.some("consecutiveMisses", e.ConsecutiveMisses)
			c.some("unresolvedWeeks", e.UnresolvedWeeks)
		})
	}
	c.text("enforcement", string(t.Enforcement))
}

func (c *canonical) contact(p Contact) {
	c.text("owner", p.Owner)
	c.text("contact", p.Contact)
}

func (c *canonical) calendar(cal Calendar) {
	c.text("timeZone", cal.TimeZone)
	bag(c, "hours", cal.Hours, func(in *canonical, w WeekHours) {
		bag(in, "day", w.Days, func(in *canonical, day string) { in.always("name", day) })
		bag(in, "shift", w.Shifts, writeShift)
	})
	keyed(c, "exception", cal.Exceptions, func(e Exception) string { return e.Date }, func(e Exception) {
		c.text("date", e.Date)
		bag(c, "shift", e.Shifts, writeShift)
	})
	c.text("holidays", cal.Holidays)
}

func writeShift(c *canonical, s Shift) {
	c.text("from", s.From)
	c.text("to", s.To)
}

func (c *canonical) share(key string, s *Share) {
	if s != nil {
		c.group(key, func() { c.number("targetPercent", int64(s.TargetPercent)) })
	}
}

func (c *canonical) marketing(m Marketing) {
	if v := m.Volume; v != nil {
		c.group("volume", func() {
			c.flag("fromFunnel", v.FromFunnel)
			if v.MQLsPerMonth != 0 {
				c.number("mqlsPerMonth", int64(v.MQLsPerMonth))
			}
			c.optional("severeBelowPercent", v.SevereBelowPercent)
		})
	}
	c.share("completeness", m.Completeness)
	c.share("score", m.Score)
	if d := m.Delivery; d != nil {
		c.group("delivery", func() {
			c.window("within", d.Within)
			c.text("mechanism", string(d.Mechanism))
			c.number("targetPercent", int64(d.TargetPercent))
		})
	}
}

func (c *canonical) sales(s Sales) {
	if f := s.FirstContact; f != nil {
		c.group("firstContact", func() {
			c.number("targetPercent", int64(f.TargetPercent))
			keyed(c, "tier", f.Tiers, func(t Tier) string { return t.Intent }, func(t Tier) {
				c.text("intent", t.Intent)
				c.window("within", t.Within)
				c.window("outsideHours", t.OutsideHours)
			})
			c.optional("severeBelowContactedPercent", f.SevereBelowContactedPercent)
		})
	}
	if d := s.Disposition; d != nil {
		c.group("disposition", func() {
			c.window("within", d.Within)
			c.number("targetPercent", int64(d.TargetPercent))
		})
	}
	c.share("rejection", s.Rejection)
	if a := s.Acceptance; a != nil {
		c.group("acceptance", func() {
			c.window("within", a.Within)
			c.number("targetPercent", int64(a.TargetPercent))
		})
	}
	if f := s.FollowUp; f != nil {
		c.group("followUp", func() { c.followUp(*f) })
	}
	c.share("feedback", s.Feedback)
}

func (c *canonical) followUp(f FollowUp) {
	c.number("attempts", int64(f.Attempts))
	c.window("minSpan", f.MinSpan)
	c.window("within", f.Within)
	if f.Channels != 0 {
		c.number("channels", int64(f.Channels))
	}
	c.number("targetPercent", int64(f.TargetPercent))
}

// plainDecimal drops zeros that do not change a number: 25.50 means 25.5. What is no number stays as it is.
func plainDecimal(text string) string {
	whole, fraction, dotted := strings.Cut(text, ".")
	if !digits(whole) || (dotted && !digits(fraction)) {
		return text
	}
	whole = strings.TrimLeft(whole, "0")
	fraction = strings.TrimRight(fraction, "0")
	return strings.Join(slices.DeleteFunc([]string{cmp.Or(whole, "0"), fraction}, func(s string) bool { return s == "" }), ".")
}
