// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/sla"
)

// lockSealing is held by who adds to the chain of seals.
const lockSealing = "sealing"

// FrozenAfter is how long after its end a period is sealed: until then what happened in it may still become known.
const FrozenAfter = 7 * 24 * time.Hour

// openFor is how long a seal waits for clocks of the period that still run.
const openFor = 30 * 24 * time.Hour

// Seal is the counts of a period as they were when it was frozen, or restated. Its digest covers them and the digest of the seal before.
type Seal struct {
	Number   int64 // from 1, without a gap
	Period   sla.Period
	Version  int // from 1; a higher one restates the period
	SealedAt time.Time
	Previous []byte // digest of the seal before
	Digest   []byte
	Form     int         // what the digest covers: 2 Contacted too, which seals of form 1 do not say
	Counts   []sla.Count // without AtRisk and Times
}

// sealForm is that of the seals that are made now.
const sealForm = 2

// says that the counts of a period are what the seal says, as far as its form goes.
func (s Seal) says(counts []sla.Count) bool {
	return slices.EqualFunc(s.Counts, counts, func(sealed, c sla.Count) bool { return sealed == bare(c, s.Form) })
}

// digest of what the seal says.
func (s Seal) digest(tenant string) ([]byte, error) {
	type row struct {
		Clause   sla.Clause `json:"clause"`
		Tier     string     `json:"tier"`
		Revision string     `json:"revision"`
		Met      int64      `json:"met"`
		Missed   int64      `json:"missed"`
		Open     int64      `json:"open"`
		Excused  int64      `json:"excused"`

		Contacted *int64 `json:"contacted,omitempty"`
	}
	text := struct {
		Form     string     `json:"form"`
		Tenant   string     `json:"tenant"`
		Number   int64      `json:"number"`
		Period   sla.Period `json:"period"`
		Version  int        `json:"version"`
		SealedAt string     `json:"sealedAt"`
		Previous string     `json:"previous"`
		Counts   []row      `json:"counts"`
	}{fmt.Sprintf("handoff-seal-%d", s.Form), tenant, s.Number, s.Period, s.Version, s.SealedAt.UTC().Format(time.RFC3339Nano), hex.EncodeToString(s.Previous), nil}
	for _, c := range s.Counts {
		r := row{c.Clause, c.Tier, c.Revision, c.Met, c.Missed, c.Open, c.Excused, nil}
		if s.Form > 1 {
			r.Contacted = &c.Contacted
		}
		text.Counts = append(text.Counts, r)
	}
	encoded, err := json.Marshal(text)
	sum := sha256.Sum256(encoded)
	return sum[:], err
}

// Sealable are the periods that are over for long enough and have no seal, and those that have one, each kind in order. The end of a period
// is that of the zone.
func (l *Ledger) Sealable(ctx context.Context, zone *time.Location) (unsealed, sealed []sla.Period, err error) {
	at, err := l.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	periods, err := l.Periods(ctx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := l.pool.Query(ctx, `SELECT DISTINCT period COLLATE "C" AS period FROM seals WHERE tenant = $1 ORDER BY period`, l.tenant)
	if err != nil {
		return nil, nil, err
	}
	// Also those of which nothing is left: what was counted of them was taken back.
	if sealed, err = pgx.CollectRows(rows, pgx.RowTo[sla.Period]); err != nil {
		return nil, nil, err
	}
	for _, p := range periods {
		_, end, err := p.Bounds(zone)
		if err != nil {
			continue // written by hand: nothing says when it ends
		}
		if !slices.Contains(sealed, p) && !at.Before(end.Add(FrozenAfter)) {
			unsealed = append(unsealed, p)
		}
	}
	return unsealed, sealed, nil
}

// SealPeriod seals a period that has no seal yet, or seals it anew when its counts are no longer those of its latest seal. It returns nil when
// there is nothing to do: the seal is right, or clocks of the period still run and it ended less than a month ago. The same period sealed
// twice at the same time is sealed once.
func (l *Ledger) SealPeriod(ctx context.Context, period sla.Period, zone *time.Location) (*Seal, error) {
	_, end, err := period.Bounds(zone)
	if err != nil {
		return nil, err
	}
	var made *Seal
	err = l.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, lockKey(lockSealing, l.tenant)); err != nil {
			return err
		}
		at, err := now(ctx, tx)
		if err != nil {
			return err
		}
		s := Seal{Period: period, Version: 1, SealedAt: at.Truncate(precision), Form: sealForm}
		if s.Counts, err = l.sealable(ctx, tx, period); err != nil {
			return err
		}
		latest, err := l.sealOf(ctx, tx, period)
		switch {
		case err != nil:
			return err
		case latest != nil && latest.says(s.Counts):
			return nil
		case latest != nil:
			s.Version = latest.Version + 1
		case running(s.Counts) && at.Before(end.Add(FrozenAfter+openFor)):
			return nil
		}
		made = &s
		return l.appendSeal(ctx, tx, made)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// sealable is what a seal says of the counts of a period as they stand.
func (l *Ledger) sealable(ctx context.Context, tx pgx.Tx, period sla.Period) ([]sla.Count, error) {
	sums, err := l.sums(ctx, tx, time.Time{}, []sla.Period{period})
	counts := make([]sla.Count, len(sums))
	for i, s := range sums {
		counts[i] = bare(s.Count, sealForm)
	}
	return counts, err
}

// bare is what a seal of a form says of a count.
func bare(c sla.Count, form int) sla.Count {
	c.AtRisk, c.Times = 0, sla.Times{}
	if form < 2 {
		c.Contacted = 0
	}
	return c
}

func running(counts []sla.Count) bool {
	return slices.ContainsFunc(counts, func(c sla.Count) bool { return c.Open > 0 })
}

// sealOf is the latest seal of a period; nil when it has none.
func (l *Ledger) sealOf(ctx context.Context, tx pgx.Tx, period sla.Period) (*Seal, error) {
	var s Seal
	err := tx.QueryRow(ctx, `SELECT number, period, version, form FROM seals WHERE tenant = $1 AND period = $2 ORDER BY version DESC LIMIT 1`,
		l.tenant, period).Scan(&s.Number, &s.Period, &s.Version, &s.Form)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.Counts, err = l.sealedCounts(ctx, tx, s.Number, s.Period)
	return &s, err
}

func (l *Ledger) sealedCounts(ctx context.Context, tx pgx.Tx, number int64, period sla.Period) ([]sla.Count, error) {
	rows, err := tx.Query(ctx, `SELECT clause, tier, revision, met, missed, open, excused, contacted FROM sealed_counts
WHERE tenant = $1 AND number = $2`+countsInOrder, l.tenant, number)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sla.Count, error) {
		c := sla.Count{Period: period}
		err := row.Scan(&c.Clause, &c.Tier, &c.Revision, &c.Met, &c.Missed, &c.Open, &c.Excused, &c.Contacted)
		return c, err
	})
}

