// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// sampleOf is what the reports of every kind share: the contract, who answers for it, and 26 weeks up to the end of the period.
func sampleOf(kind Kind, period sla.Period, review, owner, generated string) Facts {
	return Facts{
		Kind: kind, Contract: "revenue/mid-market", Cadence: "mid-market", Review: review, Owner: owner, Period: period, Zone: "America/New_York",
		GeneratedAt: at(generated), MinimumSample: 5,
		Parties: Parties{
			Marketing: Contact{"VP Marketing", "marketing@acme.example"}, Sales: Contact{"VP Sales", "sales@acme.example"},
			Executive: &Contact{"CRO", "cro@acme.example"},
		},
		Revisions: []Revision{{
			Definition: "mid-market-9f2c41d0", Terms: "mid-market-terms-77ab01c2", Since: at("2027-01-01T05:00:00Z"),
			DefinitionDigest: "v1:sha256:9f2c41d0", TermsDigest: "v1:sha256:77ab01c2",
		}},
		Ratification: Ratification{Currency: "Current", Signed: at("2027-01-04T15:00:00Z"), Quarter: "2027-Q2", Due: at("2027-04-26T14:00:00Z")},
	}
}

// shareRow of a clause in a week.
func shareRow(week sla.Period, clause sla.Clause, tier string, target, met, total int64) Row {
	row := Row{
		Clause: clause, Tier: tier, Party: clause.Party(), Period: week, Met: met, Total: total, Actual: rateOf(met, total).String(),
		Target: fmt.Sprintf("%d%%", target), EnforcedBy: clause.EnforcedBy() + " (crm: " + string(clause) + "At)", Review: "Weekly",
		Enforcement: sla.Enforce, Verdict: sla.VerdictMet, Indicator: sla.Green,
	}
	switch {
	case total < 5:
		row.Verdict, row.Indicator = sla.VerdictInsufficientData, sla.Grey
	case 100*met < (target-10)*total:
		row.Verdict, row.Indicator = sla.VerdictMissed, sla.Red
	case 100*met < target*total:
		row.Verdict, row.Indicator = sla.VerdictMissed, sla.Yellow
	}
	return row
}

// sampleWeek is the i-th week of 2027: first contact of high intent falls short in the weeks 2 and 3 and from 9 to 11.
func sampleWeek(i int) Week {
	week := sla.Period(fmt.Sprintf("2027-W%02d", i))
	short := map[int]int64{2: 9, 3: 23, 9: 14, 10: 12, 11: 8}[i]
	high := shareRow(week, sla.ClauseFirstContact, "High", 90, 118-short-int64(i%3), 120)
	high.Contacted = 116
	high.Times = &Times{Leads: 116, Within5m: 97 - short/2, Within15m: 109 - short/2, MedianSeconds: 168, P90Seconds: 1260 + 60*short}
	volume := Row{
		Clause: sla.ClauseVolume, Party: sla.PartyMarketing, Period: week, Indicator: sla.Yellow, Verdict: sla.VerdictAtRisk,
		Met: int64(88 + i), Total: 133,
		Actual: fmt.Sprintf("%d of 133 MQLs", 88+i), Target: "133 MQLs a month", EnforcedBy: sla.ClauseVolume.EnforcedBy(), Review: "Monthly",
	}
	disposition := shareRow(week, sla.ClauseDisposition, "", 95, 2, 3)
	disposition.Open, disposition.AtRisk = 60, 7
	waived := shareRow(week, sla.ClauseFollowUp, "", 90, 30, 40)
	if i == 3 {
		waived.Verdict, waived.Indicator, waived.Waiver = sla.VerdictWaived, sla.Grey, "crm-migration"
	}
	return Week{Period: week, Rows: []Row{
		volume, shareRow(week, sla.ClauseCompleteness, "", 100, 96+int64(i%5), 100), shareRow(week, sla.ClauseDelivery, "", 99, 90, 90),
		shareRow(week, sla.ClauseAcceptance, "", 90, 76+int64(i), 90), high, shareRow(week, sla.ClauseFirstContact, "Standard", 90, 40, 41),
		waived, disposition, shareRow(week, sla.ClauseRejection, "", 100, 1+int64(i%9), 10),
	}}
}

func sampleWeeks(last int) []Week {
	var all []Week
	for i := 1; i <= last; i++ {
		all = append(all, sampleWeek(i))
	}
	return all
}

