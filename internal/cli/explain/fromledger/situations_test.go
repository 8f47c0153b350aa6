// SPDX-License-Identifier: Apache-2.0

package fromledger_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

const day = 24 // hours

var director = map[string]any{"company": "Acme", "numberofemployees": 120.0, "seniority": "director", "phone": "1"}

var situations = map[string][]event{
	"points-short": situation(captured(map[string]any{"company": "Acme", "seniority": "director", "phone": "1"}), pricing(1), pricing(15*day)),
	"held":         situation(captured(map[string]any{"company": "Acme", "numberofemployees": 120.0}), demo(1)),
	"mql":          situation(captured(director), pricing(1), demo(2)),
	"sql-unmet":    situation(captured(director), demo(2), told(5, map[string]any{"budget": false, "timelineDays": 90.0})),
	"sql":          situation(captured(director), demo(2), told(5, map[string]any{"timelineDays": 90.0}), told(30, map[string]any{"businessCase": true}), call(31)),
	"recycled":     situation(captured(director), demo(2), call(3), disposed(2*day, "BadTiming"), pricing(5*day)),
	"came-back": situation(captured(director), demo(2), call(3), call(4), disposed(2*day, "BadTiming"), told(3*day, map[string]any{"budget": true}),
		demo(9*day), call(9*day+1), disposed(10*day, "NoResponse"), demo(45*day)),
	"held-again": situation(captured(director), demo(2), disposed(2*day, "NoResponse"),
		event{hours: 20 * day, kind: lead.KindUpdated, data: ledger.Data{Properties: map[string]any{"phone": nil}}}, demo(40*day)),
	"new-contact":  situation(captured(director), demo(2), disposed(3, "StakeholderChange")),
	"disqualified": situation(captured(director), demo(2), disposed(3, "NotICP")),
	"account": situation(
		captured(map[string]any{"company": " ACME", "numberofemployees": 60.0, "seniority": "vp", "phone": "2"}).of("lead-2"),
		captured(map[string]any{"company": "Other", "numberofemployees": 60.0, "seniority": "vp", "phone": "3"}).of("lead-3"),
		pricing(1).of("lead-2"), captured(director).after(2), pricing(3), pricing(3)),
	// lead-2 becomes interested after the last event of lead-1.
	"account-since": situation(
		captured(map[string]any{"company": "acme", "numberofemployees": 60.0, "phone": "2"}).of("lead-2"), captured(director), pricing(5), demo(9).of("lead-2")),
	"account-short": situation(
		captured(map[string]any{"company": "Acme", "phone": "2"}).of("lead-2"), captured(director), pricing(2)),
}

// What is said of a lead is the same whether its events come from files or from the ledger, and does not change unnoticed: after a wanted
// change, run the test with UPDATE_GOLDEN=1 and read the difference.
func TestSituations(t *testing.T) {
	for name, events := range situations {
		t.Run(name, func(t *testing.T) {
			got, err := explain(t, "lead-1", "-f", definition, "--events", file(t, events))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".txt")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("from files (-want +got):\n%s", diff)
			}
			l, p := newLedger(t), pair(t, 1, "mid-market")
			l.register(t, p)
			l.send(t, p, events...)
			kept, err := l.explain(t, "lead-1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, withoutLedger(kept)); diff != "" || !strings.Contains(kept, "Ledger tenant mid-market of contract revenue/mid-market: definition mid-market in force since ") {
				t.Errorf("from the ledger (-files +ledger):\n%s\n%s", diff, kept)
			}
		})
	}
}

func TestJSONSaysTheSame(t *testing.T) {
	for name, events := range situations {
		t.Run(name, func(t *testing.T) {
			files, err := explain(t, "lead-1", "-f", definition, "--events", file(t, events), "-o", "json")
			if err != nil {
				t.Fatal(err)
			}
			l, p := newLedger(t), pair(t, 1, "mid-market")
			l.register(t, p)
			l.send(t, p, events...)
			kept, err := l.explain(t, "lead-1", "-o", "json")
			if err != nil {
				t.Fatal(err)
			}
			var one, other map[string]any
			if err := json.Unmarshal([]byte(files), &one); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(kept), &other); err != nil {
				t.Fatal(err)
			}
			about, _ := other["ledger"].(map[string]any)
			if about["tenant"] != tenant || about["inForce"] != "mid-market" {
				t.Errorf("ledger: %v", about)
			}
			delete(other, "ledger")
			if diff := cmp.Diff(one, other); diff != "" {
				t.Errorf("(-files +ledger):\n%s", diff)
			}
		})
	}
}
