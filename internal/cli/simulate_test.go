// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// funnelRun runs `simulate funnel` and returns what it prints.
func funnelRun(args ...string) (string, error) {
	root := Root(func() time.Time { return time.Unix(0, 0) })
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetArgs(append([]string{"simulate", "funnel"}, args...))
	err := root.Execute()
	return out.String(), err
}

func TestSimulateFunnel(t *testing.T) {
	rates := []string{"--deal-size", "50000", "--close-rate", "25", "--mql-to-opportunity", "30"}
	contract := filepath.Join("..", "..", "config", "samples", "slacontract.yaml")
	cases := map[string]struct {
		args []string
		want map[string]any
	}{
		"backwards": {
			append([]string{"--bookings", "500000"}, rates...),
			map[string]any{"mqlsPerMonth": 133.0, "dealsPerMonth": 10.0, "opportunitiesPerMonth": 40.0, "bookingsPerMonth": 500000.0, "mqlsBeforeRounding": 133.3333},
		},
		"forwards": {
			append([]string{"--mqls", "133"}, rates...),
			map[string]any{"mqlsPerMonth": 133.0, "dealsPerMonth": 9.975, "opportunitiesPerMonth": 39.9, "bookingsPerMonth": 498750.0},
		},
		"a contract's": {
			[]string{"-f", contract}, map[string]any{"mqlsPerMonth": 133.0, "averageDealSize": 50000.0, "closeRatePercent": 25.0},
		},
		"a contract's, at another rate": {
			[]string{"-f", contract, "--close-rate", "20"}, map[string]any{"mqlsPerMonth": 167.0, "closeRatePercent": 20.0},
		},
		"a contract's, forwards": {
			[]string{"-f", contract, "--mqls", "40"}, map[string]any{"bookingsPerMonth": 150000.0},
		},
		"decimal rates": {
			[]string{"--bookings", "100000", "--deal-size", "10000", "--close-rate", "12.50", "--mql-to-opportunity", "10.5"},
			map[string]any{"mqlsPerMonth": 762.0, "closeRatePercent": 12.5, "mqlToOpportunityPercent": 10.5},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := funnelRun(append(tc.args, "-o", "json")...)
			if err != nil {
				t.Fatal(err)
			}
			var got map[string]any
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v:\n%s", err, out)
			}
			for key, want := range tc.want {
				if diff := cmp.Diff(want, got[key]); diff != "" {
					t.Errorf("%s: %s", key, diff)
				}
			}
		})
	}
}

func TestSimulateFunnelSensitivity(t *testing.T) {
	out, err := funnelRun("--bookings", "500000", "--deal-size", "50000", "--close-rate", "98", "--mql-to-opportunity", "5", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sensitivity []struct{ CloseRatePercent, MQLToOpportunityPercent, MQLsPerMonth float64 }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	// 103 % and 0 % are no rates. 10 / 0.93 / 0.05 = 215.05; 10 / 0.98 / 0.1 = 102.04.
	want := []struct{ CloseRatePercent, MQLToOpportunityPercent, MQLsPerMonth float64 }{{93, 5, 215}, {93, 10, 108}, {98, 5, 204}, {98, 10, 102}}
	if diff := cmp.Diff(want, got.Sensitivity); diff != "" {
		t.Error(diff)
	}
}

func TestSimulateFunnelText(t *testing.T) {
	out, err := funnelRun("--bookings", "500000", "--deal-size", "50000", "--close-rate", "25", "--mql-to-opportunity", "30")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"500,000 in bookings a month take 133 MQLs a month:", "a deal is worth 50,000: 10 deals", "25% of opportunities are won: 40 opportunities",
		"30% of MQLs become opportunities: about 133.3333 MQLs, rounded 133", "160  133  114",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestSimulateFunnelWords(t *testing.T) {
	cases := map[string]struct {
		args []string
		want []string
	}{
		"one of each": {
			[]string{"--bookings", "100", "--deal-size", "100", "--close-rate", "100", "--mql-to-opportunity", "100"},
			[]string{"take 1 MQL a month:", ": 1 deal\n", ": 1 opportunity\n", ": 1 MQL, rounded 1\n"},
		},
		"one, forwards": {
			[]string{"--mqls", "1", "--deal-size", "100", "--close-rate", "100", "--mql-to-opportunity", "100"},
			[]string{"1 MQL a month is worth 100 in bookings", ": 1 deal\n"},
		},
		"thousands": {
			[]string{"--bookings", "500000", "--deal-size", "500", "--close-rate", "25", "--mql-to-opportunity", "30"},
			[]string{"take 13,333 MQLs a month:", "about 13,333.3333 MQLs, rounded 13,333"},
		},
		"a share for a percentage": {
			[]string{"--bookings", "500", "--deal-size", "500", "--close-rate", "0.25", "--mql-to-opportunity", "30"},
			[]string{"note: --close-rate 0.25 is 0.25 %, less than one in a hundred; for a share of 0.25 write 25\n"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := runCLI(t, append([]string{"simulate", "funnel"}, tc.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if strings.Contains(out, "note:") != (name == "a share for a percentage") {
				t.Errorf("a note of percentages in\n%s", out)
			}
		})
	}
}

func TestSimulateFunnelErrors(t *testing.T) {
	definition := filepath.Join("..", "..", "config", "samples", "leaddefinition.yaml")
	bare := filepath.Join(t.TempDir(), "bare.yaml")
	text := "apiVersion: sla.handoff.dev/v1alpha1\nkind: SLAContract\nmetadata: {name: bare}\nspec: {definitionRef: {name: d}}\n"
	if err := os.WriteFile(bare, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all := func(bookings, size, closeRate, opportunity string) []string {
		return []string{"--bookings", bookings, "--deal-size", size, "--close-rate", closeRate, "--mql-to-opportunity", opportunity}
	}
	cases := map[string]struct {
		args []string
		want string
	}{
		"nothing":          {nil, "not given: --bookings (or --mqls), --deal-size, --close-rate, --mql-to-opportunity"},
		"no deal size":     {all("500000", "0", "25", "30"), "--deal-size: 0 is not above zero"},
		"no bookings":      {all("-1", "50000", "25", "30"), "--bookings: -1 is not above zero"},
		"rate above 100":   {all("500000", "50000", "250", "30"), `--close-rate: "250" is no percentage above 0 and at most 100; write 25 or 10.5`},
		"rate of zero":     {all("500000", "50000", "25", "0"), `--mql-to-opportunity: "0" is no percentage`},
		"no number":        {all("many", "50000", "25", "30"), `"--bookings"`},
		"both ways":        {append(all("500000", "50000", "25", "30"), "--mqls", "7"), "[bookings mqls]"},
		"no MQLs":          {append(all("500000", "50000", "25", "30")[2:], "--mqls", "0"), "--mqls: 0 is not a number of MQLs"},
		"no contract":      {[]string{"-f", definition}, "no SLAContract"},
		"no such contract": {[]string{"-f", bare, "--name", "other"}, `no SLAContract named "other"`},
		"no funnel":        {[]string{"-f", bare}, "SLAContract bare has no terms.funnel"},
		"another output":   {append(all("500000", "50000", "25", "30"), "-o", "xml"), `--output "xml": text or json`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if out, err := funnelRun(tc.args...); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q (printed %q)", err, tc.want, out)
			}
		})
	}
}
