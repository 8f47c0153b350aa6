// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/review"
	"github.com/handoff-sla/handoff/internal/sla"
)

// The quarter is lived by leads of which each has a fate that follows from its number. What a report should say is added up from the fates, not from
// the ledger.
var (
	quarterGoesLive = time.Date(2026, 12, 28, 0, 0, 0, 0, time.UTC) // a Monday, in week 53
	quarterBegins   = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	quarterEnds     = time.Date(2027, 4, 1, 0, 0, 0, 0, time.UTC)
	quarterReported = time.Date(2027, 4, 5, 10, 0, 0, 0, time.UTC) // a Monday
)

const quarterLeads = 240

type fate struct {
	id       string
	at       time.Time
	source   string
	rep      string
	high     bool // it looked at the prices first: 45 points, and High
	late     bool // sales touched it after the deadline
	accepted bool
	sql      bool
	deal     lead.DealState // empty: none
	amount   int64
	reason   string // of a rejection
	rating   int    // of its feedback
}

// fates of the leads: one each nine hours or so, from the first day of the quarter to its last but two.
func fates() []fate {
	all := make([]fate, quarterLeads)
	for i := range all {
		f := fate{
			id: fmt.Sprintf("lead-%03d", i), at: quarterBegins.Add(time.Hour + time.Duration(i)*528*time.Minute),
			source: []string{"ads", "events", "organic"}[i%3], rep: []string{"rep-1", "rep-2"}[i%2], high: i%4 == 0, late: i%7 == 0,
		}
		switch i % 6 {
		case 0:
			f.reason, f.rating = "BadTiming", 1+i%5
		case 1:
			f.accepted, f.sql, f.deal, f.amount = true, true, lead.DealWon, int64(1000+i)
		case 2:
			f.accepted, f.sql, f.deal, f.amount = true, true, lead.DealLost, 700
		case 3:
			f.accepted, f.deal, f.amount = true, lead.DealOpen, 500
		case 4:
			f.accepted = true
		default: // nothing came of it
		}
		all[i] = f
	}
	return all
}

func (f fate) events() []ledger.Entry {
	properties := map[string]any{"company": "acme", "numberofemployees": float64(300), "hs_analytics_source": f.source}
	var all []ledger.Entry
	if f.high {
		all = append(all, pricing(f.id, f.at.Add(-time.Minute)))
	}
	touched := f.at.Add(time.Minute)
	if f.late {
		touched = f.at.Add(9 * time.Hour) // later than either window
	}
	all = append(all, captured(f.id, f.at, properties), assigned(f.id, f.rep, f.at), touch(f.id, touched))
	then := f.at.Add(10 * time.Hour)
	if f.accepted {
		all = append(all, ledger.Entry{Lead: f.id, Kind: lead.KindAccepted, Time: then, Data: ledger.Data{By: f.rep}})
	}
	if f.sql {
		all = append(all, told(f.id, then.Add(time.Hour), map[string]any{"budget": true, "timelineDays": 30.0}))
	}
	if f.deal != "" {
		deal := ledger.Data{Opportunity: "deal-" + f.id, State: lead.DealOpen, Amount: float64(f.amount), Currency: "USD"}
		all = append(all, ledger.Entry{Lead: f.id, Kind: lead.KindOpportunity, Time: then.Add(2 * time.Hour), Data: deal})
		if deal.State = f.deal; f.deal != lead.DealOpen {
			all = append(all, ledger.Entry{Lead: f.id, Kind: lead.KindOpportunity, Time: then.Add(3 * time.Hour), Data: deal})
		}
	}
	if f.reason != "" {
		e := disposed(f.id, f.reason, then)
		e.Resolved = ledger.Resolved{Outcome: lead.Recycled, Coded: true}
		all = append(all, e, ledger.Entry{Lead: f.id, Kind: lead.KindFeedback, Time: then.Add(time.Minute), Data: ledger.Data{
			Rating: f.rating, Categories: []string{"Timing"}, Comment: "asks for a budget next year", By: f.rep,
		}})
	}
	return all
}

