// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/riverqueue/river/rivertype"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// Waits double up to an hour, are spread over their second half, and heed what the other side asked for.
func TestRetries(t *testing.T) {
	now := time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		attempt int
		chance  float64
		asked   time.Duration
		want    time.Duration
	}{
		"the first":           {1, 0, 0, 5 * time.Second},
		"the third":           {3, 0, 0, 20 * time.Second},
		"spread":              {3, 1, 0, 10 * time.Second},
		"the tenth":           {10, 0, 0, 2560 * time.Second},
		"an hour at most":     {11, 0, 0, time.Hour},
		"still an hour":       {25, 0, 0, time.Hour},
		"asked for more":      {1, 0, 2 * time.Minute, 2 * time.Minute},
		"asked for less":      {3, 0, time.Second, 20 * time.Second},
		"spread and asked":    {3, 1, 15 * time.Second, 15 * time.Second},
		"attempts past bound": {1000, 0, 0, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			r := &retries{now: func() time.Time { return now }, first: 5 * time.Second, chance: func() float64 { return c.chance }}
			r.ask(&rivertype.JobRow{ID: 7, Attempt: c.attempt, MaxAttempts: c.attempt + 1}, c.asked)
			if got := r.next(7, c.attempt).Sub(now); got != c.want {
				t.Errorf("waits %s, want %s", got, c.want)
			}
			if got := r.next(7, 1).Sub(now); got > 5*time.Second {
				t.Errorf("asked once, waits %s again", got)
			}
		})
	}
}

// What was asked for a job that is given up is not kept.
func TestRetriesForgetWhatIsGivenUp(t *testing.T) {
	r := &retries{}
	r.ask(&rivertype.JobRow{ID: 7, Attempt: 3, MaxAttempts: 3}, time.Minute)
	if _, kept := r.asked.Load(int64(7)); kept {
		t.Error("it is kept for good")
	}
}

// A message that a service took is noted, even when the time of its job ends just then.
func TestDeliveredIsNotedAfterTheJob(t *testing.T) {
	l, _ := ledgertest.New(t, "acme")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&messageWorker[ledger.NoticeArgs]{ledger: l}).delivered(over, 1, 0); err != nil {
		t.Error(err)
	}
}

// Loggers that are made of the quiet one are quiet.
func TestQuiet(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(quiet{slog.NewTextHandler(&said, nil)})
	for _, log := range []*slog.Logger{log, log.With("a", 1), log.WithGroup("g"), log.WithGroup("g").With("a", 1)} {
		said.Reset()
		if log.Warn("a job failed"); said.Len() > 0 {
			t.Errorf("it says %q", said.String())
		}
		if log.Error("the database is gone"); said.Len() == 0 {
			t.Error("it says nothing of an error")
		}
	}
}

