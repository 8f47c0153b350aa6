// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// errRepeated says that a file has several rows of a lead, which have to be joined.
var errRepeated = errors.New("ids repeat")

// job is a piece of a file.
type job struct {
	source *source
	block  *leadfile.Block
	number int64 // of the block, in the order of the files
}

// perBlock is more than a block has lines: it makes an order of rows of the block's number and the line.
const perBlock = 1 << 24

// feed cuts files into blocks for so many workers, which are started with work. The first error ends all.
func feed(ctx context.Context, in *Input, all []*source, work func(ctx context.Context, jobs <-chan job) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	jobs := make(chan job, in.Workers)
	var wg sync.WaitGroup
	for range in.Workers {
		wg.Go(func() {
			if err := work(ctx, jobs); err != nil {
				cancel(err)
			}
		})
	}
	if err := send(ctx, in, all, jobs); err != nil {
		cancel(err)
	}
	close(jobs)
	wg.Wait()
	return context.Cause(ctx)
}

func send(ctx context.Context, in *Input, all []*source, jobs chan<- job) error {
	number := int64(0)
	progress := newMeter(in, all)
	for _, s := range all {
		for {
			block, err := s.reader.NextBlock()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			select {
			case jobs <- job{source: s, block: block, number: number}:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			number++
			progress.advance(block)
		}
	}
	return nil
}

// streamer judges rows of which each is a whole lead; it serves one goroutine.
type streamer struct {
	in      *Input
	judges  []*judge
	outcome *outcome
	subject *subject
	cells   []string
	index   map[string]int
	differ  *differ
	ids     idWriter
	tally   *tally
}

// stream judges a file with a row a lead.
func stream(ctx context.Context, in *Input, s *source, o *outcome, total *tally) error {
	ids := newIDSet(in.TempDir)
	defer ids.close()
	var mu sync.Mutex
	err := feed(ctx, in, []*source{s}, func(ctx context.Context, jobs <-chan job) error {
		w, err := newStreamer(in, s, o, ids)
		if err != nil {
			return err
		}
		for j := range jobs {
			if err := w.block(ctx, j); err != nil {
				return err
			}
		}
		mu.Lock()
		defer mu.Unlock()
		total.merge(w.tally)
		return w.ids.end()
	})
	if err != nil {
		return err
	}
	repeated, err := ids.repeated()
	if err == nil && repeated > 0 {
		err = errRepeated
	}
	return err
}

func newStreamer(in *Input, s *source, o *outcome, ids *idSet) (*streamer, error) {
	w := &streamer{in: in, outcome: o, ids: idWriter{set: ids}, tally: newTally(in.Examples), index: map[string]int{}}
	for _, r := range in.both() {
		w.judges = append(w.judges, newJudge(r))
	}
	for i, name := range slices.Backward(s.columns) { // the first of a name counts
		w.index[name] = i
	}
	w.subject = newSubject(in.New.Definition.Fields, s.columns)
	w.subject.cell = func(column string) string {
		if i, there := w.index[column]; there {
			return w.cells[i]
		}
		return ""
	}
	var err error
	w.differ, err = newDiffer(in)
	return w, err
}

func (w *streamer) block(ctx context.Context, j job) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var failed error
	before := w.tally.problems.Count
	j.block.Rows(&w.tally.problems, func(row leadfile.Row) bool {
		w.tally.rows++
		id, at, ok := identify(w.in, j.source, row, w.tally)
		if !ok {
			return true
		}
		w.row(j, row, id, at)
		failed = w.ids.add(id)
		return failed == nil && (!w.in.Options.Strict || w.tally.problems.Count == before)
	})
	if w.in.Options.Strict && w.tally.problems.Count > before {
		return w.tally.problems.First[0]
	}
	return failed
}

// identify finds whom a row is about and when it happened; what has neither is left out.
func identify(in *Input, s *source, row leadfile.Row, t *tally) (id string, at time.Time, ok bool) {
	id = row.Cells[s.id]
	if id == "" {
		t.skipped++
		t.problems.Add(s.problem(row.Line, leadfile.KindID, "no id in column %q; the row is left out", s.columns[s.id]))
		return id, at, false
	}
	at, wrong := s.when(in, row)
	if wrong != "" {
		t.problems.Add(s.problem(row.Line, leadfile.KindDate, "%s%s", wrong, leftOut(s.role)))
		if s.role != joined {
			t.skipped++
			return id, at, false
		}
		at = time.Time{}
	}
	return id, at, true
}

func leftOut(r role) string {
	if r == joined {
		return "; taken as known when the lead was captured"
	}
	return "; the row is left out"
}

func (w *streamer) row(j job, row leadfile.Row, id string, at time.Time) {
	l := judged{id: id, at: at, compared: w.in.Old != nil}
	if j.source.time < 0 {
		l.at = time.Time{}
	}
	w.cells = row.Cells
	var err error
	if w.outcome != nil {
		if l.converted, err = w.outcome.converted(w.subject); err != nil {
			w.tally.outcomes.add(err)
		}
	}
	for i := range w.judges {
		sum := w.judge(i, j.source, row, at)
		if i == 0 {
			l.now = sum
		} else {
			l.was = sum
		}
	}
	w.tally.add(l, w.in.zone())
	if order := j.number*perBlock + int64(row.Line%perBlock); w.tally.examples.wanted(l, order) {
		w.tally.examples.add(w.differ, l, w.outcome != nil, leadfile.Problem{File: j.source.reader.Name(), Line: row.Line}, order, w.history(j.source, row, at))
	}
}

// judge a row under one of the definitions.
func (w *streamer) judge(i int, s *source, row leadfile.Row, at time.Time) judgement {
	tracker := w.judges[i].tracker
	tracker.Reset()
	tracker.Begin(at)
	for _, m := range s.fields[i] {
		text := row.Cells[m.column]
		if text == "" {
			continue
		}
		if err := tracker.SetText(m.field, text); err != nil && i == 0 {
			w.tally.problems.Add(s.misfit(row.Line, m.column, text, w.in.New.Definition.Fields[m.field], err))
		}
	}
	var sum judgement
	sum.take(tracker.Standing(), at)
	sum.peak = sum.score
	return sum
}

// history of a lead that is one row.
func (w *streamer) history(s *source, row leadfile.Row, at time.Time) []lead.Event {
	properties := map[string]any{}
	for i, name := range s.columns {
		if row.Cells[i] != "" && w.index[name] == i {
			properties[name] = row.Cells[i]
		}
	}
	return []lead.Event{{Kind: lead.KindCaptured, Time: at, Properties: properties}}
}

func (e *examples) add(d *differ, l judged, known bool, at leadfile.Problem, order int64, history []lead.Event) {
	x := Example{
		ID: strings.Clone(l.id), Place: placeOf(at), order: order,
	}
	x.Score, x.OldScore, x.Why = d.why(l, history)
	if known {
		x.Converted = &l.converted
	}
	e.insert(e.list(l), x)
}
