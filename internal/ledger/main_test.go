// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func TestMain(m *testing.M) { ledgertest.Main(m) }

const tenant = "acme"

var noon = time.Date(2027, 1, 4, 12, 0, 0, 0, time.UTC)

func captured(id, leadID string, properties map[string]any) ledger.Entry {
	return ledger.Entry{
		Source: "/test", ID: id, Lead: leadID, Kind: lead.KindCaptured, Time: noon,
		Data: ledger.Data{Properties: properties},
	}
}

func many(n int) []ledger.Entry {
	entries := make([]ledger.Entry, n)
	for i := range entries {
		entries[i] = captured(fmt.Sprintf("e%d", i), fmt.Sprintf("lead-%d", i), map[string]any{"n": float64(i)})
	}
	return entries
}

func ingest(t *testing.T, l *ledger.Ledger, entries ...ledger.Entry) []ledger.Outcome {
	t.Helper()
	outcomes, err := l.Ingest(t.Context(), entries)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func pair(sequence int64) bundle.Bundle {
	return bundle.Bundle{
		Contract: "revenue/mid-market", Sequence: sequence,
		Definition: bundle.RevisionOf{Name: fmt.Sprintf("mid-market-%d", sequence), Digest: fmt.Sprintf("v1:sha256:d%d", sequence)},
		Terms:      bundle.RevisionOf{Name: fmt.Sprintf("mid-market-terms-%d", sequence), Digest: fmt.Sprintf("v1:sha256:t%d", sequence)},
	}
}

func register(t *testing.T, l *ledger.Ledger, sequence int64) {
	t.Helper()
	registered(t, l, pair(sequence))
}

// registered says since when what is then in force is.
func registered(t *testing.T, l *ledger.Ledger, pairs ...bundle.Bundle) time.Time {
	t.Helper()
	if err := l.Register(t.Context(), pairs...); err != nil {
		t.Fatal(err)
	}
	_, since, err := l.InForce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return since
}

// reach is a judgement that sends every lead on to routing.
func reach(one *ledger.Lead) error {
	one.Record = map[string]any{}
	one.Stage = ledger.StageMQL
	one.Reached, one.ReachedBy = &lead.Reached{At: noon, Path: "any"}, 1
	one.Qualified, one.JudgedBy = &lead.Qualified{At: noon, Path: "any", Intent: "High", MetThreshold: true}, 1
	return nil
}

func drain(t *testing.T, step func(context.Context) (ledger.Batch, error)) (leads int) {
	t.Helper()
	for {
		batch, err := step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if batch.Leads == 0 {
			return leads
		}
		leads += batch.Leads
	}
}
