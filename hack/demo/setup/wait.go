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
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	shown, told := "", time.Now()
	for {
		what, err := check(ctx)
		if err != nil {
			what = err.Error()
		}
		if what == "" {
			return nil
		}
		if what != shown && time.Since(told) > 5*time.Second {
			e.Say("  waiting: %s", what)
			shown, told = what, time.Now()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s; still waiting: %s", patience, what)
		case <-time.After(time.Second):
		}
	}
}
