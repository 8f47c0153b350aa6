// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
)

// fullTerms names every clause.
func fullTerms() Terms {
	return Terms{
		Definition: "mid-market",
		Parties: Parties{
			Marketing: Contact{Owner: "VP Marketing", Contact: "marketing@acme.example"},
			Sales:     Contact{Owner: "VP Sales"},
		},
		Calendar: workdays(newYork),
		Funnel:   &Funnel{BookingsPerMonth: 500000, AverageDealSize: 50000, CloseRatePercent: "25", MQLToOpportunityPercent: "30"},
		Marketing: &Marketing{
			Volume:       &Volume{FromFunnel: true},
			Completeness: &Share{TargetPercent: 100},
			Score:        &Share{TargetPercent: 100},
			Delivery:     &Delivery{Within: 5 * time.Minute, TargetPercent: 99},
		},
		Sales: &Sales{
			FirstContact: &FirstContact{TargetPercent: 90, Tiers: []Tier{
				{Intent: "High", Within: 5 * time.Minute, OutsideHours: time.Hour},
				{Intent: "Standard", Within: 8 * time.Hour},
			}},
			Disposition: &Disposition{Within: 16 * 24 * time.Hour, TargetPercent: 95},
			Rejection:   &Share{TargetPercent: 100},
		},
	}
}

func compiled(t *testing.T, terms Terms) *Compiled {
	t.Helper()
	c, err := Compile(terms)
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return c
}

func TestCompile(t *testing.T) {
	c := compiled(t, fullTerms())
	if c.VolumeTarget() != 133 {
		t.Errorf("VolumeTarget = %d, want 133", c.VolumeTarget())
	}
	if got := c.Hours().Location().String(); got != newYork {
		t.Errorf("Hours in %s", got)
	}
	if diff := cmp.Diff(fullTerms(), c.Terms()); diff != "" {
		t.Errorf("Terms changed (-want +got):\n%s", diff)
	}
	stated := fullTerms()
	stated.Marketing.Volume = &Volume{MQLsPerMonth: 120}
	if got := compiled(t, stated).VolumeTarget(); got != 120 {
		t.Errorf("stated VolumeTarget = %d, want 120", got)
	}
	if got := compiled(t, Terms{Calendar: workdays("UTC")}).VolumeTarget(); got != 0 {
		t.Errorf("VolumeTarget without a volume clause = %d", got)
	}
}

