// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// readPeerMarks gives each lead of an account the marks that others of it made for all of them, in order of time: while one is in force, nobody
// may contact it.
func (l *Ledger) readPeerMarks(ctx context.Context, tx pgx.Tx, leads []*Lead) error {
	byAccount := map[string][]*Lead{}
	for _, one := range leads {
		one.Marks = nil
		if one.Account != "" {
			byAccount[one.Account] = append(byAccount[one.Account], one)
		}
	}
	if len(byAccount) == 0 {
		return nil
	}
	keys, nameOf := accountKeys(sortedKeys(byAccount))
	var by string
	var key []byte
	m := lead.Mark{Scope: lead.ScopeAccount}
	return each(ctx, tx, []any{&by, &key, &m.At, &m.Lifted}, func() error {
		m.At = m.At.UTC()
		for _, one := range byAccount[nameOf[string(key)]] {
			mine := one.ID == by || slices.ContainsFunc(one.Parts, func(part Part) bool { return part.ID == by })
			if !mine {
				one.Marks = append(one.Marks, m)
			}
		}
		return nil
	}, `SELECT lead_id, account, at, lifted FROM account_marks WHERE tenant = $1 AND account = ANY($2) ORDER BY at, lead_id, number`, l.tenant, keys)
}
