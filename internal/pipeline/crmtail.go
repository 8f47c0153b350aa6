// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strings"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

// Margins of reading a stream.
const (
	clockMargin   = time.Minute               // that clocks of the CRM and the worker differ at most
	longestPass   = time.Minute               // over changes of now; older ones are read in one go
	restartMargin = longestPass + stepTimeout // beside the lag, by which a worker goes back that does not know what was read when
)

// crmTail is how a stream is read whose changes show late: in passes, each from where all is known to have shown up to its end. What shows in between
// is found by a later pass.
type crmTail struct {
	lag    time.Duration
	stored crm.Position // in the ledger
	cursor crm.Position // of the next page; of no matter between two passes
	began  time.Time    // of the pass; zero between two
	asked  time.Time    // for the page
	near   bool         // the pass has come to what may show late

	settled crm.Position // up to here nothing new can show
	mark    crm.Position // where a pass ended
	marked  time.Time    // when; zero: no pass has yet
	read    int          // records of the pass
}

func newCRMTail(stored crm.Position, lag time.Duration) *crmTail {
	t := &crmTail{lag: lag, stored: stored}
	if !stored.Time.IsZero() {
		t.settled.Time = stored.Time.Add(-lag - restartMargin)
	}
	return t
}

// next position to read from.
func (t *crmTail) next(now time.Time) crm.Position {
	if t.began.IsZero() {
		t.began, t.cursor, t.near, t.read = now, t.settled, false, 0
	}
	t.asked = now
	return t.cursor
}

// to is where the ledger's position goes with a page: never back.
func (t *crmTail) to(page crm.Page) crm.Position { return laterOf(t.stored, page.Next) }

// took notes a page, and says whether the pass is over.
func (t *crmTail) took(page crm.Page, now time.Time) (over bool) {
	moved := laterOf(t.cursor, page.Next) != t.cursor
	t.stored = t.to(page)
	t.cursor = laterOf(t.cursor, page.Next)
	t.read += len(page.Records) + len(page.Touches) + len(page.Deals)
	t.near = t.near || t.cursor.Time.After(t.asked.Add(-t.lag-clockMargin))
	if !t.near {
		t.settled = laterOf(t.settled, t.cursor)
	}
	if page.More && moved && (!t.near || now.Sub(t.began) < longestPass) {
		return false
	}
	t.settle(now)
	t.began = time.Time{}
	return true
}

// settle notes the end of a pass. One that began when all up to the mark had to show by then has seen it, as far as it came.
func (t *crmTail) settle(now time.Time) {
	if !t.marked.IsZero() {
		if t.began.Before(t.marked.Add(t.lag)) {
			return
		}
		if after(t.mark, t.cursor) {
			t.settled = laterOf(t.settled, t.cursor)
			return
		}
		t.settled = laterOf(t.settled, t.mark)
	}
	t.mark, t.marked = t.cursor, now
}

func laterOf(a, b crm.Position) crm.Position {
	if after(b, a) {
		return b
	}
	return a
}

// after says whether a position is further on. Ids are numbers without zeros before them, or texts of one length.
func after(a, b crm.Position) bool {
	switch {
	case !a.Time.Equal(b.Time):
		return a.Time.After(b.Time)
	case len(a.ID) != len(b.ID):
		return len(a.ID) > len(b.ID)
	default:
		return strings.Compare(a.ID, b.ID) > 0
	}
}

// rememberTaken is how many events this replica remembers at least, of those that it offered the ledger.
const rememberTaken = 5000

// crmTaken are the ids of events about engagements and deals that the ledger has: what is read again since it may have shown late is not offered again.
type crmTaken struct{ latest, before map[string]bool }

func (c *crmTaken) has(id string) bool { return c.latest[id] || c.before[id] }

func (c *crmTaken) add(ids []string) {
	if c.latest == nil || len(c.latest) > rememberTaken {
		c.latest, c.before = map[string]bool{}, c.latest
	}
	for _, id := range ids {
		c.latest[id] = true
	}
}
