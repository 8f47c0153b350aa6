// SPDX-License-Identifier: Apache-2.0

package scorecard

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/cli/paint"
)

var now = time.Date(2027, 1, 25, 14, 3, 20, 0, time.UTC)

// read a contract and its measurement from testdata.
func read(t *testing.T, name string) Card {
	t.Helper()
	var both struct {
		Contract    slav1alpha1.SLAContract     `json:"contract"`
		Measurement *slav1alpha1.SLAMeasurement `json:"measurement"`
	}
	text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &both); err != nil {
		t.Fatal(err)
	}
	return Of(&both.Contract, both.Measurement, now)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
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
		t.Errorf("%s (-want +got; UPDATE_GOLDEN=1 writes it anew)\n%s", file, diff)
	}
}

func TestGolden(t *testing.T) {
	forms := map[string]func(*Card, io.Writer){
		"txt":  func(c *Card, w io.Writer) { c.Text(w, paint.Palette{}, false) },
		"wide": func(c *Card, w io.Writer) { c.Text(w, paint.Palette{}, true) },
		"md":   (*Card).Markdown,
		"json": func(c *Card, w io.Writer) {
			encoder := json.NewEncoder(w)
			encoder.SetIndent("", "  ")
			if err := encoder.Encode(c); err != nil {
				t.Error(err)
			}
		},
		"html": func(c *Card, w io.Writer) {
			if err := HTML(w, []Card{*c}); err != nil {
				t.Error(err)
			}
		},
	}
	for _, name := range []string{"a-bad-fortnight", "all-is-well", "nothing-in-force-yet"} {
		for suffix, write := range forms {
			t.Run(name+"."+suffix, func(t *testing.T) {
				card := read(t, name)
				var out bytes.Buffer
				write(&card, &out)
				golden(t, name+"."+suffix, out.String())
			})
		}
	}
}

// What colour says, the shape and the word beside it say too: without the codes the text is the same.
func TestColourIsNotAlone(t *testing.T) {
	for _, name := range []string{"a-bad-fortnight", "all-is-well", "nothing-in-force-yet"} {
		card := read(t, name)
		var plain, coloured bytes.Buffer
		card.Text(&plain, paint.Palette{}, true)
		card.Text(&coloured, paint.Colours, true)
		if !strings.Contains(coloured.String(), "\x1b[") {
			t.Errorf("%s has no colour", name)
		}
		stripped := regexp.MustCompile(`\x1b\[\d*m`).ReplaceAllString(coloured.String(), "")
		if diff := cmp.Diff(plain.String(), stripped); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestShort(t *testing.T) {
	var out bytes.Buffer
	Short(&out, paint.Palette{}, []Card{read(t, "a-bad-fortnight"), read(t, "all-is-well"), read(t, "nothing-in-force-yet")})
	golden(t, "short.txt", out.String())
}

// No page loads anything, and nothing that somebody wrote becomes a part of it.
func TestThePageIsItsOwn(t *testing.T) {
	card := read(t, "a-bad-fortnight")
	card.Advice = append(card.Advice, `<script src="https://example.com/x.js"></script>`)
	var out bytes.Buffer
	if err := HTML(&out, []Card{card}); err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "src=", "<link", "@import", "url("} {
		if strings.Contains(strings.ReplaceAll(out.String(), "&lt;script src=", ""), never) {
			t.Errorf("the page has %q", never)
		}
	}
}

func TestWait(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "0s", 59: "59s", 60: "1m", 61: "1m 1s", 3600: "1h", 3661: "1h 1m", 86_399: "23h 59m", 86_400: "1d", 180_000: "2d 2h",
	} {
		if got := wait(slav1alpha1.WaitedFor((time.Duration(seconds) * time.Second).String())); got != want {
			t.Errorf("%d: %q, want %q", seconds, got, want)
		}
	}
	if got := wait(""); got != "" {
		t.Errorf("%q", got)
	}
}

func TestMarks(t *testing.T) {
	week := slav1alpha1.ClosedWeek{
		Met: []slav1alpha1.ClauseName{"delivery"}, AtRisk: []slav1alpha1.ClauseName{"volume"}, Missed: []slav1alpha1.ClauseName{"firstContact", "followUp"},
		Severe: []slav1alpha1.ClauseName{"firstContact"}, Insufficient: []slav1alpha1.ClauseName{"score"}, Waived: []slav1alpha1.ClauseName{"feedback"},
	}
	for name, want := range map[slav1alpha1.ClauseName]string{
		"delivery": "met", "volume": "behind pace", "followUp": "fell short", "firstContact": "fell short by far", "score": "too few leads",
		"feedback": "waived", "rejection": "not judged",
	} {
		if got := markOf(week, name).word; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// A waiver and a plan are shown while they matter, by the contract's days.
func TestWhatIsOver(t *testing.T) {
	contract := &slav1alpha1.SLAContract{}
	contract.Spec.Terms.Calendar.TimeZone = "Pacific/Auckland" // the 26th already
	contract.Spec.Waivers = []slav1alpha1.Waiver{{Name: "over", To: "2027-01-25"}, {Name: "last-day", To: "2027-01-26"}, {Name: "used", To: "2027-01-03"}}
	contract.Spec.Remediations = []slav1alpha1.Remediation{
		{Name: "done", Clause: "score", Due: "2027-01-01", Done: "2027-01-02"}, {Name: "late", Clause: "score", Due: "2027-01-25"}, {Name: "today", Clause: "score", Due: "2027-01-26"},
	}
	contract.Status.Scorecard = []slav1alpha1.ScorecardRow{
		{Clause: "delivery", Verdict: "Waived", Waiver: "used"},
		{Clause: "score", Verdict: missed},
		{Clause: "firstContact", Tier: "High", Verdict: missed},
		{Clause: "firstContact", Tier: "Standard", Verdict: missed},
		{Clause: "volume", Verdict: "AtRisk"},
	}
	contract.Spec.Dispute = &slav1alpha1.Dispute{Resolution: &slav1alpha1.DisputeResolution{}}
	card := Of(contract, nil, now)
	var waivers, plans []string
	for _, w := range card.Waivers {
		waivers = append(waivers, w.Name)
	}
	for _, p := range card.Plans {
		plans = append(plans, string(p.Name)+map[bool]string{true: " overdue"}[p.Overdue])
	}
	if diff := cmp.Diff([][]string{{"last-day", "used"}, {"late overdue", "today"}, {"firstContact"}}, [][]string{waivers, plans, card.Unplanned}); diff != "" {
		t.Error(diff)
	}
	if card.Dispute != nil {
		t.Error("a dispute that was resolved is shown")
	}
}
