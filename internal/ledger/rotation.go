// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Rotation is whose turn it is. Only one transaction of a tenant holds it at a time.
type Rotation struct {
	pools map[string]map[string]lead.RepState
	dirty map[string]map[string]bool
}

// Rotation reads the turns and the open leads of every member of the pools, and makes other replicas wait with their picks until
// this transaction ends, so that the rotation stays fair however many there are.
func (r *Routing) Rotation(ctx context.Context, pools []lead.Pool) (*Rotation, error) {
	if r.rotation != nil {
		return r.rotation, nil
	}
	tenant := r.ledger.tenant
	if _, err := r.tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockRotation, tenant)); err != nil {
		return nil, err
	}
	turns, err := r.readTurns(ctx)
	if err != nil {
		return nil, err
	}
	open, err := r.readOpen(ctx)
	if err != nil {
		return nil, err
	}
	rotation := &Rotation{pools: map[string]map[string]lead.RepState{}, dirty: map[string]map[string]bool{}}
	for _, pool := range pools {
		state := map[string]lead.RepState{}
		var newcomers []string
		for _, m := range pool.Members {
			if taken, known := turns[pool.Name][m.Rep]; known {
				state[m.Rep] = lead.RepState{Turns: taken, Open: open[m.Rep]}
			} else {
				newcomers = append(newcomers, m.Rep)
			}
		}
		rotation.pools[pool.Name], rotation.dirty[pool.Name] = state, map[string]bool{}
		rotation.welcome(pool, newcomers, open)
	}
	r.rotation = rotation
	return rotation, nil
}

// welcome gives newcomers the level of those who are there, and not of each other.
func (ro *Rotation) welcome(pool lead.Pool, newcomers []string, open map[string]int) {
	levels := make([]int64, len(newcomers))
	for i, rep := range newcomers {
		levels[i] = lead.NewTurns(pool, ro.pools[pool.Name], rep)
	}
	for i, rep := range newcomers {
		ro.pools[pool.Name][rep] = lead.RepState{Turns: levels[i], Open: open[rep]}
		ro.dirty[pool.Name][rep] = true
	}
}

// Of is the state of a pool's members.
func (ro *Rotation) Of(pool string) map[string]lead.RepState { return ro.pools[pool] }

// PassOver has those who cannot take a lead now keep their place: nobody who comes back catches up what the others took meanwhile.
func (ro *Rotation) PassOver(pool lead.Pool, at time.Time) {
	for rep, turns := range lead.PassedOver(pool, ro.pools[pool.Name], at) {
		ro.pools[pool.Name][rep] = lead.RepState{Turns: turns, Open: ro.pools[pool.Name][rep].Open}
		ro.dirty[pool.Name][rep] = true
	}
}

// Took notes that a rep took a turn in a pool and, unless the lead is disposed of already, owns one more open lead.
func (ro *Rotation) Took(pool, rep string, open bool) {
	state := ro.pools[pool][rep]
	state.Turns++
	ro.pools[pool][rep] = state
	ro.dirty[pool][rep] = true
	if !open {
		return
	}
	for _, members := range ro.pools {
		if s, member := members[rep]; member {
			s.Open++
			members[rep] = s
		}
	}
}

func (ro *Rotation) queue(writes *pgx.Batch, tenant string) {
	for _, pool := range sortedKeys(ro.dirty) {
		for _, rep := range sortedKeys(ro.dirty[pool]) {
			writes.Queue(`INSERT INTO rotation (tenant, pool, rep, turns) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, pool, rep) DO UPDATE SET turns = excluded.turns`, tenant, pool, rep, ro.pools[pool][rep].Turns)
		}
	}
}

func (r *Routing) readTurns(ctx context.Context) (map[string]map[string]int64, error) {
	turns := map[string]map[string]int64{}
	var pool, rep string
	var n int64
	err := each(ctx, r.tx, []any{&pool, &rep, &n}, func() error {
		if turns[pool] == nil {
			turns[pool] = map[string]int64{}
		}
		turns[pool][rep] = n
		return nil
	}, `SELECT pool, rep, turns FROM rotation WHERE tenant = $1`, r.ledger.tenant)
	return turns, err
}

func (r *Routing) readOpen(ctx context.Context) (map[string]int, error) {
	open := map[string]int{}
	var rep string
	var n int
	err := each(ctx, r.tx, []any{&rep, &n}, func() error {
		open[rep] = n
		return nil
	}, `SELECT owner, count(*) FROM leads WHERE tenant = $1 AND owner IS NOT NULL AND disposed_at IS NULL GROUP BY owner`,
		r.ledger.tenant)
	return open, err
}