// firstContactMiss is mostly with one rep and from one source, at night.
func firstContactMiss() Miss {
	m := Miss{
		Clause: sla.ClauseFirstContact, Tier: "High", Missed: 23, NobodyAvailable: 9, OutsideHours: 14, Reassigned: 3, LoggedLate: 2, NeverDone: 4,
		Reps:    []Share{{"rep-1@acme.example", 55, 3}, {"rep-2@acme.example", 13, 17}, {"rep-3@acme.example", 29, 3}},
		Sources: []Share{{"webinar", 20, 6}, {"paid-search", 47, 12}, {"referral", 30, 5}},
	}
	for i := range 14 {
		m.Worst = append(m.Worst, LateLead{
			Lead: fmt.Sprintf("lead-%03d", 100+i), LateSeconds: int64(i%7) * 3660, Open: i == 6,
			Rep: fmt.Sprintf("rep-%d@acme.example", 1+i%3), Source: "paid-search",
		})
	}
	return m
}

func sampleFeedback() Feedback {
	return Feedback{
		Due: 15, Given: 9, Categories: []Tally{{"Timing", 4}, {"Fit", 6}, {"Data", 1}}, Ratings: []Tally{{"3", 2}, {"1", 2}, {"5", 1}, {"2", 4}},
		Sources: []Tally{{"paid-search", 5}, {"", 1}},
		Examples: []FeedbackExample{
			{Lead: "lead-211", Rating: 1, Categories: []string{"Fit", "Data"}, Source: "paid-search", Reason: "NotICP"},
			{Lead: "lead-208", Rating: 2, Categories: []string{"Timing"}, Source: "webinar", Reason: "BadTiming"},
			{Lead: "lead-219", Categories: []string{"Fit"}},
		},
	}
}

func weekly() Facts {
	f := sampleOf(Operational, "2027-W03", "weekly", "RevOps", "2027-01-25T14:00:07Z")
	f.Weeks = sampleWeeks(3)
	f.Scorecard = worstRows(f.Weeks[2].Rows)
	for i, r := range f.Scorecard {
		if r.Tier == "High" {
			f.Scorecard[i].MissedWeeks = 2
		}
	}
	f.Revisions = append(f.Revisions, Revision{
		Definition: "mid-market-1c0ffee5", Terms: "mid-market-terms-77ab01c2", Since: at("2027-01-20T17:30:00Z"),
		DefinitionDigest: "v1:sha256:1c0ffee5", TermsDigest: "v1:sha256:77ab01c2",
	})
	f.Calendar = []Day{{"2027-01-22", "open 09:00 to 12:00", "Half day*"}, {"2027-01-18", "closed", "Martin Luther King Jr. Day"}}
	f.Escalations = []Escalation{{
		Clause: "firstContact", Level: 2, Since: at("2027-01-18T05:00:00Z"), LevelSince: at("2027-01-25T05:00:00Z"),
		Owners: []string{"VP Marketing", "VP Sales"}, Reason: "missed 2 weeks in a row: 79% (95 of 120), target 90%", Due: at("2027-02-08T05:00:00Z"),
		Clears: "one week that meets its target",
	}}
	f.Steps = []Step{
		{Clause: "firstContact", Level: 2, At: at("2027-01-25T05:00:00Z"), Reason: "missed 2 weeks in a row: 79% (95 of 120), target 90%"},
		{Clause: "delivery", Level: 0, At: at("2027-01-25T05:00:00Z"), Reason: "met in 2027-W03"},
	}
	f.Waivers = []Waiver{
		{
			Name: "crm-migration", Clause: sla.ClauseFollowUp, From: "2027-01-18", To: "2027-01-22",
			Reason: "CRM migration", Signed: at("2027-01-20T10:00:00Z"),
		},
		{Name: "one-sided", Clause: sla.ClauseDelivery, From: "2027-01-18", To: "2027-01-19", Reason: "a router was replaced"},
	}
	f.Plans = []Plan{
		{
			Name: "emea-nights", Clause: sla.ClauseFirstContact, Cause: "Process", Owner: "RevOps",
			Plan: "route the night shift of EMEA to Madrid", Due: "2027-02-01",
		},
		{Name: "late-one", Clause: sla.ClauseAcceptance, Owner: "VP Sales", Plan: "answer in the tool", Due: "2027-01-20"},
	}
	f.Reviews = []HeldReview{
		{Name: "weekly", Period: "2027-W03", Due: at("2027-01-29T14:00:00Z")},
		{
			Name: "weekly", Period: "2027-W02", Due: at("2027-01-22T14:00:00Z"), Held: "2027-01-21", By: []string{"Marketing", "Sales"},
			Decisions: []string{"the phone number is asked for on the demo form"},
			Actions: []Action{
				{What: "add the field to the form", Owner: "Marketing ops", Due: "2027-01-24"},
				{What: "tell the reps", Owner: "VP Sales", Done: "2027-01-22"},
			},
		},
	}
	f.Restatements = []Restatement{{
		Clause: sla.ClauseFirstContact, Tier: "High", Period: "2027-W01", At: at("2027-01-19T12:00:00Z"), WasMet: 110, WasMissed: 10, Met: 117, Missed: 3,
	}}
	f.Notes = []string{"Waiver one-sided has no effect: Marketing has not signed it."}
	f.Misses = []Miss{
		firstContactMiss(),
		{Clause: sla.ClauseCompleteness, Missed: 1, MissingFields: []Tally{{"phone", 1}}, Worst: []LateLead{{Lead: "lead|with`marks_and<b>"}}},
	}
	f.Flow = Flow{Captured: 410, MQLs: 30, Held: 4, Accepted: 25, Recycled: 11, Disqualified: 2, SQLs: 14, Opportunities: 9, Won: 2, Lost: 1}
	f.Outcomes = []Outcome{
		{"Recycled", "", 3},
		{"Accepted", "AcceptAsSQL", 21},
		{"Recycled", "BadTiming", 5},
		{"Disqualified", "NotICP", 2},
		{"Recycled", "NoResponse", 3},
	}
	f.Feedback = sampleFeedback()
	return f
}

