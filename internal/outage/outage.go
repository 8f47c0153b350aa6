// SPDX-License-Identifier: Apache-2.0

// Package outage says in words of our own why a system elsewhere could not be reached: the errors of clients repeat its URL, which may hold a
// token.
package outage

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// Cause of an error as the end of a sentence about the system, such as "refused the connection"; "" for one that is not about reaching it.
func Cause(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "did not answer in time"
	case errors.Is(err, context.Canceled):
		return "was given up, because the worker ends"
	case errors.As(err, &dns):
		return "is behind a host that is not found"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused the connection"
	default:
		return ""
	}
}
