// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"strconv"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleHighTier = define("no-tier-for-high-intent", Warning, playbook,
		"a first contact without a tier for the definition's first, most urgent intent",
		"the leads that are worth five minutes have no clock at all: a lead whose intent no tier names is not in the clause",
		"add a tier for it, such as within: 5m, outsideHours: 1h")
	ruleNoTier = define("intent-without-tier", Advice, semantics,
		"another intent of the definition that no tier names",
		"a lead with it has no first-contact clock",
		"add a tier for it")
	ruleBlanket = define("single-window", Advice, playbook,
		"one first-contact window for all intents",
		"a single response window is the wrong design: sales commits to five minutes because it is not asked for every newsletter signup",
		"tier the window by intent")
	ruleOrder = define("tiers-not-ordered", Warning, playbook,
		"a more urgent intent with a longer window than a less urgent one",
		"intents are tried from the most urgent to the least; windows should grow in the same order",
		"exchange the windows, or the order of the intents")
	ruleSlowHigh = define("slow-high-intent", Advice, framework,
		"a most urgent tier of more than 5 minutes, or without a window outside hours, or with one of more than an hour",
		"for high intent the standard is five minutes in business hours and an hour outside: leads contacted within five minutes are 21 times more likely to qualify than after 30",
		"shorten it to what sales can hold: within: 5m, outsideHours: 1h")
	ruleSlow = define("slow-first-contact", Advice, framework,
		"a first-contact window of more than 24 business hours",
		"for lower intent 4 to 24 hours are the standard",
		"shorten the window")
	ruleNoDay = define("window-no-day-holds", Warning, semantics,
		"a first-contact window that is longer than the longest working day",
		"it counts business time: 24h over days of 9 hours are nearly three working days, hardly what is meant",
		"state it in working hours: 8h for about a day")
	ruleBeforeContact = define("disposition-before-contact", Warning, semantics,
		"a disposition window that is shorter than a first-contact window",
		"the outcome would be due before sales has to have spoken to anybody",
		"lengthen the disposition window")
	ruleInsideCadence = define("disposition-inside-cadence", Warning, framework,
		"a disposition window of less than 10 days, in terms without a follow-up of their own",
		"a follow-up is six to eight touches over ten to fourteen days: the outcome would be due before it is done, so leads are given up early",
		"give it the cadence and some days, such as 16d")
	ruleSlowDelivery = define("slow-delivery", Advice, framework,
		"a delivery window of more than an hour",
		"routing is typically immediate; every minute of it is taken from the speed to lead",
		"deliver automatically within minutes")
)

const (
	highWithin   = 5 * time.Minute
	highOutside  = time.Hour
	slowContact  = 24 * time.Hour
	cadenceFrom  = 10 * 24 * time.Hour
	slowDelivery = time.Hour
	allDay       = 24 * time.Hour
)

// adviseWindows that can be judged without the definition.
func (o *object) adviseWindows() {
	terms := o.terms.Terms()
	if m := terms.Marketing; m != nil && m.Delivery != nil && m.Delivery.Within > slowDelivery {
		o.report(ruleSlowDelivery, marketingPath+".delivery.within", "delivery may take %s", sla.FormatWindow(m.Delivery.Within))
	}
	if terms.Sales == nil {
		return
	}
	longest, day := time.Duration(0), longestDay(terms.Calendar)
	if f := terms.Sales.FirstContact; f != nil {
		for i, t := range f.Tiers {
			longest = max(longest, t.Within)
			if t.Within > day && day < allDay { // around the clock business time is wall time
				o.report(ruleNoDay, tierPath(i)+".within", "%s of business time is more than any working day has (%s at most): about %.1f days of work",
					hours(t.Within), hours(day), float64(t.Within)/float64(day))
			}
			if t.Within > slowContact {
				o.report(ruleSlow, tierPath(i)+".within", "first contact may take %s of business time", hours(t.Within))
			}
		}
	}
	if terms.Sales.Disposition != nil {
		o.adviseDispositionWindow(*terms.Sales, longest)
	}
	if terms.Sales.FollowUp != nil {
		o.adviseFollowUp(*terms.Sales.FollowUp)
	}
}

// longestDay is the business time of the week's longest day. Overlapping shifts may count twice: it is never too short.
func longestDay(c sla.Calendar) time.Duration {
	days := map[string]time.Duration{}
	longest := time.Duration(0)
	for _, h := range c.Hours {
		sum := time.Duration(0)
		for _, s := range h.Shifts {
			sum += minuteOf(s.To) - minuteOf(s.From)
		}
		for _, d := range h.Days {
			days[d] += sum
			longest = max(longest, days[d])
		}
	}
	return min(longest, allDay)
}

// hours is a length of business time, in which a day is no unit.
func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return sla.FormatWindow(d)
}

// minuteOf a valid time of day.
func minuteOf(text string) time.Duration {
	if len(text) != len("00:00") {
		return 0
	}
	digit := func(i int) int { return int(text[i] - '0') }
	return time.Duration((digit(0)*10+digit(1))*60+digit(3)*10+digit(4)) * time.Minute
}

// adviseTiers compares the first-contact tiers with the definition's intents, the most urgent first.
func (o *object) adviseTiers(definition *object) {
	if o.terms == nil || o.terms.Terms().Sales == nil || o.terms.Terms().Sales.FirstContact == nil {
		return
	}
	byIntent, index := map[string]sla.Tier{}, map[string]int{}
	for i, t := range o.terms.Terms().Sales.FirstContact.Tiers {
		byIntent[t.Intent], index[t.Intent] = t, i
	}
	intents := definition.definition.Intents
	if len(intents) < 2 {
		return // every lead is alike
	}
	if len(byIntent) == 1 {
		o.report(ruleBlanket, salesPath+".firstContact.tiers", "there is one window, but %s has %d intents", definition, len(intents))
	}
	o.adviseHigh(intents[0], byIntent, index)
	var before *sla.Tier
	for i, in := range intents {
		tier, has := byIntent[in.Name]
		if !has {
			if i > 0 {
				o.report(ruleNoTier, salesPath+".firstContact.tiers", "leads with the intent %q have no first-contact clock", in.Name)
			}
			continue
		}
		if before != nil && before.Within > tier.Within {
			o.report(ruleOrder, tierPath(index[tier.Intent])+".within", "%s has %s, less than the more urgent %s with %s",
				tier.Intent, hours(tier.Within), before.Intent, hours(before.Within))
		}
		before = &tier
	}
}

func (o *object) adviseHigh(high lead.Intent, byIntent map[string]sla.Tier, index map[string]int) {
	tier, has := byIntent[high.Name]
	path := tierPath(index[high.Name])
	switch {
	case !has:
		o.report(ruleHighTier, salesPath+".firstContact.tiers", "leads with the intent %q, the most urgent, have no first-contact clock", high.Name)
	case tier.Within > highWithin:
		o.report(ruleSlowHigh, path+".within", "%s leads may wait %s of business time; the standard is 5m", high.Name, hours(tier.Within))
	case tier.OutsideHours == 0:
		o.report(ruleSlowHigh, path, "%s leads that come outside hours wait for the next shift; the standard is 1h", high.Name)
	case tier.OutsideHours > highOutside:
		o.report(ruleSlowHigh, path+".outsideHours", "%s leads may wait %s outside hours; the standard is 1h", high.Name, hours(tier.OutsideHours))
	}
}