// worstRows are the worst first, as the judge gives them.
func worstRows(rows []Row) []Row {
	rank := map[sla.Indicator]int{sla.Red: 0, sla.Yellow: 1, sla.Grey: 2, sla.Green: 3}
	return ordered(rows, func(a, b Row) int { return rank[a.Indicator] - rank[b.Indicator] })
}

func sampleSegments() []Segment {
	return []Segment{
		{"source", "paid-search", 190, 95, 80, 51, 30, 5},
		{"source", "webinar", 120, 92, 15, 50, 40, 8},
		{"source", "referral", 60, 52, 5, 33, 25, 5},
		{"rep", "rep-1@acme.example", 140, 100, 33, 52, 38, 8},
		{"rep", "rep-2@acme.example", 110, 62, 37, 32, 22, 3},
		{"rep", "", 120, 77, 30, 50, 35, 7},
		{"path", "fit-and-engagement", 250, 140, 80, 74, 52, 9},
		{"path", "hand-raise", 120, 99, 20, 60, 43, 9},
		{"intent", "High", 150, 120, 20, 75, 55, 11},
		{"intent", "Standard", 220, 119, 80, 59, 40, 7},
	}
}

func sampleMonths() []Month {
	return []Month{
		{"2026-10", 1400, 133, 121, 88, 30, 44, 36, 8, 10},
		{"2026-11", 1350, 133, 118, 85, 29, 42, 35, 8, 9},
		{"2026-12", 1300, 133, 120, 86, 31, 43, 34, 7, 9},
		{"2027-01", 1250, 133, 128, 85, 33, 48, 36, 9, 10},
		{"2027-02", 1180, 133, 120, 78, 32, 44, 31, 6, 9},
		{"2027-03", 1120, 133, 122, 76, 35, 42, 28, 3, 6},
	}
}

func sampleFunnel() *Funnel {
	return &Funnel{BookingsPerMonth: 500_000, AverageDealSize: 50_000, CloseRatePercent: "25", MQLToOpportunityPercent: "30", Target: 133}
}

