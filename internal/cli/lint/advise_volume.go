// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

var (
	ruleMQLRate = define("mql-rate-outside-band", Advice, playbook,
		"an MQL-to-opportunity rate below 30 or above 45 %",
		"MQL-to-SQL conversion is often cited at 30 to 45 %; far off, either the definition or the hope is wrong, and the volume with it",
		"take the rate from the last six to twelve months of data: kubectl sla backtest")
	ruleCloseRate = define("close-rate-outside-band", Advice, framework,
		"a close rate below 12.5 or above 50 %: less than half, or more than twice, the 25 % of the worked example",
		"the volume target is divided by it: a rate that is twice too high halves what marketing owes",
		"take the rate from closed opportunities")
	ruleVolumeScale = define("volume-out-of-scale", Warning, semantics,
		"a funnel that asks for less than one MQL a month, or for more than 100,000",
		"a factor is wrong: bookings a year instead of a month, a rate as a fraction, two currencies",
		"check bookings, deal size and rates: kubectl sla simulate funnel")
	ruleFunnelIdle = define("funnel-not-used", Warning, semantics,
		"a funnel that no volume takes its target from",
		"both teams sign numbers that decide nothing",
		"write volume: {from: Funnel}, or delete the funnel")
	ruleSample = define("sample-not-reached", Advice, semantics,
		"a volume that gives fewer leads a week than minimumSample",
		"most weeks would end as InsufficientData: no clause is met or missed",
		"lower terms.minimumSample, or expect pooled weeks")
	ruleNoWeekday = define("no-weekday-hours", Warning, semantics,
		"a calendar without hours from Monday to Friday",
		"business time passes at weekends only, so a lead of Monday has no deadline before Saturday",
		"name the days on which sales works")
	ruleNoExceptions = define("no-exceptions", Advice, semantics,
		"a calendar without exceptions and without the public holidays of a region",
		"on public holidays the clocks run and nobody works: misses that are nobody's fault",
		"name the region, such as `holidays: us`, or list the year's holidays and half days")
	rulePastExceptions = define("exceptions-past", Advice, semantics,
		"a calendar without a region's holidays of which all exceptions are in the past",
		"the next holiday counts as a working day",
		"name the region, such as `holidays: us`, or list the coming year's holidays and half days")
)

// rateBand in percent, both ends still inside.
var (
	mqlBand   = [2]*big.Rat{big.NewRat(30, 1), big.NewRat(45, 1)}
	closeBand = [2]*big.Rat{big.NewRat(25, 2), big.NewRat(50, 1)}
)

const (
	absurdVolume  = 100_000
	weeksPerMonth = 52.0 / 12
)

func (o *object) adviseFunnel() {
	terms := o.terms.Terms()
	if f := terms.Funnel; f != nil {
		const path = "spec.terms.funnel"
		if rate, out := outside(f.MQLToOpportunityPercent, mqlBand); out {
			o.report(ruleMQLRate, path+".mqlToOpportunityPercent", "%s%% of MQLs are to become opportunities; usual are 30 to 45%%", rate)
		}
		if rate, out := outside(f.CloseRatePercent, closeBand); out {
			o.report(ruleCloseRate, path+".closeRatePercent", "%s%% of opportunities are to be won; 12.5 to 50%% are usual", rate)
		}
		steps, err := f.Steps()
		if err == nil && (steps.Leads.Cmp(big.NewRat(1, 1)) < 0 || steps.MQLs > absurdVolume) {
			o.report(ruleVolumeScale, path, "the funnel asks for %s MQLs a month", steps.Leads.FloatString(2))
		}
		if terms.Marketing == nil || terms.Marketing.Volume == nil || !terms.Marketing.Volume.FromFunnel {
			o.report(ruleFunnelIdle, path, "no volume takes its target from the funnel")
		}
	}
	sample := valueOr(terms.MinimumSample, sla.DefaultMinimumSample)
	if target := o.terms.VolumeTarget(); target > 0 && float64(target)/weeksPerMonth < float64(sample) {
		path := "spec.terms.minimumSample"
		if terms.MinimumSample == nil {
			path = marketingPath + ".volume"
		}
		o.report(ruleSample, path, "%s a month: %.1f a week, fewer than the %d that a verdict needs", count(target, "MQL"), float64(target)/weeksPerMonth, sample)
	}
}

// outside says whether a rate lies outside a band.
func outside(rate string, band [2]*big.Rat) (string, bool) {
	r, ok := new(big.Rat).SetString(rate)
	return rate, ok && (r.Cmp(band[0]) < 0 || r.Cmp(band[1]) > 0)
}

func (o *object) adviseCalendar(now time.Time) {
	const path = "spec.terms.calendar"
	c := o.terms.Terms().Calendar
	weekday := slices.ContainsFunc(c.Hours, func(h sla.WeekHours) bool {
		return slices.ContainsFunc(h.Days, func(d string) bool { return d != "Sat" && d != "Sun" })
	})
	if !weekday {
		o.report(ruleNoWeekday, path+".hours", "no day from Monday to Friday has hours")
	}
	if c.Holidays != "" {
		return
	}
	if len(c.Exceptions) == 0 {
		o.report(ruleNoExceptions, path, "there are no exceptions and no holidays: every public holiday is a working day")
		return
	}
	today := now.In(o.terms.Hours().Location()).Format(time.DateOnly)
	last := slices.MaxFunc(c.Exceptions, func(a, b sla.Exception) int { return strings.Compare(a.Date, b.Date) })
	if last.Date < today {
		o.report(rulePastExceptions, path+".exceptions", "the last exception was %s", last.Date)
	}
}
