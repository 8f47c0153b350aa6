// SPDX-License-Identifier: Apache-2.0

package diff

import (
	"fmt"
	"slices"
	"strings"
)

var weekdays = []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// week is the unit of terms.calendar.hours: said by day, so that it does not matter how the days were put together.
var week = unit{norm: weekNorm, say: sayWeek, number: func(v any) (float64, bool) { return minutesOfWeek(v), true }}

// day is the unit of the shifts of one date.
var day = unit{
	norm:   func(v any) string { return strings.Join(shifts(v), ",") },
	say:    sayDay,
	number: func(v any) (float64, bool) { return minutes(v), true },
}

// moment is the unit of an instant.
var moment = unit{norm: instant, say: instant, number: none}

// spans is the unit of times away; their order means nothing.
var spans = unit{norm: saySpans, say: saySpans, number: none}

// weekNorm is what is digested: the entries, with their days and shifts, in any order.
func weekNorm(v any) string {
	var entries []string
	for _, entry := range asList(v) {
		e := asMap(entry)
		entries = append(entries, strings.Join(sorted(e["days"]), ",")+" "+strings.Join(shifts(e["shifts"]), ","))
	}
	slices.Sort(entries)
	return strings.Join(entries, "; ")
}

// shifts as from-to, in order of time.
func shifts(v any) []string {
	var out []string
	for _, s := range asList(v) {
		out = append(out, text(asMap(s)["from"])+"-"+text(asMap(s)["to"]))
	}
	slices.Sort(out)
	return out
}

func sayDay(v any) string {
	if len(asList(v)) == 0 {
		return "closed"
	}
	return strings.Join(shifts(v), " and ")
}

// byDay are the shifts of each day of the week.
func byDay(v any) map[string][]any {
	out := map[string][]any{}
	for _, entry := range asList(v) {
		e := asMap(entry)
		for _, name := range asList(e["days"]) {
			out[text(name)] = append(out[text(name)], asList(e["shifts"])...)
		}
	}
	return out
}

// sayWeek puts days together that have the same hours: Mon-Thu 09:00-18:00, Fri 09:00-12:00.
func sayWeek(v any) string {
	days := byDay(v)
	var parts []string
	for i := 0; i < len(weekdays); {
		last := i
		for last+1 < len(weekdays) && sayDay(days[weekdays[last+1]]) == sayDay(days[weekdays[i]]) {
			last++
		}
		if len(days[weekdays[i]]) > 0 {
			name := weekdays[i]
			if last > i {
				name += "-" + weekdays[last]
			}
			parts = append(parts, name+" "+sayDay(days[weekdays[i]]))
		}
		i = last + 1
	}
	if len(parts) == 0 {
		return "closed"
	}
	return strings.Join(parts, ", ")
}

// minutes of the shifts of one day; those that overlap count once.
func minutes(v any) float64 {
	open := make([]bool, 24*60)
	for _, s := range asList(v) {
		for m := max(0, minute(asMap(s)["from"])); m < min(minute(asMap(s)["to"]), len(open)); m++ {
			open[m] = true
		}
	}
	sum := 0
	for _, is := range open {
		if is {
			sum++
		}
	}
	return float64(sum)
}

// minute of the day; what is no time of day is midnight.
func minute(v any) int {
	var h, m int
	if _, err := fmt.Sscanf(text(v), "%d:%d", &h, &m); err != nil {
		return 0
	}
	return h*60 + m
}

func minutesOfWeek(v any) float64 {
	sum := 0.0
	for _, shifts := range byDay(v) {
		sum += minutes(shifts)
	}
	return sum
}

// weekVerdict: with fewer open hours the business clocks of Sales run slower.
func weekVerdict(q question) verdict {
	before, after := q.values()
	was, is := minutesOfWeek(before), minutesOfWeek(after)
	hours := fmt.Sprintf("%s -> %s open a week", sayHours(was), sayHours(is))
	switch {
	case is > was:
		return verdict{Stricter, sales, hours + ", business clocks run faster"}
	case is < was:
		return verdict{Looser, sales, hours + ", business clocks run slower"}
	case sayWeek(before) == sayWeek(after):
		return verdict{effect: "the same hours, written in another way"}
	default:
		return verdict{effect: "as many hours a week"}
	}
}

// holidayVerdict: a day on which the business is closed stops Sales' clocks.
func holidayVerdict(q question) verdict {
	before, after := q.values()
	switch {
	case before == nil:
		return verdict{Looser, sales, "business clocks stand still on the public holidays of the region"}
	case after == nil:
		return verdict{Stricter, sales, "business clocks run on public holidays"}
	default:
		return verdict{effect: "business clocks stand still on other days"}
	}
}

func sayHours(minutes float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", minutes/60), ".0") + "h"
}

func saySpans(v any) string {
	var out []string
	for _, s := range asList(v) {
		out = append(out, instant(asMap(s)["from"])+" to "+instant(asMap(s)["to"]))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
