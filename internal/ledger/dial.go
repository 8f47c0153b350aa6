// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"net"
	"time"
)

// lostAfter is how long a connection lasts of whose other end nothing is heard. Without it, a worker that was waiting for an answer when the
// node of the database was lost would wait for a quarter of an hour: that is when the kernel gives up what it sends again and again.
const lostAfter = 30 * time.Second

// dialer of connections to the database.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: lostAfter / 2, Interval: lostAfter / 6, Count: 3},
		Control:         giveUpAfter(lostAfter),
	}
}
