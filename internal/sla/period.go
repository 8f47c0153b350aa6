// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is an ISO week such as 2027-W03, a month such as 2027-01 or a quarter such as 2027-Q1. Periods of one kind sort as text.
type Period string

// WeekOf is the ISO week of t in loc.
func WeekOf(t time.Time, loc *time.Location) Period {
	year, week := t.In(loc).ISOWeek()
	return Period(fmt.Sprintf("%04d-W%02d", year, week))
}

// MonthOf is the month of t in loc.
func MonthOf(t time.Time, loc *time.Location) Period {
	return Period(t.In(loc).Format("2006-01"))
}

// QuarterOf is the quarter of t in loc.
func QuarterOf(t time.Time, loc *time.Location) Period {
	year, month, _ := t.In(loc).Date()
	return Period(fmt.Sprintf("%04d-Q%d", year, (int(month)+2)/3))
}

// Week says whether the period is written as an ISO week.
func (p Period) Week() bool { return strings.Contains(string(p), "-W") }

// Quarter says whether the period is written as a quarter.
func (p Period) Quarter() bool { return strings.Contains(string(p), "-Q") }

// Month says whether the period is written as a month.
func (p Period) Month() bool { return !p.Week() && !p.Quarter() && strings.Contains(string(p), "-") }

// Next is the period of the same kind that follows; empty for what is no period.
func (p Period) Next() Period {
	_, after, err := p.dates()
	if err != nil {
		return ""
	}
	return p.alike(after)
}

// Before is the period of the same kind that it follows; empty for what is no period.
func (p Period) Before() Period {
	first, _, err := p.dates()
	if err != nil {
		return ""
	}
	return p.alike(dateOf(first.utc().AddDate(0, 0, -1)))
}

// alike is the period of the same kind that holds a day.
func (p Period) alike(day date) Period {
	switch {
	case p.Week():
		return WeekOf(day.utc(), time.UTC)
	case p.Quarter():
		return QuarterOf(day.utc(), time.UTC)
	default:
		return MonthOf(day.utc(), time.UTC)
	}
}

// Bounds are the first instant of the period and the first after it, in loc.
func (p Period) Bounds(loc *time.Location) (from, to time.Time, err error) {
	first, after, err := p.dates()
	if err != nil {
		return time.Time{}, time.Time{}, err
	}
	return wall(first, 0, loc), wall(after, 0, loc), nil
}

// Label is the period for people: "week 3 of 2027 (18 to 24 January)", "January 2027", "quarter 1 of 2027 (January to March)". What is no
// period is its own label.
func (p Period) Label() string {
	first, after, err := p.dates()
	if err != nil {
		return string(p)
	}
	from, last := first.utc(), after.utc().AddDate(0, 0, -1)
	switch {
	case p.Quarter():
		return fmt.Sprintf("quarter %d of %d (%s to %s)", (int(from.Month())+2)/3, from.Year(), from.Month(), last.Month())
	case p.Month():
		return from.Format("January 2006")
	}
	year, week := from.ISOWeek()
	layout := "2"
	switch {
	case from.Year() != last.Year():
		layout = "2 January 2006"
	case from.Month() != last.Month():
		layout = "2 January"
	}
	end := "2 January"
	if from.Year() != last.Year() {
		end = "2 January 2006"
	}
	return fmt.Sprintf("week %d of %d (%s to %s)", week, year, from.Format(layout), last.Format(end))
}

// dates are the first day of the period and the first after it.
func (p Period) dates() (first, after date, err error) {
	bad := fmt.Errorf("%q is no period; write an ISO week such as 2027-W03, a month such as 2027-01 or a quarter such as 2027-Q1", string(p))
	head, tail, ok := strings.Cut(string(p), "-")
	if !ok || len(head) != 4 || !digits(head) {
		return date{}, date{}, bad
	}
	switch {
	case p.Quarter():
		return quarterDates(head, tail, bad)
	case p.Week():
		return weekDates(p, head, tail, bad)
	}
	month, err := time.Parse("2006-01", string(p))
	if err != nil {
		return date{}, date{}, bad
	}
	return dateOf(month), dateOf(month.AddDate(0, 1, 0)), nil
}

func quarterDates(head, tail string, bad error) (first, after date, err error) {
	if len(tail) != 2 || tail[0] != 'Q' || tail[1] < '1' || tail[1] > '4' {
		return date{}, date{}, bad
	}
	january, err := time.Parse("2006", head)
	if err != nil {
		return date{}, date{}, bad
	}
	begin := january.AddDate(0, 3*int(tail[1]-'1'), 0)
	return dateOf(begin), dateOf(begin.AddDate(0, 3, 0)), nil
}

func weekDates(p Period, head, tail string, bad error) (first, after date, err error) {
	number := strings.TrimPrefix(tail, "W")
	year, errYear := strconv.Atoi(head)
	week, errWeek := strconv.Atoi(number)
	if errYear != nil || errWeek != nil || len(number) != 2 || !digits(number) {
		return date{}, date{}, bad
	}
	// The fourth of January is always in the first ISO week.
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, -int(fourth.Weekday()+6)%7+7*(week-1))
	if WeekOf(monday, time.UTC) != p {
		return date{}, date{}, bad
	}
	return dateOf(monday), dateOf(monday.AddDate(0, 0, 7)), nil
}
