// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/outage"
)

// maxRetryAfter bounds what a Retry-After may ask for.
const maxRetryAfter = 24 * time.Hour

// RetryAfter of an answer: in seconds, or a date; 0 when it has none.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if text == "" {
		return 0
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	at, err := http.ParseTime(text)
	if err != nil || now.IsZero() {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// again are the statuses below 500 after which the same request may succeed: 477 is HubSpot's, while it moves an account.
var again = []int{http.StatusRequestTimeout, http.StatusLocked, http.StatusTooEarly, http.StatusTooManyRequests, 477}

// Judge says what the status of an answer means, and is nil for a success. After is how long the CRM wants to be left alone, and reason what it gave
// as one: names of fields and codes, never a value. An adapter that knows better by the body (a 403 that is a limit, a 404 of a record) looks first.
func Judge(status int, after time.Duration, reason string) error {
	switch {
	case status/100 == 2:
		return nil
	case status == http.StatusUnauthorized:
		return &crm.CredentialError{Cause: "refused the credential (401" + also(reason) + ")"}
	case status == http.StatusForbidden:
		return &crm.CredentialError{Cause: "does not allow what was asked (403" + also(reason) + ")"}
	case status == http.StatusTooManyRequests:
		return &crm.UnavailableError{Cause: "allows no more requests now (429" + also(reason) + ")", After: after}
	case status/100 == 3:
		return &crm.UnavailableError{Cause: fmt.Sprintf("sent us elsewhere with status %d: its URL in the contract is another one", status)}
	case status >= http.StatusInternalServerError || status < http.StatusOK || slices.Contains(again, status):
		return &crm.UnavailableError{Cause: fmt.Sprintf("answered with status %d%s", status, also(reason)), After: after}
	default:
		return &crm.RefusedError{Status: status, Reason: reason}
	}
}

func also(reason string) string {
	if reason == "" {
		return ""
	}
	return ", " + reason
}

// Failure makes one of the port's errors of one of an HTTP client, whose text would repeat the URL. It leaves those that are of the port alone.
func Failure(err error) error {
	var unavailable *crm.UnavailableError
	var credential *crm.CredentialError
	var refused *crm.RefusedError
	var gone *crm.GoneError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unavailable):
		return unavailable
	case errors.As(err, &credential):
		return credential
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &gone):
		return gone
	default:
		return &crm.UnavailableError{Cause: cause(err)}
	}
}

func cause(err error) string {
	var certificate *tls.CertificateVerificationError
	if text := outage.Cause(err); text != "" {
		return text
	}
	switch {
	case errors.As(err, &certificate):
		return "shows a certificate that is not trusted here"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "broke off the connection"
	default:
		return "cannot be reached"
	}
}
