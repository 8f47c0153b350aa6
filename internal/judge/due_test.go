// SPDX-License-Identifier: Apache-2.0

package judge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/sla"
)

func scheduled(t *testing.T, text string, now time.Time) judge.Schedule {
	t.Helper()
	schedule, err := judge.ParseSchedule(text, now)
	if err != nil {
		t.Fatal(err)
	}
	return schedule
}

func TestDueReviews(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		when, err := time.ParseInLocation("2006-01-02 15:04", text, newYork)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	both := []sla.Party{sla.PartyMarketing, sla.PartySales}
	cases := map[string]struct {
		kind, schedule string
		within         time.Duration
		records        []judge.Record
		from, now      string
		want           []string
	}{
		"each Monday since the go-live within a week, and the next one": {
			kind: judge.Operational, schedule: "0 9 * * MON", from: "2027-01-06 12:00", now: "2027-01-20 12:00",
			want: []string{
				"2027-W01 due Fri 15 Jan 09:00", "2027-W02 due Fri 22 Jan 09:00", "2027-W03 due Fri 29 Jan 09:00",
			},
		},
		"a week that was over at the go-live is none of it": {
			kind: judge.Operational, schedule: "0 9 * * MON", from: "2027-01-11 00:00", now: "2027-01-11 08:00", within: 24 * time.Hour,
			want: []string{"2027-W02 due Tue 19 Jan 09:00"},
		},
		"every day asks for each week once, the first day": {
			kind: judge.Operational, schedule: "0 9 * * *", from: "2027-01-06 12:00", now: "2027-01-14 12:00",
			want: []string{"2027-W01 due Fri 15 Jan 09:00", "2027-W02 due Fri 22 Jan 09:00"},
		},
		"every minute does as well": {
			kind: judge.Operational, schedule: "* * * * *", from: "2027-01-06 12:00", now: "2027-01-14 12:00",
			want: []string{"2027-W01 due Fri 15 Jan 00:00", "2027-W02 due Fri 22 Jan 00:00"},
		},
		"held by both, by one, in the future, of another week": {
			kind: judge.Operational, schedule: "0 9 * * MON", from: "2027-01-06 12:00", now: "2027-02-03 12:00",
			records: []judge.Record{
				{Period: "2027-W01", Held: at("2027-01-12 00:00"), By: both},
				{Period: "2027-W02", Held: at("2027-01-19 00:00"), By: both[:1]},
				{Period: "2027-W03", Held: at("2027-02-04 00:00"), By: both},
				{Period: "2026-W03", Held: at("2027-01-12 00:00"), By: both},
			},
			want: []string{
				"2027-W01 due Fri 15 Jan 09:00 held 12 Jan", "2027-W02 due Fri 22 Jan 09:00", "2027-W03 due Fri 29 Jan 09:00",
				"2027-W04 due Fri 5 Feb 09:00", "2027-W05 due Fri 12 Feb 09:00",
			},
		},
		"months, by the wall clock of the zone": {
			kind: judge.Performance, schedule: "0 10 1 * *", from: "2027-02-10 00:00", now: "2027-03-20 00:00",
			want: []string{"2027-02 due Thu 11 Mar 10:00", "2027-03 due Sun 11 Apr 10:00"},
		},
		"quarters": {
			kind: judge.Strategic, schedule: "0 10 5 1,4,7,10 *", from: "2027-01-01 00:00", now: "2027-04-01 00:00",
			want: []string{"2027-Q1 due Mon 26 Apr 10:00"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			now := at(tc.now)
			m := judge.Meeting{Name: "review", Type: tc.kind, Schedule: scheduled(t, tc.schedule, now), HeldWithin: tc.within, Records: tc.records}
			var got []string
			for _, r := range judge.DueReviews(m, at(tc.from), now, newYork) {
				text := fmt.Sprintf("%s due %s", r.Period, r.Due.In(newYork).Format("Mon 2 Jan 15:04"))
				if !r.Held.IsZero() {
					text += " held " + r.Held.In(newYork).Format("2 Jan")
				}
				got = append(got, text)
				if r.Name != "review" {
					t.Errorf("review %q", r.Name)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A schedule that ends asks for no more.
type once struct{ at time.Time }

func (o once) Next(after time.Time) time.Time {
	if o.at.After(after) {
		return o.at
	}
	return time.Time{}
}

func TestScheduleThatEnds(t *testing.T) {
	from := time.Date(2027, 1, 6, 0, 0, 0, 0, time.UTC)
	m := judge.Meeting{Type: judge.Operational, Schedule: once{from.AddDate(0, 0, 6)}}
	if got := judge.DueReviews(m, from, from.AddDate(1, 0, 0), time.UTC); len(got) != 1 || got[0].Period != "2027-W01" {
		t.Errorf("reviews %v", got)
	}
}

// Reviews are owed since the go-live, or since there is a cadence; a stamp of a clock that is not the ledger's says nothing.
func TestReviewsFrom(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2027, 1, n, 9, 0, 0, 0, time.UTC) }
	for name, tc := range map[string]struct{ goLive, made, now, want time.Time }{
		"made before the go-live":        {day(11), day(4), day(20), day(11)},
		"made later":                     {day(4), day(11), day(20), day(11)},
		"not known when":                 {day(4), time.Time{}, day(20), day(4)},
		"made while a week stays open":   {day(4), day(22), day(20), day(22)},
		"made by another clock":          {day(4), day(28), day(20), day(4)},
		"made by another clock, earlier": {day(4), day(4).AddDate(-1, 0, 0), day(20), day(4)},
	} {
		if got := judge.ReviewsFrom(tc.goLive, tc.made, tc.now); !got.Equal(tc.want) {
			t.Errorf("%s: since %s, want %s", name, got, tc.want)
		}
	}
}

func TestSchedulesThatAreNone(t *testing.T) {
	now := time.Date(2027, 1, 6, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"0 9 * *":     "has 4 fields and not the five",
		"0 9 * * FOO": `day of the week "FOO"`,
		"61 9 * * *":  `minute "61"`,
		"0 9 30 2 *":  "no such date comes",
	} {
		if _, err := judge.ParseSchedule(text, now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}
