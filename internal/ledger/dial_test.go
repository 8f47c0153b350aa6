// SPDX-License-Identifier: Apache-2.0

//go:build linux

package ledger

import (
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// Read back from the kernel: a node that is lost is noticed in half a minute, whether the worker was waiting or had just sent something.
func TestALostServerIsNoticed(t *testing.T) {
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conn, err := dialer().DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T", conn)
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for name, option := range map[string]struct{ level, option, want int }{
		"unacknowledged, ms":    {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000},
		"keepalives":            {unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
		"first keepalive, s":    {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
		"between keepalives, s": {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5},
		"keepalives that fail":  {unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3},
	} {
		var got int
		var failed error
		if err := raw.Control(func(fd uintptr) { got, failed = unix.GetsockoptInt(int(fd), option.level, option.option) }); err != nil || failed != nil {
			t.Fatal(err, failed)
		}
		if got != option.want {
			t.Errorf("%s: %d, want %d", name, got, option.want)
		}
	}
}
