// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"time"

	"github.com/handoff-sla/handoff/internal/ledger"
)

// reading is what the clock of the ledger showed, and what the clock of this process did then.
type reading struct{ ledger, own time.Time }

// Time is the time by the clock of the ledger: what it showed at the last look, and what has passed since by the monotonic clock of this
// process. So neither a machine whose clock is wrong nor one whose clock is set refuses events as coming from the future. Before the first
// look it is the machine's own.
func (k *Keeper) Time() time.Time {
	now := k.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.read.own.IsZero() {
		return now
	}
	return k.read.ledger.Add(now.Sub(k.read.own))
}

func (k *Keeper) readClock(ctx context.Context, l *ledger.Ledger) error {
	at, err := l.Now(ctx)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read = reading{ledger: at, own: k.Now()}
	return nil
}
