// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// AccountOf is the account of a lead by the events that are known of it; "" when it has none.
type AccountOf func(*Lead) string

// tally knows the contacts of the accounts of a batch, as they stand while its leads are judged one after the other.
type tally struct {
	of     map[string]string // lead -> account by its events
	totals map[string]lead.Contacts
}

// tally makes other scorers that have leads of the same accounts wait until this transaction ends: of two contacts that are scored at
// the same moment, one sees the other. It comes after the leads are locked, and takes the locks in order, so that two scorers wait
// for each other instead of deadlocking. It is nil without AccountOf.
func (l *Ledger) tally(ctx context.Context, tx pgx.Tx, leads []*Lead, of AccountOf) (*tally, error) {
	if of == nil {
		return nil, nil
	}
	t := &tally{of: map[string]string{}, totals: map[string]lead.Contacts{}}
	ids := make([]string, len(leads))
	for i, one := range leads {
		ids[i] = one.ID
		if account := of(one); account != "" {
			t.of[one.ID], t.totals[account] = account, lead.Contacts{}
		}
	}
	names := sortedKeys(t.totals)
	keys := make([]int64, len(names))
	for i, name := range names {
		keys[i] = lockKey(lockAccount, l.tenant+"\x00"+name)
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, key); err != nil {
			return nil, err
		}
	}
	if err := t.read(ctx, tx, l.tenant, names, ids); err != nil {
		return nil, err
	}
	for _, one := range leads {
		t.count(one, 1)
	}
	slices.SortStableFunc(leads, func(a, b *Lead) int {
		return cmp.Or(lastEvent(a).Compare(lastEvent(b)), cmp.Compare(a.ID, b.ID))
	})
	return t, nil
}

// read the contacts that are not in the batch. It is a statement of its own: it sees what was committed before the locks were ours.
func (t *tally) read(ctx context.Context, tx pgx.Tx, tenant string, accounts, batch []string) error {
	var account string
	var contacts lead.Contacts
	return each(ctx, tx, []any{&account, &contacts.Count, &contacts.Score}, func() error {
		t.totals[account] = contacts
		return nil
	}, `
SELECT account, count(*), sum(score)::bigint FROM leads
WHERE tenant = $1 AND account IS NOT NULL AND account = ANY($2) AND NOT lead_id = ANY($3)
  AND hashtextextended(account, 0) = ANY(SELECT hashtextextended(name, 0) FROM unnest($2::text[]) AS name)
GROUP BY account`, tenant, accounts, batch)
}

// lastEvent is when the latest event of a lead happened: the leads of a batch are judged in this order.
func lastEvent(one *Lead) time.Time {
	if len(one.Events) == 0 {
		return time.Time{}
	}
	return one.Events[len(one.Events)-1].Time
}

func (t *tally) count(one *Lead, times int) {
	if one.Account == "" {
		return
	}
	c := t.totals[one.Account]
	t.totals[one.Account] = lead.Contacts{Count: c.Count + times, Score: c.Score + times*one.Score.Clamped}
}

// judge has a lead judged among the other contacts of its account.
func (t *tally) judge(one *Lead, judge Judge) error {
	if t == nil {
		return judge(one)
	}
	t.count(one, -1)
	before := *one
	if account := t.of[one.ID]; account != "" {
		peers := t.totals[account]
		one.Peers = &peers
	}
	err := judge(one)
	if err != nil {
		*one = before
	}
	t.count(one, 1)
	return err
}
