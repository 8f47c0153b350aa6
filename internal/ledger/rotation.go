// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Rotation is whose turn it is. Only one transaction of a tenant holds it at a time.
type Rotation struct {
	routing  *Routing
	pools    []lead.Pool
	pickers  map[string]*lead.Picker // by pool; those that were asked for
	gone     map[string][]string     // by pool: who has turns and is no member any more
	member   map[string]string       // rep -> the first pool that he is a member of
	open     map[string]int          // open leads of a rep; those of this transaction are in the pickers, too
	accounts map[string][]Holding    // by account, the latest first
}

// Holding is that a rep became owner of a lead of an account.
type Holding struct{ Lead, Rep string }

// Rotation has other replicas wait with their picks until this transaction ends, so that the rotation stays fair however many there are, and
// reads the open leads of every rep. The turns of a pool are read when it is asked for.
func (r *Routing) Rotation(ctx context.Context, pools []lead.Pool) (*Rotation, error) {
	if r.rotation != nil {
		return r.rotation, nil
	}
	if _, err := r.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockRotation, r.ledger.tenant)); err != nil {
		return nil, err
	}
	ro := &Rotation{routing: r, pools: pools, pickers: map[string]*lead.Picker{}, gone: map[string][]string{}, member: Members(pools)}
	var err error
	if ro.open, err = r.readLoads(ctx); err != nil {
		return nil, err
	}
	for rep, by := range r.loaded {
		ro.open[rep] += by
	}
	r.rotation = ro
	return ro, nil
}

// Members of the pools, and the first pool that each is a member of.
func Members(pools []lead.Pool) map[string]string {
	members := map[string]string{}
	for _, pool := range pools {
		for _, m := range pool.Members {
			if _, known := members[m.Rep]; !known {
				members[m.Rep] = pool.Name
			}
		}
	}
	return members
}

