// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"log/slog"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
	"github.com/handoff-sla/handoff/internal/review"
)

// A report is sent where the cadence publishes it and the contract names addresses; without them nothing is left in the ledger that nobody sends.
func TestWhoGetsAReport(t *testing.T) {
	r := livedQuarter(t)
	months := []string{ // from January on a level 3 is open
		"2026-12 Marketing", "2026-12 Sales", "2027-01 Executive", "2027-01 Marketing", "2027-01 Sales",
		"2027-02 Executive", "2027-02 Marketing", "2027-02 Sales", "2027-03 Executive", "2027-03 Marketing", "2027-03 Sales",
	}
	quarters := []string{
		"2026-Q4 Executive", "2026-Q4 Marketing", "2026-Q4 Sales", "2027-Q1 Executive", "2027-Q1 Marketing", "2027-Q1 Sales",
	}
	for _, c := range []struct {
		review           string
		kind             review.Kind
		publish, notices bool
		want             []string
		said             bool
	}{
		{review: "unpublished", kind: review.Performance, notices: true},
		{review: "unaddressed", kind: review.Strategic, publish: true, said: true},
		{review: "monthly", kind: review.Performance, publish: true, notices: true, want: months},
		{review: "quarterly", kind: review.Strategic, publish: true, notices: true, want: quarters},
	} {
		var s shelf
		var log strings.Builder
		reviewing := r.reviews(c.kind, c.review, &s)
		reviewing.Publish, reviewing.Agreement.Notices = c.publish, c.notices
		reviewing.Log = slog.New(slog.NewTextHandler(&log, nil))
		before := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM river_job")
		made, err := reviewing.Run(t.Context())
		if err != nil || made == 0 {
			t.Fatalf("%s: %d reports, %v", c.review, made, err)
		}
		got := ledgertest.Column[string](t, r.dsn, `
SELECT r.period || ' ' || m.recipient FROM messages m JOIN reports r ON r.id = m.report WHERE r.review = '`+c.review+`' ORDER BY 1`)
		if diff := gocmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.review, diff)
		}
		if jobs := ledgertest.Value[int](t, r.dsn, "SELECT count(*) FROM river_job") - before; jobs != len(c.want) {
			t.Errorf("%s: %d jobs for %d messages", c.review, jobs, len(c.want))
		}
		if said := strings.Contains(log.String(), "the contract has no spec.notify"); said != c.said {
			t.Errorf("%s: the log says %t that it is sent to nobody:\n%s", c.review, said, log.String())
		}
	}
}
