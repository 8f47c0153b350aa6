// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/handoff-sla/handoff/internal/judge"
	"github.com/handoff-sla/handoff/internal/ledger"
	"github.com/handoff-sla/handoff/internal/sla"
)

// What is counted: the periods that are judged, and those in which deadlines lie ahead. A week with too few leads is judged with the three before it, so
// that the oldest of the 26 that are shown needs those, and one for the week that is open.
const (
	weeksBack, weeksAhead   = 30, 12
	monthsBack, monthsAhead = 6, 3
	maxRows                 = 2000
	maxRestatements         = 50
)

// clockSlack is how far the ledger's clock may go back before that is said: clocks are set right by seconds, and a standby's is another one.
const clockSlack = time.Minute

// Measurement is what the cluster gets to know of the ledger: numbers, no lead.
type Measurement struct {
	ledger.Snapshot               // its AsOf never goes back
	ClosedThrough   sla.Period    // the last ISO week that is over; what was ever closed stays so
	Paces           []sla.Pace    // the newest first
	Spells          []judge.Spell // of terms, the oldest first
	Restatements    []ledger.Restatement
	ClockBehind     bool // the ledger's clock went back behind AsOf
}

// Sink takes measurements. It writes only what differs from what is there, apart from the time of counting.
type Sink interface {
	Write(ctx context.Context, m Measurement) error
}

// CountLedger is what counting needs of the ledger.
type CountLedger interface {
	Archive
	BecomeCounter(ctx context.Context) (*ledger.Counter, error)
	Pulse(ctx context.Context) (ledger.Pulse, error)
	Queues(ctx context.Context) ([]ledger.QueueState, error)
	Now(ctx context.Context) (time.Time, error)
	InForce(ctx context.Context) (int64, time.Time, error)
	Count(ctx context.Context, periods []sla.Period) (ledger.Snapshot, error)
	Paces(ctx context.Context, weeks []sla.Period, zone *time.Location) ([]sla.Pace, error)
	Spells(ctx context.Context) ([]judge.Spell, error)
	Freeze(ctx context.Context, zone *time.Location, counted []sla.Period, counts []sla.Count) ([]ledger.Seal, error)
	Restatements(ctx context.Context, periods []sla.Period, limit int) ([]ledger.Restatement, error)
	LastCounted(ctx context.Context) (ledger.Counted, error)
	NoteCounted(ctx context.Context, c ledger.Counted) error
}

// Counting counts for the contract, in one replica at a time.
type Counting struct {
	Pairs    *Pairs
	Ledger   func() (CountLedger, error)
	Sink     Sink
	Interval time.Duration    // between two counts, but for a few in stock (burst)
	Now      func() time.Time // paces the writes; what is counted goes by the ledger's clock
	Metrics  *Metrics
	Log      *slog.Logger

	counter *ledger.Counter
	of      CountLedger    // the ledger that counter belongs to
	pulse   ledger.Pulse   // at the last count
	seen    ledger.Pulse   // at the last step
	counted time.Time      // last count; zero before the first
	latest  ledger.Counted // by the ledger's clock
	behind  bool           // that clock went back, as far as is known
	stock   *rate.Limiter  // of counts
}

// burst is how many counts may follow one another after a quiet time. In the long run there is one an interval.
const burst = 3

// Step counts as soon as what changed has been worked off and is quiet, as long as the stock lasts, and else once an interval.
func (c *Counting) Step(ctx context.Context) (time.Duration, error) {
	const every = time.Second
	l, err := c.Ledger()
	if err != nil {
		c.forget(ctx)
		return 0, ErrNotReady
	}
	mine, err := c.hold(ctx, l)
	if err != nil || !mine {
		return every, err
	}
	pulse, err := l.Pulse(ctx)
	if err != nil {
		return 0, err
	}
	c.Metrics.Waiting.Set(float64(pulse.Waiting))
	c.Metrics.Unrouted.Set(float64(pulse.Unowned))
	queues, err := l.Queues(ctx)
	if err != nil {
		return 0, err
	}
	c.Metrics.waiting(queues)
	if !c.due(pulse) {
		return every, nil
	}
	if err := c.count(ctx, l); err != nil {
		return 0, err
	}
	c.pulse = pulse
	return every, nil
}

// Close gives the role of the counter to another replica.
func (c *Counting) Close(ctx context.Context) { c.forget(ctx) }

func (c *Counting) due(pulse ledger.Pulse) bool {
	now := c.Now()
	if c.stock == nil {
		c.stock = rate.NewLimiter(rate.Every(c.Interval), burst)
	}
	quiet := pulse.Waiting == 0 && pulse == c.seen
	c.seen = pulse
	switch {
	case c.counted.IsZero(), now.Sub(c.counted) >= c.Interval: // also notices a week that has ended, and a status that somebody else changed
		c.stock.AllowN(now, 1)
		return true
	default:
		return quiet && pulse != c.pulse && c.stock.AllowN(now, 1)
	}
}

// hold makes sure that this replica is the one that counts.
func (c *Counting) hold(ctx context.Context, l CountLedger) (bool, error) {
	if c.counter != nil && c.of == l && c.counter.Holds(ctx) {
		return true, nil
	}
	c.forget(ctx)
	counter, err := l.BecomeCounter(ctx)
	if err != nil || counter == nil {
		return false, err
	}
	c.counter, c.of = counter, l
	c.Log.Info("this replica counts")
	return true, nil
}

