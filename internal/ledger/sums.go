// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// contacted is true of an obligation whose lead was contacted, in time or too late.
const contacted = `clause = 'firstContact' AND state IN ('Met', 'Missed') AND stopped_at IS NOT NULL`

// summed is a count without its median, and what tells whether that is another one than before: the sum of hashes of the times.
type summed struct {
	sla.Count

	print int64
}

// sumsSQL adds up the obligations that are there and those whose leads are no longer kept. It reads the obligations once, and sorts none.
const sumsSQL = `
SELECT clause, tier, period, revision, sum(met)::bigint, sum(missed)::bigint, sum(open)::bigint, sum(risk)::bigint, sum(excused)::bigint,
    sum(contacted)::bigint, sum(timed)::bigint, sum(within5)::bigint, sum(within15)::bigint, sum(print)::bigint FROM (
    SELECT clause, tier, period, revision,
        count(*) FILTER (WHERE state = 'Met') AS met, count(*) FILTER (WHERE state = 'Missed') AS missed,
        count(*) FILTER (WHERE state = 'Open') AS open, count(*) FILTER (WHERE state = 'Open' AND warn_at <= $3) AS risk,
        count(*) FILTER (WHERE state = 'Excused') AS excused, count(*) FILTER (WHERE ` + contacted + `) AS contacted,
        count(elapsed) AS timed, count(*) FILTER (WHERE elapsed <= 300) AS within5, count(*) FILTER (WHERE elapsed <= 900) AS within15,
        coalesce(sum(hashint4(elapsed)::bigint), 0)::bigint AS print
    FROM obligations WHERE tenant = $1 AND period = ANY($2) GROUP BY clause, tier, period, revision
    UNION ALL
    SELECT clause, tier, period, revision, met, missed, 0, 0, excused, contacted, cardinality(elapsed),
        (SELECT count(*) FROM unnest(elapsed) AS e WHERE e <= 300), (SELECT count(*) FROM unnest(elapsed) AS e WHERE e <= 900),
        (SELECT coalesce(sum(hashint4(e)::bigint), 0)::bigint FROM unnest(elapsed) AS e)
    FROM retired_counts WHERE tenant = $1 AND period = ANY($2)) AS parts
GROUP BY clause, tier, period, revision
ORDER BY period COLLATE "C" DESC, clause COLLATE "C", tier COLLATE "C", revision COLLATE "C"`

func (l *Ledger) sums(ctx context.Context, tx pgx.Tx, at time.Time, periods []sla.Period) ([]summed, error) {
	rows, err := tx.Query(ctx, sumsSQL, l.tenant, periods, at)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (c summed, err error) {
		err = row.Scan(&c.Clause, &c.Tier, &c.Period, &c.Revision, &c.Met, &c.Missed, &c.Open, &c.AtRisk, &c.Excused,
			&c.Contacted, &c.Times.Leads, &c.Times.Within5m, &c.Times.Within15m, &c.print)
		return c, err
	})
}

// timesOf is what medians belong to.
type timesOf struct {
	clause   sla.Clause
	tier     string
	period   sla.Period
	revision string
}

// knownTimes are medians, and of which leads they are.
type knownTimes struct {
	leads, print int64
	median, p90  time.Duration
}

// timesCache keeps medians as long as what they are of stays the same: finding one sorts, and most periods that are counted each minute are long over.
type timesCache struct {
	mu    sync.Mutex
	known map[timesOf]knownTimes
}

// cachedTimes bounds the cache: half a year of weeks with many clauses and revisions.
const cachedTimes = 10_000

// medianSQL takes the time of a lead that was there, not one between two.
const medianSQL = `
SELECT clause, tier, period, revision, percentile_disc(0.5) WITHIN GROUP (ORDER BY elapsed), percentile_disc(0.9) WITHIN GROUP (ORDER BY elapsed) FROM (
    SELECT clause, tier, period, revision, elapsed FROM obligations WHERE tenant = $1 AND period = ANY($2) AND elapsed IS NOT NULL
    UNION ALL
    SELECT clause, tier, period, revision, unnest(elapsed) FROM retired_counts WHERE tenant = $1 AND period = ANY($2)) AS clocks
GROUP BY clause, tier, period, revision`

// counts of the obligations that are there and of those whose leads are no longer kept. The transaction sees one state of the database throughout.
func (l *Ledger) counts(ctx context.Context, tx pgx.Tx, at time.Time, periods []sla.Period) ([]sla.Count, error) {
	sums, err := l.sums(ctx, tx, at, periods)
	if err != nil {
		return nil, err
	}
	l.times.mu.Lock()
	defer l.times.mu.Unlock()
	if err := l.learnTimes(ctx, tx, sums); err != nil {
		return nil, err
	}
	counts := make([]sla.Count, len(sums))
	for i, s := range sums {
		counts[i] = s.Count
		if s.Times.Leads > 0 {
			k := l.times.known[timesOf{s.Clause, s.Tier, s.Period, s.Revision}]
			counts[i].Times.Median, counts[i].Times.P90 = k.median, k.p90
		}
	}
	return counts, nil
}

// learnTimes reads the medians of the periods in which any is not known.
func (l *Ledger) learnTimes(ctx context.Context, tx pgx.Tx, sums []summed) error {
	if l.times.known == nil || len(l.times.known) > cachedTimes {
		l.times.known = map[timesOf]knownTimes{}
	}
	changed := map[timesOf]summed{}
	periods := map[string]bool{}
	for _, s := range sums {
		of := timesOf{s.Clause, s.Tier, s.Period, s.Revision}
		if k := l.times.known[of]; k.leads != s.Times.Leads || k.print != s.print {
			changed[of], periods[string(s.Period)] = s, true
		}
	}
	if len(changed) == 0 {
		return nil
	}
	var of timesOf
	var median, p90 int64
	return each(ctx, tx, []any{&of.clause, &of.tier, &of.period, &of.revision, &median, &p90}, func() error {
		if s, ok := changed[of]; ok {
			l.times.known[of] = knownTimes{s.Times.Leads, s.print, time.Duration(median) * time.Second, time.Duration(p90) * time.Second}
		}
		return nil
	}, medianSQL, l.tenant, sortedKeys(periods))
}
