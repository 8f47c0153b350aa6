// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Paces are how many leads had become MQL for the first time in a month by the end of each week, or by the end of the month within it; up to now in a
// week that is not over. The newest come first. Months in which nothing was in force yet have none. A clock that was put back takes nothing away.
func (l *Ledger) Paces(ctx context.Context, weeks []sla.Period, zone *time.Location) ([]sla.Pace, error) {
	var paces []sla.Pace
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, l.pool, options, func(tx pgx.Tx) error {
		at, err := latest(ctx, tx, l.tenant)
		if err != nil {
			return err
		}
		paces, err = l.paces(ctx, tx, weeks, zone, at)
		return err
	})
	return paces, err
}

// latest is now, or the latest count where the clock is behind that.
func latest(ctx context.Context, tx pgx.Tx, tenant string) (time.Time, error) {
	var at time.Time
	err := tx.QueryRow(ctx, `SELECT greatest(clock_timestamp(), (SELECT as_of FROM counted WHERE tenant = $1))`, tenant).Scan(&at)
	return at.UTC(), err
}

// mark is where a pace is taken.
type mark struct {
	week, month sla.Period
	until       time.Time
}

// marksOf a week: one for each month that has a day in it, at the month's end where that lies in the week.
func marksOf(week sla.Period, zone *time.Location) ([]mark, error) {
	from, to, err := week.Bounds(zone)
	if err != nil {
		return nil, err
	}
	first := sla.MonthOf(from, zone)
	last := sla.MonthOf(to.Add(-1), zone)
	if first == last {
		return []mark{{week, last, to}}, nil
	}
	_, end, err := first.Bounds(zone)
	return []mark{{week, last, to}, {week, first, end}}, err
}

func (l *Ledger) paces(ctx context.Context, tx pgx.Tx, weeks []sla.Period, zone *time.Location, at time.Time) ([]sla.Pace, error) {
	plan, err := l.plan(ctx, tx, at)
	if err != nil {
		return nil, err
	}
	var marks []mark
	months := map[string]bool{}
	ordered := slices.Clone(weeks)
	slices.Sort(ordered)
	slices.Reverse(ordered)
	for _, week := range ordered {
		of, err := marksOf(week, zone)
		if err != nil {
			return nil, err
		}
		for _, m := range of {
			marks, months[string(m.month)] = append(marks, m), true
		}
	}
	became, err := l.becameMQL(ctx, tx, sortedKeys(months), marks, at)
	if err != nil {
		return nil, err
	}
	var paces []sla.Pace
	for _, m := range marks {
		from, to, err := m.month.Bounds(zone)
		if err != nil {
			return nil, err
		}
		revision, since, ok := plan.of(from, to)
		if !ok || !since.Before(m.until) {
			continue // nothing was in force by then
		}
		paces = append(paces, sla.Pace{Week: m.week, Month: m.month, MQLs: became.by(m), Revision: revision, From: since})
	}
	return paces, nil
}

// becoming is how many leads became MQL between one edge and the next, by month; those of index 0 before the first.
type becoming struct {
	edges []time.Time
	leads map[sla.Period][]int64
}

// by the instant of a mark.
func (b becoming) by(m mark) (sum int64) {
	reached := sort.Search(len(b.edges), func(i int) bool { return !b.edges[i].Before(m.until) })
	if counted := b.leads[m.month]; counted != nil {
		for _, n := range counted[:min(reached+1, len(counted))] {
			sum += n
		}
	}
	return sum
}

// becameMQL reads the obligations of the months once. Of leads that are no longer kept it is known when they became MQL; of those that went before that was
// kept, only the month: they count from its beginning on.
func (l *Ledger) becameMQL(ctx context.Context, tx pgx.Tx, months []string, marks []mark, at time.Time) (becoming, error) {
	b := becoming{leads: map[sla.Period][]int64{}}
	for _, m := range marks {
		b.edges = append(b.edges, m.until)
	}
	slices.SortFunc(b.edges, time.Time.Compare)
	b.edges = slices.CompactFunc(b.edges, time.Time.Equal)
	var month sla.Period
	var bucket int
	var n int64
	err := each(ctx, tx, []any{&month, &bucket, &n}, func() error {
		if b.leads[month] == nil {
			b.leads[month] = make([]int64, len(b.edges)+1)
		}
		b.leads[month][bucket] += n
		return nil
	}, `
SELECT period, width_bucket(stopped_at, $3::timestamptz[]), count(*) FROM obligations
WHERE tenant = $1 AND period = ANY($2) AND clause = 'volume' AND state = 'Met' AND stopped_at <= $4 GROUP BY 1, 2
UNION ALL
SELECT period, width_bucket(at, $3::timestamptz[]), count(*) FROM retired_counts CROSS JOIN unnest(stopped) AS at
WHERE tenant = $1 AND period = ANY($2) AND clause = 'volume' GROUP BY 1, 2
UNION ALL
SELECT period, 0, met - cardinality(stopped) FROM retired_counts WHERE tenant = $1 AND period = ANY($2) AND clause = 'volume'`,
		l.tenant, months, b.edges, at)
	return b, err
}

// inForceSince is a revision of the terms and since when it is in force.
type inForceSince struct {
	sequence int64
	terms    string
	since    time.Time
}

// plan is what was in force and since when, oldest first. The first took effect when both had signed that it would, where that was earlier: what was
// brought in of the time since counts.
type plan []inForceSince

func (l *Ledger) plan(ctx context.Context, tx pgx.Tx, at time.Time) (plan, error) {
	rows, err := tx.Query(ctx, `SELECT sequence, bundle #>> '{termsRevision,name}', since FROM in_force WHERE tenant = $1 AND since <= $2
ORDER BY since, sequence`, l.tenant, at)
	if err != nil {
		return nil, err
	}
	p, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s inForceSince, err error) {
		err = row.Scan(&s.sequence, &s.terms, &s.since)
		s.since = s.since.UTC()
		return s, err
	})
	if err != nil || len(p) == 0 {
		return nil, err
	}
	live, err := l.goLive(ctx, tx)
	if !live.IsZero() && live.Before(p[0].since) {
		p[0].since = live
	}
	return p, err
}

// of a month, the revision that was in force when it began; else the first that came into force within it, and when that was.
func (p plan) of(from, to time.Time) (revision string, since time.Time, ok bool) {
	best := int64(-1)
	for _, s := range p {
		if !s.since.After(from) && s.sequence > best {
			best, revision = s.sequence, s.terms
		}
	}
	if best >= 0 {
		return revision, time.Time{}, true
	}
	if len(p) == 0 || !p[0].since.Before(to) {
		return "", time.Time{}, false
	}
	return p[0].terms, p[0].since, true
}
