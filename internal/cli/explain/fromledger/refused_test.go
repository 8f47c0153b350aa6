// SPDX-License-Identifier: Apache-2.0

package fromledger_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

const contractOf = `apiVersion: sla.handoff.dev/v1alpha1
kind: SLAContract
metadata: {name: mid-market, namespace: revenue}
spec:
  definitionRef: {name: mid-market}
  terms:
    parties: {marketing: {owner: M}, sales: {owner: S}}
    calendar: {timeZone: UTC, hours: [{days: [Mon], shifts: [{from: "09:00", to: "17:00"}]}]}
    sales: {rejection: {targetPercent: 100}}
    enforcement: %s
`

// beside puts the definition into a folder with a contract whose terms have a mode.
func beside(t *testing.T, mode sla.Mode) (file string) {
	t.Helper()
	text, err := os.ReadFile(definition)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	file = filepath.Join(folder, "definition.yaml")
	for name, text := range map[string]string{file: string(text), filepath.Join(folder, "contract.yaml"): fmt.Sprintf(contractOf, mode)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return file
}

func modal(t *testing.T, mode sla.Mode) *pipeline.Pair {
	t.Helper()
	enforcing := pair(t, 1, "mid-market")
	p, err := pipeline.CompilePair(func(b bundle.Bundle) bundle.Bundle {
		b.SLA.Enforcement = mode
		return b
	}(enforcing.Bundle))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is refused, and what is handed off incomplete, is told alike from files and from the ledger, in both modes.
func TestModesAreExplained(t *testing.T) {
	incomplete := captured(map[string]any{"company": "Acme", "numberofemployees": 120.0, "seniority": "director"})
	uncoded := func(hours int) event {
		return event{hours: hours, kind: lead.KindDisposition, data: ledger.Data{Outcome: lead.Recycled, By: "rep-1"}}
	}
	for name, c := range map[string]struct {
		mode   sla.Mode
		events []event
		want   []string
		not    string
	}{
		"refused, then with a code": {
			sla.Enforce, situation(captured(director), demo(2), uncoded(5), disposed(9, "NotICP")),
			[]string{
				"recycled      2027-01-04T17:00:00Z  refused: without a reason code it was not taken; the clause rejection goes by this first attempt",
				"disqualified  2027-01-04T21:00:00Z  NotICP", "disqualified at 2027-01-04T21:00:00Z",
			},
			"was recycled",
		},
		"refused alone": {
			sla.Enforce, situation(captured(director), demo(2), uncoded(5)), []string{"lead-1 is an MQL since 2027-01-04T14:00:00Z", "refused: without a reason code"}, "was recycled",
		},
		"held":              {sla.Enforce, situation(incomplete, demo(2)), []string{"lead-1 is held: a path to MQL holds, but these required fields are missing: phone"}, "is an MQL since"},
		"observed":          {sla.Observe, situation(captured(director), demo(2), uncoded(5)), []string{"was recycled at 2027-01-04T17:00:00Z", "without a reason"}, "refused"},
		"observed, missing": {sla.Observe, situation(incomplete, demo(2)), []string{"lead-1 is an MQL since 2027-01-04T14:00:00Z"}, "is held"},
		"observed, a code before its attempts": {
			sla.Observe, situation(captured(director), demo(2), disposed(5, "BadTiming")),
			[]string{"BadTiming, after 0 attempts of the 2 it demands: the terms observe, and it counts all the same"},
			"does not count",
		},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := explain(t, "lead-1", "-f", beside(t, c.mode), "--events", file(t, c.events))
			if err != nil {
				t.Fatal(err)
			}
			wantAll(t, files, c.want...)
			if strings.Contains(files, c.not) {
				t.Errorf("%q in\n%s", c.not, files)
			}
			l, p := newLedger(t), modal(t, c.mode)
			l.register(t, p)
			for _, e := range c.events {
				said := lead.Disposed{Outcome: e.data.Outcome, Reason: e.data.Reason}
				e.refused = c.mode == sla.Enforce && e.kind == lead.KindDisposition && lead.Uncoded(p.Bundle.Lead.Dispositions, said)
				l.send(t, p, e)
			}
			kept, err := l.explain(t, "lead-1")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(files, withoutLedger(kept)); diff != "" {
				t.Errorf("(-files +ledger):\n%s", diff)
			}
		})
	}
}
