// SPDX-License-Identifier: Apache-2.0

package effects

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/fault"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/ledger"
)

// batch is what one call of a CRM tells of.
type batch struct {
	*crmWorker

	system   crm.System
	settings crm.Settings
	group    []*waiting
	leads    []*telling // those of the group that there is something to say of
	failures map[failure]int
	doubtful error // what speaks against the credential or the mapping
}

// telling is one lead of a batch.
type telling struct {
	*waiting

	standing *ledger.Standing
	write    crm.Write
	wrote    map[string]string
	told     ledger.CRMTold
	result   string // what becomes of it, as far as that is known; empty: it is to be written
}

// tellNext tells of the next batch, and says whether there was one. Only one reads at a time what it is to tell of: meanwhile others come, and are
// told of together.
func (w *crmWorker) tellNext() bool {
	b := &batch{crmWorker: w, failures: map[failure]int{}}
	loaded := sync.OnceFunc(func() { <-w.loading })
	w.loading <- struct{}{}
	defer loaded()
	most := mostJobs
	var shut error
	if b.system, b.settings, shut = w.system(); shut == nil {
		most = max(b.system.MaxWrites(), 1)
	}
	if b.group = w.collector.next(most); len(b.group) == 0 {
		return false
	}
	defer w.collector.over(b.group)
	defer b.report()
	b.tell(shut, loaded)
	return true
}

// tell of the leads, unless nothing is to be written now.
func (b *batch) tell(shut error, loaded func()) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.group[0].ctx), batchTimeout)
	defer cancel()
	defer context.AfterFunc(b.group[0].ctx, cancel)() // the process ends, and waits no longer
	defer func() {
		if p := recover(); p != nil {
			b.broke(ctx, p)
		}
	}()
	if shut != nil {
		for _, one := range b.group {
			one.end(b.later())
		}
		return
	}
	b.load(ctx)
	loaded()
	b.run(ctx)
}

// load reads how the leads stand, and works out what is to be written.
func (b *batch) load(ctx context.Context) {
	jobs := make([]ledger.OutgoingJob, len(b.group))
	for i, one := range b.group {
		jobs[i] = ledger.OutgoingJob{Args: one.job.Args, Job: one.job.ID}
	}
	standings, err := b.ledger.OutgoingMany(ctx, jobs)
	if err != nil {
		for _, one := range b.group {
			one.end(b.failed(ctx, one.job, false, shown(err)))
		}
		return
	}
	records := map[string]bool{}
	for i, one := range b.group {
		if standings[i] == nil { // another job is on its way for the lead, or it is gone
			one.end(nil)
			continue
		}
		t := &telling{waiting: one, standing: standings[i]}
		if record := t.record(); record != "" && records[record] {
			one.end(river.JobSnooze(time.Second)) // after the one that is told of now
			continue
		} else if record != "" {
			records[record] = true
		}
		if err := b.plan(ctx, t); err != nil {
			one.end(b.failed(ctx, one.job, false, err))
			continue
		}
		b.leads = append(b.leads, t)
	}
	b.begin(ctx)
}

// record of the lead, or "".
func (t *telling) record() string {
	if t.standing.Known == nil {
		return ""
	}
	return t.standing.Known.Record
}

// plan works out what a lead's record is to be told.
func (b *batch) plan(ctx context.Context, t *telling) error {
	s := t.standing
	t.told = ledger.CRMTold{Args: t.job.Args, Version: s.Version, Lead: s.Lead, Record: t.record()}
	switch {
	case s.Stage == lead.StageMerged: // what is left of it is another lead's record
		t.result = ResultGone
		return nil
	case s.Known != nil && s.Known.Gone != "":
		t.result = ResultGone
		return nil
	case t.record() == "" && (b.settings.MatchBy == "" || s.Stage == lead.StageDuplicate): // the record is that of whom it is a duplicate of
		t.result = ResultUnrecorded
		return nil
	}
	change, codes, err := b.changeOf(ctx, s)
	if err != nil {
		return err
	}
	known := crm.Known{}
	if s.Known != nil {
		known = *s.Known
	}
	t.write, t.wrote = crm.Diff(b.settings.Mapping.Values(change.Data, codes), s.Owner, known, b.settings.Mapping)
	if known.Record != "" && t.write.Empty() {
		t.result = ResultUnchanged
		t.acknowledged()
	}
	return nil
}

// acknowledged notes what the CRM holds now.
func (t *telling) acknowledged() {
	t.told.Wrote = t.wrote
	if t.standing.Owner != "" {
		t.told.Owner = &t.standing.Owner
	}
}

// run writes what is to be written, leaves the notes, and finishes.
func (b *batch) run(ctx context.Context) {
	if b.settings.DryRun {
		for _, t := range b.leads {
			if err := t.keep(); err != nil {
				t.result = resultFailed
				t.end(b.failed(ctx, t.job, false, err))
			}
		}
	} else {
		b.write(ctx)
		b.note(ctx)
	}
	b.finish(ctx)
}

