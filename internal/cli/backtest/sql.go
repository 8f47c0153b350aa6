// SPDX-License-Identifier: Apache-2.0

package backtest

import (
	"slices"

	"github.com/handoff-sla/handoff/internal/lead"
)

// sqlTally is what became of MQLs of which sales told what it found out.
type sqlTally struct {
	asked, met, converted int64
	unmet                 map[string]int64 // by criterion
}

func (t *sqlTally) merge(o *sqlTally) {
	t.asked += o.asked
	t.met += o.met
	t.converted += o.converted
	if t.unmet == nil {
		t.unmet = map[string]int64{}
	}
	sum(t.unmet, o.unmet)
}

// add an MQL. One that was handed off more than once is an SQL when any of its hand-offs made it one, by what sales told of that one;
// what it lacks is of the last that sales told of.
func (t *sqlTally) add(in *Input, l judged, history []lead.Event) {
	if !slices.ContainsFunc(history, func(e lead.Event) bool { return e.Kind == lead.KindQualified }) {
		return
	}
	cycles := l.now.cycles()
	asked, unmet := false, []string(nil)
	for n, c := range cycles {
		if !c.mql {
			break
		}
		sql := in.New.Program.SQL(conversations(cycles, n, history), c.at)
		if !sql.At.IsZero() {
			t.asked++
			t.met++
			if l.converted {
				t.converted++
			}
			return
		}
		if sql.Unmet != nil {
			asked, unmet = true, sql.Unmet
		}
	}
	if !asked {
		return
	}
	t.asked++
	if t.unmet == nil {
		t.unmet = map[string]int64{}
	}
	for _, name := range unmet {
		t.unmet[name]++
	}
}

// conversations that count for a hand-off: what is known before the next one, without what sales told of those before.
func conversations(cycles []judgement, number int, history []lead.Event) []lead.Event {
	return slices.DeleteFunc(slices.Clone(history), func(e lead.Event) bool {
		told := number > 0 && e.Kind == lead.KindQualified && e.Time.Before(cycles[number].at)
		next := number+1 < len(cycles) && cycles[number+1].mql && !e.Time.Before(cycles[number+1].at)
		return told || next
	})
}