// Quiet hours are those outside the hours of the contract, in its zone.
func TestQuietHours(t *testing.T) {
	pair, err := pipeline.CompilePair(bundle.Bundle{
		Sequence: 1,
		Lead: lead.Definition{
			Fields: []lead.Field{{Name: "company", Type: lead.String}},
			Paths:  []lead.Path{{Name: "any", Criteria: []lead.Criterion{{Expression: "has(lead.company)"}}}},
		},
		SLA: sla.Terms{
			Definition: "mid-market",
			Parties:    sla.Parties{Marketing: sla.Contact{Owner: "m"}, Sales: sla.Contact{Owner: "s"}},
			Calendar: sla.Calendar{TimeZone: "America/New_York", Hours: []sla.WeekHours{{
				Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "12:30"}, {From: "13:30", To: "18:00"}},
			}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	zone := pair.Zone()
	for name, c := range map[string]struct {
		at      time.Time
		respect bool
		want    bool
	}{
		"opening":            {time.Date(2027, 1, 4, 9, 0, 0, 0, zone), true, true},
		"a moment before":    {time.Date(2027, 1, 4, 8, 59, 59, 0, zone), true, false},
		"over lunch":         {time.Date(2027, 1, 4, 13, 0, 0, 0, zone), true, false},
		"closing":            {time.Date(2027, 1, 4, 18, 0, 0, 0, zone), true, false},
		"on Sunday":          {time.Date(2027, 1, 3, 11, 0, 0, 0, zone), true, false},
		"on Sunday, ignored": {time.Date(2027, 1, 3, 11, 0, 0, 0, zone), false, true},
		"in UTC":             {time.Date(2027, 1, 4, 14, 0, 0, 0, time.UTC), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Steps{Pairs: &pipeline.Pairs{Mounted: pair}, Respect: c.respect}
			if got := s.open(c.at); got != c.want {
				t.Errorf("open %t, want %t", got, c.want)
			}
		})
	}
}

// The texts: ids, clauses and times in the contract's zone.
func TestCompose(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	due := time.Date(2027, 1, 5, 15, 5, 0, 0, time.UTC)
	one := &ledger.Message{ID: 7, Items: []ledger.Notice{{
		Lead: "L-7", Cycle: 1, Clause: sla.ClauseFirstContact, Tier: "High", Level: ledger.Breach, Due: due,
	}}}
	d := compose(one, "revenue/mid-market", zone)
	want := `Breach: firstContact (High) of lead L-7 was due Tue 5 Jan 2027 10:05 EST and is not done.
Contract revenue/mid-market. See: kubectl sla lead L-7
Ref 7 L-7/1/firstContact/Breach`
	if d.Title != "SLA breach: firstContact" || d.Text != want {
		t.Errorf("%q\n%s", d.Title, d.Text)
	}
	several := &ledger.Message{ID: 8, Items: []ledger.Notice{
		{Lead: "L-1", Level: ledger.Held, Detail: []string{"company", "phone"}, At: due},
		{Lead: "L-2", Level: ledger.Rejected, Detail: []string{"Recycled", "BadTiming"}, At: due},
		{Lead: "L-3", Level: ledger.Assigned, At: due},
	}}
	d = compose(several, "revenue/mid-market", zone)
	want = `3 items about leads of contract revenue/mid-market:
- New: lead L-3 is yours since Tue 5 Jan 2027 10:05 EST.
- Returned: lead L-1 is held until it has company, phone.
- Rejected: lead L-2 by sales, Recycled, BadTiming.
See: kubectl sla lead L-1
Ref 8`
	if d.Title != "SLA digest: 3 items" || d.Text != want {
		t.Errorf("%q\n%s", d.Title, d.Text)
	}
}

// What was set back, and what is not any more, says why and what to do.
func TestComposeSetBacks(t *testing.T) {
	at := time.Date(2027, 1, 5, 15, 5, 0, 0, time.UTC)
	because := []string{"The status was set to Unqualified without a reason code", "It should be one of BadTiming, NotICP."}
	for level, want := range map[ledger.Level][2]string{
		ledger.SetBack: {"SLA set back: lead L-7", `Set back: lead L-7 in the CRM, since Tue 5 Jan 2027 15:05 UTC. The status was set to Unqualified without a reason code. It should be one of BadTiming, NotICP.
Contract revenue/mid-market. See: kubectl sla lead L-7
Ref 7 L-7/1/SetBack`},
		ledger.SetBackStopped: {"SLA not set back any more: lead L-7", `Not set back any more: lead L-7 in the CRM, since Tue 5 Jan 2027 15:05 UTC. The status was set to Unqualified without a reason code. It should be one of BadTiming, NotICP. Find out what changes it (a workflow, an import, another program, or a person who was not told), and stop that. Then: kubectl sla crm resume L-7
Contract revenue/mid-market. See: kubectl sla lead L-7
Ref 7 L-7/1/SetBackStopped`},
	} {
		d := compose(&ledger.Message{ID: 7, Items: []ledger.Notice{{Lead: "L-7", Cycle: 1, Level: level, Detail: because, At: at}}}, "revenue/mid-market", time.UTC)
		if d.Title != want[0] || d.Text != want[1] {
			t.Errorf("%s: %q\n%s", level, d.Title, d.Text)
		}
	}
}

// A rejection that was overturned is not told, whatever came before it is.
func TestDispositionOf(t *testing.T) {
	codes := []lead.Disposition{{Name: "BadTiming", Outcome: lead.Recycled, Status: "Nurture"}, {Name: "NotICP", Outcome: lead.Disqualified}}
	at := time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)
	disposition := func(n int64, outcome lead.Outcome, reason string, coded bool) lead.Event {
		return lead.Event{
			Sequence: n, Kind: lead.KindDisposition, Time: at.Add(time.Duration(n)), Disposition: &lead.Disposed{Outcome: outcome, Reason: reason, Coded: coded},
		}
	}
	overturned := lead.Event{Sequence: 9, Kind: lead.KindContested, Time: at.Add(9), Contest: &lead.Contest{Ruling: lead.ContestOverturned}}
	recycled, disqualified := disposition(1, lead.Recycled, "BadTiming", true), disposition(2, lead.Disqualified, "NotICP", true)
	for name, c := range map[string]struct {
		rulings []lead.Event
		want    *crm.Disposition
	}{
		"none":                {nil, nil},
		"one":                 {[]lead.Event{recycled}, &crm.Disposition{Outcome: "Recycled", Code: "BadTiming", Status: "Nurture", Time: recycled.Time}},
		"the latest":          {[]lead.Event{recycled, disqualified}, &crm.Disposition{Outcome: "Disqualified", Code: "NotICP", Time: disqualified.Time}},
		"overturned":          {[]lead.Event{disqualified, overturned}, nil},
		"one before":          {[]lead.Event{recycled, disqualified, overturned}, &crm.Disposition{Outcome: "Recycled", Code: "BadTiming", Status: "Nurture", Time: recycled.Time}},
		"in somebody's words": {[]lead.Event{disposition(1, lead.Disqualified, "she has left", false)}, &crm.Disposition{Outcome: "Disqualified", Time: at.Add(1)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, dispositionOf(codes, c.rulings)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A record begins with what is known of its lead, and not with what sales, or Handoff, is to say of it.
func TestWhatARecordBeginsWith(t *testing.T) {
	fields := []lead.Field{
		{Name: "email", Property: "email", Type: lead.String},
		{Name: "state", Property: "lead_status", Type: lead.String},
		{Name: "points", Property: "score", Type: lead.Number},
		{Name: "employees", Type: lead.Number},
		{Name: "none", Type: lead.String},
	}
	of := crm.Settings{MatchBy: "email", Mapping: crm.Mapping{Fields: crm.Fields{Status: "lead_status", Score: "score"}}}
	record := map[string]any{"email": "lead1@example.com", "state": "UNQUALIFIED", "points": 9.0, "employees": 120.0}
	want := &crm.Match{Field: "email", Value: "lead1@example.com", Values: map[string]any{"email": "lead1@example.com", "employees": 120.0}}
	if diff := cmp.Diff(want, matchOf(of, fields, record)); diff != "" {
		t.Error(diff)
	}
	of.Mapping.Fields.Missing = "email" // however strange: by that it is found
	if diff := cmp.Diff(want, matchOf(of, fields, record)); diff != "" {
		t.Error(diff)
	}
	delete(record, "email")
	if got := matchOf(of, fields, record); got != nil {
		t.Errorf("found by nothing: %+v", got)
	}
}
