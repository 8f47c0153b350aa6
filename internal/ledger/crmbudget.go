// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/handoff-sla/handoff/internal/crm"
)

// BudgetRules are what holds of a budget beside what the CRM says.
type BudgetRules struct {
	Default     map[string]crm.Allowance // by kind, until the CRM has said more; a kind that is not there has no limit until then
	UsedPercent int                      // of the day's allowance, from where on nothing more is asked; 0: all of it
	Now         func() time.Time         // by which a context ends; nil: who waits too long finds out when it does
}

const (
	// wholeAccount is the kind under which the day of an account is kept.
	wholeAccount = "*"
	// askDay is how often one request is allowed though the day is spent: its answer says whether there is a new one.
	askDay = 5 * time.Minute
	// longestWait is longer than anybody waits for his turn. One that is later was taken before the clock of the database was set back.
	longestWait = 10 * time.Minute
	// tellDay is how often it is noted, at least, how much of the day is left.
	tellDay = 10 * time.Second
)

// CRMBudget is shared by everybody who uses the account, by way of the database, and goes by its clock. It allows as many requests of a kind as the CRM
// does, at once as far as they were not used, and never more within the CRM's span of time, however that falls.
func (l *Ledger) CRMBudget(account string, rules BudgetRules) crm.Budget {
	return &budget{ledger: l, account: account, rules: rules}
}

type budget struct {
	ledger  *Ledger
	account string
	rules   BudgetRules
}

// onTheWay is how long a request may take from when it was allowed until the CRM counts it, for nothing to be noted of it. The span is taken for as much
// longer: requests may reach the CRM closer together than they were allowed.
func onTheWay(span time.Duration) time.Duration {
	return max(span/100, 20*time.Millisecond).Truncate(time.Microsecond)
}

// longer is a span as it is taken here.
func longer(span time.Duration) time.Duration { return span + onTheWay(span) }

// allowed is a row of the budget, with the time by the database's clock.
type allowed struct {
	limit   int
	span    time.Duration
	slots   []time.Time // in order; those to come are taken by who waits
	blocked *time.Time
	now     time.Time
}

// Take waits for its turn. Turns are given in the order in which they are asked for.
func (b *budget) Take(ctx context.Context, kind string) error {
	if err := b.takeDay(ctx); err != nil {
		return err
	}
	for {
		slot, wait, err := b.reserve(ctx, kind)
		if turn := crm.TurnOf(ctx); turn != nil {
			*turn = slot
		}
		if err != nil || wait <= 0 {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return &crm.UnavailableError{Cause: "allows no more requests now", After: wait}
			}
			return ctx.Err()
		case <-timer.C:
		}
		// Meanwhile it may have refused others: then it is too early still.
		blocked := false
		err = b.ledger.pool.QueryRow(ctx, `SELECT coalesce(blocked_until > clock_timestamp(), false) FROM crm_budget WHERE account = $1 AND kind = $2`,
			b.account, kind).Scan(&blocked)
		if err != nil || !blocked {
			return err
		}
	}
}

// takeDay finds whether the allowance of the day is spent.
func (b *budget) takeDay(ctx context.Context) error {
	var limit, remaining int
	var again time.Duration
	err := b.ledger.pool.QueryRow(ctx, `
SELECT day_limit, day_remaining, greatest(day_asked_at + $3 - clock_timestamp(), '0') FROM crm_budget
WHERE account = $1 AND kind = $2 AND day_limit > 0 AND day_asked_at IS NOT NULL`, b.account, wholeAccount, askDay).Scan(&limit, &remaining, &again)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil || !b.spent(limit, remaining) {
		return err
	}
	if again <= 0 { // one of all who wait asks
		tag, err := b.ledger.pool.Exec(ctx, `
UPDATE crm_budget SET day_asked_at = clock_timestamp() WHERE account = $1 AND kind = $2 AND day_asked_at + $3 <= clock_timestamp()`,
			b.account, wholeAccount, askDay)
		if err != nil || tag.RowsAffected() == 1 {
			return err
		}
		again = askDay
	}
	return &crm.UnavailableError{
		Cause: fmt.Sprintf("has %d of %d requests left for the day, and is asked nothing more until there are more", remaining, limit), After: again, Day: true,
	}
}

