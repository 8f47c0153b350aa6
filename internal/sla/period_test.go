// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"iter"
	"testing"
	"time"
)

func TestPeriods(t *testing.T) {
	cases := map[string]struct {
		zone, at, week, month, quarter string
	}{
		"an ordinary Wednesday":       {newYork, "2027-01-20 12:00", "2027-W03", "2027-01", "2027-Q1"},
		"the first days of 2027":      {newYork, "2027-01-03 23:59:59", "2026-W53", "2027-01", "2027-Q1"},
		"the first Monday of 2027":    {newYork, "2027-01-04 00:00", "2027-W01", "2027-01", "2027-Q1"},
		"the last days of 2024":       {"UTC", "2024-12-30 00:00", "2025-W01", "2024-12", "2024-Q4"},
		"midnight belongs to the day": {"Asia/Kolkata", "2027-02-01 00:00", "2027-W05", "2027-02", "2027-Q1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at := local(t, tc.zone, tc.at)
			loc := at.Location()
			for _, p := range []struct {
				got  Period
				want string
			}{{WeekOf(at.UTC(), loc), tc.week}, {MonthOf(at.UTC(), loc), tc.month}, {QuarterOf(at.UTC(), loc), tc.quarter}} {
				if string(p.got) != p.want {
					t.Errorf("period = %s, want %s", p.got, p.want)
				}
				from, to, err := p.got.Bounds(loc)
				if err != nil || at.Before(from) || !at.Before(to) {
					t.Errorf("%s: bounds %v to %v (%v) do not hold %v", p.got, from, to, err, at)
				}
			}
		})
	}
}

// Periods of each kind follow each other without a gap, and lead back the way they came.
func TestNextAndBefore(t *testing.T) {
	loc := local(t, newYork, "2027-01-01 00:00").Location()
	for _, first := range []Period{"2019-W52", "2019-12", "2019-Q4"} {
		for p := range steps(first, 60) {
			_, end, err := p.Bounds(loc)
			begin, _, err2 := p.Next().Bounds(loc)
			if err != nil || err2 != nil || !end.Equal(begin) || p.Next().Before() != p {
				t.Fatalf("%s ends %v (%v); %s begins %v (%v)", p, end, err, p.Next(), begin, err2)
			}
			if p.Week() != first.Week() || p.Month() != first.Month() || p.Quarter() != first.Quarter() {
				t.Fatalf("%s is of another kind than %s", p, first)
			}
		}
	}
	if p := Period("never"); p.Next() != "" || p.Before() != "" || p.Month() || p.Quarter() || p.Week() {
		t.Errorf("%s is no period: next %q, before %q", p, p.Next(), p.Before())
	}
}

func steps(p Period, n int) iter.Seq[Period] {
	return func(yield func(Period) bool) {
		for range n {
			if !yield(p) {
				return
			}
			p = p.Next()
		}
	}
}

// FuzzPeriod: what parses is written in exactly one way, and holds its own first instant.
func FuzzPeriod(f *testing.F) {
	for _, seed := range []string{"2027-W03", "2026-W53", "2027-01", "2027-Q1", "0000-W01", "9999-Q4", "2027-Q0", "2027-W00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p := Period(text)
		from, to, err := p.Bounds(time.UTC)
		if err != nil {
			if p.Label() != text {
				t.Errorf("%q is no period and is called %q", text, p.Label())
			}
			return
		}
		kinds := 0
		for of, is := range map[Period]bool{WeekOf(from, time.UTC): p.Week(), MonthOf(from, time.UTC): p.Month(), QuarterOf(from, time.UTC): p.Quarter()} {
			if is {
				kinds++
				if of != p {
					t.Errorf("%q begins in %s", text, of)
				}
			}
		}
		if kinds != 1 || !from.Before(to) {
			t.Errorf("%q is of %d kinds, from %v to %v", text, kinds, from, to)
		}
	})
}

// Every week follows the one before it without a gap, over ten years and both kinds of years (52 and 53 weeks).
func TestWeeksFollowEachOther(t *testing.T) {
	loc := local(t, newYork, "2027-01-01 00:00").Location()
	at := local(t, newYork, "2019-12-30 00:00")
	for range 530 {
		week := WeekOf(at, loc)
		from, to, err := week.Bounds(loc)
		if err != nil || !from.Equal(at) {
			t.Fatalf("%s begins %v (%v), want %v", week, from, err, at)
		}
		if days := to.Sub(from).Hours() / 24; days < 6.9 || days > 7.1 {
			t.Fatalf("%s has %.2f days", week, days)
		}
		at = to
	}
}

func TestBoundsAcrossDaylightSaving(t *testing.T) {
	loc := local(t, newYork, "2027-01-01 00:00").Location()
	from, to, err := Period("2027-W10").Bounds(loc)
	if err != nil || to.Sub(from) != 7*24*time.Hour-time.Hour {
		t.Errorf("the week of the change in spring has %v (%v), want 167h", to.Sub(from), err)
	}
	from, to, err = Period("2027-11").Bounds(loc)
	if err != nil || to.Sub(from) != 30*24*time.Hour+time.Hour {
		t.Errorf("November 2027 has %v (%v), want 721h", to.Sub(from), err)
	}
}

func TestPeriodLabel(t *testing.T) {
	cases := map[Period]string{
		"2027-W03": "week 3 of 2027 (18 to 24 January)",
		"2027-W17": "week 17 of 2027 (26 April to 2 May)",
		"2026-W53": "week 53 of 2026 (28 December 2026 to 3 January 2027)",
		"2027-01":  "January 2027",
		"2027-Q1":  "quarter 1 of 2027 (January to March)",
		"2026-Q4":  "quarter 4 of 2026 (October to December)",
		"never":    "never",
	}
	for period, want := range cases {
		if got := period.Label(); got != want {
			t.Errorf("Label(%s) = %q, want %q", period, got, want)
		}
	}
}

func TestNoPeriods(t *testing.T) {
	for _, bad := range []Period{
		"", "2027", "2027-W00", "2027-W53", "2027-W1", "2027-W001", "2027-W+1", "2027-13", "2027-1", "27-W01", "2027-01-04", "W03-2027",
		"2027-Q0", "2027-Q5", "2027-Q", "2027-Q11", "2027-q1", "27-Q1", "2027-Q1-Q1", "-W-Q",
	} {
		if from, to, err := bad.Bounds(time.UTC); err == nil {
			t.Errorf("%q is %v to %v, want an error", bad, from, to)
		}
	}
}
