// SPDX-License-Identifier: Apache-2.0

package holidays

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// listedAs is the region that a file of the other source is compared with, where the library does not know its own. That the library knows none at
// all is empty: such a region must be refused.
var listedAs = map[string]string{"us-ny": "us", "br-sp": "br", "in": ""}

// disagreements are the dates on which the two sources differ, by file, with the reason: "+" is one that only we have, "-" one that we lack. Whoever
// keeps one of the second sort as a day off writes it as an exception.
var disagreements = map[string][]struct{ date, reason string }{
	"AU-NSW-2025": {{"+2025-01-26", "a Sunday: we list the day itself and the Monday on which it is observed, the other source the Monday alone"}},
	"AU-NSW-2026": {{"-2026-04-27", "an additional day for Anzac Day on a Saturday, proclaimed for 2026 and 2027 alone"}},
	"AU-NSW-2027": {{"-2027-04-26", "an additional day for Anzac Day on a Sunday, proclaimed for 2026 and 2027 alone"}},
	"BR-SP-2025": {
		{"+2025-03-04", "Carnival, on which banks are closed"},
		{"+2025-06-19", "Corpus Christi, which the other source calls optional"},
		{"-2025-07-09", "of the state, and the library has the country alone"},
	},
	"BR-SP-2026": {
		{"+2026-02-17", "Carnival, on which banks are closed"},
		{"+2026-06-04", "Corpus Christi, which the other source calls optional"},
		{"-2026-07-09", "of the state, and the library has the country alone"},
		{"-2026-10-04", "an election, on a Sunday"},
		{"-2026-10-25", "an election, on a Sunday"},
	},
	"BR-SP-2027": {
		{"+2027-02-09", "Carnival, on which banks are closed"},
		{"+2027-05-27", "Corpus Christi, which the other source calls optional"},
		{"-2027-07-09", "of the state, and the library has the country alone"},
	},
	"DE-BE-2025": {{"-2025-05-08", "once, for the 80th anniversary of the liberation"}},
	"US-NY-2025": {
		{"-2025-02-12", "of the state, and the library has the country alone"},
		{"-2025-02-15", "of the state, and the library has the country alone"},
		{"-2025-11-04", "of the state, and the library has the country alone"},
	},
	"US-NY-2026": {
		{"-2026-02-12", "of the state, and the library has the country alone"},
		{"-2026-02-15", "of the state, and the library has the country alone"},
		{"-2026-11-03", "of the state, and the library has the country alone"},
	},
	"US-NY-2027": {
		{"-2027-02-12", "of the state, and the library has the country alone"},
		{"-2027-11-02", "of the state, and the library has the country alone"},
	},
}

// TestAgainstAnotherSource compares public holidays, day by day, with lists of another library. They lie beside the checkout and are not
// part of it.
func TestAgainstAnotherSource(t *testing.T) {
	files := otherLists(t)
	days, refused, seen := 0, 0, map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "dh_"), ".json")
		seen[name] = true
		n := compareList(t, file, name)
		if days += n; n == 0 {
			refused++
		}
	}
	for name := range disagreements {
		if !seen[name] {
			t.Errorf("there is no list %s", name)
		}
	}
	if days == 0 {
		t.Fatal("no day was compared")
	}
	t.Logf("compared %d public holidays of %d lists, %d lists are of regions that the library does not know", days, len(files)-refused, refused)
}

func otherLists(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("HANDOFF_SHARED_DATA")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(folder, "holidays", "dh_*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("HOLIDAYS ARE NOT CHECKED AGAINST ANOTHER SOURCE: no list in %s/holidays (%v); name the folder above it with HANDOFF_SHARED_DATA", folder, err)
	}
	return files
}

// compareList gives the number of days that the file calls public.
func compareList(t *testing.T, file, name string) int {
	t.Helper()
	cut := strings.LastIndex(name, "-")
	region := strings.ToLower(name[:cut])
	year, err := strconv.Atoi(name[cut+1:])
	if err != nil {
		t.Fatal(err)
	}
	if as, ok := listedAs[region]; ok {
		if check(region) == nil {
			t.Errorf("%s: the library knows the region now; compare with it", name)
		}
		region = as
	}
	if region == "" {
		return 0
	}
	want, ours := publicDays(t, file), []string{}
	for _, h := range between(region, year, year) {
		ours = append(ours, h.Date)
	}
	var differ, expected []string
	for _, date := range ours {
		if !slices.Contains(want, date) {
			differ = append(differ, "+"+date)
		}
	}
	for _, date := range want {
		if !slices.Contains(ours, date) {
			differ = append(differ, "-"+date)
		}
	}
	for _, d := range disagreements[name] {
		expected = append(expected, d.date)
	}
	if diff := cmp.Diff(expected, differ); diff != "" {
		t.Errorf("%s: the sources differ otherwise than is known (-known +found):\n%s", name, diff)
	}
	return len(want)
}

func publicDays(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Date string `json:"date"`
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var days []string
	for _, day := range list {
		if day.Type == "public" {
			days = append(days, day.Date[:len("2027-01-01")])
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}
