// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// AccountOf is the account of a lead by the events that are known of it; "" when it has none.
type AccountOf func(*Lead) string

// tally knows the contacts of the accounts of a batch, as they stand while its leads are judged one after the other.
type tally struct {
	of      map[string]string        // lead -> account by its events
	totals  map[string]lead.Contacts // where they matter to the judgement
	changes map[string]lead.Contacts // what the batch adds, by account
}

// tally reads the contacts of the accounts that the leads have or had; with a nil of they matter to no judgement, and are only kept. It
// comes after the leads are locked.
func (l *Ledger) tally(ctx context.Context, tx pgx.Tx, leads []*Lead, of AccountOf) (*tally, error) {
	t := &tally{of: map[string]string{}, totals: map[string]lead.Contacts{}, changes: map[string]lead.Contacts{}}
	if of == nil {
		return t, nil
	}
	names := map[string]bool{}
	for _, one := range leads {
		if account := of(one); account != "" {
			t.of[one.ID], names[account] = account, true
		}
		if one.Account != "" {
			names[one.Account] = true
		}
		for _, part := range one.Parts {
			if part.Account != "" {
				names[part.Account] = true
			}
		}
	}
	slices.SortStableFunc(leads, func(a, b *Lead) int {
		return cmp.Or(lastEvent(a).Compare(lastEvent(b)), cmp.Compare(a.ID, b.ID))
	})
	if len(names) == 0 {
		return t, nil
	}
	return t, t.lock(ctx, tx, l.tenant, sortedKeys(names))
}

// lock makes other scorers that have leads of the same accounts wait until this transaction ends, and reads what those before have
// committed: of two contacts that are scored at the same moment, one sees the other. It takes the rows in order, so that two scorers wait
// for each other instead of deadlocking.
func (t *tally) lock(ctx context.Context, tx pgx.Tx, tenant string, names []string) error {
	var key []byte
	var contacts lead.Contacts
	keys, byKey := accountKeys(names)
	return each(ctx, tx, []any{&key, &contacts.Count, &contacts.Score}, func() error {
		t.totals[byKey[string(key)]] = contacts
		return nil
	}, `
INSERT INTO accounts (tenant, account) SELECT $1, key FROM unnest($2::bytea[]) AS key ORDER BY key
ON CONFLICT (tenant, account) DO UPDATE SET contacts = accounts.contacts
RETURNING account, contacts, score`, tenant, keys)
}

// lastEvent is when the latest event of a lead happened: the leads of a batch are judged in this order.
func lastEvent(one *Lead) time.Time {
	if len(one.Events) == 0 {
		return time.Time{}
	}
	return one.Events[len(one.Events)-1].Time
}

// peers are the other contacts of the account that a lead has by its events; nil when it has none, or they do not matter.
func (t *tally) peers(one *Lead) *lead.Contacts {
	account := t.of[one.ID]
	if account == "" {
		return nil
	}
	peers := t.totals[account].Plus(t.changes[account])
	if one.Account == account {
		peers = peers.Plus(lead.Contacts{Count: -1, Score: -one.Score.Clamped})
	}
	return &peers
}

// judge has a lead judged among the other contacts of its account.
func (t *tally) judge(one *Lead, judge Judge) error {
	before := *one
	one.Peers = t.peers(one)
	if err := judge(one); err != nil {
		*one = before
		return err
	}
	t.count(before.Account, -1, -before.Score.Clamped)
	t.count(one.Account, 1, one.Score.Clamped)
	for _, part := range one.Parts { // once: after that it is no contact of any
		t.count(part.Account, -1, -part.Score.Clamped)
	}
	return nil
}

func (t *tally) count(account string, contacts, score int) {
	if account != "" {
		t.changes[account] = t.changes[account].Plus(lead.Contacts{Count: contacts, Score: score})
	}
}

// queue writes what has changed.
func (t *tally) queue(writes *pgx.Batch, tenant string) {
	var contacts, scores []int
	keys, byKey := accountKeys(sortedKeys(t.changes))
	keys = slices.DeleteFunc(keys, func(key []byte) bool { return t.changes[byKey[string(key)]] == lead.Contacts{} })
	if len(keys) == 0 {
		return
	}
	for _, key := range keys {
		change := t.changes[byKey[string(key)]]
		contacts, scores = append(contacts, change.Count), append(scores, change.Score)
	}
	writes.Queue(`
INSERT INTO accounts (tenant, account, contacts, score)
SELECT $1, key, contacts, score FROM unnest($2::bytea[], $3::bigint[], $4::bigint[]) AS change (key, contacts, score) ORDER BY key
ON CONFLICT (tenant, account) DO UPDATE SET contacts = accounts.contacts + excluded.contacts, score = accounts.score + excluded.score`,
		tenant, keys, contacts, scores)
}

// accountKeys are the keys of accounts by their names.
func accountKeys(names []string) (keys [][]byte, nameOf map[string]string) {
	nameOf = make(map[string]string, len(names))
	for _, name := range names {
		key := sha256.Sum256([]byte(name))
		keys, nameOf[string(key[:])] = append(keys, key[:]), name
	}
	return keys, nameOf
}
