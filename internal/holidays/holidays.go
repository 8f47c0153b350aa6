// SPDX-License-Identifier: Apache-2.0

// Package holidays writes out the public holidays of a region, from the library rickar/cal. It is used where a text is read or signed, never where
// leads are judged: a ratified revision keeps the dates, so that another release of the library changes nothing that was signed.
package holidays

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/sla"
)

// The years that are written out, counted from that in which it is done.
const (
	YearsBefore = 1
	YearsAfter  = 10
)

const where = "terms.calendar.holidays"

// Expand gives the terms with the dates of their region's holidays, from the year before now until ten years after it. Terms that name no region
// are given back as they are. The error is of type sla.Problems.
func Expand(t sla.Terms, now time.Time) (sla.Terms, error) {
	region := t.Calendar.Holidays
	if region == "" {
		return t, nil
	}
	if err := check(region); err != nil {
		return sla.Terms{}, err
	}
	year := now.UTC().Year()
	t.Calendar.HolidayDates = between(region, year-YearsBefore, year+YearsAfter)
	return t, nil
}

// Without gives the terms without their region, which must be one: for a question that no date answers, asked where there is no clock.
func Without(t sla.Terms) (sla.Terms, error) {
	region := t.Calendar.Holidays
	if region == "" {
		return t, nil
	}
	t.Calendar.Holidays, t.Calendar.HolidayDates = "", nil
	return t, check(region)
}

// Regions that are known, in order.
func Regions() []string { return slices.Sorted(maps.Keys(regions)) }

// between are the holidays of some years, both included, in order: the day itself and, where it is observed on another, that one too.
func between(region string, first, last int) []sla.Holiday {
	names := map[string]string{}
	put := func(day time.Time, name string) {
		if date := day.Format(time.DateOnly); !day.IsZero() && day.Year() >= first && day.Year() <= last && names[date] == "" {
			names[date] = name
		}
	}
	// A New Year's Day can be observed in the year before, a Boxing Day in the year after.
	for year := first - 1; year <= last+1; year++ {
		for _, h := range regions[region] {
			day, _ := h.Calc(year)
			put(day, h.Name)
		}
	}
	for year := first - 1; year <= last+1; year++ {
		for _, h := range regions[region] {
			_, day := h.Calc(year)
			put(day, h.Name+" (observed)")
		}
	}
	out := make([]sla.Holiday, 0, len(names))
	for date, name := range names {
		out = append(out, sla.Holiday{Date: date, Name: name})
	}
	slices.SortFunc(out, func(a, b sla.Holiday) int { return cmp.Compare(a.Date, b.Date) })
	return out
}

// check that a region is known. Where it is not, those of its country are named, else all countries.
func check(region string) error {
	if _, ok := regions[region]; ok {
		return nil
	}
	return sla.Problems{{Where: where, Message: fmt.Sprintf("%q is no region whose public holidays are known; write %s", region, choice(region))}}
}

// mistaken are codes that are written for a country and are not its code.
var mistaken = map[string]string{"uk": "gb", "el": "gr", "en": "gb"}

func choice(region string) string {
	country, _, _ := strings.Cut(strings.ToLower(region), "-")
	if code, ok := mistaken[country]; ok {
		country = code
	}
	near := slices.DeleteFunc(Regions(), func(known string) bool { return known != country && !strings.HasPrefix(known, country+"-") })
	if len(near) == 0 {
		near = slices.DeleteFunc(Regions(), func(known string) bool { return strings.Contains(known, "-") })
	}
	last := len(near) - 1
	if last == 0 {
		return near[0]
	}
	return strings.Join(near[:last], ", ") + " or " + near[last]
}
