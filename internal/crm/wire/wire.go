// SPDX-License-Identifier: Apache-2.0

// Package wire is the HTTP below the adapters of CRMs: each request asks the shared budget first, what the answer says of limits is noted, and what
// goes wrong becomes one of the port's errors, without a word of what was sent.
package wire

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/handoff-sla/handoff/internal/crm"
)

const (
	// DefaultTimeout of one request, from its sending to the end of its answer.
	DefaultTimeout = 30 * time.Second
	// DefaultMaxBody of an answer, in bytes.
	DefaultMaxBody = 32 << 20
	// tellTimeout is for the budget to note an answer, which waits for it.
	tellTimeout = 5 * time.Second
	// drained is how much is read of an answer that nobody reads to its end, so that its connection serves the next request.
	drained = 64 << 10
	// maxRefusal is how much is read of an answer that is no success.
	maxRefusal = 1 << 20
)

// Transport asks the budget before each request and tells it what the answer says. It never follows a redirect or tries again: who calls it knows
// whether that is wise.
type Transport struct {
	Base   http.RoundTripper // nil: that of net/http
	Budget crm.Budget        // nil: none
	Now    func() time.Time  // to read a Retry-After that is a date

	// Kind of a request, for limits that the CRM has of their own; nil: all are of kind "".
	Kind func(*http.Request) string
	// Allowance reads what an answer says of limits: the body is there when it is no success. nil: nothing but Retry-After.
	Allowance func(request *http.Request, status int, header http.Header, body []byte) crm.Allowance

	Timeout time.Duration // of one request; 0: DefaultTimeout. The wait for the budget does not count: that ends with the context
	MaxBody int64         // of an answer; 0: DefaultMaxBody
}

// Client makes an HTTP client over the transport, which takes nothing but the transport of the one that is given.
func Client(given *http.Client, t *Transport) *http.Client {
	if given != nil && t.Base == nil {
		t.Base = given.Transport
	}
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// RoundTrip implements http.RoundTripper. An answer that is no success has its body read already, so it costs nothing to look at.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, kind := crm.WithTurn(request.Context()), ""
	if t.Kind != nil {
		kind = t.Kind(request)
	}
	if t.Budget != nil {
		if err := t.Budget.Take(ctx, kind); err != nil {
			closeBody(request)
			return nil, err
		}
	}
	timeout := t.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	response, err := base.RoundTrip(request.WithContext(limited))
	if err != nil {
		cancel()
		t.tell(ctx, kind, crm.Allowance{}) // it may have been counted all the same
		return nil, err
	}
	most := t.MaxBody
	if most <= 0 {
		most = DefaultMaxBody
	}
	body := io.ReadCloser(&bounded{ReadCloser: response.Body, left: most, done: cancel})
	var refusal []byte
	if response.StatusCode/100 != 2 {
		refusal, err = io.ReadAll(io.LimitReader(body, maxRefusal))
		_ = body.Close()
		if err != nil {
			refusal = nil // the status says enough
		}
		body = io.NopCloser(bytes.NewReader(refusal))
	}
	response.Body, response.Request = body, request
	t.tell(ctx, kind, t.said(request, response, refusal))
	return response, nil
}

// tell the budget. What cannot be noted now is said again by the next answer; what was done is done.
func (t *Transport) tell(ctx context.Context, kind string, said crm.Allowance) {
	if turn := crm.TurnOf(ctx); t.Budget == nil || said == (crm.Allowance{}) && turn.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	_ = t.Budget.Told(ctx, kind, said)
}

// said is what an answer says of limits.
func (t *Transport) said(request *http.Request, response *http.Response, body []byte) (said crm.Allowance) {
	if t.Allowance != nil {
		said = t.Allowance(request, response.StatusCode, response.Header, body)
	}
	if said.Blocked == 0 && response.StatusCode == http.StatusTooManyRequests {
		said.Blocked = RetryAfter(response.Header, t.now())
	}
	return said
}

func (t *Transport) now() time.Time {
	if t.Now == nil {
		return time.Time{}
	}
	return t.Now()
}

func closeBody(request *http.Request) {
	if request.Body != nil {
		_ = request.Body.Close()
	}
}

// bounded is a body that ends in an error when it is too long, and that gives the request's time free when it is closed.
type bounded struct {
	io.ReadCloser
	left int64
	done context.CancelFunc
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), &crm.UnavailableError{Cause: "answers with more than is read of one answer"}
	}
	b.left -= int64(n)
	return n, err
}

func (b *bounded) Close() error {
	defer b.done()
	_, _ = io.CopyN(io.Discard, b.ReadCloser, drained) // else the connection is closed, too, and that is all
	return b.ReadCloser.Close()
}