func quarterBundle(b *bundle.Bundle) {
	b.Lead.Fields = append(b.Lead.Fields, lead.Field{Name: "origin", Type: lead.String, Property: "hs_analytics_source"})
	b.Lead.Paths = []lead.Path{{Name: "scored", Threshold: new(30)}}
	b.SLA.EffectiveFrom = quarterGoesLive
	b.SLA.Funnel = &sla.Funnel{BookingsPerMonth: 50000, AverageDealSize: 1000, CloseRatePercent: "50", MQLToOpportunityPercent: "50"}
}

// livedQuarter is a rig in which the quarter is over, with a lead from before and one from after it.
func livedQuarter(t *testing.T) *rig {
	t.Helper()
	r, clock := newClockRig(t, quarterGoesLive)
	r.inForce(bundleOf(1, byCRM, byBANT, quarterBundle))
	var all []ledger.Entry
	for _, f := range append(fates(),
		fate{id: "before", at: quarterBegins.Add(-30 * time.Hour), source: "ads", rep: "rep-1", accepted: true},
		fate{id: "after", at: quarterEnds.Add(2 * time.Hour), source: "ads", rep: "rep-1", accepted: true},
	) {
		all = append(all, f.events()...)
	}
	clock.Set(quarterReported)
	for part := range slices.Chunk(all, 400) {
		r.send(part...)
	}
	r.work(team("rep-1"))
	settle(t, r.breaches().Step)
	return r
}