// spent says whether as much of a day is used as may be.
func (b *budget) spent(limit, remaining int) bool {
	percent := b.rules.UsedPercent
	if percent <= 0 {
		percent = 100
	}
	return limit > 0 && (limit-remaining)*100 >= limit*percent
}

// reserve takes the next turn, and says how long it is until then. The turn is zero where there is no limit.
func (b *budget) reserve(ctx context.Context, kind string) (turn time.Time, wait time.Duration, err error) {
	err = b.ledger.inTx(ctx, func(tx pgx.Tx) error {
		a, err := b.hold(ctx, tx, kind)
		if err != nil {
			return err
		}
		slot := a.next()
		wait = slot.Sub(a.now)
		if within, bounded := b.patience(ctx); bounded && wait > within {
			return &crm.UnavailableError{Cause: "allows no more requests now", After: wait}
		}
		if a.limit == 0 {
			return nil
		}
		turn, a.slots = slot, append(a.slots, slot)
		_, err = tx.Exec(ctx, `UPDATE crm_budget SET slots = $3 WHERE account = $1 AND kind = $2`, b.account, kind, a.latest())
		return err
	})
	return turn, wait, err
}

// patience is how long the context may still wait.
func (b *budget) patience(ctx context.Context) (time.Duration, bool) {
	end, bounded := ctx.Deadline()
	if !bounded || b.rules.Now == nil {
		return 0, false
	}
	return end.Sub(b.rules.Now()), true
}

// hold locks the row of a kind. The time is read once it is locked.
func (b *budget) hold(ctx context.Context, tx pgx.Tx, kind string) (a allowed, err error) {
	err = tx.QueryRow(ctx, `
INSERT INTO crm_budget (account, kind) VALUES ($1, $2) ON CONFLICT (account, kind) DO UPDATE SET kind = excluded.kind
RETURNING max_requests, span, slots, blocked_until, clock_timestamp()`, b.account, kind).Scan(&a.limit, &a.span, &a.slots, &a.blocked, &a.now)
	if usual := b.rules.Default[kind]; a.limit == 0 && usual.Limit > 0 {
		a.limit, a.span = usual.Limit, usual.Window
	}
	a.slots = a.slots[:a.until(a.now.Add(longestWait))]
	return a, err
}

// next is when one more request may be made.
func (a *allowed) next() time.Time {
	slot := a.now
	if a.blocked != nil && a.blocked.After(slot) {
		slot = *a.blocked
	}
	if a.limit == 0 {
		return slot
	}
	if n := len(a.slots); n >= a.limit {
		if free := a.slots[n-a.limit].Add(longer(a.span)); free.After(slot) {
			slot = free
		}
	}
	if n := len(a.slots); n > 0 && a.slots[n-1].After(slot) {
		slot = a.slots[n-1]
	}
	return slot
}

// latest are the slots that matter still: as many of those whose time has come as the limit has, and all that are waited for.
func (a *allowed) latest() []time.Time {
	return a.slots[max(0, a.until(a.now)-max(a.limit, 1)):]
}

// used are the requests that the CRM may have counted: its span ends when it gave the answer, and began while earlier requests were on their way.
func (a *allowed) used() (n int) {
	begin := a.now.Add(-a.span - max(a.span/5, time.Second))
	for _, at := range a.slots {
		if !at.After(a.now) && at.After(begin) {
			n++
		}
	}
	return n
}

