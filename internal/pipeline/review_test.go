// SPDX-License-Identifier: Apache-2.0

package pipeline_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/bundle"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/pipeline"
	"github.com/handoff-sla/handoff/internal/sla"
)

// shelf keeps reports in memory.
type shelf struct {
	order []sla.Period
	text  map[sla.Period]string
	fail  sla.Period
}

func (s *shelf) Has(_ context.Context, p sla.Period) (bool, error) {
	_, there := s.text[p]
	return there, nil
}

func (s *shelf) Put(_ context.Context, p sla.Period, result, markdown string) error {
	if p == s.fail {
		return errors.New("no room")
	}
	if s.text == nil {
		s.text = map[sla.Period]string{}
	}
	s.text[p] = result + "\n" + markdown
	s.order = append(s.order, p)
	return nil
}

func TestReviewing(t *testing.T) {
	r := newRig(t, bundleOf(1, byCRM, func(b *bundle.Bundle) { b.SLA.MinimumSample = new(1) }))
	var s shelf
	reviewing := &pipeline.Reviewing{
		Cadence: "mid-market", Review: "weekly", Owner: "RevOps", HistoryLimit: 4,
		Pairs: &pipeline.Pairs{Mounted: r.pair}, Ledger: r.l, Reports: &s, Log: slog.New(slog.DiscardHandler),
	}
	run := func(want ...sla.Period) {
		t.Helper()
		s.order = nil
		made, err := reviewing.Run(t.Context())
		if err != nil || made != len(want) {
			t.Errorf("%d reports, %v", made, err)
		}
		if diff := cmp.Diff(want, s.order); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
	}
	run()
	now := time.Now().UTC()
	week := func(back int) (time.Time, sla.Period) {
		week := sla.WeekOf(now.AddDate(0, 0, -7*back), time.UTC)
		begin, _, err := week.Bounds(time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		return begin.AddDate(0, 0, 2), week
	}
	lead := func(id string, at time.Time) {
		r.send(append(mql(id, at), pricing(id, at), assigned(id, "rep-1", at), touch(id, at.Add(time.Minute)), disposed(id, "BadTiming", at.Add(2*time.Minute)))...)
	}
	lastAt, last := week(1)
	beforeAt, before := week(3)
	tooOld, _ := week(9)
	lead("lead-now", now.Add(-time.Hour))
	lead("lead-1", lastAt.Add(-time.Hour))
	r.send(append([]ledger.Entry{pricing("late-1", lastAt.Add(-2*time.Hour))}, append(mql("late-1", lastAt.Add(-2*time.Hour)), assigned("late-1", "rep-1", lastAt.Add(-2*time.Hour)))...)...)
	lead("lead-3", beforeAt.Add(-time.Hour))
	lead("lead-9", tooOld)
	r.work(team("rep-1"))
	s.fail = last
	if _, err := reviewing.Run(t.Context()); err == nil || !strings.Contains(pipeline.Explain(err).Error(), "no room") {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]sla.Period{before}, s.order); diff != "" {
		t.Errorf("the oldest is first (-want +got):\n%s", diff)
	}
	s.fail = ""
	run(last)
	run()
	for _, want := range []string{"late-1", "VP Sales", "RevOps", "BadTiming", string(last), "mid-market-terms-1", "volume"} {
		if !strings.Contains(s.text[last], want) {
			t.Errorf("%q is not in the report:\n%s", want, s.text[last])
		}
	}
}
