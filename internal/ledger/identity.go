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

// person is one lead among those of one identity.
type person struct {
	lead     string
	captured time.Time
	since    time.Time // when it had the identity
}

// before orders the leads of one identity: the one that was captured first is the person.
func (p person) before(o person) int {
	return cmp.Or(p.captured.Compare(o.captured), cmp.Compare(p.lead, o.lead))
}

// duplicate of another lead, and since when that was so.
type duplicate struct {
	of    string
	since time.Time
}

// people are the leads that have an identity in common with one of a batch.
type people struct {
	after  map[string][]person // by identity, as they are now
	before map[string][]person
	batch  map[string]bool
}

// people finds out which leads of a batch are the same person as another lead. Who has one of their identities waits until this transaction
// ends: of two leads that are scored at the same moment, one sees the other. It comes after the leads are locked, and before they are judged.
func (l *Ledger) people(ctx context.Context, tx pgx.Tx, leads []*Lead, identityOf func(*Lead) lead.Identity) (*people, error) {
	p := &people{after: map[string][]person{}, before: map[string][]person{}, batch: map[string]bool{}}
	if identityOf == nil {
		return p, nil
	}
	keys := map[string]bool{}
	for _, one := range leads {
		p.batch[one.ID] = true
		if one.Identity != "" {
			keys[one.Identity] = true
		}
		for _, part := range one.Parts { // is nobody of its own any more
			p.batch[part.ID] = true
			if part.Identity != "" {
				keys[part.Identity] = true
			}
		}
		one.Identity, one.IdentitySince = "", time.Time{}
		if identity := identityOf(one); identity.Key != "" {
			hash := sha256.Sum256([]byte(identity.Key))
			one.Identity, one.IdentitySince = string(hash[:]), identity.Since
			keys[one.Identity] = true
		}
		one.CapturedAt = lead.CapturedAt(one.History())
	}
	if len(keys) == 0 {
		return p, nil
	}
	if err := l.readPeople(ctx, tx, p, sortedKeys(keys)); err != nil {
		return nil, err
	}
	for _, one := range leads {
		if one.Identity != "" {
			p.after[one.Identity] = append(p.after[one.Identity], person{one.ID, one.CapturedAt, one.IdentitySince})
		}
	}
	found := duplicatesAmong(p.after)
	for _, one := range leads {
		one.DuplicateOf, one.DuplicateSince = found[one.ID].of, found[one.ID].since
	}
	return p, nil
}

func (l *Ledger) readPeople(ctx context.Context, tx pgx.Tx, p *people, keys []string) error {
	hashes := make([][]byte, len(keys))
	for i, key := range keys {
		hashes[i] = []byte(key)
	}
	if _, err := tx.Exec(ctx, `
INSERT INTO identities (tenant, identity) SELECT $1, key FROM unnest($2::bytea[]) AS key ORDER BY key
ON CONFLICT (tenant, identity) DO UPDATE SET identity = excluded.identity`, l.tenant, hashes); err != nil {
		return err
	}
	var one person
	var identity []byte
	return each(ctx, tx, []any{&one.lead, &identity, &one.captured, &one.since}, func() error {
		read := person{one.lead, one.captured.UTC(), one.since.UTC()}
		p.before[string(identity)] = append(p.before[string(identity)], read)
		if !p.batch[one.lead] {
			p.after[string(identity)] = append(p.after[string(identity)], read)
		}
		return nil
	}, `SELECT lead_id, identity, captured_at, identity_since FROM leads WHERE tenant = $1 AND identity = ANY($2)`, l.tenant, hashes)
}

// duplicatesAmong leads of the same identity are all but the one that was captured first, each from when both were known to be the same.
func duplicatesAmong(people map[string][]person) map[string]duplicate {
	found := map[string]duplicate{}
	for _, same := range people {
		slices.SortFunc(same, person.before)
		for i := 1; i < len(same); i++ {
			earliest := same[0].since
			for _, other := range same[:i] {
				if other.since.Before(earliest) {
					earliest = other.since
				}
			}
			if same[i].since.After(earliest) {
				earliest = same[i].since
			}
			found[same[i].lead] = duplicate{of: same[0].lead, since: earliest}
		}
	}
	return found
}

// queue has those leads judged again that are a duplicate now, or are none any more, because of one of the batch.
func (p *people) queue(writes *pgx.Batch, l *Ledger) {
	was, is := duplicatesAmong(p.before), duplicatesAmong(p.after)
	wake := map[string]bool{}
	for _, found := range []map[string]duplicate{was, is} {
		for id := range found {
			if !p.batch[id] && was[id] != is[id] {
				wake[id] = true
			}
		}
	}
	if len(wake) > 0 {
		writes.Queue(`INSERT INTO work (tenant, queue, lead_id) SELECT $1, $2, name FROM unnest($3::text[]) AS name`,
			l.tenant, queueScore, sortedKeys(wake))
	}
}
