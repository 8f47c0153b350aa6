// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What the ingest address says of an event.
const (
	statusAccepted  = "Accepted"
	statusDuplicate = "Duplicate"
	statusConflict  = "Conflict"
	statusInvalid   = "Invalid"
)

type answer struct {
	Results []result `json:"results"`
	Message string   `json:"message"`
}

type result struct {
	ID      string `json:"id"`
	Source  string `json:"source"`
	Status  string `json:"status"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// againError is worth another attempt.
type againError struct {
	cause error
	after time.Duration
}

func (e *againError) Error() string { return e.cause.Error() }
func (e *againError) Unwrap() error { return e.cause }

// once sends one request.
func (s *Sender) once(ctx context.Context, b Batch) (Summary, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(b.json()))
	if err != nil {
		return Summary{}, err
	}
	req.Header.Set("Content-Type", "application/cloudevents-batch+json")
	req.Header.Set("Authorization", "Bearer "+s.Token)
	resp, err := s.Client.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return Summary{}, context.Cause(ctx)
		}
		return Summary{}, &againError{cause: err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return Summary{}, &againError{cause: fmt.Errorf("reading the answer: %w", err)}
	}
	return s.judge(ctx, b, resp, body)
}

func (s *Sender) judge(ctx context.Context, b Batch, resp *http.Response, body []byte) (Summary, error) {
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests || code >= 500:
		return Summary{}, &againError{cause: fmt.Errorf("%s: %s", resp.Status, brief(body)), after: retryAfter(resp)}
	case code == http.StatusRequestEntityTooLarge && len(b) > 1:
		return s.halves(ctx, b)
	case code == http.StatusRequestEntityTooLarge:
		return rejectAll(b, brief(body)), nil
	case code == http.StatusBadRequest, code == http.StatusConflict, code >= 200 && code < 300:
		return read(b, resp, body)
	default:
		return Summary{}, fmt.Errorf("%s answers %s: %s", s.URL, resp.Status, brief(body))
	}
}

func (s *Sender) halves(ctx context.Context, b Batch) (Summary, error) {
	total, err := s.persist(ctx, b[:len(b)/2])
	if err != nil {
		return total, err
	}
	second, err := s.persist(ctx, b[len(b)/2:])
	total.add(second)
	return total, err
}

// read takes the results of the events, which stand in the order in which the events were sent.
func read(b Batch, resp *http.Response, body []byte) (Summary, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	switch {
	case resp.StatusCode == http.StatusBadRequest && len(a.Results) == 0: // refused as a whole, perhaps not even in JSON
		return rejectAll(b, brief(body)), nil
	case err != nil:
		return Summary{}, fmt.Errorf("the answer (%s) is not JSON: %w", resp.Status, err)
	}
	if len(a.Results) != len(b) {
		return Summary{}, fmt.Errorf("the answer (%s) has %d results for %d events", resp.Status, len(a.Results), len(b))
	}
	var sum Summary
	for i, r := range a.Results {
		switch r.Status {
		case statusAccepted:
			sum.Accepted++
		case statusDuplicate:
			sum.Duplicates++
		default:
			sum.reject(Rejection{Where: b[i].Where, ID: b[i].ID, Status: r.Status, Field: r.Field, Message: r.Message})
		}
	}
	return sum, nil
}

func rejectAll(b Batch, message string) Summary {
	var sum Summary
	for _, m := range b {
		sum.reject(Rejection{Where: m.Where, ID: m.ID, Status: statusInvalid, Message: message})
	}
	return sum
}

// brief is the message of a refusal, short enough for one line.
func brief(body []byte) string {
	var a answer
	if err := json.Unmarshal(body, &a); err == nil && a.Message != "" {
		return a.Message
	}
	text := strings.Join(strings.Fields(string(body)), " ")
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return text
}

func retryAfter(resp *http.Response) time.Duration {
	seconds, err := strconv.Atoi(resp.Header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, 30*time.Second)
}
