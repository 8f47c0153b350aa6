// SPDX-License-Identifier: Apache-2.0

package outage_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"github.com/handoff-sla/handoff/internal/outage"
)

func TestCause(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"deadline":    {context.DeadlineExceeded, "did not answer in time"},
		"of the file": {os.ErrDeadlineExceeded, "did not answer in time"},
		"slow lookup": {&net.DNSError{IsTimeout: true, Name: "secret.example"}, "did not answer in time"},
		"shutdown":    {context.Canceled, "was given up, because the worker ends"},
		"no host":     {&net.DNSError{IsNotFound: true, Name: "secret.example"}, "is behind a host that is not found"},
		"refused":     {syscall.ECONNREFUSED, "refused the connection"},
		"another":     {errors.New("status 500 of https://secret.example/token"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			wrapped := fmt.Errorf("sending: %w", &url.Error{Op: "Post", URL: "https://secret.example/token", Err: c.err})
			if got := outage.Cause(wrapped); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
