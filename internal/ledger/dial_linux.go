// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// giveUpAfter ends a connection when what it has sent was not acknowledged for so long: keepalives are not sent meanwhile.
func giveUpAfter(d time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(network, _ string, c syscall.RawConn) error {
		if network == "unix" {
			return nil
		}
		var set error
		err := c.Control(func(fd uintptr) {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
		})
		if err != nil {
			return err
		}
		return set
	}
}