func monthly() Facts {
	f := sampleOf(Performance, "2027-03", "monthly", "Both teams", "2027-04-01T14:00:00Z")
	f.Weeks = sampleWeeks(12)
	f.Scorecard = worstRows(f.Weeks[11].Rows)
	for i, r := range f.Scorecard {
		if r.Clause == sla.ClauseFollowUp || r.Clause == sla.ClauseRejection {
			f.Scorecard[i].MissedWeeks = 3
		}
	}
	f.Flow = Flow{Captured: 1120, MQLs: 122, Held: 6, Accepted: 80, Recycled: 28, Disqualified: 9, SQLs: 40, Opportunities: 30, Won: 8, Lost: 7}
	f.Outcomes = []Outcome{
		{"Accepted", "AcceptAsSQL", 80},
		{"Recycled", "BadTiming", 12},
		{"Recycled", "NoResponse", 11},
		{"Recycled", "", 5},
		{"Disqualified", "NotICP", 9},
	}
	f.Contests = Contests{Opened: 4, Upheld: 1, Overturned: 2, Open: 1, Reasons: []Tally{{"the account has a project", 3}, {"", 1}}}
	f.Feedback = sampleFeedback()
	f.Months, f.Funnel = sampleMonths(), sampleFunnel()
	f.Deals = &Deals{Currency: "USD", Open: 19, OpenValue: 960_000, Won: 3, WonValue: 155_000, WonPriced: 3, Lost: 6}
	f.Segments = sampleSegments()
	f.Misses = []Miss{
		{Clause: sla.ClauseRejection, Missed: 6, Reps: []Share{{"rep-1@acme.example", 4, 1}, {"rep-2@acme.example", 0, 5}}},
		{Clause: sla.ClauseFollowUp, Missed: 10},
	}
	f.Advice = []string{"Two escalations of level 3 within a quarter: the terms themselves may need to be negotiated again."}
	return f
}

func quarterly() Facts {
	f := monthly()
	g := sampleOf(Strategic, "2027-Q1", "quarterly", "Leadership", "2027-04-05T14:00:00Z")
	f.Kind, f.Period, f.Review, f.Owner, f.GeneratedAt = g.Kind, g.Period, g.Review, g.Owner, g.GeneratedAt
	f.Deals = &Deals{Currency: "USD", Open: 52, OpenValue: 2_600_000, Won: 18, WonValue: 972_000, WonPriced: 17, Lost: 25}
	f.Escalations = []Escalation{{
		Clause: "terms", Level: 3, Since: at("2027-03-10T14:00:00Z"), LevelSince: at("2027-03-10T14:00:00Z"), Owners: []string{"CRO"},
		Reason: "disputed by Sales: the volume target assumes a 30% conversion", Clears: "a decision of the executive",
	}}
	f.Steps = []Step{
		{Clause: "firstContact", Level: 3, At: at("2027-03-22T04:00:00Z"), Reason: "level 2 for 2 weeks without a week that met its target"},
		{Clause: "terms", Level: 3, At: at("2027-03-10T14:00:00Z"), Reason: "disputed by Sales: the volume target assumes a 30% conversion"},
	}
	f.Ratification.Currency = "Due"
	f.Reviews = []HeldReview{
		{Name: "quarterly", Period: "2027-Q1", Due: at("2027-04-26T14:00:00Z")},
		{Name: "monthly", Period: "2027-01", Due: at("2027-02-11T15:00:00Z"), Held: "2027-02-04", By: []string{"Marketing", "Sales"}},
		{Name: "monthly", Period: "2027-02", Due: at("2027-03-11T15:00:00Z")},
	}
	s := &Scores{Max: 100, Paths: []ScorePath{{"hand-raise", 0}, {"fit-and-engagement", 65}}}
	for i := range int64(8) {
		score := 65 + 5*i
		s.MQLs = append(s.MQLs, Scored{Path: "fit-and-engagement", Score: score, MQLs: 45 - 3*i, Accepted: 16 + i, Opportunities: i * i / 3, Won: i / 2})
	}
	s.MQLs = append(s.MQLs, Scored{"hand-raise", 20, 40, 30, 8, 2}, Scored{"hand-raise", 55, 80, 69, 35, 7})
	s.Near = []Tally{{"60", 51}, {"64", 12}, {"47", 130}, {"55", 77}, {"9", 400}}
	f.Scores = s
	f.Proposal = &Proposal{
		Changes: []string{"marketing.volume: from 133 to 120 MQLs a month", "path fit-and-engagement: threshold from 65 to 70"},
		Command: "kubectl sla lint -f next.yaml && kubectl apply --dry-run=server -f next.yaml",
		Manifests: "apiVersion: sla.handoff.dev/v1alpha1\nkind: SLAContract\nmetadata:\n  name: mid-market\n  namespace: revenue\n" +
			"spec:\n  terms:\n    effectiveFrom: \"2027-04-01T04:00:00Z\"\n",
	}
	return f
}

// empty is a week in which nothing happened.
func empty() Facts {
	return sampleOf(Operational, "2027-W05", "weekly", "RevOps", "2027-02-08T14:00:00Z")
}
