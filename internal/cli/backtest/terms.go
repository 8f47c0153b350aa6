// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// termsTally is what the contract's terms would have given.
type termsTally struct {
	clauses map[clauseKey]*clauseCounts
	assumed int64 // hand-offs without an owner in the files: taken as owned when the lead qualified
}

type clauseKey struct {
	clause sla.Clause
	tier   string
}

type clauseCounts struct {
	met, missed, open, excused int64
	took                       durations // from the start of the clock to what stopped it: business time for firstContact
}

func (t *termsTally) of(key clauseKey) *clauseCounts {
	if t.clauses == nil {
		t.clauses = map[clauseKey]*clauseCounts{}
	}
	c := t.clauses[key]
	if c == nil {
		c = &clauseCounts{}
		t.clauses[key] = c
	}
	return c
}

func (t *termsTally) merge(o *termsTally) {
	t.assumed += o.assumed
	for key, from := range o.clauses {
		into := t.of(key)
		into.met += from.met
		into.missed += from.missed
		into.open += from.open
		into.excused += from.excused
		into.took.merge(&from.took)
	}
}

// sales judges what became of a lead after each hand-off by the contract's terms, and counts its first reason code.
func (t *tally) sales(in *Input, l judged, history []lead.Event, now time.Time) {
	t.refused.add(history)
	history = lead.WithoutOverturned(in.New.Definition.Dispositions, history) // also what was ruled after the next hand-off
	for n, c := range l.now.cycles() {
		if n > 0 && !c.mql {
			break // on its way back, not handed off yet
		}
		if n == 1 {
			t.returned++
		}
		t.handOff(in, c, n > 0, historyOf(l.now, n, history), raises(in, l.now, n, history), now)
	}
	if l.now.mql {
		t.sql.add(in, l, history)
	}
}

// raises of the intent from a hand-off on and before the next.
func raises(in *Input, j judgement, number int, history []lead.Event) []lead.Raise {
	cycles := j.cycles()
	if in.Terms == nil || !cycles[number].mql {
		return nil
	}
	var until time.Time
	if number+1 < len(cycles) && cycles[number+1].mql {
		until = cycles[number+1].at
	}
	return in.New.Program.Raises(history, cycles[number].at, cycles[number].intent, until)
}

// historyOf a cycle: from its hand-off to the next. The first begins with the lead.
func historyOf(j judgement, number int, history []lead.Event) []lead.Event {
	cycles := j.cycles()
	if len(cycles) == 1 {
		return history
	}
	return slices.DeleteFunc(slices.Clone(history), func(e lead.Event) bool {
		next := number+1 < len(cycles) && cycles[number+1].mql
		return number > 0 && e.Time.Before(cycles[number].at) || next && !e.Time.Before(cycles[number+1].at)
	})
}

func (t *tally) handOff(in *Input, c judgement, again bool, history []lead.Event, raises []lead.Raise, now time.Time) {
	stamps, known := stampsOf(c), owned(history)
	stamps.Again = again
	if stamps.Qualified != nil {
		stamps.Qualified.Raises = raises
	}
	if c.mql && !known {
		stamps.OwnedAt = c.at
	}
	facts := sla.FactsOf(stamps, in.New.Definition.Dispositions, history)
	if len(facts.Disposals) > 0 && !again {
		first := facts.Disposals[0]
		t.reasons[reason{outcome: string(first.Outcome), code: first.Reason, mql: c.mql}]++
	}
	if in.Terms == nil || !c.mql || !told(history) {
		return
	}
	if !known {
		t.terms.assumed++
	}
	for _, o := range sla.Obligations(in.Terms, facts, now) {
		if o.Clause.Party() == sla.PartySales || (o.Clause == sla.ClauseDelivery && known) {
			t.terms.of(clauseKey{o.Clause, o.Tier}).add(o, in.Terms.Hours())
		}
	}
}

func (c *clauseCounts) add(o sla.Obligation, hours *sla.Hours) {
	switch o.State {
	case sla.Met:
		c.met++
	case sla.Missed:
		c.missed++
	case sla.Excused:
		c.excused++
	default:
		c.open++
	}
	switch {
	case o.State == sla.Excused || o.Due.IsZero():
	case o.Stop.IsZero(), o.State == sla.Missed && !o.Stop.After(o.Due): // no window would have met it
		c.took.add(math.MaxInt64)
	case o.Clause == sla.ClauseFirstContact:
		c.took.add(hours.Elapsed(o.Start, o.Stop))
	default:
		c.took.add(o.Stop.Sub(o.Start))
	}
}

// owned says whether the history names an owner.
func owned(history []lead.Event) bool {
	return slices.ContainsFunc(history, func(e lead.Event) bool { return e.Kind == lead.KindAssigned && e.Owner != "" })
}

// told says whether anything is known of what sales did with the lead.
func told(history []lead.Event) bool {
	for _, e := range history {
		switch e.Kind {
		case lead.KindAssigned, lead.KindTouch, lead.KindDisposition, lead.KindAccepted, lead.KindRefused:
			return true
		default:
		}
	}
	return false
}

func stampsOf(j judgement) sla.Stamps {
	var s sla.Stamps
	if !j.reached.IsZero() {
		s.Reached = &sla.Reached{At: j.reached, Missing: j.missing}
	}
	if j.mql {
		// A path holds only when the score is at or above its threshold.
		s.Qualified = &sla.Qualified{At: j.at, Intent: j.intent, MetThreshold: true}
	}
	return s
}

// steps of durations to a doubling: a quantile is at most 1/16 too high.
const steps = 16

// durations counts lengths of time in buckets that grow with them, so that quantiles need no memory for each.
type durations struct {
	n       int64
	buckets map[int]int64
}

func (d *durations) add(length time.Duration) {
	if d.buckets == nil {
		d.buckets = map[int]int64{}
	}
	d.n++
	d.buckets[bucketOf(length)]++
}

func (d *durations) merge(o *durations) {
	for bucket, n := range o.buckets {
		if d.buckets == nil {
			d.buckets = map[int]int64{}
		}
		d.n += n
		d.buckets[bucket] += n
	}
}

// never is the bucket of what did not happen.
const never = math.MaxInt

func bucketOf(length time.Duration) int {
	if length == math.MaxInt64 {
		return never
	}
	seconds := uint64(max(0, length) / time.Second)
	if seconds < steps {
		return int(seconds)
	}
	double := bits.Len64(seconds) - 5 // 16..31 is the first doubling
	return double*steps + int(seconds>>double)
}

// lengthOf is the longest length in a bucket.
func lengthOf(bucket int) time.Duration {
	if bucket < 2*steps {
		return time.Duration(bucket) * time.Second
	}
	double := bucket/steps - 1
	return time.Duration((uint64(bucket-double*steps)+1)<<double-1) * time.Second
}

// quantile is the length within which so many percent happened; false when fewer ever did.
func (d *durations) quantile(percent int) (time.Duration, bool) {
	need := (d.n*int64(percent) + 99) / 100
	if d.n == 0 {
		return 0, false
	}
	return d.reach(max(1, need))
}

func (d *durations) reach(need int64) (time.Duration, bool) {
	seen := int64(0)
	for _, bucket := range sortedKeys(d.buckets) {
		if bucket == never {
			return 0, false
		}
		if seen += d.buckets[bucket]; seen >= need {
			return lengthOf(bucket), true
		}
	}
	return 0, false
}
