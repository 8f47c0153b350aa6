// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"fmt"
	"time"
)

// Wait asks again and again until check finds nothing to wait for. What it says it waits for is shown when it changes, and is
// the error when patience ends. An error of the check is waited out as well: any pod may go away at any moment.
func (e *Env) Wait(ctx context.Context, patience time.Duration, check func(context.Context) (waitingFor string, err error)) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last, shown, told := "the first answer", "", time.Now()
	for {
		what, err := check(limited)
		switch {
		case err == nil && what == "":
			return nil
		case err == nil:
			last = what
		case limited.Err() == nil:
			last = err.Error()
		}
		if last != shown && time.Since(told) > 5*time.Second {
			e.Say("  waiting: %s", last)
			shown, told = last, time.Now()
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("interrupted while waiting: %s: %w", last, context.Cause(ctx))
			}
			return fmt.Errorf("waited %s; still waiting: %s", patience, last)
		case <-time.After(time.Second):
		}
	}
}
