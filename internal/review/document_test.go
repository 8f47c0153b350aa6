// SPDX-License-Identifier: Apache-2.0

package review

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var samples = map[string]func() Facts{"weekly": weekly, "monthly": monthly, "quarterly": quarterly, "empty": empty}

func made(t *testing.T, f Facts) *Document {
	t.Helper()
	d, err := New(f)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// rendered gives the report in every form, by the ending of its file.
func rendered(t *testing.T, d *Document) map[string]string {
	t.Helper()
	page, err := d.HTML()
	if err != nil {
		t.Fatal(err)
	}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"md": d.Markdown(), "html": page, "json": string(text), "txt": d.Summary()}
}

// TestRenderings compares with the files in testdata. UPDATE_GOLDEN=1 writes them anew; look at the difference.
func TestRenderings(t *testing.T) {
	for name, sample := range samples {
		for ending, got := range rendered(t, made(t, sample())) {
			file := filepath.Join("testdata", name+"."+ending)
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

func TestRenderingsDoNotDependOnTheOrderOfTheFacts(t *testing.T) {
	for name, sample := range samples {
		shuffled := sample()
		slices.Reverse(shuffled.Weeks)
		slices.Reverse(shuffled.Months)
		slices.Reverse(shuffled.Misses)
		slices.Reverse(shuffled.Outcomes)
		slices.Reverse(shuffled.Segments)
		slices.Reverse(shuffled.Plans)
		slices.Reverse(shuffled.Reviews)
		slices.Reverse(shuffled.Steps)
		for i := range shuffled.Misses {
			slices.Reverse(shuffled.Misses[i].Worst)
			slices.Reverse(shuffled.Misses[i].Reps)
		}
		if shuffled.Scores != nil {
			slices.Reverse(shuffled.Scores.MQLs)
			slices.Reverse(shuffled.Scores.Near)
		}
		shuffled.GeneratedAt = shuffled.GeneratedAt.In(time.FixedZone("elsewhere", 3600))
		first := append([]Week{}, shuffled.Weeks...)
		if diff := cmp.Diff(rendered(t, made(t, sample())), rendered(t, made(t, shuffled))); diff != "" {
			t.Errorf("%s: the order of the facts shows:\n%s", name, diff)
		}
		if diff := cmp.Diff(first, append([]Week{}, shuffled.Weeks...)); diff != "" {
			t.Errorf("%s: the facts were changed:\n%s", name, diff)
		}
	}
}

// A page refers to nothing outside itself, has no script, and is well-formed.
func TestPageNeedsNothingElse(t *testing.T) {
	outside := regexp.MustCompile(`(?i)@import|url\(|<script|<link|<img|<iframe|<base|javascript:|\son\w+=|srcset=|["'(]data:`)
	for name, sample := range samples {
		page := rendered(t, made(t, sample()))["html"]
		if found := outside.FindString(page); found != "" {
			t.Errorf("%s has %q", name, found)
		}
		ids, refs := elements(t, name, page)
		for _, ref := range refs {
			if id, ok := strings.CutPrefix(ref, "#"); !ok || !slices.Contains(ids, id) {
				t.Errorf("%s refers to %q", name, ref)
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(slices.Clone(ids))) != len(ids) {
			t.Errorf("%s uses an id twice: %v", name, ids)
		}
	}
}

// elements reads a page strictly, and gives its ids and what it refers to.
func elements(t *testing.T, name, page string) (ids, refs []string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Entity = xml.HTMLEntity
	headings := 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is not well-formed: %v", name, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if start.Name.Local == "h1" {
			headings++
		}
		attributes := map[string]string{}
		for _, a := range start.Attr {
			attributes[a.Name.Local] = a.Value
			switch a.Name.Local {
			case "id":
				ids = append(ids, a.Value)
			case "href", "src", "action", "poster", "cite":
				refs = append(refs, a.Value)
			case "aria-labelledby":
				for id := range strings.FieldsSeq(a.Value) {
					refs = append(refs, "#"+id)
				}
			}
		}
		if start.Name.Local == "th" && attributes["scope"] == "" {
			t.Errorf("%s has a header cell without a scope", name)
		}
		if start.Name.Local == "svg" && (attributes["role"] != "img" || attributes["aria-labelledby"] == "") {
			t.Errorf("%s has a picture without a title", name)
		}
	}
	if headings != 1 {
		t.Errorf("%s has %d main headings", name, headings)
	}
	return ids, refs
}

// Reports speak of numbers and plans, and blame nobody.
func TestWordingOfEveryKind(t *testing.T) {
	blame := regexp.MustCompile(`(?i)\b(blam|fault|fail|guilt|culprit|negligen|excuse|lazy|punish|violat|offend)\w*|` +
		`\b(poor|bad|careless|sloppy|underperform)\b`)
	for name, sample := range samples {
		for ending, text := range rendered(t, made(t, sample())) {
			if found := blame.FindString(text); found != "" {
				t.Errorf("%s.%s says %q", name, ending, found)
			}
		}
	}
}

// Every indicator has its shape beside its word or colour.
func TestIndicatorsAreNotColourAlone(t *testing.T) {
	page := rendered(t, made(t, weekly()))["html"]
	lamps := regexp.MustCompile(`class="lamp (\w+)"><span aria-hidden="true">(\S+)</span> (?:<strong>\d+</strong> |<span class="word">)?(\w+)`)
	shapes := map[string]string{"green": "●", "yellow": "▲", "red": "■", "grey": "○"}
	found := lamps.FindAllStringSubmatch(page, -1)
	for _, m := range found {
		if shapes[m[1]] != m[2] || strings.ToLower(m[3]) != m[1] {
			t.Errorf("a lamp is %q", m[0])
		}
	}
	if all := strings.Count(page, `class="lamp `); all != len(found) || all < 20 {
		t.Errorf("%d lamps, of which %d have a shape and a word", all, len(found))
	}
}

func TestTextStaysText(t *testing.T) {
	f := weekly()
	hostile := "</script><script>alert(1)</script><img src=x onerror=y>\"'|`*_[x](y)\n# z"
	f.Contract, f.Owner = hostile, hostile
	f.Misses[0].Worst[6].Lead, f.Plans[0].Plan, f.Calendar[0].Name = hostile, hostile, hostile
	f.Revisions[0].Terms = hostile
	all := rendered(t, made(t, f))
	elements(t, "hostile", all["html"])
	for _, ending := range []string{"html", "md"} {
		if strings.Contains(all[ending], "<script") || strings.Contains(all[ending], "<img") {
			t.Errorf("%s has markup from outside", ending)
		}
	}
	if strings.Contains(all["md"], "\n# z") {
		t.Error("a text of outside made a heading")
	}
}

func TestFactsThatContradictThemselves(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(f *Facts)
		want   string
	}{
		"a month as a week":       {func(f *Facts) { f.Period = "2027-01" }, `a report of kind "Operational" is not about "2027-01"`},
		"no period":               {func(f *Facts) { f.Period = "2027-W99" }, `"2027-W99"`},
		"no kind":                 {func(f *Facts) { f.Kind = "" }, `a report of kind "" is not about "2027-W03"`},
		"no zone":                 {func(f *Facts) { f.Zone = "" }, "a report has a time zone"},
		"an unknown zone":         {func(f *Facts) { f.Zone = "Mars/Olympus" }, "unknown time zone Mars/Olympus"},
		"a period that goes on":   {func(f *Facts) { f.GeneratedAt = at("2027-01-25T04:59:59Z") }, "2027-W03 is not closed at 2027-01-25T04:59:59Z"},
		"nothing contradictory":   {func(*Facts) {}, ""},
		"the first instant after": {func(f *Facts) { f.GeneratedAt = at("2027-01-25T05:00:00Z") }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := weekly()
			tc.change(&f)
			_, err := New(f)
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}