func (r *rig) reviews(kind review.Kind, name string, s *shelf) *pipeline.Reviewing {
	return &pipeline.Reviewing{
		Review: name, Owner: "RevOps", Kind: kind, HistoryLimit: 26, Publish: true,
		Agreement: pipeline.Agreement{
			Contract: "revenue/mid-market", Cadence: "mid-market", Notices: true, Terms: []time.Time{quarterGoesLive}, Definition: []time.Time{quarterGoesLive},
			Propose: func(results review.Results, from time.Time) (*review.Proposal, error) {
				return &review.Proposal{Manifests: from.Format(time.DateOnly), Changes: []string{results.Result}}, nil
			},
		},
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Ledger: r.l, Reports: s, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func factsOf(t *testing.T, made ledger.Report) review.Facts {
	t.Helper()
	document, err := review.Open([]byte(made.JSON))
	if err != nil {
		t.Fatal(err)
	}
	return document.Facts()
}

// within are the fates of leads that became MQL from an instant up to another.
func within(from, to time.Time) []fate {
	return slices.DeleteFunc(fates(), func(f fate) bool { return f.at.Before(from) || !f.at.Before(to) })
}

// monthOf adds the fates up.
func monthOf(name sla.Period, all []fate) review.Month {
	m := review.Month{Month: name, Target: 100, Captured: int64(len(all)), MQLs: int64(len(all))}
	for _, f := range all {
		m.Accepted += one(f.accepted)
		m.Rejected += one(f.reason != "")
		// Who came to a deal was qualified, whether sales said so or not.
		m.SQLs += one(f.sql || f.deal != "")
		m.Opportunities += one(f.deal != "")
		m.Won += one(f.deal == lead.DealWon)
		m.Lost += one(f.deal == lead.DealLost)
	}
	return m
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

func segment(by, key string, all []fate) review.Segment {
	m := monthOf("", all)
	return review.Segment{
		By: by, Key: key, MQLs: m.MQLs, Accepted: m.Accepted, Rejected: m.Rejected, SQLs: m.SQLs, Opportunities: m.Opportunities, Won: m.Won,
	}
}

func only(all []fate, keep func(fate) bool) []fate {
	return slices.DeleteFunc(slices.Clone(all), func(f fate) bool { return !keep(f) })
}

func TestAQuarterIsReported(t *testing.T) {
	r := livedQuarter(t)
	january, february, march := quarterBegins, quarterBegins.AddDate(0, 1, 0), quarterBegins.AddDate(0, 2, 0)

	t.Run("quarter", func(t *testing.T) {
		var s shelf
		reviewing := r.reviews(review.Strategic, "quarterly", &s)
		if made, err := reviewing.Run(t.Context()); err != nil || made != 2 {
			t.Fatalf("%d reports, %v", made, err)
		}
		if diff := gocmp.Diff([]sla.Period{"2026-Q4", "2027-Q1"}, s.order); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
		f := factsOf(t, s.made["2027-Q1"])
		december := monthOf("2026-12", nil)
		december.Captured, december.MQLs, december.Accepted, december.Target = 1, 1, 1, 13 // 4 of 31 days
		want := []review.Month{
			december, monthOf("2027-01", within(january, february)), monthOf("2027-02", within(february, march)), monthOf("2027-03", within(march, quarterEnds)),
		}
		if diff := gocmp.Diff(want, f.Months); diff != "" {
			t.Errorf("months (-want +got):\n%s", diff)
		}
		all := fates()
		var segments []review.Segment
		for _, source := range []string{"ads", "events", "organic"} {
			segments = append(segments, segment("source", source, only(all, func(f fate) bool { return f.source == source })))
		}
		for _, rep := range []string{"rep-1", "rep-2"} {
			segments = append(segments, segment("rep", rep, only(all, func(f fate) bool { return f.rep == rep })))
		}
		segments = append(segments, segment("path", "scored", all),
			segment("intent", "High", only(all, func(f fate) bool { return f.high })), segment("intent", "Standard", only(all, func(f fate) bool { return !f.high })))
		byKey := cmpopts.SortSlices(func(a, b review.Segment) bool { return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.Key, b.Key)) < 0 })
		if diff := gocmp.Diff(segments, f.Segments, byKey); diff != "" {
			t.Errorf("segments (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(dealsOfFates(all), f.Deals); diff != "" {
			t.Errorf("deals (-want +got):\n%s", diff)
		}
		if diff := gocmp.Diff(scoresOfFates(all), f.Scores, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("scores (-want +got):\n%s", diff)
		}
		flow := monthOf("", all)
		wantFlow := review.Flow{
			Captured: flow.Captured, MQLs: flow.MQLs, Accepted: flow.Accepted, Recycled: flow.Rejected, SQLs: 80, Opportunities: flow.Opportunities,
			Won: flow.Won, Lost: flow.Lost,
		}
		if diff := gocmp.Diff(wantFlow, f.Flow); diff != "" {
			t.Errorf("flow (-want +got):\n%s", diff)
		}
		if f.Proposal == nil || f.Proposal.Manifests != "2027-07-01" {
			t.Errorf("proposal %+v, want one for the quarter that comes next", f.Proposal)
		}
		if old := factsOf(t, s.made["2026-Q4"]); old.Proposal != nil {
			t.Errorf("a quarter that is long over proposes %+v", old.Proposal)
		}
	})

	t.Run("months", func(t *testing.T) {
		var s shelf
		if made, err := r.reviews(review.Performance, "monthly", &s).Run(t.Context()); err != nil || made != 4 {
			t.Fatalf("%d reports, %v", made, err)
		}
		if diff := gocmp.Diff([]sla.Period{"2026-12", "2027-01", "2027-02", "2027-03"}, s.order); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
		f := factsOf(t, s.made["2027-02"])
		own := within(february, march)
		if diff := gocmp.Diff(monthOf("2027-02", own), f.Months[len(f.Months)-1]); diff != "" {
			t.Errorf("month (-want +got):\n%s", diff)
		}
		i := slices.IndexFunc(f.Scorecard, func(row review.Row) bool { return row.Clause == sla.ClauseVolume })
		if i < 0 {
			t.Fatalf("no volume in %+v", f.Scorecard)
		}
		if row := f.Scorecard[i]; row.Period != "2027-02" || row.Met != int64(len(own)) || row.Verdict != sla.VerdictMissed || row.Total != 100 {
			t.Errorf("volume of February: %+v", row)
		}
		if f.Proposal != nil || f.Scores != nil {
			t.Error("a month proposes nothing")
		}
	})

	t.Run("weeks", func(t *testing.T) {
		var s shelf
		if made, err := r.reviews(review.Operational, "weekly", &s).Run(t.Context()); err != nil || made != 14 {
			t.Fatalf("%d reports, %v", made, err)
		}
		f := factsOf(t, s.made["2027-W05"])
		from, to, err := sla.Period("2027-W05").Bounds(time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		// A clock counts in the week of its deadline.
		for tier, window := range map[string]time.Duration{"High": 5 * time.Minute, "Standard": 8 * time.Hour} {
			due := only(fates(), func(f fate) bool {
				at := f.at.Add(window)
				return f.high == (tier == "High") && !at.Before(from) && at.Before(to)
			})
			want := review.Miss{Clause: sla.ClauseFirstContact, Tier: tier}
			for _, key := range []string{"rep-1", "rep-2"} {
				want.Reps = addShare(want.Reps, key, only(due, func(f fate) bool { return f.rep == key }))
			}
			for _, key := range []string{"ads", "events", "organic"} {
				want.Sources = addShare(want.Sources, key, only(due, func(f fate) bool { return f.source == key }))
			}
			for _, f := range only(due, func(f fate) bool { return f.late }) {
				want.Missed++
				want.Worst = append(want.Worst, review.LateLead{Lead: f.id, LateSeconds: int64((9*time.Hour - window).Seconds()), Rep: f.rep, Source: f.source})
			}
			i := slices.IndexFunc(f.Misses, func(m review.Miss) bool { return m.Clause == sla.ClauseFirstContact && m.Tier == tier })
			if want.Missed == 0 && i < 0 {
				continue
			}
			if i < 0 {
				t.Errorf("%s: no miss, want %+v", tier, want)
				continue
			}
			if diff := gocmp.Diff(want, f.Misses[i], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tier, diff)
			}
		}
		own := within(from.Add(-10*time.Hour), to.Add(-10*time.Hour)) // whose outcome falls into the week
		rejected := only(own, func(f fate) bool { return f.reason != "" })
		if diff := gocmp.Diff([]review.Outcome{{Outcome: "Recycled", Reason: "BadTiming", Leads: int64(len(rejected))}}, f.Outcomes); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if f.Feedback.Due != int64(len(rejected)) || f.Feedback.Given != int64(len(rejected)) || len(f.Feedback.Examples) != len(rejected) {
			t.Errorf("feedback %+v, want that of %d", f.Feedback, len(rejected))
		}
		if len(f.Months) > 0 || f.Deals != nil {
			t.Error("a week has no months")
		}
	})
}

func addShare(all []review.Share, key string, of []fate) []review.Share {
	if len(of) == 0 {
		return all
	}
	s := review.Share{Key: key}
	for _, f := range of {
		s.Missed += one(f.late)
		s.Met += one(!f.late)
	}
	return append(all, s)
}

func dealsOfFates(all []fate) *review.Deals {
	d := &review.Deals{Currency: "USD"}
	for _, f := range all {
		switch f.deal {
		case lead.DealWon:
			d.Won, d.WonPriced, d.WonValue = d.Won+1, d.WonPriced+1, d.WonValue+f.amount
		case lead.DealLost:
			d.Lost++
		case lead.DealOpen:
			d.Open, d.OpenValue = d.Open+1, d.OpenValue+f.amount
		}
	}
	return d
}

func scoresOfFates(all []fate) *review.Scores {
	s := &review.Scores{Max: 100, Paths: []review.ScorePath{{Name: "scored", Threshold: 30}}}
	for _, band := range []struct {
		score int64
		high  bool
	}{{30, false}, {45, true}} {
		m := monthOf("", only(all, func(f fate) bool { return f.high == band.high }))
		s.MQLs = append(s.MQLs, review.Scored{
			Path: "scored", Score: band.score, MQLs: m.MQLs, Accepted: m.Accepted, Opportunities: m.Opportunities, Won: m.Won,
		})
	}
	return s
}
