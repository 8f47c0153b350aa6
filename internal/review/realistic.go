// SPDX-License-Identifier: Apache-2.0

package review

import "fmt"

// advise from practice, where the numbers say it: above the volume target while opportunities stay flat is a question of quality; below it asks
// whether the target was realistic or the engine underfunded.
func (r *Results) advise(f *Facts) []string {
	advice := []string{}
	within, before := f.monthsWithin()
	var target, over, under int64
	for _, m := range within {
		target += m.Target
		switch {
		case m.Target == 0:
		case m.MQLs >= m.Target:
			over++
		default:
			under++
		}
	}
	switch months := int64(len(within)); {
	case months == 0 || target == 0:
	case over == months:
		advice = append(advice, r.above(before, months)...)
	case r.Cohort.MQLs < target:
		advice = append(advice, r.below(f, target, months, before)...)
	}
	return advice
}

// flat: opportunities grew by less than a third of what the MQLs grew by.
func flat(mqls, opportunities, mqlsBefore, opportunitiesBefore int64) bool {
	return mqls > mqlsBefore && mqlsBefore > 0 && opportunitiesBefore > 0 &&
		3*(opportunities-opportunitiesBefore)*mqlsBefore < (mqls-mqlsBefore)*opportunitiesBefore
}

func (r *Results) above(before []Month, months int64) []string {
	if int64(len(before)) < months {
		return nil
	}
	b := sumOf(before[int64(len(before))-months:])
	if !flat(r.Cohort.MQLs, r.Cohort.Opportunities, b.MQLs, b.Opportunities) {
		return nil
	}
	return []string{fmt.Sprintf("Volume was above target in every month (%s, %s in as many months before), "+
		"while opportunities stayed flat (%s, %s before). "+
		"That speaks for a question of quality, not quantity: look at the criteria before the target.",
		several(r.Cohort.MQLs, "MQL"), grouped(b.MQLs), grouped(r.Cohort.Opportunities), grouped(b.Opportunities))}
}

// higher says what a target means that is above the one that follows from what happened. It is sure of it only beyond the interval.
func (r *Recomputed) higher(delivered, months int64) string {
	text := fmt.Sprintf("At the rates of the period the same bookings take %s a month instead of %s", several(r.Proposed, "MQL"), grouped(r.Agreed))
	if r.High == 0 || r.High >= r.Agreed {
		return text + ". The target may have been higher than it had to be; what happened is too little to be sure."
	}
	text += ": the target was higher than it had to be."
	if delivered >= r.Proposed*months {
		text += " What was delivered would have done."
	}
	return text
}

func (r *Results) below(f *Facts, target, months int64, before []Month) []string {
	delivered := r.Cohort.MQLs
	advice := []string{fmt.Sprintf("%s of the %s that were agreed: was the target realistic, or is the engine underfunded?",
		grouped(delivered), several(target, "MQL"))}
	funnel := r.Recomputed
	if funnel != nil && funnel.Proposed > 0 && funnel.Proposed < funnel.Agreed {
		advice = append(advice, funnel.higher(delivered, months))
	}
	monthly := target / months
	if funnel != nil && funnel.Proposed > 0 {
		monthly = funnel.Proposed
	}
	c := r.Cohort
	if c.MQLs > 0 && c.Captured > 0 && delivered < monthly*months {
		needed := (monthly*c.Captured + c.MQLs - 1) / c.MQLs
		advice = append(advice, fmt.Sprintf("%s of the captured leads became MQLs. At that rate %s take %s a month; %s a month came in. "+
			"Either more leads come in (budget, campaigns, people), or more of them qualify (sources, criteria).",
			rateOf(c.MQLs, c.Captured), several(monthly, "MQL"), several(needed, "captured lead"), grouped(c.Captured/months)))
	}
	if int64(len(before)) >= months {
		b := sumOf(before[int64(len(before))-months:])
		if b.Captured > 0 && 10*c.Captured < 9*b.Captured {
			advice = append(advice, fmt.Sprintf("Fewer leads came in than in as many months before: %s against %s. "+
				"That speaks for the engine rather than the criteria.",
				grouped(c.Captured), grouped(b.Captured)))
		}
	}
	if f.Flow.Held > 0 {
		advice = append(advice, fmt.Sprintf("%s reached a path and wait for a required field; completing them comes before anything else.",
			several(f.Flow.Held, "lead")))
	}
	return advice
}
