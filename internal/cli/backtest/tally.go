// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/handoff-sla/handoff/internal/cli/leadfile"
)

// counts of leads of one sort. Sums of counts do not depend on the order in which leads were judged.
type counts struct {
	leads, converted          int64
	mqls, mqlsConverted       int64
	oldMQLs, oldMQLsConverted int64
	qualified, qualifiedOld   int64 // by the month of qualification, where the counts are of a month
	qualifiedConverted        int64
	gainedConverted, gained   int64
	lostConverted, lost       int64
	held                      int64
}

// tally is what one goroutine found out; tallies are merged at the end.
type tally struct {
	rows, skipped int64
	counts
	months   map[int]*counts    // year*12 + month - 1
	paths    map[string]*counts // of MQLs
	intents  map[string]*counts
	missing  map[string]int64 // required field -> leads that were held for want of it
	scores   map[int][2]int64 // score -> leads that did not convert, that did
	old      map[int][2]int64 // the same under the old definition
	reasons  map[reason]int64 // of first dispositions
	outcomes failures
	repeated repeated
	terms    termsTally
	refused  refused
	returned int64 // MQLs that were handed off again
	sql      sqlTally
	examples examples
	problems leadfile.Problems

	lastMonth int // of the entry that months was asked for last: exports are mostly in order of time
	last      *counts
}

// repeated are leads of which files with a row a lead have several.
type repeated struct{ leads, rows int64 }

func (r repeated) notes() []string {
	if r.leads == 0 {
		return nil
	}
	return []string{fmt.Sprintf("ids repeat: %s in the files of leads are about %s; the earliest row of a lead is its capture, a later one changes its values from then on",
		several(r.rows, "row"), several(r.leads, "lead"))}
}

type reason struct {
	outcome, code string
	mql           bool
}

func newTally(examples int) *tally {
	t := &tally{
		months: map[int]*counts{}, paths: map[string]*counts{}, intents: map[string]*counts{}, missing: map[string]int64{},
		scores: map[int][2]int64{}, old: map[int][2]int64{}, reasons: map[reason]int64{},
	}
	t.examples.most = examples
	return t
}

// judged is one lead with all that was found out about it.
type judged struct {
	id        string
	at        time.Time // of capture; zero when the files have no dates
	converted bool
	now, was  judgement // under the new and the old definition
	compared  bool      // whether there is an old one
}

func (t *tally) add(l judged, zone *time.Location) {
	conv := int64(0)
	if l.converted {
		conv = 1
	}
	one := counts{leads: 1, converted: conv}
	if l.now.mql {
		one.mqls, one.mqlsConverted = 1, conv
		of(t.paths, l.now.path).add(&one)
		of(t.intents, l.now.intent).add(&one)
	}
	if l.now.held {
		one.held = 1
		for _, name := range l.now.missing {
			t.missing[name]++
		}
	}
	bucket(t.scores, l.now.peak, conv)
	if l.compared {
		l.flip(&one, conv)
		bucket(t.old, l.was.peak, conv)
	}
	t.counts.add(&one)
	if l.at.IsZero() {
		return
	}
	t.month(l.at, zone).add(&one)
	if l.now.mql {
		m := t.month(l.now.at, zone)
		m.qualified++
		m.qualifiedConverted += conv
	}
	if l.was.mql {
		t.month(l.was.at, zone).qualifiedOld++
	}
}

func (l judged) flip(one *counts, conv int64) {
	if l.was.mql {
		one.oldMQLs, one.oldMQLsConverted = 1, conv
	}
	switch {
	case l.now.mql && !l.was.mql:
		one.gained, one.gainedConverted = 1, conv
	case l.was.mql && !l.now.mql:
		one.lost, one.lostConverted = 1, conv
	}
}

func (t *tally) month(at time.Time, zone *time.Location) *counts {
	if zone != time.UTC {
		at = at.In(zone)
	}
	year, month, _ := at.Date()
	key := year*12 + int(month) - 1
	if t.last == nil || t.lastMonth != key {
		t.lastMonth, t.last = key, of(t.months, key)
	}
	return t.last
}

func of[K comparable](all map[K]*counts, key K) *counts {
	c := all[key]
	if c == nil {
		c = &counts{}
		all[key] = c
	}
	return c
}

func bucket(scores map[int][2]int64, score int, converted int64) {
	n := scores[score]
	n[converted]++
	scores[score] = n
}

func (c *counts) add(o *counts) {
	c.leads += o.leads
	c.converted += o.converted
	c.mqls += o.mqls
	c.mqlsConverted += o.mqlsConverted
	c.oldMQLs += o.oldMQLs
	c.oldMQLsConverted += o.oldMQLsConverted
	c.qualified += o.qualified
	c.qualifiedOld += o.qualifiedOld
	c.qualifiedConverted += o.qualifiedConverted
	c.gained += o.gained
	c.gainedConverted += o.gainedConverted
	c.lost += o.lost
	c.lostConverted += o.lostConverted
	c.held += o.held
}

// merge adds what another goroutine found out.
func (t *tally) merge(o *tally) {
	t.rows += o.rows
	t.skipped += o.skipped
	t.counts.add(&o.counts)
	mergeCounts(t.months, o.months)
	mergeCounts(t.paths, o.paths)
	mergeCounts(t.intents, o.intents)
	for score, n := range o.scores {
		t.scores[score] = [2]int64{t.scores[score][0] + n[0], t.scores[score][1] + n[1]}
	}
	for score, n := range o.old {
		t.old[score] = [2]int64{t.old[score][0] + n[0], t.old[score][1] + n[1]}
	}
	sum(t.missing, o.missing)
	sum(t.reasons, o.reasons)
	t.outcomes.merge(&o.outcomes)
	t.repeated.leads += o.repeated.leads
	t.repeated.rows += o.repeated.rows
	t.terms.merge(&o.terms)
	t.refused.leads += o.refused.leads
	t.refused.attempts += o.refused.attempts
	t.returned += o.returned
	t.sql.merge(&o.sql)
	t.examples.merge(&o.examples)
	t.problems.Merge(&o.problems)
}

func mergeCounts[K comparable](into, from map[K]*counts) {
	for key, c := range from {
		of(into, key).add(c)
	}
}

func sum[K comparable](into, from map[K]int64) {
	for key, n := range from {
		into[key] += n
	}
}

// auc is the chance that a lead that converted has a higher score than one that did not, ties counting half: exact, from how often
// each score occurs. It is false when all leads have the same outcome.
func auc(scores map[int][2]int64) (float64, bool) {
	var no, yes, won float64
	for _, score := range slices.Sorted(maps.Keys(scores)) {
		n := scores[score]
		won += float64(n[1]) * (no + float64(n[0])/2)
		no, yes = no+float64(n[0]), yes+float64(n[1])
	}
	if no == 0 || yes == 0 {
		return 0, false
	}
	return won / (no * yes), true
}
