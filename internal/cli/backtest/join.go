// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
	"github.com/handoff-sla/handoff/internal/lead"
)

// joiner brings together all that the files say of a lead.
type joiner struct {
	in      *Input
	sources []*source
	outcome *outcome
	columns []string // of all files of leads
	needed  [][]bool // by source and column
	spill   *spill
	only    string // one lead's id; empty for all
	mu      sync.Mutex
	total   *tally
	latest  atomic.Int64 // the latest time in any file, in nanoseconds
	links   *links       // of accounts; nil where leads are judged alone
}

// join judges leads of which several rows tell.
func join(ctx context.Context, in *Input, all []*source, columns []string, o *outcome, total *tally) error {
	j := &joiner{in: in, sources: all, outcome: o, columns: columns, total: total}
	defer func() { j.spill.close() }()
	if err := j.collect(ctx); err != nil {
		return err
	}
	if in.byAccount() {
		if err := j.groupAccounts(ctx); err != nil {
			return err
		}
	}
	return j.eachPart(ctx, (*gatherer).part)
}

// collect puts all rows where those of their lead come together.
func (j *joiner) collect(ctx context.Context) error {
	j.spill = newSpill(j.in.TempDir, j.partsOf(), 32<<10)
	for _, s := range j.sources {
		j.needed = append(j.needed, j.need(s))
	}
	if err := feed(ctx, j.in, j.sources, j.sort); err != nil {
		return err
	}
	return j.sortEvents(ctx)
}

// need says which columns of a file anything reads.
func (j *joiner) need(s *source) []bool {
	if s.role == activities || s.role == touches || (j.outcome != nil && j.outcome.every) {
		return nil
	}
	needed := make([]bool, len(s.columns))
	for _, fields := range s.fields {
		for _, m := range fields {
			needed[m.column] = true
		}
	}
	for i, name := range s.columns {
		needed[i] = needed[i] || (j.outcome != nil && slices.Contains(j.outcome.columns, name))
	}
	return needed
}

// sort puts the rows of blocks where all of their lead come together; one goroutine.
func (j *joiner) sort(ctx context.Context, jobs <-chan job) error {
	t := newTally(0)
	defer func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.total.merge(t)
	}()
	var text []byte
	for one := range jobs {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var failed error
		before := t.problems.Count
		one.block.Rows(&t.problems, func(row leadfile.Row) bool {
			t.rows++
			id, at, ok := identify(j.in, one.source, row, t)
			if !ok {
				return true
			}
			if one.source.time < 0 && one.source.role == joined {
				at = time.Time{}
			}
			r := record{id: id, source: one.source.number, line: row.Line, at: at, cells: row.Cells, order: one.number*perBlock + int64(row.Line%perBlock)}
			text = r.encode(text[:0], j.needed[one.source.number])
			failed = j.put(id, at, text)
			return failed == nil && (!j.in.Options.Strict || t.problems.Count == before)
		})
		if failed != nil {
			return failed
		}
		if j.in.Options.Strict && t.problems.Count > before {
			return t.problems.First[0]
		}
	}
	return nil
}

func (j *joiner) put(id string, at time.Time, text []byte) error {
	if j.only != "" && id != j.only {
		return nil
	}
	if !at.IsZero() {
		for now := at.UnixNano(); ; {
			known := j.latest.Load()
			if now <= known || j.latest.CompareAndSwap(known, now) {
				break
			}
		}
	}
	return j.spill.write(int(hashOf(id)%uint64(len(j.spill.parts))), text)
}

