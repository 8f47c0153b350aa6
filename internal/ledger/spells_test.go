// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

// A year of agreements: a new definition begins no spell, and what was superseded before its date never was.
func TestSpellsOfTerms(t *testing.T) {
	begin := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	l, dsn, clock := ledgertest.NewWithClock(t, tenant, begin)
	named := func(sequence int64, terms string, days int) bundle.Bundle {
		b := pair(sequence)
		b.Terms.Name, b.EffectiveFrom = terms, begin.AddDate(0, 0, days)
		return b
	}
	registered(t, l, named(1, "first", 10), named(2, "first", 20), named(3, "never", 60))
	clock.Set(begin.AddDate(0, 0, 40))
	registered(t, l, named(4, "second", 50), named(5, "to come", 300))
	clock.Set(begin.AddDate(0, 0, 100))
	got, err := l.Spells(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []judge.Spell{{From: begin.AddDate(0, 0, 10), Revision: "first"}, {From: begin.AddDate(0, 0, 50), Revision: "second"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if other, err := ledgertest.Open(t, dsn, "other").Spells(t.Context()); err != nil || len(other) > 0 {
		t.Errorf("another tenant has %v, %v", other, err)
	}
}