func TestCompileProblems(t *testing.T) {
	number := func(n int) *int { return &n }
	cases := map[string]struct {
		change func(*Terms)
		where  []string
	}{
		"time zone":                {func(x *Terms) { x.Calendar.TimeZone = "Mars" }, []string{"terms.calendar.timeZone"}},
		"sample of none":           {func(x *Terms) { x.MinimumSample = number(0) }, []string{"terms.minimumSample"}},
		"yellow":                   {func(x *Terms) { x.YellowWithin = number(101) }, []string{"terms.yellowWithin"}},
		"warn":                     {func(x *Terms) { x.WarnAtPercent = number(0) }, []string{"terms.warnAtPercent"}},
		"volume without funnel":    {func(x *Terms) { x.Funnel = nil }, []string{"terms.marketing.volume.from"}},
		"volume from nowhere":      {func(x *Terms) { x.Marketing.Volume = &Volume{} }, []string{"terms.marketing.volume"}},
		"volume from both":         {func(x *Terms) { x.Marketing.Volume.MQLsPerMonth = 5 }, []string{"terms.marketing.volume"}},
		"negative volume":          {func(x *Terms) { x.Marketing.Volume = &Volume{MQLsPerMonth: -1} }, []string{"terms.marketing.volume.mqlsPerMonth"}},
		"bad funnel is said once":  {func(x *Terms) { x.Funnel.CloseRatePercent = "0" }, []string{"terms.funnel.closeRatePercent"}},
		"unused funnel is checked": {func(x *Terms) { x.Marketing, x.Funnel.AverageDealSize = nil, 0 }, []string{"terms.funnel.averageDealSize"}},
		"targets": {func(x *Terms) {
			x.Marketing.Completeness.TargetPercent, x.Marketing.Score.TargetPercent, x.Marketing.Delivery.TargetPercent = 101, -1, 101
			x.Sales.FirstContact.TargetPercent, x.Sales.Disposition.TargetPercent, x.Sales.Rejection.TargetPercent = 101, -1, 101
		}, []string{
			"terms.marketing.completeness.targetPercent", "terms.marketing.score.targetPercent", "terms.marketing.delivery.targetPercent",
			"terms.sales.firstContact.targetPercent", "terms.sales.disposition.targetPercent", "terms.sales.rejection.targetPercent",
		}},
		"windows": {
			func(x *Terms) { x.Marketing.Delivery.Within, x.Sales.Disposition.Within = 0, -1 },
			[]string{"terms.marketing.delivery.within", "terms.sales.disposition.within"},
		},
		"targets of persistence": {func(x *Terms) {
			x.Sales.Acceptance = &Acceptance{Within: time.Hour, TargetPercent: 101}
			x.Sales.FollowUp, x.Sales.Feedback = persistent(0, 0), &Share{TargetPercent: -1}
			x.Sales.FollowUp.TargetPercent = 101
		}, []string{"terms.sales.acceptance.targetPercent", "terms.sales.followUp.targetPercent", "terms.sales.feedback.targetPercent"}},
		"windows of persistence": {func(x *Terms) {
			x.Sales.Acceptance, x.Sales.FollowUp = &Acceptance{}, persistent(0, 0)
			x.Sales.FollowUp.Within = 0
		}, []string{"terms.sales.acceptance.within", "terms.sales.followUp.within"}},
		"no attempts":       {func(x *Terms) { x.Sales.FollowUp = persistent(0, 0); x.Sales.FollowUp.Attempts = 0 }, []string{"terms.sales.followUp.attempts"}},
		"too many attempts": {func(x *Terms) { x.Sales.FollowUp = persistent(0, 0); x.Sales.FollowUp.Attempts = 51 }, []string{"terms.sales.followUp.attempts"}},
		"too many channels": {func(x *Terms) { x.Sales.FollowUp = persistent(0, 6) }, []string{"terms.sales.followUp.channels"}},
		"a channel an attempt at most": {
			func(x *Terms) { x.Sales.FollowUp = persistent(0, 3); x.Sales.FollowUp.Attempts = 2 }, []string{"terms.sales.followUp.channels"},
		},
		"a span below zero":          {func(x *Terms) { x.Sales.FollowUp = persistent(-1, 0) }, []string{"terms.sales.followUp.minSpan"}},
		"a span of the whole window": {func(x *Terms) { x.Sales.FollowUp = persistent(14*24*time.Hour, 0) }, []string{"terms.sales.followUp.minSpan"}},
		"a span of one attempt":      {func(x *Terms) { x.Sales.FollowUp = persistent(time.Hour, 0); x.Sales.FollowUp.Attempts = 1 }, []string{"terms.sales.followUp.minSpan"}},
		"mechanism":                  {func(x *Terms) { x.Marketing.Delivery.Mechanism = "Pigeon" }, []string{"terms.marketing.delivery.mechanism"}},
		"no tiers":                   {func(x *Terms) { x.Sales.FirstContact.Tiers = nil }, []string{"terms.sales.firstContact.tiers"}},
		"duplicate tiers":            {func(x *Terms) { x.Sales.FirstContact.Tiers[1].Intent = "High" }, []string{"terms.sales.firstContact.tiers[1].intent"}},
		"tier": {func(x *Terms) { x.Sales.FirstContact.Tiers[0] = Tier{OutsideHours: -time.Hour} }, []string{
			"terms.sales.firstContact.tiers[0].intent", "terms.sales.firstContact.tiers[0].within", "terms.sales.firstContact.tiers[0].outsideHours",
		}},
		"governance": {func(x *Terms) {
			x.Governance, x.Enforcement = Governance{"Optional", "Yearly"}, "Block"
			x.Escalation, x.Parties.Executive = Escalation{-1, 27}, &Contact{Contact: "cro@acme.example"}
		}, []string{
			"terms.escalation.level2.consecutiveMisses", "terms.escalation.level3.unresolvedWeeks", "terms.enforcement",
			"terms.governance.reviewsHeld", "terms.governance.definitionRefresh", "terms.parties.executive.owner",
		}},
		"severe beyond a share": {
			severe(101, -1), []string{"terms.marketing.volume.severeBelowPercent", "terms.sales.firstContact.severeBelowContactedPercent"},
		},
		"severe above the target": {severe(100, 91), []string{"terms.sales.firstContact.severeBelowContactedPercent"}},
		"a window beyond the calendar": {func(x *Terms) {
			x.Calendar.Hours = []WeekHours{{Days: []string{"Mon"}, Shifts: []Shift{{"09:00", "09:01"}}}}
			x.Sales.FirstContact.Tiers[1].Within = 9 * time.Hour
		}, []string{"terms.sales.firstContact.tiers[1].within"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			terms := fullTerms()
			tc.change(&terms)
			c, err := Compile(terms)
			if diff := cmp.Diff(tc.where, whereOf(t, err)); diff != "" || c != nil {
				t.Errorf("problems (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

// severe sets what is missed by far.
func severe(volume, contacted int) func(*Terms) {
	return func(x *Terms) {
		x.Marketing.Volume.SevereBelowPercent, x.Sales.FirstContact.SevereBelowContactedPercent = &volume, &contacted
	}
}

// What terms say of their governance, and what holds where they say nothing.
func TestGovernanceOfTerms(t *testing.T) {
	silent, said := fullTerms(), fullTerms()
	severe(60, 40)(&said)
	said.Escalation, said.Enforcement = Escalation{3, 4}, Observe
	for name, tc := range map[string]struct {
		terms Terms
		want  [4]int64
		mode  Mode
	}{
		"silent": {silent, [4]int64{70, 50, 2, 2}, Enforce},
		"said":   {said, [4]int64{60, 40, 3, 4}, Observe},
		"none":   {Terms{Calendar: workdays("UTC")}, [4]int64{70, 50, 2, 2}, Enforce},
	} {
		c := compiled(t, tc.terms)
		got := [4]int64{c.SevereVolumePercent(), c.SevereContactedPercent(), int64(c.ConsecutiveMisses()), int64(c.UnresolvedWeeks())}
		if got != tc.want {
			t.Errorf("%s: severe below %d%% and %d%%, level 2 after %d misses, level 3 after %d weeks; want %v", name, got[0], got[1], got[2], got[3], tc.want)
		}
		for _, clause := range Clauses {
			want := map[Clause]Mode{ClauseScore: Enforce, ClauseCompleteness: tc.mode, ClauseRejection: tc.mode, ClauseFollowUp: tc.mode}[clause]
			if mode := c.Enforcement(clause); mode != want {
				t.Errorf("%s: %s is enforced by %q, want %q", name, clause, mode, want)
			}
		}
	}
	reviews := map[Clause]string{ClauseVolume: ReviewMonthly, ClauseScore: ReviewMonthly, ClauseDefinitionRefresh: ReviewQuarterly, "other": ""}
	for _, clause := range append(Clauses, "other") {
		want, special := reviews[clause]
		if !special {
			want = ReviewWeekly
		}
		if got := clause.Review(); got != want {
			t.Errorf("%s is reviewed %q, want %q", clause, got, want)
		}
	}
}

func TestProblemsRead(t *testing.T) {
	terms := fullTerms()
	terms.Calendar.TimeZone, terms.Funnel = "", nil
	_, err := Compile(terms)
	const want = `terms.calendar.timeZone: "" is no time zone; write an IANA name such as America/New_York; ` +
		`terms.marketing.volume.from: the terms have no funnel; write terms.funnel or state mqlsPerMonth`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v\nwant    %s", err, want)
	}
}

func TestFunnelTarget(t *testing.T) {
	cases := map[string]struct {
		funnel Funnel
		want   int
	}{
		"the article's":      {Funnel{500000, 50000, "25", "30"}, 133},
		"half goes up":       {Funnel{5, 2, "100", "100"}, 3},
		"below half":         {Funnel{249, 100, "100", "100"}, 2},
		"decimal rates":      {Funnel{100000, 10000, "12.5", "10.5"}, 762},
		"exactly, not about": {Funnel{3, 1, "0.1", "100"}, 3000},
		"at least one":       {Funnel{1, 1000000, "100", "100"}, 1},
		"leading zero":       {Funnel{100, 1, "050", "100"}, 200},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got, err := tc.funnel.Steps(); err != nil || got.MQLs != tc.want {
				t.Errorf("Steps = %d, %v; want %d", got.MQLs, err, tc.want)
			}
		})
	}
	for _, rate := range []string{"", "0", "0.0", "100.1", "101", "-5", "+5", "1/3", "1e1", " 5", "5%", ".5", "5.", "0x10", "1_0", "Inf"} {
		_, err := Funnel{100, 1, rate, "50"}.Steps()
		if diff := cmp.Diff([]string{"terms.funnel.closeRatePercent"}, whereOf(t, err)); diff != "" {
			t.Errorf("rate %q: %s", rate, diff)
		}
	}
	_, err := Funnel{0, -1, "x", "y"}.Steps()
	if got := whereOf(t, err); len(got) != 4 {
		t.Errorf("all four fields are wrong, got %v", got)
	}
	_, err = Funnel{1_000_000_000_000, 1, "0.001", "0.001"}.Steps()
	if diff := cmp.Diff([]string{"terms.funnel"}, whereOf(t, err)); diff != "" {
		t.Errorf("an absurd target: %s", diff)
	}
}

func TestFits(t *testing.T) {
	codes := []lead.Disposition{{Name: "NotICP", Outcome: lead.Disqualified}}
	both := []lead.Intent{{Name: "High", When: "true"}, {Name: "Standard"}}
	standard := fullTerms()
	standard.Sales.FirstContact.Tiers = standard.Sales.FirstContact.Tiers[1:]
	feedback := Terms{Calendar: workdays("UTC"), Sales: &Sales{Feedback: &Share{TargetPercent: 50}}}
	cases := map[string]struct {
		terms      Terms
		definition lead.Definition
		misfits    int
	}{
		"fits":                               {fullTerms(), lead.Definition{Intents: both, Dispositions: codes}, 0},
		"an intent is missing":               {fullTerms(), lead.Definition{Intents: both[1:], Dispositions: codes}, 1},
		"without intents all are Standard":   {standard, lead.Definition{Dispositions: codes}, 0},
		"no code for a rejection":            {standard, lead.Definition{Dispositions: []lead.Disposition{{Name: "Yes", Outcome: lead.Accepted}}}, 1},
		"no code for feedback":               {feedback, lead.Definition{Dispositions: []lead.Disposition{{Name: "Yes", Outcome: lead.Accepted}}}, 1},
		"a cadence that the terms have":      {persistentTerms(), lead.Definition{Intents: both, Dispositions: matrix}, 0},
		"a cadence that the terms lack":      {fullTerms(), lead.Definition{Intents: both, Dispositions: matrix}, 1},
		"both":                               {fullTerms(), lead.Definition{}, 2},
		"terms without sales fit everything": {Terms{Calendar: workdays("UTC")}, lead.Definition{}, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := compiled(t, tc.terms).Fits(tc.definition); len(got) != tc.misfits {
				t.Errorf("Fits = %q, want %d misfits", got, tc.misfits)
			}
		})
	}
}