// Told notes what an answer said. Where the CRM has counted more requests than were allowed here, others have made them.
func (b *budget) Told(ctx context.Context, kind string, a crm.Allowance) error {
	var turn time.Time
	if of := crm.TurnOf(ctx); of != nil {
		turn = *of
	}
	if a.Limit > 0 && a.Window > 0 || a.Blocked > 0 || !turn.IsZero() {
		if err := b.toldKind(ctx, kind, turn, a); err != nil {
			return err
		}
	}
	if a.DayLimit <= 0 {
		return nil
	}
	// Written when something follows from it, and else now and then: every answer says it.
	_, err := b.ledger.pool.Exec(ctx, `
INSERT INTO crm_budget AS b (account, kind, day_limit, day_remaining, day_asked_at, told_at)
VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
ON CONFLICT (account, kind) DO UPDATE SET day_limit = $3, day_remaining = $4, day_asked_at = clock_timestamp(), told_at = clock_timestamp()
WHERE b.day_limit <> $3 OR b.day_remaining < $4 OR $5 OR b.told_at IS NULL OR b.told_at < clock_timestamp() - $6::interval`,
		b.account, wholeAccount, a.DayLimit, a.DayRemaining, b.spent(a.DayLimit, a.DayRemaining), tellDay)
	return err
}

func (b *budget) toldKind(ctx context.Context, kind string, turn time.Time, a crm.Allowance) error {
	news, err := b.isNews(ctx, kind, turn, a)
	if err != nil || !news {
		return err
	}
	return b.ledger.inTx(ctx, func(tx pgx.Tx) error {
		row, err := b.hold(ctx, tx, kind)
		if err != nil {
			return err
		}
		row.arrived(turn)
		limit, span := 0, time.Duration(0) // not said: what was known stays
		if a.Limit > 0 && a.Window > 0 {
			limit, span = a.Limit, a.Window
			row.limit, row.span = limit, span
			row.slots = row.withOthers(a.Limit - a.Remaining)
		}
		_, err = tx.Exec(ctx, `
UPDATE crm_budget SET max_requests = CASE WHEN $3 > 0 THEN $3 ELSE max_requests END, span = CASE WHEN $3 > 0 THEN $4 ELSE span END, slots = $5,
    blocked_until = CASE WHEN $6::interval > '0' THEN greatest(blocked_until, clock_timestamp() + $6) ELSE blocked_until END, told_at = clock_timestamp()
WHERE account = $1 AND kind = $2`, b.account, kind, limit, span, row.latest(), a.Blocked)
		return err
	})
}

// isNews says whether an answer says more than is known.
func (b *budget) isNews(ctx context.Context, kind string, turn time.Time, a crm.Allowance) (bool, error) {
	if a.Blocked > 0 {
		return true, nil
	}
	var row allowed
	err := b.ledger.pool.QueryRow(ctx, `SELECT max_requests, span, slots, clock_timestamp() FROM crm_budget WHERE account = $1 AND kind = $2`,
		b.account, kind).Scan(&row.limit, &row.span, &row.slots, &row.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if a.Limit > 0 && a.Window > 0 && (row.limit != a.Limit || row.span != a.Window || a.Limit-a.Remaining > row.used()) {
		return true, nil
	}
	if usual := b.rules.Default[kind]; row.limit == 0 {
		row.span = usual.Window
	}
	return row.late(turn), nil
}

// late says whether the request of a turn may have been counted so much later that it matters.
func (a *allowed) late(turn time.Time) bool {
	return !turn.IsZero() && a.now.After(turn.Add(onTheWay(a.span)))
}

// arrived moves a turn to where its request was counted at the latest, which is now: its answer is there.
func (a *allowed) arrived(turn time.Time) {
	if a.limit == 0 || !a.late(turn) {
		return
	}
	turn = turn.Truncate(time.Microsecond) // as the database keeps it
	if i := slices.IndexFunc(a.slots, turn.Equal); i >= 0 {
		a.slots = slices.Delete(a.slots, i, i+1)
	}
	at := a.now.Add(-onTheWay(a.span))
	a.slots = slices.Insert(a.slots, a.until(at), at)
}

// until is how many turns are not after a time.
func (a *allowed) until(at time.Time) int {
	i, _ := slices.BinarySearchFunc(a.slots, at, func(slot, at time.Time) int {
		if slot.After(at) {
			return 1
		}
		return -1
	})
	return i
}

// withOthers are the slots with those of requests that were made by others who use the account.
func (a *allowed) withOthers(used int) []time.Time {
	i := a.until(a.now)
	for missing := used - a.used(); missing > 0; missing-- {
		a.slots = slices.Insert(a.slots, i, a.now)
	}
	return a.slots
}
