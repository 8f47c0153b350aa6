// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	_ "embed" // the story
	"fmt"
	"strconv"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

//go:embed testdata/quarter/story.txt
var quarterStory string

// quarterWeek is a line of the story.
type quarterWeek struct {
	name                string
	monday              time.Time // at midnight in New York
	asked, inTime, late int
	held                bool
	verdicts            map[string]string // by clause
	open                []string          // escalations after the week
}

func readStory() []quarterWeek {
	GinkgoHelper()
	zone, err := time.LoadLocation("America/New_York")
	Expect(err).NotTo(HaveOccurred())
	var weeks []quarterWeek
	for line := range strings.Lines(quarterStory) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		lived, judged, found := strings.Cut(line, "|")
		Expect(found).To(BeTrue(), line)
		f := strings.Fields(lived)
		Expect(f).To(HaveLen(5), line)
		w := quarterWeek{name: f[0], held: f[4] == "yes", asked: toInt(f[1]), inTime: toInt(f[2]), late: toInt(f[3])}
		// The first of the weeks begins on 6 July 2026.
		w.monday = time.Date(2026, time.July, 6, 0, 0, 0, 0, zone).AddDate(0, 0, 7*len(weeks))
		year, week := w.monday.ISOWeek()
		Expect(fmt.Sprintf("%d-W%02d", year, week)).To(Equal(w.name))
		columns := columnsOf(judged)
		Expect(columns).To(HaveLen(4), line)
		w.verdicts = map[string]string{"firstContact": columns[0], "volume": columns[1], "reviewsHeld": columns[2]}
		if columns[3] != "-" {
			w.open = strings.Split(columns[3], ", ")
		}
		weeks = append(weeks, w)
	}
	return weeks
}

// columnsOf a line are apart by two spaces or more.
func columnsOf(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, "  ") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func toInt(text string) int {
	GinkgoHelper()
	n, err := strconv.Atoi(text)
	Expect(err).NotTo(HaveOccurred())
	return n
}

// lead of a week, by its number.
func (w quarterWeek) lead(i int) string { return fmt.Sprintf("%s-%02d", strings.ToLower(w.name), i) }

// at is a time of the week: days after Monday, and a time of day in New York.
func (w quarterWeek) at(days, hour, minute int) time.Time {
	return time.Date(w.monday.Year(), w.monday.Month(), w.monday.Day()+days, hour, minute, 0, 0, w.monday.Location())
}
