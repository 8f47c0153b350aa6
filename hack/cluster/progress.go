// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"
)

// heartbeat is how often a long step says that it is still at work.
const heartbeat = 15 * time.Second

// step announces a piece of work, keeps saying that it lasts, and returns the
// function that ends it.
func step(what string) (done func()) {
	began := time.Now()
	say("%s ...", what)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				say("  still %s, %s", what, seconds(began))
			}
		}
	})
	return func() {
		close(stop)
		wg.Wait()
		say("  done in %s", seconds(began))
	}
}

func seconds(since time.Time) time.Duration {
	return time.Since(since).Round(time.Second)
}
