// SPDX-License-Identifier: Apache-2.0

package holidays

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the tests do not depend on the zones of the machine

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/sla"
)

func terms(region string) sla.Terms {
	return sla.Terms{Calendar: sla.Calendar{
		TimeZone: "America/New_York", Holidays: region,
		Hours: []sla.WeekHours{{Days: []string{"Mon", "Tue", "Wed", "Thu", "Fri"}, Shifts: []sla.Shift{{From: "09:00", To: "18:00"}}}},
	}}
}

var now = time.Date(2026, 12, 15, 10, 0, 0, 0, time.UTC)

// The year before, this one, and ten more.
func TestExpand(t *testing.T) {
	given := terms("us")
	got, err := Expand(given, now)
	if err != nil {
		t.Fatal(err)
	}
	dates := got.Calendar.HolidayDates
	first, last := dates[0], dates[len(dates)-1]
	if want := (sla.Holiday{Date: "2025-01-01", Name: "New Year's Day"}); first != want {
		t.Errorf("the first is %v, want %v", first, want)
	}
	if want := (sla.Holiday{Date: "2036-12-25", Name: "Christmas Day"}); last != want {
		t.Errorf("the last is %v, want %v", last, want)
	}
	if until, ok := got.Calendar.HolidaysUntil(); !ok || until != 2036 {
		t.Errorf("they reach until %d, want 2036", until)
	}
	if len(given.Calendar.HolidayDates) != 0 {
		t.Error("the terms that were given were changed")
	}
	compiled, err := sla.Compile(got)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2027, 7, 2, 21, 0, 0, 0, time.UTC) // Friday 17:00 in New York
	if due, want := compiled.Hours().Add(start, 2*time.Hour), time.Date(2027, 7, 6, 14, 0, 0, 0, time.UTC); !due.Equal(want) {
		t.Errorf("two hours from Friday 17:00 end at %v, want %v: Monday the 5th is Independence Day, observed", due, want)
	}
}

// A holiday on a weekend closes that day and the one on which it is observed, in whichever year that is.
func TestObserved(t *testing.T) {
	for name, c := range map[string]struct {
		region string
		year   int
		want   []sla.Holiday
	}{
		"in the year before": {"us", 2021, []sla.Holiday{
			{Date: "2021-12-24", Name: "Christmas Day (observed)"},
			{Date: "2021-12-25", Name: "Christmas Day"},
			{Date: "2021-12-31", Name: "New Year's Day (observed)"},
		}},
		"two in a row": {"gb", 2027, []sla.Holiday{
			{Date: "2027-12-25", Name: "Christmas Day"},
			{Date: "2027-12-26", Name: "Boxing Day"},
			{Date: "2027-12-27", Name: "Christmas Day (observed)"},
			{Date: "2027-12-28", Name: "Boxing Day (observed)"},
		}},
		"never moved": {"de-by", 2027, []sla.Holiday{
			{Date: "2027-12-25", Name: "Weihnachtstag"},
			{Date: "2027-12-26", Name: "Zweiter Weihnachtsfeiertag"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var december []sla.Holiday
			for _, h := range between(c.region, c.year, c.year) {
				if strings.HasPrefix(h.Date[5:], "12-") {
					december = append(december, h)
				}
			}
			if diff := cmp.Diff(c.want, december); diff != "" {
				t.Errorf("December (-want +got):\n%s", diff)
			}
		})
	}
}

// An exception says more than the list of a region.
func TestExceptionsReplaceHolidays(t *testing.T) {
	x := terms("us")
	x.Calendar.Exceptions = []sla.Exception{{Date: "2027-01-18", Shifts: []sla.Shift{{From: "10:00", To: "12:00"}}}}
	x, err := Expand(x, now)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := sla.Compile(x)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2027, 1, 18, 5, 0, 0, 0, time.UTC)
	if got := compiled.Hours().Elapsed(from, from.Add(24*time.Hour)); got != 2*time.Hour {
		t.Errorf("%v are open on a holiday with an exception, want 2h", got)
	}
}

func TestUnknownRegion(t *testing.T) {
	for region, want := range map[string]string{
		"us-ny":  `"us-ny" is no region whose public holidays are known; write us`,
		"uk":     `"uk" is no region whose public holidays are known; write gb, gb-eng or gb-wls`,
		"au":     `"au" is no region whose public holidays are known; write au-act, au-nsw, au-nt, au-qld, au-sa, au-tas, au-vic or au-wa`,
		"US":     `"US" is no region whose public holidays are known; write us`,
		"xx":     ` or za`,
		"de-muc": `de, de-bb, de-be, de-bw, de-by,`,
	} {
		_, err := Expand(terms(region), now)
		_, without := Without(terms(region))
		var problems sla.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Where != where || !strings.Contains(problems[0].Message, want) {
			t.Errorf("%s: %v, want one problem of %s with %q", region, err, where, want)
		}
		if without == nil || without.Error() != err.Error() {
			t.Errorf("%s: without its dates, the error is %v", region, without)
		}
	}
}

func TestWithout(t *testing.T) {
	got, err := Without(terms("us"))
	if err != nil || got.Calendar.Holidays != "" {
		t.Errorf("%q is left, %v", got.Calendar.Holidays, err)
	}
	if _, err := sla.Compile(got); err != nil {
		t.Error(err)
	}
	if plain, err := Expand(terms(""), now); err != nil || len(plain.Calendar.HolidayDates) > 0 {
		t.Errorf("terms without a region have %d holidays (%v)", len(plain.Calendar.HolidayDates), err)
	}
}

// Every region can be written in a manifest, and has holidays in each year that is written out.
func TestRegions(t *testing.T) {
	pattern := regexp.MustCompile(`^[a-z]{2}(-[a-z]{2,3})?$`) // of the CRD
	for _, region := range Regions() {
		if !pattern.MatchString(region) {
			t.Errorf("%q does not match the pattern of the CRD", region)
		}
		years := map[string]int{}
		for _, h := range between(region, 2025, 2036) {
			if h.Name == "" || strings.ContainsAny(h.Name, "\n\"") {
				t.Errorf("%s: %s has the name %q", region, h.Date, h.Name)
			}
			years[h.Date[:4]]++
		}
		if len(years) != 12 {
			t.Errorf("%s: %d years have holidays, want 12", region, len(years))
		}
		for year, n := range years {
			if n < 6 || n > 25 {
				t.Errorf("%s: %d holidays in %s", region, n, year)
			}
		}
	}
}