func (l *Ledger) appendSeal(ctx context.Context, tx pgx.Tx, s *Seal) error {
	err := tx.QueryRow(ctx, `SELECT number, digest FROM seals WHERE tenant = $1 ORDER BY number DESC LIMIT 1`, l.tenant).Scan(&s.Number, &s.Previous)
	if errors.Is(err, pgx.ErrNoRows) {
		s.Previous, err = []byte{}, nil
	}
	if err != nil {
		return err
	}
	s.Number++
	if s.Digest, err = s.digest(l.tenant); err != nil {
		return err
	}
	var writes pgx.Batch
	writes.Queue(`INSERT INTO seals (tenant, number, period, version, sealed_at, previous, digest, form) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		l.tenant, s.Number, s.Period, s.Version, s.SealedAt, s.Previous, s.Digest, s.Form)
	for _, c := range s.Counts {
		writes.Queue(`INSERT INTO sealed_counts (tenant, number, clause, tier, revision, met, missed, open, excused, contacted)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, l.tenant, s.Number, c.Clause, c.Tier, c.Revision, c.Met, c.Missed, c.Open, c.Excused, c.Contacted)
	}
	return tx.SendBatch(ctx, &writes).Close()
}

// Seals are all seals of the tenant, in the order of the chain.
func (r *Reading) Seals(ctx context.Context) ([]Seal, error) {
	rows, err := r.tx.Query(ctx, `SELECT number, period, version, sealed_at, previous, digest, form FROM seals WHERE tenant = $1 ORDER BY number`,
		r.ledger.tenant)
	if err != nil {
		return nil, err
	}
	seals, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Seal, err error) {
		err = row.Scan(&s.Number, &s.Period, &s.Version, &s.SealedAt, &s.Previous, &s.Digest, &s.Form)
		s.SealedAt = s.SealedAt.UTC()
		return s, err
	})
	if err != nil {
		return nil, err
	}
	for i := range seals {
		if seals[i].Counts, err = r.ledger.sealedCounts(ctx, r.tx, seals[i].Number, seals[i].Period); err != nil {
			return nil, err
		}
	}
	return seals, nil
}

// Counts of periods, as they stand.
func (r *Reading) Counts(ctx context.Context, periods []sla.Period) ([]sla.Count, error) {
	at, err := now(ctx, r.tx)
	if err != nil {
		return nil, err
	}
	return r.ledger.counts(ctx, r.tx, at, periods)
}

// Verification says whether a chain of seals is whole, and what is wrong with it.
type Verification struct {
	Seals    int      `json:"seals"`
	Head     string   `json:"head,omitempty"` // digest of the last seal, in hexadecimal
	Problems []string `json:"problems,omitempty"`
}

// VerifySeals checks the chain: each digest, each link, and no gap. known is a digest that somebody wrote down earlier; empty when there is
// none. A chain that somebody with the right to write made anew from the first seal on is whole in itself: only a digest from outside shows it.
func VerifySeals(tenant string, seals []Seal, known string) (Verification, error) {
	v := Verification{Seals: len(seals)}
	previous, met := []byte{}, known == ""
	versions := map[sla.Period]int{}
	for i, s := range seals {
		digest, err := s.digest(tenant)
		if err != nil {
			return v, err
		}
		name := fmt.Sprintf("seal %d (period %s, version %d)", s.Number, s.Period, s.Version)
		if s.Number != int64(i+1) {
			v.Problems = append(v.Problems, fmt.Sprintf("%s: number %d should follow: a seal was taken out or put in", name, i+1))
		}
		if !bytes.Equal(s.Previous, previous) {
			v.Problems = append(v.Problems, name+": it does not follow the seal before it")
		}
		if !bytes.Equal(digest, s.Digest) {
			v.Problems = append(v.Problems, name+": its counts are not those that were sealed")
		}
		if versions[s.Period]++; versions[s.Period] != s.Version {
			v.Problems = append(v.Problems, fmt.Sprintf("%s: version %d should be next", name, versions[s.Period]))
		}
		previous, v.Head = s.Digest, hex.EncodeToString(s.Digest)
		met = met || v.Head == known
	}
	if !met {
		v.Problems = append(v.Problems, "no seal has the digest that was given: the chain is another one than it was then")
	}
	return v, nil
}
