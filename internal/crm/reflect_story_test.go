// SPDX-License-Identifier: Apache-2.0

package crm_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/lead"
)

var update = flag.Bool("update", false, "write what is below the line of testdata anew")

const storyLine = "--- what follows\n"

// TestStories reads what people do in a CRM, and compares what follows with what is below the line: see testdata/README.md.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d stories, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			above, below, found := strings.Cut(string(text), storyLine)
			got := tellStory(t, above)
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimRight(above, "\n")+"\n\n"+storyLine+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(below, got); !found || diff != "" {
				t.Errorf("below the line (-want +got):\n%s", diff)
			}
		})
	}
}

type story struct {
	t   *testing.T
	w   *world
	out strings.Builder
}

func tellStory(t *testing.T, text string) string {
	t.Helper()
	_, text, _ = strings.Cut(text, "\n\n")
	s := &story{t: t}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			s.line(line)
		}
	}
	return s.out.String()
}

func (s *story) line(line string) {
	head, tail, _ := strings.Cut(line, ": ")
	words := strings.Fields(strings.TrimSuffix(head, ":"))
	switch words[0] {
	case "created":
		s.w = newWorld(s.at(words[1]), len(words) > 2 && words[2] == "remembers")
		return
	case "ledger":
		s.ledger(tail)
		return
	}
	at := s.at(words[0])
	switch what := strings.Join(words[1:], " "); {
	case what == "person":
		s.w.set(at, false, s.values(tail))
	case what == "handoff":
		s.w.write(at, s.values(tail))
	case what == "read":
		s.read(at, s.w.latest())
	case strings.HasPrefix(what, "read before "): // an older version, as of an index that lags
		for _, r := range s.w.versions {
			if r.Modified.Before(s.at(words[3])) {
				defer s.read(at, r)
				break
			}
		}
	case what == "undo":
		s.undo(at)
	case what == "converted":
		r := s.w.latest()
		r.Gone, r.Deal, r.DealAt, r.Modified = crm.Converted, tail, at, at
		s.w.versions = append(s.w.versions, r)
	case what == "merged":
		r := s.w.latest()
		r.Merged, r.Modified = append(r.Merged, tail), at
		s.w.versions = append(s.w.versions, r)
	default:
		s.t.Fatalf("line %q", line)
	}
}

// at is a time such as 09:30 of the 2nd of March, or 01T09:30 of the first.
func (s *story) at(text string) time.Time {
	if !strings.Contains(text, "T") {
		text = "02T" + text
	}
	if strings.Count(text, ":") == 1 {
		text += ":00"
	}
	at, err := time.Parse(time.RFC3339, "2026-03-"+text+"Z")
	if err != nil {
		s.t.Fatal(err)
	}
	return at
}

// values such as owner=rep1, lead_status=Nurture, opt_out=true, reason=.
func (s *story) values(text string) map[string]any {
	values := map[string]any{}
	for part := range strings.SplitSeq(text, ", ") {
		field, value, _ := strings.Cut(part, "=")
		switch value {
		case "":
			values[field] = nil
		case "true", "false":
			values[field] = value == "true"
		default:
			values[field] = value
			if field == "numberofemployees" {
				var n float64
				if _, err := fmt.Sscan(value, &n); err == nil {
					values[field] = n
				}
			}
		}
	}
	return values
}

// ledger: stage MQL, owner rep1, disposition Recycled BadTiming, observes, set back 3 times.
func (s *story) ledger(text string) {
	for part := range strings.SplitSeq(text, ", ") {
		words := strings.Fields(part)
		switch words[0] {
		case "stage":
			s.w.standing.Stage = lead.Stage(words[1])
		case "owner":
			s.w.standing.Owner = words[1]
		case "disposition":
			s.w.standing.Disposition = &crm.Disposition{Outcome: words[1], Code: strings.Join(words[2:], "")}
			for _, d := range worldDefinition().Dispositions {
				if d.Name == s.w.standing.Disposition.Code {
					s.w.standing.Disposition.Status = d.Status
				}
			}
		case "observes":
			s.w.standing.Enforced = false
		default:
			s.t.Fatalf("ledger: %q", part)
		}
	}
}

func (s *story) read(at time.Time, r crm.Record) {
	was := time.Time{}
	if s.w.known != nil {
		was = s.w.known.Diverged
	}
	out := s.w.read(r, at)
	fmt.Fprintf(&s.out, "%s read", at.Format("15:04"))
	switch {
	case out.Stale:
		s.out.WriteString(": older than what is known\n")
		return
	case !out.News && len(out.Events) == 0:
		s.out.WriteString(": nothing new\n")
		return
	}
	s.out.WriteString("\n")
	for _, e := range out.Events {
		data, err := json.Marshal(e.Data)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&s.out, "  %s %s %s %s\n", e.Time.Format("02T15:04:05"), e.Kind, e.Lead, data)
		if e.Source != "/crm/hubspot/42" || e.ID == "" {
			s.t.Errorf("event %q of %q", e.ID, e.Source)
		}
	}
	for _, p := range out.Problems {
		fmt.Fprintf(&s.out, "  left out: %s: %s\n", p.Field, p.Why)
	}
	switch is := out.Known.Diverged; {
	case !is.IsZero() && !is.Equal(was):
		fmt.Fprintf(&s.out, "  against the agreement: %s\n", out.Known.Seen["~apart"])
	case is.IsZero() && !was.IsZero():
		s.out.WriteString("  as agreed again\n")
	}
}

func (s *story) undo(at time.Time) {
	u, stop, needed := crm.Undoing(*s.w.known, s.w.standing, worldSettings().Mapping, worldDefinition().Dispositions, 3, at)
	fmt.Fprintf(&s.out, "%s undo: ", at.Format("15:04"))
	switch {
	case !needed:
		s.out.WriteString("nothing\n")
		return
	case stop:
		s.w.known.Stopped = at
		s.out.WriteString("no more\n")
	default:
		s.w.known.Restore = u.Restore
		s.w.known.SetBacks = append(s.w.known.SetBacks, at)
		data, err := json.Marshal(u.Restore)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(&s.out, "%s\n", data)
	}
	for line := range strings.SplitSeq(u.Why, "\n") {
		fmt.Fprintf(&s.out, "  %s\n", line)
	}
}
