// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// Leads is the number of leads of a contract in the ledger, without those that were merged into another.
func (e *Env) Leads(ctx context.Context, t Target) (int64, error) {
	return e.number(ctx, fmt.Sprintf("SELECT count(*) FROM leads WHERE tenant = '%s' AND stage <> 'Merged'", t.Tenant))
}

func (e *Env) number(ctx context.Context, sql string) (int64, error) {
	lines, err := e.Query(ctx, sql)
	if err != nil {
		return 0, err
	}
	if len(lines) != 1 {
		return 0, fmt.Errorf("%d answers instead of one to %s", len(lines), sql)
	}
	return strconv.ParseInt(lines[0], 10, 64)
}

// WorkedOff waits until the ledger holds no work and no qualified lead without an owner.
func (e *Env) WorkedOff(ctx context.Context, t Target) error {
	return e.Wait(ctx, 15*time.Minute, func(ctx context.Context) (string, error) {
		left, err := e.number(ctx, fmt.Sprintf(`SELECT (SELECT count(DISTINCT lead_id) FROM work WHERE tenant = '%[1]s')
    + (SELECT count(*) FROM leads WHERE tenant = '%[1]s' AND qualified_at IS NOT NULL AND owner IS NULL
        AND stage NOT IN ('Suppressed', 'Merged', 'Duplicate', 'Excluded'))`, t.Tenant))
		if left > 0 {
			return fmt.Sprintf("%d leads to be scored, routed and timed", left), err
		}
		return "", err
	})
}

// Settled waits until the ledger holds no work, the measurement says what the ledger holds, and the contract what the measurement says.
func (e *Env) Settled(ctx context.Context, t Target) error {
	if err := e.WorkedOff(ctx, t); err != nil {
		return err
	}
	return e.Wait(ctx, 5*time.Minute, func(ctx context.Context) (string, error) { return e.settled(ctx, t) })
}

func (e *Env) settled(ctx context.Context, t Target) (string, error) {
	var m slav1alpha1.SLAMeasurement
	if err := e.Client.Get(ctx, t.key(), &m); err != nil {
		return "", err
	}
	leads, err := e.Leads(ctx, t)
	if err != nil {
		return "", err
	}
	counted := m.Status.Leads
	if counted == nil || deref(counted.Captured) != leads || deref(counted.Waiting) != 0 {
		return fmt.Sprintf("the measurement to say what the ledger holds: %d leads", leads), nil
	}
	ledger, err := e.LedgerCounts(ctx, t)
	if err != nil {
		return "", err
	}
	measured := Counts(m.Status.Rows)
	for key, count := range measured {
		if ledger[key] != count {
			return fmt.Sprintf("the measurement of %s in %s: it has %v, the ledger %v", key.Clause, key.Period, count, ledger[key]), nil
		}
	}
	if len(measured) == 0 && len(ledger) > 0 {
		return "the first counts", nil
	}
	contract, err := e.Get(ctx, t)
	if err != nil {
		return "", err
	}
	if shown := contract.Status.Leads; shown == nil || deref(shown.Captured) != leads || deref(shown.Waiting) != 0 {
		return "the contract's status to show the measurement", nil
	}
	return e.Ready(ctx, t)
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// Key of a count.
type Key struct{ Clause, Tier, Period string }

// Count of the leads of one clause, tier and period, over all revisions.
type Count struct{ Met, Missed, Open, Excused int64 }

// Counts are the rows of a measurement, over all revisions.
func Counts(rows []slav1alpha1.MeasurementRow) map[Key]Count {
	out := map[Key]Count{}
	for _, r := range rows {
		key := Key{r.Clause, r.Tier, r.Period}
		c := out[key]
		out[key] = Count{c.Met + deref(r.Met), c.Missed + deref(r.Missed), c.Open + deref(r.Open), c.Excused + deref(r.Excused)}
	}
	return out
}

// LedgerCounts are the obligations in the ledger, counted in the same way.
func (e *Env) LedgerCounts(ctx context.Context, t Target) (map[Key]Count, error) {
	lines, err := e.Query(ctx, fmt.Sprintf(`SELECT clause, tier, period, state, count(*) FROM obligations WHERE tenant = '%s' GROUP BY 1, 2, 3, 4`,
		t.Tenant))
	if err != nil {
		return nil, err
	}
	out := map[Key]Count{}
	for _, line := range lines {
		f := strings.Split(line, "|")
		if len(f) != 5 {
			return nil, fmt.Errorf("the ledger answers %q", line)
		}
		n, err := strconv.ParseInt(f[4], 10, 64)
		if err != nil {
			return nil, err
		}
		key := Key{f[0], f[1], f[2]}
		c := out[key]
		switch f[3] {
		case "Met":
			c.Met += n
		case "Missed":
			c.Missed += n
		case "Open":
			c.Open += n
		case "Excused":
			c.Excused += n
		}
		out[key] = c
	}
	return out, nil
}
