// SPDX-License-Identifier: Apache-2.0

package sla

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vectorSchedule is a calendar of business_time_schedules.json.
type vectorSchedule struct {
	TimeZone string                 `json:"time_zone"`
	Hours    map[string][][2]string `json:"hours"`
	Holidays []string               `json:"holidays"`
	Breaks   map[string][][2]string `json:"breaks"`
	Shifts   map[string][][2]string `json:"shifts"`
}

// TestBusinessTimeVectors replays cases whose expected values come from an independent implementation. They lie beside the
// checkout and are not part of it.
func TestBusinessTimeVectors(t *testing.T) {
	rows := readVectors(t, vectorFile(t, "BUSINESS_TIME_VECTORS", "business_time_vectors.csv"))
	schedules := readSchedules(t, vectorFile(t, "BUSINESS_TIME_SCHEDULES", "business_time_schedules.json"))
	checked := map[string]int{}
	for _, row := range rows {
		h, ok := schedules[row["schedule"]]
		if !ok {
			t.Fatalf("case %s names an unknown schedule %q", row["id"], row["schedule"])
		}
		checkVector(t, h, row)
		checked[row["op"]]++
	}
	if checked["due"] == 0 || checked["elapsed"] == 0 {
		t.Fatalf("checked %v: the file holds no case of an operation", checked)
	}
	t.Logf("checked %d cases (%d due, %d elapsed) over %d calendars", len(rows), checked["due"], checked["elapsed"], len(schedules))
}

func checkVector(t *testing.T, h *Hours, row map[string]string) {
	t.Helper()
	start, want := vectorTime(t, row["start"]), row["expected_close_convention"]
	var got string
	switch row["op"] {
	case "due":
		budget := vectorSeconds(t, row["arg"])
		got = h.Add(start, budget).UTC().Format(time.RFC3339)
		if walked := h.walk(start, budget).UTC().Format(time.RFC3339); walked != want {
			t.Errorf("case %s: day by day, due is %s, want %s", row["id"], walked, want)
		}
	case "elapsed":
		end := vectorTime(t, row["arg"])
		got = strconv.Itoa(int(h.Elapsed(start, end) / time.Second))
		if walked := strconv.Itoa(int(h.sum(start, end) / time.Second)); walked != want {
			t.Errorf("case %s: day by day, %s s have passed, want %s", row["id"], walked, want)
		}
	default:
		t.Fatalf("case %s: unknown operation %q", row["id"], row["op"])
	}
	if got != want {
		t.Errorf("case %s: %s %s(%s, %s) = %s, want %s", row["id"], row["schedule"], row["op"], row["start"], row["arg"], got, want)
	}
}

// vectorFile is the path that the variable names, else the file in shared/data beside the checkout.
func vectorFile(t *testing.T, variable, name string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join(repositoryRoot(t), "..", "shared", "data", name)
		if _, err := os.Stat(path); err != nil {
			t.Skipf("BUSINESS TIME IS NOT CHECKED AGAINST THE VECTORS: %v; name the file with %s", err, variable)
		}
	}
	return path
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
	t.Fatal("no go.mod above the test")
	return ""
}

func readVectors(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) < 2 {
		t.Fatalf("%s: %d lines, %v", path, len(lines), err)
	}
	rows := make([]map[string]string, 0, len(lines))
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, column := range lines[0] {
			row[column] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func readSchedules(t *testing.T, path string) map[string]*Hours {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]vectorSchedule
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	hours := map[string]*Hours{}
	for name, s := range raw {
		hours[name] = hoursOf(t, s.calendar(t))
	}
	return hours
}

func (s vectorSchedule) calendar(t *testing.T) Calendar {
	t.Helper()
	c := Calendar{TimeZone: s.TimeZone}
	for day, shifts := range s.Hours {
		c.Hours = append(c.Hours, WeekHours{Days: []string{strings.ToUpper(day[:1]) + day[1:]}, Shifts: vectorShifts(shifts)})
	}
	for _, date := range s.Holidays {
		c.Exceptions = append(c.Exceptions, Exception{Date: date})
	}
	for date, shifts := range s.Shifts {
		c.Exceptions = append(c.Exceptions, Exception{Date: date, Shifts: vectorShifts(shifts)})
	}
	for date, breaks := range s.Breaks {
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			t.Fatal(err)
		}
		shifts := s.Hours[strings.ToLower(at.Weekday().String()[:3])]
		c.Exceptions = append(c.Exceptions, Exception{Date: date, Shifts: vectorShifts(without(shifts, breaks))})
	}
	return c
}

func vectorShifts(pairs [][2]string) []Shift {
	var shifts []Shift
	for _, p := range pairs {
		shifts = append(shifts, Shift{From: p[0], To: p[1]})
	}
	return shifts
}

// without cuts breaks out of shifts; times of day compare as text.
func without(shifts, breaks [][2]string) [][2]string {
	for _, b := range breaks {
		var left [][2]string
		for _, s := range shifts {
			for _, piece := range [][2]string{{s[0], min(s[1], b[0])}, {max(s[0], b[1]), s[1]}} {
				if piece[0] < piece[1] {
					left = append(left, piece)
				}
			}
		}
		shifts = left
	}
	slices.SortFunc(shifts, func(a, b [2]string) int { return cmp.Compare(a[0], b[0]) })
	return shifts
}

func vectorTime(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func vectorSeconds(t *testing.T, text string) time.Duration {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(n) * time.Second
}
