// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/lead"
)

// Aside is what keeps a lead out of the way to sales, and what ties it to other leads. Most leads have none of it.
type Aside struct {
	ExcludedBy      string     // name of the exclusion that holds
	SuppressedAt    time.Time  // since when it is not to be contacted; zero: it may be
	SuppressedScope lead.Scope // whom that is about
	CapturedAt      time.Time  // its first event; kept where leads are compared by it
	Identity        string     // hash of the values by which it is the same person as another lead; "" for none
	IdentitySince   time.Time
	DuplicateOf     string    // the lead that was captured first of those with its identity
	AwaitsSince     time.Time // it was recycled until somebody else of its account comes: since then
	BeforeGoLive    bool      // it reached a path before the terms took effect: nothing is owed
	MergedInto      string    // the lead that is left of those it was merged with
}

const asideColumns = `coalesce(excluded_by, ''), suppressed_at, coalesce(suppressed_scope, ''), captured_at, identity, identity_since,
    coalesce(duplicate_of, ''), awaits_since, before_go_live, coalesce(merged_into, ''), alone`

// asideScan receives them.
type asideScan struct {
	suppressed, captured, since, awaits *time.Time
	identity                            []byte
	alone                               *Alone
}

func (s *asideScan) targets(l *Lead) []any {
	a := &l.Aside
	return []any{
		&a.ExcludedBy, &s.suppressed, &a.SuppressedScope, &s.captured, &s.identity, &s.since, &a.DuplicateOf, &s.awaits, &a.BeforeGoLive,
		&a.MergedInto, &s.alone,
	}
}

func (s *asideScan) fill(l *Lead) {
	a := &l.Aside
	a.SuppressedAt, a.CapturedAt, a.IdentitySince, a.AwaitsSince = utc(s.suppressed), utc(s.captured), utc(s.since), utc(s.awaits)
	a.Identity, l.Alone = string(s.identity), s.alone
	l.asideRead = *a
}

// queueAside writes what has changed of it.
func (l *Ledger) queueAside(writes *pgx.Batch, one *Lead) {
	a := one.Aside
	if a == one.asideRead {
		return
	}
	writes.Queue(`UPDATE leads SET excluded_by = nullif($3, ''), suppressed_at = $4, suppressed_scope = nullif($5, ''), captured_at = $6,
    identity = $7, identity_since = $8, duplicate_of = nullif($9, ''), awaits_since = $10, before_go_live = $11, merged_into = nullif($12, '')
WHERE tenant = $1 AND lead_id = $2`, l.tenant, one.ID, a.ExcludedBy, orNull(a.SuppressedAt), string(a.SuppressedScope), orNull(a.CapturedAt),
		bytesOrNull(a.Identity), orNull(a.IdentitySince), a.DuplicateOf, orNull(a.AwaitsSince), a.BeforeGoLive, a.MergedInto)
}

// queueStanding writes what most leads have nothing of. It comes before the rest.
func (l *Ledger) queueStanding(writes *pgx.Batch, one *Lead) error {
	for _, c := range one.Corrections {
		l.queueCorrection(writes, c)
	}
	if err := l.queueMerged(writes, one); err != nil {
		return err
	}
	if one.rewritten() {
		l.queueCycles(writes, one)
	}
	l.queueAside(writes, one)
	return nil
}

func bytesOrNull(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}
