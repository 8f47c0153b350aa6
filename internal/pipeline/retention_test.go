// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// Leads of two years ago are worked off, sealed and retired by the loop; what is counted of their periods stays, and the log has the digests.
func TestRetention(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM))
	long := time.Now().Add(-2 * 365 * 24 * time.Hour).UTC().Truncate(time.Second)
	for _, id := range []string{"lead-1", "lead-2", "lead-3"} {
		r.send(mql(id, long)...)
	}
	r.send(mql("lead-new", time.Now().Add(-time.Hour).UTC())...)
	r.work(team("rep-1"))
	if _, _, _, err := r.l.Breached(t.Context(), 100); err != nil {
		t.Fatal(err)
	}
	ledgertest.Exec(t, r.dsn, `UPDATE handoff.events SET received_at = time`)
	periods, err := r.l.Periods(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	count := func() []any {
		s, err := r.l.Count(t.Context(), periods)
		if err != nil {
			t.Fatal(err)
		}
		return []any{s.Counts, s.Leads.Captured, s.Leads.MQLs}
	}
	before := count()
	var log bytes.Buffer
	loop := &pipeline.Retention{
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Metrics: metrics(), Log: slog.New(slog.NewTextHandler(&log, nil)), Keep: 400 * 24 * time.Hour,
		Ledger: func() (pipeline.RetentionLedger, error) { return r.l, nil },
	}
	for steps := 0; ; steps++ {
		again, err := loop.Step(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if again > time.Minute {
			break
		}
		if steps > 100 {
			t.Fatal("it does not come to an end")
		}
	}
	left := ledgertest.Column[string](t, r.dsn, `SELECT lead_id FROM leads UNION SELECT lead_id FROM events`)
	if diff := cmp.Diff([]string{"lead-new"}, left); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, count()); diff != "" {
		t.Error(diff)
	}
	err = r.l.Read(t.Context(), func(reading *ledger.Reading) error {
		seals, err := reading.Seals(t.Context())
		if err != nil {
			return err
		}
		v, err := ledger.VerifySeals(tenant, seals, "")
		if len(v.Problems) > 0 || len(seals) == 0 || !strings.Contains(log.String(), "digest="+v.Head) {
			t.Errorf("%+v\n%s", v, log.String())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestParseKeep(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "90d": 90 * 24 * time.Hour, "400d": 400 * 24 * time.Hour, "89d": -1, "400": -1, "9600h": -1, "10000d": -1, "d": -1, "-90d": -1,
	} {
		got, err := pipeline.ParseKeep(text)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q: %v (%v), want %v", text, got, err, want)
		}
	}
}
