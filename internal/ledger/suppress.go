// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// lockAccountNews is shared by scoring, and exclusive for what one lead says about all leads of its account.
const lockAccountNews = "account-news"

// company is what the leads of a batch have to do with other leads of their accounts.
type company struct {
	of    map[string]string      // lead -> account by its events
	marks map[string][]lead.Mark // lead -> those it makes itself
	wake  map[string]bool        // accounts whose leads are to be judged again
}

// together reads what other leads of their accounts say about the leads of a batch. It comes after they are locked.
func (l *Ledger) together(ctx context.Context, tx pgx.Tx, leads []*Lead, among Among) (*company, error) {
	c := &company{of: map[string]string{}, marks: map[string][]lead.Mark{}, wake: map[string]bool{}}
	if among.Company == nil {
		return c, nil
	}
	names, ids, news := map[string]bool{}, []string{}, false
	for _, one := range leads {
		ids = append(ids, one.ID)
		if one.Account != "" {
			names[one.Account] = true
		}
		for _, part := range one.Parts {
			ids = append(ids, part.ID)
			if part.Account != "" {
				names[part.Account], news = true, true
			}
		}
		account := among.Company(one)
		if account == "" {
			continue
		}
		c.of[one.ID], names[account] = account, true
		if c.marks[one.ID] = among.Marks(one); len(c.marks[one.ID]) > 0 {
			news = true
		}
	}
	if len(names) == 0 {
		return c, nil
	}
	lock := `SELECT pg_advisory_xact_lock_shared($1)`
	if news {
		lock = `SELECT pg_advisory_xact_lock($1)`
	}
	if _, err := tx.Exec(ctx, lock, lockKey(lockAccountNews, l.tenant)); err != nil {
		return nil, err
	}
	return c, l.readMarks(ctx, tx, c, leads, ids, sortedKeys(names))
}

// readMarks gives each lead the marks of the others of its account, in order of time, and sees whether its own have changed.
func (l *Ledger) readMarks(ctx context.Context, tx pgx.Tx, c *company, leads []*Lead, ids, names []string) error {
	type made struct {
		by   string
		mark lead.Mark
	}
	kept, before := map[string][]made{}, map[string][]lead.Mark{} // by account; of leads of the batch
	accountOf := map[string]string{}                              // where the marks of a lead of the batch are kept
	keys, byKey := accountKeys(names)
	var id string
	var key []byte
	var m lead.Mark
	err := each(ctx, tx, []any{&id, &key, &m.At, &m.Lifted}, func() error {
		m.At, m.Scope = m.At.UTC(), lead.ScopeAccount
		if slices.Contains(ids, id) {
			before[id], accountOf[id] = append(before[id], m), byKey[string(key)]
		} else {
			kept[byKey[string(key)]] = append(kept[byKey[string(key)]], made{id, m})
		}
		return nil
	}, `SELECT lead_id, account, at, lifted FROM account_marks WHERE tenant = $1 AND (account = ANY($2) OR lead_id = ANY($3)) ORDER BY lead_id, number`,
		l.tenant, keys, ids)
	if err != nil {
		return err
	}
	for _, one := range leads {
		for _, part := range one.Parts { // what it said is said by the one that is left
			if len(before[part.ID]) > 0 {
				c.wake[accountOf[part.ID]] = true
			}
		}
		account, marks := c.of[one.ID], c.marks[one.ID]
		if accountOf[one.ID] == account && slices.Equal(marks, before[one.ID]) || len(marks)+len(before[one.ID]) == 0 {
			delete(c.marks, one.ID)
		} else {
			c.marks[one.ID] = marks
			c.wake[account], c.wake[accountOf[one.ID]] = true, true
		}
		for _, m := range marks {
			kept[account] = append(kept[account], made{one.ID, m})
		}
	}
	for _, one := range leads {
		one.Marks = nil
		for _, m := range kept[c.of[one.ID]] {
			if c.of[one.ID] != "" && m.by != one.ID {
				one.Marks = append(one.Marks, m.mark)
			}
		}
		slices.SortFunc(one.Marks, func(a, b lead.Mark) int { return a.At.Compare(b.At) })
	}
	return nil
}

// queue writes the marks that changed, and has the other leads of the accounts judged again.
func (c *company) queue(writes *pgx.Batch, l *Ledger, judged []*Lead) {
	for _, one := range judged {
		marks, changed := c.marks[one.ID]
		if !changed {
			continue
		}
		writes.Queue(`DELETE FROM account_marks WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID)
		key := sha256.Sum256([]byte(c.of[one.ID]))
		times, lifted := []time.Time{}, []bool{}
		for _, m := range marks {
			times, lifted = append(times, m.At), append(lifted, m.Lifted)
		}
		writes.Queue(`INSERT INTO account_marks (tenant, lead_id, number, account, at, lifted)
SELECT $1, $2, number, $3, at, lifted FROM unnest($4::timestamptz[], $5::boolean[]) WITH ORDINALITY AS mark (at, lifted, number)`,
			l.tenant, one.ID, key[:], times, lifted)
	}
	delete(c.wake, "")
	ids := make([]string, len(judged))
	for i, one := range judged {
		ids[i] = one.ID
	}
	for _, account := range sortedKeys(c.wake) {
		writes.Queue(`INSERT INTO work (tenant, queue, lead_id)
SELECT $1, $2, lead_id FROM leads WHERE tenant = $1 AND hashtextextended(account, 0) = hashtextextended($3, 0) AND account = $3 AND lead_id <> ALL($4)`,
			l.tenant, queueScore, account, ids)
	}
}