// keep what would be written.
func (t *telling) keep() (err error) {
	note := t.standing.Note
	t.told.Wrote, t.told.Owner = nil, nil
	if t.result == resultFailed || t.result == ResultGone || t.result == ResultUnrecorded || t.result == ResultUnchanged && note == nil {
		return nil
	}
	plan := t.write.Plan()
	if note != nil {
		plan.Note = note.Key
	}
	t.result = ResultPlanned
	t.told.Planned, err = json.Marshal(plan)
	return err
}

// write has the CRM take what is new.
func (b *batch) write(ctx context.Context) {
	var to []*telling
	var writes []crm.Write
	var leads []string
	for _, t := range b.leads {
		if t.result == "" {
			to, writes, leads = append(to, t), append(writes, t.write), append(leads, t.standing.Lead)
		}
	}
	if len(to) == 0 {
		return
	}
	followed := b.ledger.FollowEffect(ctx, "effect crm", leads...)
	began := b.Now()
	written := b.system.Write(ctx, writes)
	b.Metrics.WriteLeads.Observe(float64(len(writes)))
	b.Metrics.WriteSeconds.Observe(b.Now().Sub(began).Seconds())
	fault.Point("crm.sent")
	var failed error
	for i, t := range to {
		answer := crm.Written{Err: errNoAnswer}
		if i < len(written) {
			answer = written[i]
		}
		failed = errors.Join(failed, answer.Err)
		b.answered(ctx, t, answer)
	}
	followed(failed)
}

// errNoAnswer is a mistake of an adapter.
var errNoAnswer = &crm.UnavailableError{Cause: "did not say what became of the write"}

// answered takes up what became of one write.
func (b *batch) answered(ctx context.Context, t *telling, answer crm.Written) {
	var gone *crm.GoneError
	switch {
	case answer.Err == nil:
		answer.Record = cmp.Or(answer.Record, t.write.Record)
		t.result, t.told.Written = ResultSent, &answer
		t.acknowledged()
	case errors.As(answer.Err, &gone):
		t.result, t.told.Gone = ResultGone, gone.Gone
	default:
		b.refused(ctx, t, answer.Err)
	}
}

// note leaves the notes about what was set back, once that is so.
func (b *batch) note(ctx context.Context) {
	for _, t := range b.leads {
		n := t.standing.Note
		if n == nil || t.result != ResultSent && t.result != ResultUnchanged {
			continue
		}
		if n.Record == "" {
			n.Record = t.record()
		}
		var gone *crm.GoneError
		var refused *crm.RefusedError
		switch err := b.system.Note(ctx, *n); {
		case err == nil:
			t.told.Note = n.Key
			fault.Point("crm.noted")
		case errors.As(err, &gone):
			t.told.Gone = gone.Gone
		case errors.As(err, &refused): // it is set back all the same, and the note is tried with the next change
			b.failures[failure{note: true, text: err.Error()}]++
			b.Metrics.Effects.WithLabelValues(kindCRM, ResultUnnoted).Inc()
		default:
			b.refused(ctx, t, err)
		}
	}
}

// finish notes what was done, and completes the jobs, in one transaction.
func (b *batch) finish(ctx context.Context) {
	var done []*telling
	for _, t := range b.leads {
		if t.result != resultFailed {
			done = append(done, t)
		}
	}
	if len(done) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	b.noting <- struct{}{}
	defer func() { <-b.noting }()
	err := b.commit(ctx, done)
	if err != nil && len(done) > 1 && ledger.RefusedData(err) {
		for _, one := range done { // what is wrong with one of them is not the others' fault
			b.ended(ctx, []*telling{one}, b.commit(ctx, []*telling{one}))
		}
		return
	}
	b.ended(ctx, done, err)
}

func (b *batch) commit(ctx context.Context, done []*telling) error {
	told, jobs := make([]ledger.CRMTold, len(done)), make([]int64, len(done))
	for i, t := range done {
		told[i], jobs[i] = t.told, t.job.ID
	}
	return b.ledger.FinishMany(ctx, told, func(ctx context.Context, tx pgx.Tx) error {
		// As river.JobCompleteTx does it, of all of them at once. A job that was given to another worker meanwhile is completed, too.
		_, err := tx.Exec(ctx, `UPDATE river_job SET state = 'completed', finalized_at = clock_timestamp() WHERE id = ANY($1) AND state = 'running'`, jobs)
		return err
	})
}

// ended tells River.
func (b *batch) ended(ctx context.Context, done []*telling, err error) {
	if err == nil {
		fault.Point("crm.finished")
	}
	for _, t := range done {
		if err != nil {
			t.end(b.failed(ctx, t.job, false, shown(err)))
			continue
		}
		b.Metrics.Effects.WithLabelValues(kindCRM, t.result).Inc()
		t.end(nil)
	}
}
