// SPDX-License-Identifier: Apache-2.0

package ledgertest

import (
	"context"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"
)

// Patience is how long a test waits for what others bring about. It is for a machine that does much else: what takes longer does not come.
const Patience = 2 * time.Minute

// Eventually says whether something becomes so. It is looked at least twice, however long a look takes.
func Eventually(is func() bool) bool {
	over := time.NewTimer(Patience)
	defer over.Stop()
	for !is() {
		select {
		case <-over.C:
			return is()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return true
}

// Await ends the test unless something becomes so.
func Await(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	if !Eventually(is) {
		tb.Fatalf("waited in vain: %s", what)
	}
}

// Address on this machine at which nobody listens yet, for a process that is given its address and may come back to it.
func Address(tb testing.TB) string {
	tb.Helper()
	port, err := freePort()
	if err != nil {
		tb.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// freePort is below those that systems give to connections that go out, which would take one while its server is away.
func freePort() (port int, err error) {
	for range 100 {
		port = 12000 + rand.IntN(18000) //nolint:gosec // no secret
		var config net.ListenConfig
		var listener net.Listener
		if listener, err = config.Listen(context.Background(), "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, listener.Close()
		}
	}
	return 0, err
}
