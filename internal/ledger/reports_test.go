// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/ledger/ledgertest"
)

func weekly(summary string) ledger.Report {
	return ledger.Report{
		Cadence: "mid-market", Review: "weekly", Kind: "Operational", Period: "2027-W03", Result: "Missed", Summary: summary, Seal: "v1:sha256:77",
		Markdown: "# " + summary, HTML: "<p>" + summary + "</p>", JSON: `{"worst": ["lead-1"]}`, MadeAt: noon,
	}
}

// Two jobs make the same report at once: one is kept, both are given it, and each recipient gets it once.
func TestOneReportOfAPeriod(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	other := ledgertest.Open(t, dsn, tenant)
	to := []ledger.Recipient{ledger.ToMarketing, ledger.ToSales, ledger.ToMarketing}
	var group sync.WaitGroup
	kept, made := make([]ledger.Report, 8), make([]bool, 8)
	for i := range kept {
		group.Go(func() {
			by := []*ledger.Ledger{l, other}[i%2]
			var err error
			if kept[i], made[i], err = by.KeepReport(t.Context(), weekly(fmt.Sprint("made by ", i)), to); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	winner := slices.Index(made, true)
	if winner < 0 || slices.Index(made[winner+1:], true) >= 0 {
		t.Fatalf("made: %v", made)
	}
	for i, one := range kept {
		if diff := cmp.Diff(weekly(fmt.Sprint("made by ", winner)), one); diff != "" {
			t.Errorf("%d was given another one:\n%s", i, diff)
		}
	}
	read, err := l.Report(t.Context(), "mid-market", "weekly", "2027-W03")
	if err != nil || read == nil || !cmp.Equal(*read, kept[0]) {
		t.Errorf("read %+v, %v", read, err)
	}
	got := ledgertest.Column[string](t, dsn, `
SELECT recipient FROM messages m JOIN river_job j ON (j.args ->> 'message')::bigint = m.id AND j.kind = 'report' ORDER BY recipient`)
	if !slices.Equal(got, []string{"Marketing", "Sales"}) {
		t.Errorf("jobs for %q", got)
	}
}

// Another period, review, cadence or tenant is another report; none is there before it was made.
func TestReportsAreApart(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	if none, err := l.Report(t.Context(), "mid-market", "weekly", "2027-W03"); none != nil || err != nil {
		t.Fatalf("%+v, %v", none, err)
	}
	second, third, fourth := weekly("second"), weekly("third"), weekly("fourth")
	second.Period, third.Review, fourth.Cadence = "2027-W04", "monthly", "enterprise"
	for _, r := range []ledger.Report{weekly("first"), second, third, fourth} {
		if _, made, err := l.KeepReport(t.Context(), r, nil); err != nil || !made {
			t.Errorf("%s: %v, %v", r.Summary, made, err)
		}
	}
	if _, made, err := ledgertest.Open(t, dsn, "other").KeepReport(t.Context(), weekly("fifth"), nil); err != nil || !made {
		t.Errorf("another tenant: %v, %v", made, err)
	}
	if jobs := ledgertest.Value[int](t, dsn, `SELECT count(*) FROM river_job`); jobs != 0 {
		t.Errorf("%d jobs for nobody", jobs)
	}
	if at := ledgertest.Value[time.Time](t, dsn, `SELECT min(made_at) FROM reports`); !at.Equal(noon) {
		t.Errorf("made at %s", at)
	}
}

// Who erases a lead is told which sealed reports name it, exactly; they stay as they are.
func TestErasureSaysWhichReportsNameTheLead(t *testing.T) {
	l, dsn := ledgertest.New(t, tenant)
	register(t, l, 1)
	ingest(t, l, captured("e1", "lead-1", nil), captured("e2", "a<b", nil))
	named, other, escaped := weekly("named"), weekly("other"), weekly("escaped")
	other.Period, other.JSON = "2027-W04", `{"worst": ["lead-12"]}`
	escaped.Period, escaped.JSON = "2027-W05", `{"worst": ["a\u003cb"]}`
	for _, r := range []ledger.Report{named, other, escaped} {
		if _, _, err := l.KeepReport(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	before := ledgertest.Value[string](t, dsn, `SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM reports r`)
	for id, want := range map[string][]string{"lead-1": {"mid-market weekly 2027-W03"}, "a<b": {"mid-market weekly 2027-W05"}} {
		e, err := l.Erase(t.Context(), id, "the test", false)
		if err != nil || !slices.Equal(e.Reports, want) {
			t.Errorf("%s: %q, %v", id, e.Reports, err)
		}
	}
	if after := ledgertest.Value[string](t, dsn, `SELECT md5(string_agg(r::text, '' ORDER BY id)) FROM reports r`); after != before {
		t.Error("the reports changed")
	}
}
