// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// Freeze seals the periods that have been over for a week, and restates those of the counted ones whose seal says something else than was counted just now.
// A seal is looked at only where it differs: nothing is counted again for those that stayed.
func (l *Ledger) Freeze(ctx context.Context, zone *time.Location, counted []sla.Period, counts []sla.Count) ([]Seal, error) {
	unsealed, sealed, err := l.Sealable(ctx, zone)
	if err != nil {
		return nil, err
	}
	due := unsealed
	sealed = slices.DeleteFunc(sealed, func(p sla.Period) bool { return !slices.Contains(counted, p) })
	latest, err := l.latestSealed(ctx, sealed)
	if err != nil {
		return nil, err
	}
	current := map[sla.Period][]sla.Count{}
	for _, c := range counts {
		current[c.Period] = append(current[c.Period], c)
	}
	for _, p := range sealed {
		if !latest[p].says(current[p]) {
			due = append(due, p)
		}
	}
	var made []Seal
	for _, p := range due {
		s, err := l.SealPeriod(ctx, p, zone)
		if err != nil {
			return made, err
		}
		if s != nil {
			made = append(made, *s)
		}
	}
	return made, nil
}

const countsInOrder = ` ORDER BY clause COLLATE "C", tier COLLATE "C", revision COLLATE "C"`

// latestSealed are the latest seals of some periods, with their counts.
func (l *Ledger) latestSealed(ctx context.Context, periods []sla.Period) (map[sla.Period]Seal, error) {
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := l.pool.Query(ctx, `
SELECT s.period, form, clause, tier, revision, met, missed, open, excused, contacted
FROM (SELECT DISTINCT ON (period) period, number, form FROM seals WHERE tenant = $1 AND period = ANY($2) ORDER BY period, version DESC) AS s
JOIN sealed_counts c ON c.tenant = $1 AND c.number = s.number`+countsInOrder, l.tenant, periods)
	if err != nil {
		return nil, err
	}
	var c sla.Count
	var form int
	out := map[sla.Period]Seal{}
	_, err = pgx.ForEachRow(rows, []any{
		&c.Period, &form, &c.Clause, &c.Tier, &c.Revision, &c.Met, &c.Missed, &c.Open, &c.Excused, &c.Contacted,
	}, func() error {
		s := out[c.Period]
		s.Form, s.Counts = form, append(s.Counts, c)
		out[c.Period] = s
		return nil
	})
	return out, err
}

// Restatement is what was counted of a clause and tier in a frozen period, and what was counted afterwards. Revisions are added up.
type Restatement struct {
	Clause  sla.Clause
	Tier    string
	Period  sla.Period
	At      time.Time // when it was noticed
	Version int       // of the period, from 2
	Was, Is sla.Count // their Met, Missed, Open, Excused and, of first contact, Contacted
}

// Restatements of some periods, the newest first, up to limit. A version of a period in which leads moved from one revision to another, and no sum
// changed, has none.
func (l *Ledger) Restatements(ctx context.Context, periods []sla.Period, limit int) ([]Restatement, error) {
	rows, err := l.pool.Query(ctx, `
WITH restated AS (
        SELECT s.number, s.period, s.version, s.sealed_at, p.number AS before,
            least(s.form, p.form) > 1 AS known -- by both, how many were contacted; else it is taken as not changed
        FROM (SELECT * FROM seals WHERE tenant = $1 AND period = ANY($2) AND version > 1 ORDER BY number DESC LIMIT $3) AS s
        JOIN seals p ON p.tenant = $1 AND p.period = s.period AND p.version = s.version - 1),
    said AS (
        SELECT r.number, c.clause, c.tier, true AS now, c.met, c.missed, c.open, c.excused, c.contacted
        FROM restated r JOIN sealed_counts c ON c.tenant = $1 AND c.number = r.number
        UNION ALL
        SELECT r.number, c.clause, c.tier, false, c.met, c.missed, c.open, c.excused, c.contacted
        FROM restated r JOIN sealed_counts c ON c.tenant = $1 AND c.number = r.before)
SELECT r.period, r.version, r.sealed_at, clause, tier,
    coalesce(sum(met) FILTER (WHERE NOT now), 0)::bigint, coalesce(sum(missed) FILTER (WHERE NOT now), 0)::bigint,
    coalesce(sum(open) FILTER (WHERE NOT now), 0)::bigint, coalesce(sum(excused) FILTER (WHERE NOT now), 0)::bigint,
    coalesce(sum(contacted) FILTER (WHERE now <> known), 0)::bigint,
    coalesce(sum(met) FILTER (WHERE now), 0)::bigint, coalesce(sum(missed) FILTER (WHERE now), 0)::bigint,
    coalesce(sum(open) FILTER (WHERE now), 0)::bigint, coalesce(sum(excused) FILTER (WHERE now), 0)::bigint,
    coalesce(sum(contacted) FILTER (WHERE now), 0)::bigint
FROM said JOIN restated r USING (number)
GROUP BY r.number, r.period, r.version, r.sealed_at, clause, tier
ORDER BY r.number DESC, clause COLLATE "C", tier COLLATE "C"`, l.tenant, periods, limit)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r Restatement, err error) {
		err = row.Scan(&r.Period, &r.Version, &r.At, &r.Clause, &r.Tier, &r.Was.Met, &r.Was.Missed, &r.Was.Open, &r.Was.Excused,
			&r.Was.Contacted, &r.Is.Met, &r.Is.Missed, &r.Is.Open, &r.Is.Excused, &r.Is.Contacted)
		r.At = r.At.UTC()
		return r, err
	})
	all = slices.DeleteFunc(all, func(r Restatement) bool { return r.Was == r.Is })
	return all[:min(limit, len(all))], err
}

// Counted is the latest that was ever counted.
type Counted struct {
	AsOf          time.Time
	ClosedThrough sla.Period
}

// LastCounted is the latest count that the ledger knows of; zero before the first.
func (l *Ledger) LastCounted(ctx context.Context) (Counted, error) {
	var c Counted
	err := l.pool.QueryRow(ctx, `SELECT as_of, closed_through FROM counted WHERE tenant = $1`, l.tenant).Scan(&c.AsOf, &c.ClosedThrough)
	if errors.Is(err, pgx.ErrNoRows) {
		return Counted{}, nil
	}
	c.AsOf = c.AsOf.UTC()
	return c, err
}

// NoteCounted keeps until when was counted. What is kept never goes back.
func (l *Ledger) NoteCounted(ctx context.Context, c Counted) error {
	_, err := l.pool.Exec(ctx, `
INSERT INTO counted AS c (tenant, as_of, closed_through) VALUES ($1, $2, $3)
ON CONFLICT (tenant) DO UPDATE SET as_of = greatest(c.as_of, excluded.as_of),
    closed_through = greatest(c.closed_through COLLATE "C", excluded.closed_through COLLATE "C")`, l.tenant, c.AsOf, c.ClosedThrough)
	return err
}

// Latest is the later of both.
func (c Counted) Latest(other Counted) Counted {
	if other.AsOf.After(c.AsOf) {
		c.AsOf = other.AsOf
	}
	if cmp.Less(c.ClosedThrough, other.ClosedThrough) {
		c.ClosedThrough = other.ClosedThrough
	}
	return c
}