// Of is the picker of the pool with a name.
func (ro *Rotation) Of(ctx context.Context, name string) (*lead.Picker, error) {
	if p, known := ro.pickers[name]; known {
		return p, nil
	}
	i := slices.IndexFunc(ro.pools, func(p lead.Pool) bool { return p.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("the roster has no pool %q", name)
	}
	turns, err := ro.readTurns(ctx, ro.pools[i])
	if err != nil {
		return nil, err
	}
	p := lead.NewPickerOf(ro.pools[i], turns, ro.open)
	ro.pickers[name] = p
	return p, nil
}

// Took notes that a rep owns one more open lead, whose turn it cost in which pool the picker of that pool knows already; "" where it cost none.
func (ro *Rotation) Took(pool, rep string, open bool) {
	switch picker := ro.pickers[pool]; {
	case open:
		ro.open[rep]++
		for name, p := range ro.pickers {
			if name != pool {
				p.Open(rep, 1)
			}
		}
	case picker != nil:
		picker.Open(rep, -1) // a turn, but nothing left to do
	}
}

// Lost notes that a rep does not own an open lead any more.
func (ro *Rotation) Lost(rep string) { ro.owns(rep, -1) }

func (ro *Rotation) owns(rep string, by int) {
	ro.open[rep] += by
	for _, p := range ro.pickers {
		p.Open(rep, by)
	}
}

// Loaded notes that a rep owns more open leads, or fewer, than the rows of the ledger say, by what this transaction found out of a lead before it
// looked for an owner. It does nothing for nobody.
func (r *Routing) Loaded(rep string, by int) {
	switch {
	case rep == "":
	case r.rotation != nil:
		r.rotation.owns(rep, by)
	default:
		if r.loaded == nil {
			r.loaded = map[string]int{}
		}
		r.loaded[rep] += by
	}
}

// Free says whether a rep is a member of a pool, not away and below his capacity in one that he is a member of.
func (ro *Rotation) Free(rep string, at time.Time) bool {
	for _, pool := range ro.pools {
		for _, m := range pool.Members {
			if m.Rep == rep && m.Free(ro.open[rep], at) {
				return true
			}
		}
	}
	return false
}

// holdings are how many of the latest of an account are looked at.
const holdings = 50

// holdingsSQL lists who became owner of leads that are open or won, the latest first. The stages are those of the index leads_owned_of_account.
const holdingsSQL = `SELECT asked.account, held.lead_id, held.owner FROM unnest($2::text[]) AS asked (account)
CROSS JOIN LATERAL (SELECT lead_id, owner FROM leads l
    WHERE tenant = $1 AND hashtextextended(account, 0) = hashtextextended(asked.account, 0) AND l.account = asked.account
      AND owner IS NOT NULL AND stage IN ('MQL', 'SAL', 'SQL', 'Opportunity', 'Won')
    ORDER BY owned_at DESC, lead_id LIMIT $3) AS held
ORDER BY asked.account`

// HolderOf is who last became owner of another open or won lead of the account of a lead, of those who are members of a pool; false when nobody did.
// It comes after the rotation is held: of two leads of one account that are routed at the same moment, one sees the other.
func (ro *Rotation) HolderOf(ctx context.Context, one *Lead) (string, bool, error) {
	if one.Account == "" {
		return "", false, nil
	}
	if ro.accounts == nil {
		if err := ro.readHoldings(ctx); err != nil {
			return "", false, err
		}
	}
	for _, h := range ro.accounts[one.Account] {
		if _, member := ro.member[h.Rep]; member && h.Lead != one.ID {
			return h.Rep, true, nil
		}
	}
	return "", false, nil
}

// Holds notes that a rep became owner of a lead in this transaction.
func (ro *Rotation) Holds(one *Lead, rep string) {
	if ro.accounts != nil && one.Account != "" {
		ro.accounts[one.Account] = append([]Holding{{one.ID, rep}}, ro.accounts[one.Account]...)
	}
}

func (ro *Rotation) readHoldings(ctx context.Context) error {
	ro.accounts = map[string][]Holding{}
	names := map[string]bool{}
	for _, one := range ro.routing.Leads {
		if one.Account != "" {
			names[one.Account] = true
		}
	}
	var account string
	var h Holding
	return each(ctx, ro.routing.tx, []any{&account, &h.Lead, &h.Rep}, func() error {
		ro.accounts[account] = append(ro.accounts[account], h)
		return nil
	}, holdingsSQL, ro.routing.ledger.tenant, sortedKeys(names), holdings)
}

// queue writes the turns that have changed, and takes away those of who is no member any more: who comes back some day is a newcomer.
func (ro *Rotation) queue(writes *pgx.Batch, tenant string) {
	for _, pool := range sortedKeys(ro.pickers) {
		var reps []string
		var turns []int64
		ro.pickers[pool].Changed(func(rep string, taken int64) { reps, turns = append(reps, rep), append(turns, taken) })
		if len(reps) > 0 {
			writes.Queue(`INSERT INTO rotation (tenant, pool, rep, turns)
SELECT $1, $2, rep, turns FROM unnest($3::text[], $4::bigint[]) AS taken (rep, turns)
ON CONFLICT (tenant, pool, rep) DO UPDATE SET turns = excluded.turns`, tenant, pool, reps, turns)
		}
		if gone := ro.gone[pool]; len(gone) > 0 {
			writes.Queue(`DELETE FROM rotation WHERE tenant = $1 AND pool = $2 AND rep = ANY($3)`, tenant, pool, gone)
		}
	}
}

func (ro *Rotation) readTurns(ctx context.Context, pool lead.Pool) (map[string]int64, error) {
	turns, members := map[string]int64{}, make(map[string]bool, len(pool.Members))
	for _, m := range pool.Members {
		members[m.Rep] = true
	}
	var rep string
	var n int64
	err := each(ctx, ro.routing.tx, []any{&rep, &n}, func() error {
		if members[rep] {
			turns[rep] = n
		} else {
			ro.gone[pool.Name] = append(ro.gone[pool.Name], rep)
		}
		return nil
	}, `SELECT rep, turns FROM rotation WHERE tenant = $1 AND pool = $2`, ro.routing.ledger.tenant, pool.Name)
	return turns, err
}

// How many rows of a rep's load there may be until they are added up by who reads them, and how many of a tenant where nobody does.
const (
	loadRows    = 8
	loadsAtMost = 10_000
)

// readLoads reads the open leads of every rep. There is a row for each change, by whoever made it; from time to time the changes are added
// up into one row, which only who holds the rotation does.
func (r *Routing) readLoads(ctx context.Context) (map[string]int, error) {
	open := map[string]int{}
	var rep string
	var leads, rows, all int
	err := each(ctx, r.tx, []any{&rep, &leads, &rows}, func() error {
		all += rows
		if leads != 0 {
			open[rep] = leads
		}
		return nil
	}, `SELECT rep, sum(leads), count(*) FROM loads WHERE tenant = $1 GROUP BY rep`, r.ledger.tenant)
	if err != nil || all <= loadRows*(len(open)+100) {
		return open, err
	}
	return open, r.ledger.addUpLoads(ctx, r.tx)
}

// AddUpLoads keeps the table of open leads short where nobody looks at it: where the CRM gives leads their owners.
func (l *Ledger) AddUpLoads(ctx context.Context) error {
	var many bool
	err := l.pool.QueryRow(ctx, `SELECT count(*) > $2 FROM (SELECT 1 FROM loads WHERE tenant = $1 LIMIT $2 + 1) AS found`, l.tenant, loadsAtMost).Scan(&many)
	if err != nil || !many {
		return err
	}
	return l.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockRotation, l.tenant)); err != nil {
			return err
		}
		return l.addUpLoads(ctx, tx)
	})
}

// addUpLoads is for who holds the rotation.
func (l *Ledger) addUpLoads(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `WITH gone AS (DELETE FROM loads WHERE tenant = $1 RETURNING rep, leads)
INSERT INTO loads (tenant, rep, leads) SELECT $1, rep, sum(leads) FROM gone GROUP BY rep HAVING sum(leads) <> 0`, l.tenant)
	return err
}