// eachPart is worked off, so many at a time as there are workers.
func (j *joiner) eachPart(ctx context.Context, work func(w *gatherer, number int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := atomic.Int64{}
	var wg sync.WaitGroup
	for range j.in.Workers {
		wg.Go(func() {
			w, err := newGatherer(j)
			for err == nil && ctx.Err() == nil {
				part := int(next.Add(1)) - 1
				if part >= len(j.spill.parts) {
					break
				}
				err = work(w, part)
			}
			if err != nil {
				cancel(err)
				return
			}
			j.mu.Lock()
			defer j.mu.Unlock()
			j.total.merge(w.tally)
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// gatherer judges the leads of parts; it serves one goroutine.
type gatherer struct {
	*joiner
	judges  []*judge
	subject *subject
	values  map[string]string // of the lead, by column
	differ  *differ
	tally   *tally
}

func newGatherer(j *joiner) (*gatherer, error) {
	w := &gatherer{joiner: j, tally: newTally(j.in.Examples), values: map[string]string{}}
	for _, r := range j.in.both() {
		w.judges = append(w.judges, newJudge(r))
	}
	w.subject = newSubject(j.in.New.Definition.Fields, j.columns)
	w.subject.cell = func(column string) string { return w.values[column] }
	var err error
	w.differ, err = newDiffer(j.in)
	return w, err
}

// read the records of a part, by lead.
func (j *joiner) read(number int) (map[string][]record, error) {
	text, err := j.spill.read(number)
	if err != nil {
		return nil, err
	}
	byLead := map[string][]record{}
	for d := (decoder{text: string(text)}); d.text != ""; {
		r, err := d.record()
		if err != nil {
			return nil, err
		}
		byLead[r.id] = append(byLead[r.id], r)
	}
	return byLead, nil
}

// part of the leads.
func (w *gatherer) part(number int) error { return w.groups(number, w.judge) }

// groups of leads of a part that are judged together, one after the other: of one lead each where no account can qualify a lead.
func (w *gatherer) groups(number int, each func([]*gathered)) error {
	byLead, err := w.read(number)
	groups := map[uint64][]string{}
	for id, records := range byLead {
		if w.links != nil {
			account := w.group(id, records)
			groups[account] = append(groups[account], id)
		} else if one := w.lead(id, records); one != nil {
			each([]*gathered{one})
		}
	}
	for _, ids := range groups {
		slices.Sort(ids)
		var leads []*gathered
		for _, id := range ids {
			if one := w.lead(id, byLead[id]); one != nil {
				leads = append(leads, one)
			}
		}
		each(leads)
	}
	return err
}

// gathered is a lead with all that the files say of it.
type gathered struct {
	judged
	first  record // that it was captured with
	course course
}

// lead of which the records tell; nil when no file of leads has it.
func (w *gatherer) lead(id string, records []record) *gathered {
	inOrder(records)
	first := slices.IndexFunc(records, func(r record) bool { return w.captures(r) })
	if first < 0 {
		w.unfounded(id, records)
		return nil
	}
	w.countRows(records)
	captured := w.capture(records)
	l := &gathered{judged: judged{id: id, at: captured, compared: w.in.Old != nil}, first: records[first], course: w.course(records, captured)}
	if r := l.first; r.source < len(w.sources) && w.sources[r.source].time < 0 {
		l.at = time.Time{}
	}
	if w.outcome != nil {
		var err error
		w.gather(records)
		if l.converted, err = w.outcome.converted(w.subject); err != nil {
			w.tally.outcomes.add(err)
		}
	}
	return l
}

// countRows of a lead in files that should have one for each.
func (w *gatherer) countRows(records []record) {
	rows := int64(0)
	for _, r := range records {
		if r.source < len(w.sources) && w.sources[r.source].role == base {
			rows++
		}
	}
	if rows > 1 {
		w.tally.repeated.leads++
		w.tally.repeated.rows += rows
	}
}

// judge leads that have to do with each other, mostly one.
func (w *gatherer) judge(leads []*gathered) {
	for i, judge := range w.judges {
		var sums []judgement
		if len(leads) > 1 && judge.program.HasAccountPath() {
			courses := make([]course, len(leads))
			for n, l := range leads {
				courses[n] = l.course
			}
			sums = judge.together(courses)
		} else {
			for _, l := range leads {
				sums = append(sums, judge.alone(l.course))
			}
		}
		for n, l := range leads {
			if i == 0 {
				l.now = sums[n]
			} else {
				l.was = sums[n]
			}
		}
	}
	for _, l := range leads {
		w.tally.add(l.judged, w.in.zone())
		w.tally.sales(w.in, l.judged, l.course.events, time.Unix(0, w.latest.Load()).UTC())
		if w.tally.examples.wanted(l.judged, l.first.order) {
			w.tally.examples.add(w.differ, l.judged, w.outcome != nil, w.place(l.first), l.first.order, l.course.events)
		}
	}
}

func inOrder(records []record) {
	slices.SortFunc(records, func(a, b record) int { return int(a.order - b.order) })
}

// captures says whether a record is of a lead's capture: a row of a base file, or such an event.
func (w *gatherer) captures(r record) bool {
	if r.source < len(w.sources) {
		return w.sources[r.source].role == base
	}
	return r.cells[1] == string(lead.KindCaptured)
}

// capture is the earliest time at which the lead was captured.
func (w *gatherer) capture(records []record) time.Time {
	var at time.Time
	for _, r := range records {
		if w.captures(r) && (at.IsZero() || r.at.Before(at)) {
			at = r.at
		}
	}
	return at
}

func (w *gatherer) place(r record) leadfile.Problem {
	if r.source < len(w.sources) {
		return leadfile.Problem{File: w.sources[r.source].reader.Name(), Line: r.line}
	}
	return leadfile.Problem{File: w.in.Events[r.source-len(w.sources)], Line: r.line}
}

// unfounded are rows about a lead that no file of leads has.
func (w *gatherer) unfounded(id string, records []record) {
	p := w.place(records[0])
	p.Kind = leadfile.KindID
	p.Message = "no file of leads has the lead " + quoted(id) + "; " + several(int64(len(records)), "row") + " left out"
	w.tally.skipped += int64(len(records))
	w.tally.problems.Add(p)
}

// gather the lead's columns: a later file's and a later row's count before an earlier one's.
func (w *gatherer) gather(records []record) {
	clear(w.values)
	for _, r := range records {
		if r.source >= len(w.sources) {
			w.gatherEvent(r)
			continue
		}
		s := w.sources[r.source]
		if s.role != base && s.role != joined {
			continue
		}
		for i, cell := range r.cells {
			if cell != "" && slices.Index(s.columns, s.columns[i]) == i {
				w.values[s.columns[i]] = cell
			}
		}
	}
}

func (w *gatherer) gatherEvent(r record) {
	if r.cells[1] != string(lead.KindCaptured) && r.cells[1] != string(lead.KindUpdated) {
		return
	}
	var data struct{ Properties map[string]any }
	if json.Unmarshal([]byte(r.cells[2]), &data) != nil {
		return // it was checked when it was read
	}
	for name, value := range data.Properties {
		w.values[name] = textOf(value)
	}
}
