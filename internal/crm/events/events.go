// SPDX-License-Identifier: Apache-2.0

// Package events tells another system how leads stand by CloudEvents over HTTP. What is behind it may be a queue, a workflow or a program that
// writes into a CRM.
package events

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"

	"github.com/handoff-sla/handoff/internal/crm"
	"github.com/handoff-sla/handoff/internal/crm/wire"
	"github.com/handoff-sla/handoff/internal/outage"
)

// TypeChanged is the type of the event that is posted.
const TypeChanged = "dev.handoff.lead.changed"

// Sink posts each change as a CloudEvent to a URL.
type Sink struct {
	// Target is asked at each write, because a Secret may change: the URL, and the bearer token or "".
	Target func() (address, token string, err error)
	Client *http.Client
	Now    func() time.Time // to read a Retry-After that is a date
}

// NewClient makes the HTTP client of the adapters: it follows no redirect, so that a token goes nowhere but where it was meant for.
func NewClient(timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Write posts a change. The event's id is the same whenever the same version is sent again.
func (e *Sink) Write(ctx context.Context, c crm.Change) error {
	address, token, err := e.Target()
	if err != nil {
		return &crm.UnavailableError{Cause: "cannot be told: " + err.Error()}
	}
	target, err := url.Parse(strings.TrimSpace(address))
	if err != nil || target.Host == "" || target.Scheme != "https" && target.Scheme != "http" {
		return &crm.UnavailableError{Cause: "cannot be told: key \"url\" of its Secret is no URL; it should read https://host/path"}
	}
	body, err := encode(c)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return &crm.UnavailableError{Cause: "cannot be told: no request can be made of what its Secret holds"}
	}
	request.Header.Set("Content-Type", cloudevents.ApplicationCloudEventsJSON)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := e.Client.Do(request)
	if err != nil {
		return &crm.UnavailableError{Cause: cmp.Or(outage.Cause(err), "cannot be reached")}
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	return e.judge(response)
}

// again are the statuses below 500 after which the same request may succeed.
var again = []int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}

func (e *Sink) judge(response *http.Response) error {
	status := response.StatusCode
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 500 || slices.Contains(again, status):
		return &crm.UnavailableError{
			Cause: fmt.Sprintf("answered with status %d", status), After: wire.RetryAfter(response.Header, e.Now()),
		}
	default:
		return &crm.RefusedError{Status: status}
	}
}

func encode(c crm.Change) ([]byte, error) {
	event := cloudevents.New()
	event.SetID(fmt.Sprintf("%s/%s/%d", c.Tenant, c.Lead, c.Version))
	event.SetSource("/handoff/" + c.Contract)
	event.SetType(TypeChanged)
	event.SetSubject(c.Lead)
	event.SetTime(c.Time)
	// The sequence extension of CloudEvents: what compares lower as text is older.
	event.SetExtension("sequence", fmt.Sprintf("%020d", c.Version))
	if err := event.SetData(cloudevents.ApplicationJSON, c.Data); err != nil {
		return nil, fmt.Errorf("event about lead %q: %w", c.Lead, err)
	}
	return json.Marshal(event)
}
