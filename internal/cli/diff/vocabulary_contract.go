// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"strconv"

	"github.com/handoff-sla/handoff/internal/sla"
)

const byDefault = " (default)"

var contractVocabulary = vocabulary{signed: signedOfContract, words: append([]word{
	{at: "definitionRef", shape: group},
	{at: "definitionRef.name", label: "definition", unit: plain, neither: "another definition of a qualified lead"},
	{at: "terms", shape: group},
	{at: "terms.effectiveFrom", label: "effective from", unit: moment, none: "the last signature", neither: "never before both have signed"},

	{at: "terms.parties", shape: group},
	{at: "terms.parties.marketing", shape: clause, noun: "Marketing"},
	{at: "terms.parties.marketing.owner", label: "owner", unit: plain},
	{at: "terms.parties.marketing.contact", label: "contact", unit: plain},
	{at: "terms.parties.sales", shape: clause, noun: "Sales"},
	{at: "terms.parties.sales.owner", label: "owner", unit: plain},
	{at: "terms.parties.sales.contact", label: "contact", unit: plain},

	{at: "terms.parties.executive", shape: clause, noun: "Executive", neither: "decides at level 3 of an escalation, and disputes"},
	{at: "terms.parties.executive.owner", label: "owner", unit: plain},
	{at: "terms.parties.executive.contact", label: "contact", unit: plain},

	{at: "terms.calendar", shape: group},
	{at: "terms.calendar.timeZone", label: "time zone", unit: plain, neither: "hours, weeks and months begin elsewhere"},
	{at: "terms.calendar.hours", label: "business hours", unit: week, verdicts: weekVerdict},
	{at: "terms.calendar.exceptions", shape: keyed, key: "date", noun: "exception", verdicts: exceptionPresence},
	{
		at: "terms.calendar.exceptions[].shifts", label: "", unit: day, none: "closed", rising: Stricter, known: true,
		effects: effects{sales, "more business time that day", "less business time that day"},
	},
	{at: "terms.calendar.exceptions[].name", label: "name", unit: plain},
	{at: "terms.calendar.holidays", label: "public holidays", unit: plain, none: "none", verdicts: holidayVerdict},

	{at: "terms.funnel", shape: clause, noun: "funnel"},
	{at: "terms.funnel.bookingsPerMonth", label: "bookings a month", unit: amount},
	{at: "terms.funnel.averageDealSize", label: "deal size", unit: amount},
	{at: "terms.funnel.closeRatePercent", label: "close rate", unit: decimal},
	{at: "terms.funnel.mqlToOpportunityPercent", label: "MQL to opportunity", unit: decimal},

	{at: "terms.marketing", shape: group},
	{at: "terms.marketing.volume", shape: clause, noun: "volume", rising: Stricter, effects: forM},
	{at: "terms.marketing.volume.from", label: "target", unit: unit{norm: text, say: func(v any) string { return "from the " + text(v) }, number: none}, none: "stated"},
	{at: "terms.marketing.volume.mqlsPerMonth", label: "target", unit: amount.of("MQLs a month"), none: "not stated", rising: Stricter, effects: forM},
	{
		at: "terms.marketing.volume.severeBelowPercent", label: "severe below", unit: percent.of("of the target"), none: rate(sla.DefaultSevereVolumePercent),
		absent: sla.DefaultSevereVolumePercent, known: true, rising: Stricter, effects: severe(marketing),
	},
	{at: "terms.marketing.completeness", shape: clause, noun: "completeness", rising: Stricter, effects: forM},
	{at: "terms.marketing.completeness.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forM},
	{at: "terms.marketing.score", shape: clause, noun: "score", rising: Stricter, effects: forM},
	{at: "terms.marketing.score.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forM},
	{at: "terms.marketing.delivery", shape: clause, noun: "delivery", rising: Stricter, effects: forM},
	{at: "terms.marketing.delivery.within", label: "within", unit: wall, rising: Looser, effects: forM},
	{at: "terms.marketing.delivery.mechanism", label: "mechanism", unit: plain, none: string(sla.Automatic) + byDefault, neither: "who gives a lead its owner"},
	{at: "terms.marketing.delivery.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forM},

	{at: "terms.sales", shape: group},
	{at: "terms.sales.acceptance", shape: clause, noun: "acceptance", rising: Stricter, effects: forS},
	{at: "terms.sales.acceptance.within", label: "within", unit: wall, rising: Looser, effects: forS},
	{at: "terms.sales.acceptance.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},
	{at: "terms.sales.firstContact", shape: clause, noun: "firstContact", rising: Stricter, effects: forS},
	{at: "terms.sales.firstContact.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},
	{
		at: "terms.sales.firstContact.severeBelowContactedPercent", label: "severe below", unit: percent.of("contacted at all"),
		none: rate(sla.DefaultSevereContactedPercent), absent: sla.DefaultSevereContactedPercent, known: true, rising: Stricter, effects: severe(sales),
	},
	{at: "terms.sales.firstContact.tiers", shape: keyed, key: "intent", noun: "intent", rising: Stricter, effects: forS},
	{at: "terms.sales.firstContact.tiers[].within", label: "", unit: business, rising: Looser, effects: forS},
	{
		at: "terms.sales.firstContact.tiers[].outsideHours", label: "outside hours", unit: wall, none: "the next business hours", rising: Looser,
		effects: forS, absent: noLimit, known: true,
	},
	{at: "terms.sales.followUp", shape: clause, noun: "followUp", rising: Stricter, effects: forS},
	{at: "terms.sales.followUp.attempts", label: "attempts at least", unit: plain, rising: Stricter, effects: forS},
	{at: "terms.sales.followUp.minSpan", label: "over at least", unit: wall, none: "no time", rising: Stricter, effects: forS, known: true},
	{at: "terms.sales.followUp.within", label: "within", unit: wall, rising: Looser, effects: forS},
	{at: "terms.sales.followUp.channels", label: "channels at least", unit: orDefault(plain, "1"), none: "1", rising: Stricter, effects: forS, absent: 1, known: true},
	{at: "terms.sales.followUp.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},
	{at: "terms.sales.disposition", shape: clause, noun: "disposition", rising: Stricter, effects: forS},
	{at: "terms.sales.disposition.within", label: "within", unit: wall, rising: Looser, effects: forS},
	{at: "terms.sales.disposition.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},
	{at: "terms.sales.rejection", shape: clause, noun: "rejection", rising: Stricter, effects: forS},
	{at: "terms.sales.rejection.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},
	{at: "terms.sales.feedback", shape: clause, noun: "feedback", rising: Stricter, effects: forS},
	{at: "terms.sales.feedback.targetPercent", label: "target", unit: percent, rising: Stricter, effects: forS},

	{at: "terms.governance", shape: group},
	{
		at: "terms.governance.reviewsHeld", label: "reviews held", unit: ranked("Required"), none: "not owed", known: true, rising: Stricter,
		effects: effects{both, "both owe that each review is held", "no review is owed"},
	},
	{
		at: "terms.governance.definitionRefresh", label: "definition and terms signed again", unit: ranked("Quarterly"), none: "not owed", known: true,
		rising: Stricter, effects: effects{both, "both owe a new signature each quarter", "no new signature is owed"},
	},
	{at: "terms.escalation", shape: group},
	{at: "terms.escalation.level2", shape: group},
	{
		at: "terms.escalation.level2.consecutiveMisses", label: "missed weeks in a row for level 2", unit: plain,
		none: standard(sla.DefaultConsecutiveMisses), absent: sla.DefaultConsecutiveMisses, known: true, rising: Looser,
		effects: effects{both, "both owners deal with it sooner", "both owners deal with it later"},
	},
	{at: "terms.escalation.level3", shape: group},
	{
		at: "terms.escalation.level3.unresolvedWeeks", label: "weeks at level 2 for level 3", unit: plain,
		none: standard(sla.DefaultUnresolvedWeeks), absent: sla.DefaultUnresolvedWeeks, known: true, rising: Looser,
		effects: effects{both, "the executive deals with it sooner", "the executive deals with it later"},
	},
	{
		at: "terms.enforcement", label: "enforcement", unit: ranked(string(sla.Observe), string(sla.Enforce)), none: string(sla.Enforce) + byDefault,
		absent: 2, known: true, rising: Stricter,
		effects: effects{both, "what breaks the agreement is held back or refused", "what breaks the agreement passes, and is reported"},
	},
	{
		at: "terms.minimumSample", label: "minimum sample", unit: plain, none: standard(sla.DefaultMinimumSample), rising: Looser,
		absent: sla.DefaultMinimumSample, known: true, effects: effects{both, "smaller weeks are judged too", "smaller weeks are not judged"},
	},
	{
		at: "terms.yellowWithin", label: "yellow within", unit: plain.of("points of the target"), none: standard(sla.DefaultYellowWithin), rising: Looser,
		absent: sla.DefaultYellowWithin, known: true, effects: effects{both, "more misses are red", "more misses are yellow"},
	},
	{
		at: "terms.warnAtPercent", label: "warning at", unit: percent, none: standard(sla.DefaultWarnAtPercent) + " of a clock",
		absent: sla.DefaultWarnAtPercent, known: true, neither: "when an open lead counts as at risk",
	},

	{at: "dispute", shape: clause, noun: "dispute", neither: "an escalation of level 3 until the executive resolves it"},
	{at: "dispute.raisedBy", label: "raised by", unit: plain},
	{at: "dispute.at", label: "on", unit: moment},
	{at: "dispute.clause", label: "about", unit: plain, none: "the terms as a whole"},
	{at: "dispute.reason", label: "reason", unit: plain},
	{at: "dispute.resolution", shape: clause, noun: "resolution", neither: "ends the dispute"},
	{at: "dispute.resolution.by", label: "by", unit: plain},
	{at: "dispute.resolution.at", label: "on", unit: moment},
	{at: "dispute.resolution.decision", label: "decision", unit: plain},

	{at: "remediations", shape: keyed, noun: "plan"},
	{at: "remediations[].clause", label: "for", unit: plain},
	{at: "remediations[].cause", label: "cause", unit: plain, none: "not known"},
	{at: "remediations[].owner", label: "owner", unit: plain},
	{at: "remediations[].plan", label: "plan", unit: plain},
	{at: "remediations[].due", label: "due", unit: plain},
	{at: "remediations[].done", label: "done", unit: plain, none: "not yet"},

	{at: "waivers", shape: keyed, noun: "waiver", neither: "holds when both have signed it within 7 days of a week's end"},
	{at: "waivers[].clause", label: "of", unit: plain, neither: unsigned},
	{at: "waivers[].from", label: "from", unit: plain, neither: unsigned},
	{at: "waivers[].to", label: "to", unit: plain, neither: unsigned},
	{at: "waivers[].reason", label: "reason", unit: plain, neither: unsigned},
	{at: "waivers[].signOffs", label: "signed by", unit: signed, none: "nobody"},

	{at: "routing", shape: group},
	{at: "routing.ownerFirst", label: "owner first", unit: orDefault(plain, "Ignore"), none: "Ignore"},
	{at: "routing.onBreach", label: "on breach", unit: orDefault(plain, "Keep"), none: "Keep"},
	{at: "routing.unroutable", shape: group},
	{at: "routing.unroutable.policy", label: "what no pool can take", unit: orDefault(plain, "Hold"), none: "Hold"},
	{at: "routing.unroutable.pool", label: "pool for what no pool can take", unit: plain, none: "none"},
	{at: "routing.pools", shape: ordered, noun: "pool", label: "pools", moved: tried},
	{at: "routing.pools[].when", label: "when", unit: expression, none: "every lead"},
	{at: "routing.pools[].strategy", label: "strategy", unit: orDefault(plain, "RoundRobin"), none: "RoundRobin"},
	{at: "routing.pools[].members", shape: keyed, key: "rep", noun: "rep"},
	{at: "routing.pools[].members[].weight", label: "weight", unit: orDefault(plain, "1"), none: "1"},
	{at: "routing.pools[].members[].capacity", label: "capacity", unit: plain, none: "no limit"},
	{at: "routing.pools[].members[].away", label: "away", unit: spans, none: "never"},
	{at: "ingest", shape: group},
	{at: "ingest.tokenSecretRef", shape: group},
	{at: "ingest.tokenSecretRef.name", label: "Secret of the ingest token", unit: plain},
	{at: "ledger", shape: group},
	{at: "ledger.secretRef", shape: group},
	{at: "ledger.secretRef.name", label: "Secret of the ledger", unit: plain},
	{at: "ledger.tenant", label: "ledger tenant", unit: plain, neither: "refused: the tenant is immutable"},
	{at: "workers", shape: group},
	{at: "workers.scoring", shape: group},
	{at: "workers.scoring.replicas", label: "scoring workers", unit: plain, none: "not set"},
	{at: "workers.scoring.resources", shape: group},
	{at: "workers.routing", shape: group},
	{at: "workers.routing.replicas", label: "routing workers", unit: plain, none: "not set"},
	{at: "workers.routing.resources", shape: group},
	{at: "workers.tracing", shape: group},
	{at: "workers.tracing.endpoint", label: "traces go to", unit: plain, none: "nowhere"},
	{at: "workers.tracing.samplePercent", label: "requests traced", unit: percent, none: standard(100)},
	{at: "retention", shape: group},
	{at: "retention.events", label: "events are kept", unit: plain, none: "for ever", neither: "what is counted stays"},
}, crmWords...)}

const (
	both     = "both"
	unsigned = "both sign it anew"
)

// severe misses are those that a party's clause fell short by far: they escalate at once.
func severe(party string) effects {
	return effects{party, "more misses go to level 2 at once", "fewer misses go to level 2 at once"}
}

func standard(n int) string { return strconv.Itoa(n) + byDefault }

func rate(n int) string { return strconv.Itoa(n) + "%" + byDefault }

// signedOfContract: terms but for the names of exceptions, and definitionRef.
func signedOfContract(pattern string) bool {
	return under(pattern, "terms", "definitionRef") && pattern != "terms.calendar.exceptions[].name"
}

var cadenceVocabulary = vocabulary{signed: func(string) bool { return false }, words: []word{
	{at: "contractRef", shape: group},
	{at: "contractRef.name", label: "contract", unit: plain},
	{at: "reviews", shape: keyed, noun: "review"},
	{at: "reviews[].type", label: "type", unit: plain},
	{at: "reviews[].schedule", label: "schedule", unit: plain},
	{at: "reviews[].owner", label: "owner", unit: plain},
	{at: "reviews[].heldWithin", label: "held within", unit: wall, none: "the time that its type has"},
	{at: "publish", shape: group},
	{at: "publish.notify", label: "reports sent to", unit: orDefault(plain, "None"), none: "nobody"},
	{at: "records", shape: keyed, key: "review/period", noun: "record"},
	{at: "records[].held", label: "held", unit: plain},
	{at: "records[].by", label: "by", unit: names},
	{at: "records[].decisions", label: "decisions", unit: plain},
	{at: "records[].actions", label: "actions", unit: plain},
	{at: "historyLimit", label: "reports kept", unit: orDefault(plain, "26"), none: "26"},
}}

// exceptionPresence: a day on which the business is closed stops Sales' clocks.
func exceptionPresence(q question) verdict {
	if q.entry()["shifts"] != nil {
		return verdict{effect: "business time of that day"}
	}
	closed := effects{sales, "business clocks run that day", "business clocks stand still that day"}
	if q.kind == Removed {
		return closed.of(Stricter)
	}
	return closed.of(Looser)
}