func (c *Counting) forget(ctx context.Context) {
	if c.counter != nil {
		c.counter.Resign(ctx)
	}
	c.counter, c.of, c.counted, c.latest = nil, nil, time.Time{}, ledger.Counted{}
}

func (c *Counting) count(ctx context.Context, l CountLedger) error {
	zone, err := c.zone(ctx, l)
	if err != nil {
		return err
	}
	now, err := l.Now(ctx)
	if err != nil {
		return err
	}
	last, err := l.LastCounted(ctx)
	if err != nil {
		return err
	}
	last = last.Latest(c.latest)
	m, err := c.measure(ctx, l, latest(now, last.AsOf), zone)
	if err != nil {
		return err
	}
	if m.ClosedThrough, err = closedThrough(latest(m.AsOf, last.AsOf), zone); err != nil {
		return err
	}
	m.ClockBehind = last.AsOf.Sub(m.AsOf) > clockSlack
	last = last.Latest(ledger.Counted{AsOf: m.AsOf, ClosedThrough: m.ClosedThrough})
	m.AsOf, m.ClosedThrough = last.AsOf, last.ClosedThrough
	if err := l.NoteCounted(ctx, last); err != nil {
		return err
	}
	if m.ClockBehind && !c.behind {
		c.Log.Warn("the ledger's clock went back; closed weeks stay closed", "clock", now, "latestCount", last.AsOf)
	}
	c.latest, c.behind = last, m.ClockBehind
	if err := c.Sink.Write(ctx, m); err != nil {
		return shownError{err}
	}
	c.counted = c.Now()
	return nil
}

// measure counts what is there, and freezes what has been over for long enough.
func (c *Counting) measure(ctx context.Context, l CountLedger, at time.Time, zone *time.Location) (Measurement, error) {
	var m Measurement
	counted := periods(at, zone)
	var err error
	if m.Snapshot, err = l.Count(ctx, counted); err != nil {
		return m, err
	}
	if m.Paces, err = l.Paces(ctx, weeksUpTo(at, zone), zone); err != nil {
		return m, err
	}
	if m.Spells, err = l.Spells(ctx); err != nil {
		return m, err
	}
	seals, err := l.Freeze(ctx, zone, counted, m.Counts)
	for _, s := range seals {
		noteSeal(c.Metrics, c.Log, s)
	}
	if err != nil {
		return m, err
	}
	if m.Restatements, err = l.Restatements(ctx, counted, maxRestatements); err != nil {
		return m, err
	}
	if len(m.Counts) > maxRows {
		c.Log.Warn("too many rows; the oldest are left out", "rows", len(m.Counts), "most", maxRows)
		m.Counts = newest(m.Counts, maxRows, zone)
	}
	return m, nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// zone is that of the pair in force, which may be another than the mounted one.
func (c *Counting) zone(ctx context.Context, l CountLedger) (*time.Location, error) {
	sequence, _, err := l.InForce(ctx)
	if err != nil {
		return nil, err
	}
	if sequence == 0 {
		return c.Pairs.Mounted.Zone(), nil
	}
	pair, err := c.Pairs.Of(ctx, l, sequence)
	if err != nil {
		return nil, err
	}
	return pair.Zone(), nil
}

// periods that are counted.
func periods(now time.Time, zone *time.Location) []sla.Period {
	local := now.In(zone)
	ps := weeksAround(local, -weeksBack, weeksAhead)
	middle := time.Date(local.Year(), local.Month(), 15, 12, 0, 0, 0, zone)
	for month := -monthsBack; month <= monthsAhead; month++ {
		ps = append(ps, sla.MonthOf(middle.AddDate(0, month, 0), zone))
	}
	return ps
}

// weeksUpTo are those that are judged: the current one and those before.
func weeksUpTo(now time.Time, zone *time.Location) []sla.Period {
	return weeksAround(now.In(zone), -weeksBack, 0)
}

func weeksAround(local time.Time, from, to int) []sla.Period {
	var ps []sla.Period
	noon := time.Date(local.Year(), local.Month(), local.Day(), 12, 0, 0, 0, local.Location())
	for week := from; week <= to; week++ {
		ps = append(ps, sla.WeekOf(noon.AddDate(0, 0, 7*week), local.Location()))
	}
	return ps
}

// newest are those of the periods that end last, in the order given. Weeks and months do not sort as text among each other.
func newest(counts []sla.Count, most int, zone *time.Location) []sla.Count {
	ends := map[sla.Period]time.Time{}
	order := make([]int, len(counts))
	for i, n := range counts {
		order[i] = i
		if _, end, err := n.Period.Bounds(zone); err == nil { // what is no period goes first
			ends[n.Period] = end
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return ends[counts[b].Period].Compare(ends[counts[a].Period]) })
	order = order[:most]
	slices.Sort(order)
	kept := make([]sla.Count, most)
	for i, at := range order {
		kept[i] = counts[at]
	}
	return kept
}

// closedThrough is the week before the one that now lies in.
func closedThrough(now time.Time, zone *time.Location) (sla.Period, error) {
	begin, _, err := sla.WeekOf(now, zone).Bounds(zone)
	if err != nil {
		return "", err
	}
	return sla.WeekOf(begin.Add(-time.Nanosecond), zone), nil
}
